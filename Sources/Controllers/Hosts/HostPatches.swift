internal import Lifecycles
internal import Objects
internal import Ports

/// The merge patches that the host controller writes.
enum HostPatches {
    /// `status` as a decision of the life cycle wants it; applied only if nobody changed the host since it was read.
    static func status(_ change: HostStatusChange, of host: BareMetalHost, now: Timestamp) -> JSON {
        let stamp = JSON.string(now.rfc3339)
        var history: JSON = [:]
        if let ended = change.ended { history[ended.rawValue] = ["end": stamp] }
        if let started = change.started { history[started.rawValue] = ["start": stamp, "end": nil] }
        var status: JSON = [
            "provisioning": [
                "state": .string(change.state.rawValue), "ID": .string(host.metadata.uid),
                "image": change.image.map(image) ?? .null,
            ],
            "operationalStatus": change.failure == nil ? "OK" : "error",
            "errorType": change.failure.map { .string($0.kind.rawValue) } ?? .null,
            "errorMessage": .string(change.failure?.message ?? ""),
            "errorCount": .integer(change.errorCount), "poweredOn": .bool(change.isPoweredOn), "lastUpdated": stamp,
        ]
        if history != [:] { status["operationHistory"] = history }
        return guarded(host, ["status": status])
    }

    /// An image that leaves nothing of another one in its place.
    static func image(_ image: HostImage) -> JSON {
        ["url": .string(image.url), "checksum": image.checksum.isEmpty ? .null : .string(image.checksum)]
    }

    /// What inspection found, for `status.hardware`.
    static func hardware(_ details: HardwareDetails, of host: BareMetalHost) -> JSON {
        var nics: [JSON] = []
        for (index, address) in details.macAddresses.enumerated() {
            nics.append([
                "name": .string("nic\(index)"), "mac": .string(address), "pxe": .bool(address == host.bootMACAddress),
            ])
        }
        return [
            "status": [
                "hardware": [
                    "hostname": .string(host.metadata.name),
                    "cpu": ["arch": .string(details.architecture), "count": .integer(details.cores)],
                    "ramMebibytes": .integer(details.memoryBytes >> 20), "nics": .array(nics),
                    "systemVendor": [
                        "manufacturer": .string(details.manufacturer), "productName": .string(details.model),
                        "serialNumber": .string(details.serialNumber),
                    ],
                ]
            ]
        ]
    }

    /// The labels and annotations that selectors and the planner read; those of an earlier inspection go.
    static func labels(_ details: HardwareDetails) -> JSON {
        let gpu = details.accelerators.first
        let accelerators = details.accelerators.map { accelerator -> JSON in
            [
                "resource": .string(accelerator.resource), "model": .string(accelerator.model),
                "count": .integer(accelerator.count), "memoryBytes": .integer(accelerator.memoryBytes),
            ]
        }
        let cells = details.numaNodes.map { cell -> JSON in
            ["cores": .integer(cell.cores), "memoryBytes": .integer(cell.memoryBytes)]
        }
        func text(_ value: String?) -> JSON { value.map { .string(HostNames.labelValue($0)) } ?? .null }
        return [
            "metadata": [
                "labels": [
                    Names.modelLabel: text(details.model), Names.rackLabel: text(details.rack.isEmpty ? nil : details.rack),
                    Names.architectureLabel: text(kubernetesArchitecture(details.architecture)),
                    HostNames.gpuModelLabel: text(gpu?.model), HostNames.gpuCountLabel: text(gpu.map { String($0.count) }),
                ],
                "annotations": [
                    HostNames.acceleratorsAnnotation: gpu == nil ? .null : .string(JSON.array(accelerators).text),
                    HostNames.numaNodesAnnotation: cells.isEmpty ? .null : .string(JSON.array(cells).text),
                ],
            ]
        ]
    }

    /// Go's name of an architecture, as nodes are labelled.
    private static func kubernetesArchitecture(_ name: String) -> String {
        switch name {
        case "x86_64": "amd64"
        case "aarch64": "arm64"
        default: name
        }
    }

    /// Sets the finalizers; guarded, because a merge patch replaces the whole list.
    static func finalizers(of host: BareMetalHost, held: Bool) -> JSON {
        let others = host.metadata.finalizers.filter { $0 != Names.hostFinalizer }
        let all = held ? others + [Names.hostFinalizer] : others
        return guarded(host, ["metadata": ["finalizers": .array(all.map { .string($0) })]])
    }

    /// Adds the resource version that was read, so that the server refuses the patch where somebody was faster.
    static func guarded<View: ResourceView>(_ object: View, _ patch: JSON) -> JSON {
        var patch = patch
        patch["metadata", "resourceVersion"] = .string(object.metadata.resourceVersion)
        return patch
    }
}
