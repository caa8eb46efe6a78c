internal import Fleet
internal import Objects

/// The objects that a trace stands for.
///
/// Modelled: CPU, memory, the number of pods, whole graphics devices (`nvidia.com/gpu`) and slices of one device
/// (`sluice.dev/gpu-milli`, which must lie on a single device). Not modelled: failures, image pulls, the network.
enum ReplayObjects {
    static let groupName = "trace"
    static let modelLabel = "sluice.dev/gpu-model"

    static func group(_ options: ReplayOptions, hosts: Int) -> NodeGroup {
        NodeGroup([
            "metadata": ["name": .string(groupName)],
            "spec": [
                "maxSize": .integer(Int64(hosts)), "scaleDownUnneededTime": .string("\(options.scaleDownUnneededTime)s"),
                "scaleDownDelayAfterAdd": .string("\(options.scaleDownDelayAfterAdd)s"),
                // A replayed host always comes; the planner must not give it up before.
                "maxNodeProvisionTime": .string("\(options.bootLatency + 3_600)s"),
            ],
        ])
    }

    static func host(_ host: ReplayHost) -> BareMetalHost {
        var labels: JSON = [:]
        var annotations: JSON = [:]
        if host.gpus > 0 {
            if !host.model.isEmpty { labels[modelLabel] = .string(host.model) }
            let devices: JSON = [
                ["resource": .string(ResourceNames.gpu), "count": .integer(host.gpus)],
                ["resource": .string(ResourceNames.gpuMilli), "count": .integer(host.gpus * 1_000)],
            ]
            annotations[BareMetalHost.acceleratorsAnnotation] = .string(devices.text)
        }
        return BareMetalHost([
            "metadata": [
                "name": .string(host.name), "namespace": .string(Names.hostNamespace), "labels": labels, "annotations": annotations,
            ],
            "status": [
                "provisioning": ["state": "available"], "operationalStatus": "OK",
                "hardware": ["cpu": ["count": .integer(host.cpuMilli / 1_000)], "ramMebibytes": .integer(host.memoryMebibytes)],
            ],
        ])
    }

    /// What the host's node really offers: a trace may have fractions of cores.
    static func allocatable(_ host: ReplayHost, _ object: BareMetalHost) -> ResourceList {
        var list = object.inspectedResources
        list[ResourceNames.cpu] = host.cpuMilli
        list[ResourceNames.pods] = 110
        return list
    }

    static func pod(_ pod: ReplayPod) -> Pod {
        var object = Pod([
            "metadata": [
                "name": .string(pod.name), "namespace": "trace",
                // What runs in a trace runs to its end on the host it started on.
                "annotations": [Names.safeToEvict: "false"],
            ]
        ])
        var requests = ResourceList([ResourceNames.cpu: pod.cpuMilli, ResourceNames.memory: pod.memoryMebibytes << 20])
        if pod.gpus == 1, pod.gpuMilli < 1_000 {
            requests[ResourceNames.gpuMilli] = pod.gpuMilli
        } else if pod.gpus > 0 {
            requests[ResourceNames.gpu] = pod.gpus
        }
        object.requirements = PodRequirements(requests: requests)
        if !pod.gpuModels.isEmpty {
            let models = LabelRequirement(key: modelLabel, comparison: .isIn, values: pod.gpuModels)
            object.requirements.requiredNodeTerms = [NodeSelectorTerm(expressions: [models])]
        }
        object.metadata.creationTimestamp = Timestamp(seconds: pod.creation)
        object.metadata.ownerReferences = [OwnerReference(apiVersion: "batch/v1", kind: "Job", name: pod.name, uid: pod.name)]
        return object
    }
}
