internal import Objects

// Kubernetes' two strategies, and scaling in the middle of a rollout.
extension Rollout {
    /// Moves a rolling update on by one step.
    mutating func roll() {
        guard prepareCurrent(creating: true), let current else { return }
        let target =
            current.replicas > deployment.replicas ? deployment.replicas : newReplicas(of: current.replicas)
        if scale(current.metadata.name, to: target) { return }
        shrinkOld()
    }

    /// Shrinks old ReplicaSets as far as the minimum of available pods allows.
    private mutating func shrinkOld() {
        guard old.contains(where: { $0.replicas > 0 }), let current else { return }
        let minimum = deployment.replicas - bounds.maxUnavailable
        let missing = current.replicas - current.status.availableReplicas
        let removable = totalReplicas - minimum - missing
        guard removable > 0 else { return }
        // Pods that serve nobody go first, whatever the minimum says.
        var cleaned: Int64 = 0
        for replicaSet in old where cleaned < removable && replicaSet.replicas > 0 {
            let unhealthy = replicaSet.replicas - replicaSet.status.availableReplicas
            guard unhealthy > 0 else { continue }
            let step = min(removable - cleaned, unhealthy)
            scale(replicaSet.metadata.name, to: replicaSet.replicas - step)
            cleaned += step
        }
        var surplus = all.reduce(0) { $0 + $1.status.availableReplicas } - minimum
        for replicaSet in old where surplus > 0 && replicaSet.replicas > 0 {
            let step = min(replicaSet.replicas, surplus)
            scale(replicaSet.metadata.name, to: replicaSet.replicas - step)
            surplus -= step
        }
    }

    /// Ends every old pod, waits until the last is gone, then starts the new ones.
    mutating func recreate() {
        if current != nil { _ = prepareCurrent(creating: false) }
        var isShrinking = false
        for replicaSet in old where replicaSet.replicas > 0 {
            if scale(replicaSet.metadata.name, to: 0) { isShrinking = true }
        }
        let isOldRunning = old.contains { $0.status.replicas > 0 || populated.contains($0.metadata.name) }
        guard !isShrinking, !isOldRunning else { return }
        guard prepareCurrent(creating: true), let current else { return }
        scale(current.metadata.name, to: deployment.replicas)
    }

    /// Whether the wanted number changed since the ReplicaSets were last scaled.
    var isScaling: Bool {
        all.contains { replicaSet in
            guard replicaSet.replicas > 0, let text = replicaSet.metadata.annotations[DeploymentNames.desiredReplicas],
                let desired = Int64(text)
            else { return false }
            return desired != deployment.replicas
        }
    }

    /// Brings the present ReplicaSets to the wanted total without moving the rollout on.
    mutating func rescale() {
        if current != nil { _ = prepareCurrent(creating: false) }
        let active = all.filter { $0.replicas > 0 }
        if active.count <= 1 {
            if let only = active.first ?? current ?? old.last { scale(only.metadata.name, to: deployment.replicas) }
            return
        }
        if let current, isSaturated(current) {
            for replicaSet in old where replicaSet.replicas > 0 { scale(replicaSet.metadata.name, to: 0) }
            return
        }
        if deployment.strategy == "RollingUpdate" { rescaleProportionally(active) }
    }

    private func isSaturated(_ replicaSet: ReplicaSet) -> Bool {
        let desired = replicaSet.metadata.annotations[DeploymentNames.desiredReplicas].flatMap { Int64($0) }
        return replicaSet.replicas == deployment.replicas && desired == deployment.replicas
            && replicaSet.status.availableReplicas == deployment.replicas
    }

    /// Shares the difference out by size; what rounding leaves goes to the largest.
    private mutating func rescaleProportionally(_ active: [ReplicaSet]) {
        let allowed = deployment.replicas > 0 ? maximum : 0
        let difference = allowed - active.reduce(0) { $0 + $1.replicas }
        // Growing prefers newer ones of equal size, shrinking older ones.
        let sorted = active.sorted { left, right in
            if left.replicas != right.replicas { return left.replicas > right.replicas }
            return difference > 0 ? Rollout.isOlder(right, left) : Rollout.isOlder(left, right)
        }
        var shared: Int64 = 0
        var sizes = sorted.map(\.replicas)
        for (index, replicaSet) in sorted.enumerated() where difference != 0 {
            let share = proportion(of: replicaSet, difference: difference, shared: shared)
            sizes[index] += share
            shared += share
        }
        if difference != 0 { sizes[0] = max(0, sizes[0] + difference - shared) }
        for (replicaSet, size) in zip(sorted, sizes) { scale(replicaSet.metadata.name, to: size) }
    }

    private func proportion(of replicaSet: ReplicaSet, difference: Int64, shared: Int64) -> Int64 {
        guard difference != shared else { return 0 }
        let left = difference - shared
        let fraction = fraction(of: replicaSet)
        return difference > 0 ? min(fraction, left) : max(fraction, left)
    }

    /// By how much a ReplicaSet changes when the whole goes from its former to its new maximum.
    private func fraction(of replicaSet: ReplicaSet) -> Int64 {
        guard deployment.replicas > 0 else { return -replicaSet.replicas }
        let annotated = replicaSet.metadata.annotations[DeploymentNames.maxReplicas].flatMap { Int64($0) }
        let former = annotated ?? deployment.status["replicas"]?.integer ?? 0
        guard former > 0 else { return 0 }
        // Rounded to the nearest, halves away from zero.
        return (2 * replicaSet.replicas * maximum + former) / (2 * former) - replicaSet.replicas
    }

    /// Removes what the history limit no longer keeps: empty old ReplicaSets of the lowest revisions.
    mutating func cleanUp() {
        let kept = old.filter { !$0.metadata.isDeleting }
        let surplus = kept.count - Int(clamping: deployment.revisionHistoryLimit)
        guard surplus > 0 else { return }
        let byRevision = kept.sorted {
            (Rollout.revision($0), $0.metadata.name) < (Rollout.revision($1), $1.metadata.name)
        }
        for replicaSet in byRevision.prefix(surplus) {
            let status = replicaSet.status
            guard status.replicas == 0, replicaSet.replicas == 0, replicaSet.metadata.generation <= status.observedGeneration
            else { continue }
            actions.append(.delete(name: replicaSet.metadata.name, uid: replicaSet.metadata.uid))
        }
    }
}
