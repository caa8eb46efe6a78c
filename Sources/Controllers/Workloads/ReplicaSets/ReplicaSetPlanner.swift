public import Objects

/// What a pass over a ReplicaSet should do.
public struct ReplicaSetPlan: Sendable {
    /// How many pods to create.
    public var creations = 0
    public var deletions: [Pod] = []

    public init() {}
}

/// Decides what a ReplicaSet needs; no effects.
public enum ReplicaSetPlanner {
    /// No more than this many pods are created or deleted in one pass.
    public static let burst = 500

    /// How to come from the present pods to the wanted number.
    ///
    /// - Parameters:
    ///   - active: the ReplicaSet's own pods that neither ended nor go.
    ///   - related: see ``PodDeletionOrder``.
    public static func plan(_ replicaSet: ReplicaSet, active: [Pod], related: [Pod], now: Timestamp) -> ReplicaSetPlan {
        var plan = ReplicaSetPlan()
        guard !replicaSet.metadata.isDeleting else { return plan }
        let surplus = active.count - Int(clamping: replicaSet.replicas)
        if surplus < 0 {
            plan.creations = min(-surplus, burst)
        } else if surplus > 0 {
            plan.deletions = Array(PodDeletionOrder.sorted(active, related: related, now: now).prefix(min(surplus, burst)))
        }
        return plan
    }

    /// The counts of `status` as the active pods are now.
    public static func status(_ replicaSet: ReplicaSet, active: [Pod], now: Timestamp) -> ReplicaSetStatus {
        let templateLabels = replicaSet.template["metadata", "labels"]?.stringMap ?? [:]
        var status = ReplicaSetStatus()
        status.replicas = Int64(active.count)
        status.observedGeneration = replicaSet.metadata.generation
        for pod in active {
            if templateLabels.allSatisfy({ pod.metadata.labels[$0.key] == $0.value }) { status.fullyLabeledReplicas += 1 }
            guard pod.isReady else { continue }
            status.readyReplicas += 1
            if pod.isAvailable(minReadySeconds: replicaSet.minReadySeconds, now: now) { status.availableReplicas += 1 }
        }
        return status
    }

    /// How long until a pod that is ready becomes available; `nil` where none will by time alone.
    public static func nextAvailability(_ replicaSet: ReplicaSet, active: [Pod], now: Timestamp) -> Duration? {
        guard replicaSet.minReadySeconds > 0 else { return nil }
        let moments = active.compactMap(\.readySince).map { $0 + .seconds(replicaSet.minReadySeconds) }.filter { $0 > now }
        return moments.min().map { $0 - now }
    }
}
