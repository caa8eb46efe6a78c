internal import Objects

/// Decides what a Deployment needs; no effects.
///
/// The rules are those of kube-controller-manager, so that `kubectl rollout status`, `history`, `undo` and `pause` work.
public enum DeploymentPlanner {
    /// The next step: at most one move of a rollout, because the step after it depends on what the pods do.
    public static func plan(_ observation: DeploymentObservation) -> DeploymentPlan {
        let deployment = observation.deployment
        var rollout = Rollout(observation)
        if deployment.metadata.isDeleting {
            let counts = DeploymentCounts(rollout)
            return plan(rollout, counts, nextLook: nil)
        }
        rollout.notePause()
        // Recreate has nothing to share out: its own step scales.
        let isRolling = deployment.strategy == "RollingUpdate"
        if deployment.isPaused || (isRolling && rollout.isScaling) {
            rollout.rescale()
            if deployment.isPaused { rollout.cleanUp() }
            let counts = DeploymentCounts(rollout)
            rollout.noteAvailability(counts)
            return plan(rollout, counts, nextLook: nil)
        }
        if isRolling { rollout.roll() } else { rollout.recreate() }
        if DeploymentCounts(deployment.status).isComplete(deployment) { rollout.cleanUp() }
        let counts = DeploymentCounts(rollout)
        rollout.noteAvailability(counts)
        rollout.noteProgress(counts)
        return plan(rollout, counts, nextLook: rollout.untilDeadline(counts))
    }

    private static func plan(_ rollout: Rollout, _ counts: DeploymentCounts, nextLook: Duration?) -> DeploymentPlan {
        var plan = DeploymentPlan()
        plan.actions = rollout.actions
        plan.nextLook = nextLook
        let status = rollout.deployment.status
        if counts != DeploymentCounts(status) || rollout.conditions != DeploymentConditions(status) {
            var json = counts.json
            json["conditions"] = rollout.conditions.json
            plan.status = json
        }
        return plan
    }
}

/// The numbers of a Deployment's status.
struct DeploymentCounts: Equatable {
    var observedGeneration: Int64
    var replicas: Int64
    var updated: Int64
    var ready: Int64
    var available: Int64
    var unavailable: Int64

    init(_ status: JSON) {
        observedGeneration = status["observedGeneration"]?.integer ?? 0
        replicas = status["replicas"]?.integer ?? 0
        updated = status["updatedReplicas"]?.integer ?? 0
        ready = status["readyReplicas"]?.integer ?? 0
        available = status["availableReplicas"]?.integer ?? 0
        unavailable = status["unavailableReplicas"]?.integer ?? 0
    }

    init(_ rollout: Rollout) {
        let all = rollout.all
        observedGeneration = rollout.deployment.metadata.generation
        replicas = all.reduce(0) { $0 + $1.status.replicas }
        updated = rollout.current?.status.replicas ?? 0
        ready = all.reduce(0) { $0 + $1.status.readyReplicas }
        available = all.reduce(0) { $0 + $1.status.availableReplicas }
        unavailable = max(0, rollout.totalReplicas - available)
    }

    func isComplete(_ deployment: Deployment) -> Bool {
        updated == deployment.replicas && replicas == deployment.replicas && available == deployment.replicas
            && observedGeneration >= deployment.metadata.generation
    }

    /// Whether something got better since `before`.
    func isProgress(since before: DeploymentCounts) -> Bool {
        updated > before.updated || replicas - updated < before.replicas - before.updated || ready > before.ready
            || available > before.available
    }

    /// Zeros are left out, as Kubernetes leaves them out.
    var json: JSON {
        func count(_ number: Int64) -> JSON { number == 0 ? .null : .integer(number) }
        return [
            "observedGeneration": count(observedGeneration), "replicas": count(replicas), "updatedReplicas": count(updated),
            "readyReplicas": count(ready), "availableReplicas": count(available), "unavailableReplicas": count(unavailable),
        ]
    }
}

// MARK: - Conditions

extension Rollout {
    mutating func notePause() {
        let progressing = conditions[.progressing]
        guard progressing?.reason != "ProgressDeadlineExceeded" else { return }
        let isNoted = progressing?.reason == "DeploymentPaused"
        if deployment.isPaused, !isNoted {
            conditions.set(.progressing, "Unknown", "DeploymentPaused", "Deployment is paused", deployment, now)
        } else if !deployment.isPaused, isNoted {
            conditions.set(.progressing, "Unknown", "DeploymentResumed", "Deployment is resumed", deployment, now)
        }
    }

    mutating func noteAvailability(_ counts: DeploymentCounts) {
        if counts.available >= deployment.replicas - bounds.maxUnavailable {
            conditions.set(
                .available, "True", "MinimumReplicasAvailable", "Deployment has minimum availability.", deployment, now)
        } else {
            conditions.set(
                .available, "False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.", deployment,
                now)
        }
    }

    mutating func noteProgress(_ counts: DeploymentCounts) {
        guard deployment.hasProgressDeadline else {
            conditions.remove(.progressing)
            return
        }
        // A rollout that completed does not begin to fail when a pod dies later.
        if counts.replicas == counts.updated, conditions[.progressing]?.reason == "NewReplicaSetAvailable" { return }
        let subject = current.map { "ReplicaSet \"\($0.metadata.name)\"" } ?? "Deployment \"\(deployment.metadata.name)\""
        if counts.isComplete(deployment) {
            conditions.set(
                .progressing, "True", "NewReplicaSetAvailable", "\(subject) has successfully progressed.", deployment, now)
        } else if counts.isProgress(since: DeploymentCounts(deployment.status)) {
            conditions.set(
                .progressing, "True", "ReplicaSetUpdated", "\(subject) is progressing.", deployment, now, refreshing: true)
        } else if hasTimedOut {
            conditions.set(
                .progressing, "False", "ProgressDeadlineExceeded", "\(subject) has timed out progressing.", deployment, now)
        }
    }

    private var deadline: Timestamp? {
        conditions[.progressing]?.lastUpdate.map { $0 + .seconds(deployment.progressDeadlineSeconds) }
    }

    private var hasTimedOut: Bool {
        switch conditions[.progressing]?.reason {
        case nil, "NewReplicaSetAvailable": false
        case "ProgressDeadlineExceeded": true
        default: deadline.map { $0 < now } ?? false
        }
    }

    /// How long until a rollout that does not move must be called late; `nil` where it needs no watching.
    func untilDeadline(_ counts: DeploymentCounts) -> Duration? {
        let settled = ["NewReplicaSetAvailable", "ProgressDeadlineExceeded"]
        guard let progressing = conditions[.progressing], !settled.contains(progressing.reason),
            !counts.isComplete(deployment), let deadline
        else { return nil }
        // One second more: the deadline is over only after it.
        return max(.seconds(1), deadline - now + .seconds(1))
    }
}
