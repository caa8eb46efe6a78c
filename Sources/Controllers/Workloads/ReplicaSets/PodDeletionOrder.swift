public import Objects

/// Which of a workload's pods go first when there are too many.
public enum PodDeletionOrder {
    /// All pods, those to delete first at the front.
    ///
    /// Kubernetes' order: not bound before bound, pending before unknown before running, not ready before ready, lower
    /// deletion cost first, then those that share their node with more related pods, ready for a shorter time, younger.
    /// Ages are compared by their binary logarithm, so that the choice among pods of about the same age does not always
    /// hit the youngest node; the uid decides there.
    ///
    /// - Parameter related: active pods of the same workload, those of its other ReplicaSets among them.
    /// - SeeAlso: Kubernetes, *ReplicaSet: Scaling a ReplicaSet*.
    public static func sorted(_ pods: [Pod], related: [Pod], now: Timestamp) -> [Pod] {
        var crowd: [String: Int] = [:]
        for pod in related where !pod.nodeName.isEmpty { crowd[pod.nodeName, default: 0] += 1 }
        return pods.map { Rank($0, crowd: crowd[$0.nodeName] ?? 0, now: now) }.sorted { $0 < $1 }.map(\.pod)
    }

    private struct Rank: Comparable {
        let pod: Pod
        /// Compared from the first to the last; the lower goes first.
        let numbers: [Int64]

        init(_ pod: Pod, crowd: Int, now: Timestamp) {
            self.pod = pod
            let phases = ["Pending": Int64(0), "Unknown": 1, "Running": 2]
            numbers = [
                pod.nodeName.isEmpty ? 0 : 1, phases[pod.phase] ?? 0, pod.isReady ? 1 : 0, pod.deletionCost, -Int64(crowd),
                Rank.age(pod.readySince, now), Rank.age(pod.metadata.creationTimestamp, now),
            ]
        }

        private static func age(_ time: Timestamp?, _ now: Timestamp) -> Int64 {
            guard let time else { return -1 }
            let seconds = max(0, (now - time).microseconds / 1_000_000)
            return Int64(Int64.bitWidth - seconds.leadingZeroBitCount)
        }

        static func < (left: Rank, right: Rank) -> Bool {
            for (one, other) in zip(left.numbers, right.numbers) where one != other { return one < other }
            return left.pod.metadata.uid < right.pod.metadata.uid
        }

        static func == (left: Rank, right: Rank) -> Bool {
            left.numbers == right.numbers && left.pod.metadata.uid == right.pod.metadata.uid
        }
    }
}
