public import Objects

/// When pods are collected that nobody else will remove.
public struct PodCollectorOptions: Sendable, Equatable {
    /// So many ended pods are kept; beyond it the oldest go. 0 keeps all.
    public var terminatedPodThreshold = 12_500
    /// How long a node must be gone before its pods go: it may come back under its name.
    public var quarantine: Duration = .seconds(40)
    /// How often all pods are looked through.
    public var period: Duration = .seconds(20)

    public init() {}
}

/// A pod to remove at once, and why.
public struct PodCollection: Sendable, Equatable {
    public enum Cause: Sendable, Equatable {
        /// Its node does not exist.
        case orphaned
        /// It was deleted before it was bound: no host will ever end it.
        case neverBound
        /// Too many ended pods are kept.
        case surplus
    }

    public var key: ObjectKey
    public var uid: String
    public var cause: Cause

    public init(key: ObjectKey, uid: String, cause: Cause) {
        self.key = key
        self.uid = uid
        self.cause = cause
    }
}

/// Chooses the pods to collect; no effects.
public enum PodCollectorPlanner {
    /// - Parameter isLost: whether a node of that name is known to be gone for good.
    public static func plan(_ pods: [Pod], options: PodCollectorOptions, isLost: (String) -> Bool) -> [PodCollection] {
        var collected: [PodCollection] = []
        var kept: [Pod] = []
        for pod in pods {
            if !pod.nodeName.isEmpty, isLost(pod.nodeName) {
                collected.append(PodCollection(key: pod.key, uid: pod.metadata.uid, cause: .orphaned))
            } else if pod.nodeName.isEmpty, pod.metadata.isDeleting {
                collected.append(PodCollection(key: pod.key, uid: pod.metadata.uid, cause: .neverBound))
            } else if pod.isTerminated, !pod.metadata.isDeleting {
                kept.append(pod)
            }
        }
        guard options.terminatedPodThreshold > 0, kept.count > options.terminatedPodThreshold else { return collected }
        let oldestFirst = kept.sorted { left, right in
            let leftTime = left.metadata.creationTimestamp?.microseconds ?? 0
            let rightTime = right.metadata.creationTimestamp?.microseconds ?? 0
            return leftTime == rightTime ? left.key < right.key : leftTime < rightTime
        }
        return collected
            + oldestFirst.prefix(kept.count - options.terminatedPodThreshold).map {
                PodCollection(key: $0.key, uid: $0.metadata.uid, cause: .surplus)
            }
    }
}
