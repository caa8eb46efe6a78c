internal import Objects

/// Where a waiting pod stands among the others.
struct QueueKey: Sendable, Comparable {
    var priority: Int64
    /// Microseconds since 1970; the smallest number for a pod without a time.
    var created: Int64
    var key: ObjectKey

    init(_ pod: Pod) {
        priority = pod.requirements.priority
        created = pod.metadata.creationTimestamp?.microseconds ?? Int64.min
        key = pod.key
    }

    /// Highest priority first, then in order of creation, then of the keys.
    static func < (left: QueueKey, right: QueueKey) -> Bool {
        if left.priority != right.priority { return left.priority > right.priority }
        if left.created != right.created { return left.created < right.created }
        return left.key < right.key
    }
}

extension PodTable {
    /// Puts a pod among the waiting, or takes it out; the list stays in order, so that no plan has to sort it.
    mutating func setPending(_ slot: Int32, _ isPending: Bool) {
        guard isPending != waits[Int(slot)], let key = queueKeys[Int(slot)] else { return }
        waits[Int(slot)] = isPending
        let place = self.place(of: key)
        if isPending { pending.insert(slot, at: place) } else { pending.remove(at: place) }
    }

    /// Says what a slot's pod is; where it waits, it waits in its new place.
    mutating func setView(_ slot: Int32, _ pod: Pod?) {
        let key = pod.map(QueueKey.init)
        if waits[Int(slot)], key != queueKeys[Int(slot)] { setPending(slot, false) }
        queueKeys[Int(slot)] = key
        // A gated pod waits for nobody's plan.
        schedulers[Int(slot)] = pod.map { $0.hasSchedulingGates ? "" : $0.schedulerName } ?? ""
        views[Int(slot)] = pod
    }

    /// The first place whose pod does not come before a key.
    private func place(of key: QueueKey) -> Int {
        var (low, high) = (0, pending.count)
        while low < high {
            let middle = (low + high) / 2
            if let other = queueKeys[Int(pending[middle])], other < key { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
