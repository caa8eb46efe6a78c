internal import Objects
internal import Ports

/// The Node of a host, as its agent describes it.
struct NodeReport {
    var host: HostSpecification
    var nodeName: String
    /// Of the boot configuration: `nodeGroup`, `labels`, `annotations`, `taints`.
    var userData: JSON
    /// Of this boot.
    var bootNumber: Int

    /// What the host gives: all it has, since nothing but pods runs on it (its disks and its network are the DPU's).
    var resources: ResourceList {
        var resources = ResourceList([
            "cpu": host.hardware.cores * 1_000, "memory": host.hardware.memoryBytes, "pods": host.maximumPods,
        ])
        for accelerator in host.hardware.accelerators { resources[accelerator.resource] += accelerator.count }
        return resources
    }

    var labels: [String: String] {
        var labels = userData["labels"]?.stringMap ?? [:]
        labels[Names.hostnameLabel] = nodeName
        labels[Names.architectureLabel] = host.hardware.architecture == "x86_64" ? "amd64" : host.hardware.architecture
        labels[Names.operatingSystemLabel] = "linux"
        labels[Names.modelLabel] = host.hardware.model
        if !host.hardware.rack.isEmpty { labels[Names.rackLabel] = host.hardware.rack }
        if let group = userData["nodeGroup"]?.string, !group.isEmpty { labels[Names.nodeGroupLabel] = group }
        return labels
    }

    /// The object to create.
    var object: JSON {
        var object: JSON = [
            "metadata": ["name": .string(nodeName), "labels": JSON(labels)], "spec": ["providerID": .string(host.address)],
        ]
        if let annotations = userData["annotations"], annotations.object?.isEmpty == false {
            object["metadata", "annotations"] = annotations
        }
        if let taints = userData["taints"], taints.array?.isEmpty == false { object["spec", "taints"] = taints }
        return object
    }

    /// For a node of that name that is there already: its labels and its provider. Taints are left as they are.
    var adoption: JSON {
        ["metadata": ["labels": JSON(labels)], "spec": ["providerID": .string(host.address)]]
    }

    /// A strategic merge patch of the status.
    ///
    /// - Parameter known: the conditions as the API has them: what does not change keeps its time.
    func status(now: Timestamp, known: [Condition]) -> JSON {
        func condition(_ type: String, _ status: String, _ reason: String, _ message: String) -> JSON {
            let before = known[type]
            let since = before?.status == status ? before?.lastTransitionTime ?? now : now
            return [
                "type": .string(type), "status": .string(status), "reason": .string(reason), "message": .string(message),
                "lastHeartbeatTime": .string(now.rfc3339), "lastTransitionTime": .string(since.rfc3339),
            ]
        }
        return [
            "status": [
                "capacity": resources.json, "allocatable": resources.json,
                "addresses": [
                    ["type": "InternalIP", "address": .string(host.hostIP)],
                    ["type": "Hostname", "address": .string(nodeName)],
                ],
                "conditions": [
                    condition("MemoryPressure", "False", "KubeletHasSufficientMemory", "kubelet has sufficient memory available"),
                    condition("DiskPressure", "False", "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                    condition("PIDPressure", "False", "KubeletHasSufficientPID", "kubelet has sufficient PID available"),
                    condition("Ready", "True", "KubeletReady", "kubelet is posting ready status"),
                ],
                "nodeInfo": [
                    "architecture": .string(labels[Names.architectureLabel] ?? ""), "operatingSystem": "linux",
                    "bootID": .string("\(host.hardware.serialNumber)-\(bootNumber)"),
                    "machineID": .string(host.hardware.serialNumber), "systemUUID": .string(host.hardware.serialNumber),
                    "kernelVersion": "6.1.0-simulated", "osImage": "Sluice simulated host",
                    "containerRuntimeVersion": "simulated://1.0", "kubeletVersion": "v1.36.0-simulated",
                    "kubeProxyVersion": "",
                ],
            ]
        ]
    }
}
