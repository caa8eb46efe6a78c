internal import Kinds
internal import Objects

/// What single kinds do when they are written: the code beside the data.
enum KindBehaviour {
    static func prepareForCreate(_ object: inout JSON, kind: Kind) {
        switch (kind.group, kind.kind) {
        case ("", "Namespace"):
            object["spec", "finalizers"] = ["kubernetes"]
            object["status"] = ["phase": "Active"]
            let name = object["metadata", "name"] ?? ""
            object["metadata", "labels", "kubernetes.io/metadata.name"] = name
        case ("", "Pod"):
            object["status"] = ["phase": "Pending", "qosClass": .string(qualityOfService(object["spec"]))]
            if !(object["spec", "schedulingGates"]?.array ?? []).isEmpty {
                object["status", "conditions"] = [
                    [
                        "type": "PodScheduled", "status": "False", "reason": "SchedulingGated",
                        "message": "Scheduling is blocked due to non-empty scheduling gates",
                    ]
                ]
            }
        case ("", "Node"): completeNode(&object)
        case ("apiextensions.k8s.io", "CustomResourceDefinition"): CustomResourceDefinitions.fillIn(&object)
        default: break
        }
    }

    /// Parts of a node that are there even where nobody set them.
    private static func completeNode(_ node: inout JSON) {
        if node["spec"] == nil { node["spec"] = [:] }
        guard node["status"] != nil else { return }
        if node["status", "daemonEndpoints"] == nil { node["status", "daemonEndpoints"] = ["kubeletEndpoint": ["Port": 0]] }
        let facts = [
            "machineID", "systemUUID", "bootID", "kernelVersion", "osImage", "containerRuntimeVersion", "kubeletVersion",
            "kubeProxyVersion", "operatingSystem", "architecture",
        ]
        for name in facts where node["status", "nodeInfo", name] == nil { node["status", "nodeInfo", name] = "" }
    }

    static func prepareForUpdate(_ object: inout JSON, old: JSON, kind: Kind) {
        switch (kind.group, kind.kind) {
        case ("", "Namespace"):
            object["spec", "finalizers"] = old["spec", "finalizers"]
            object["metadata", "labels", "kubernetes.io/metadata.name"] = old["metadata", "name"]
        case ("apiextensions.k8s.io", "CustomResourceDefinition"): CustomResourceDefinitions.fillIn(&object)
        default: break
        }
    }

    /// Kubernetes' three classes: Guaranteed where every container's cpu and memory limits equal its requests, BestEffort
    /// where nothing is asked for, Burstable otherwise.
    static func qualityOfService(_ spec: JSON?) -> String {
        let containers = (spec?["containers"]?.array ?? []) + (spec?["initContainers"]?.array ?? [])
        if containers.allSatisfy({ $0["resources"] == nil }) { return "BestEffort" }
        var isGuaranteed = true
        var isBestEffort = true
        for container in containers {
            let limits = ResourceList(container["resources", "limits"])
            let requests = ResourceList(container["resources", "requests"])
            for name in ["cpu", "memory"] {
                if limits[name] > 0 || requests[name] > 0 { isBestEffort = false }
                let request = requests[name] > 0 ? requests[name] : limits[name]
                if limits[name] == 0 || limits[name] != request { isGuaranteed = false }
            }
        }
        if isBestEffort { return "BestEffort" }
        return isGuaranteed ? "Guaranteed" : "Burstable"
    }
}
