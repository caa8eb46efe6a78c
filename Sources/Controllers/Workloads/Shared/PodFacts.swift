public import Objects

extension Pod {
    /// Whether the pod counts as one of its owner's replicas: it has not ended and is not going.
    public var isActive: Bool { !isTerminated && !metadata.isDeleting }

    /// When the pod last became ready; `nil` where it is not ready.
    public var readySince: Timestamp? {
        guard let ready = conditions["Ready"], ready.isTrue else { return nil }
        return ready.lastTransitionTime
    }

    /// Whether the pod has been ready for `minReadySeconds`.
    public func isAvailable(minReadySeconds: Int64, now: Timestamp) -> Bool {
        guard isReady else { return false }
        guard minReadySeconds > 0 else { return true }
        guard let since = readySince else { return false }
        return since + .seconds(minReadySeconds) <= now
    }

    /// `controller.kubernetes.io/pod-deletion-cost`: pods of lower cost are deleted first; unreadable text counts as 0.
    var deletionCost: Int64 {
        metadata.annotations["controller.kubernetes.io/pod-deletion-cost"].flatMap { Int64($0) } ?? 0
    }
}

/// Makes pods from templates.
public enum PodTemplates {
    /// The pod a workload creates: the template's labels, annotations, finalizers and spec, owned by the workload.
    public static func pod(from template: JSON, name: String, namespace: String, owner: OwnerReference) -> JSON {
        var metadata: JSON = ["name": .string(name), "namespace": .string(namespace)]
        for key in ["labels", "annotations", "finalizers"] {
            if let value = template["metadata", key], !value.isNull { metadata[key] = value }
        }
        metadata["ownerReferences"] = [owner.json]
        return ["metadata": metadata, "spec": template["spec"] ?? [:]]
    }
}
