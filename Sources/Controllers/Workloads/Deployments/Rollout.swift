internal import Objects

/// A pass in the making: the ReplicaSets as they will be after the actions so far.
struct Rollout {
    let deployment: Deployment
    let bounds: RolloutBounds
    let populated: Set<String>
    let now: Timestamp
    /// The ReplicaSet of the current template; `nil` where it does not exist (or is only about to be created).
    var current: ReplicaSet?
    /// All others, oldest first.
    var old: [ReplicaSet]
    var actions: [DeploymentAction] = []
    var conditions: DeploymentConditions

    init(_ observation: DeploymentObservation) {
        deployment = observation.deployment
        bounds = RolloutBounds(deployment)
        populated = observation.populated
        now = observation.now
        conditions = DeploymentConditions(deployment.status)
        let sorted = observation.replicaSets.sorted { Rollout.isOlder($0, $1) }
        let template = deployment.template
        // The oldest of several with equal templates, as kube-controller-manager chooses.
        current = sorted.first { TemplateHash.areEqual($0.template, template) }
        old = sorted.filter { [current] in $0.metadata.uid != current?.metadata.uid }
    }

    static func isOlder(_ left: ReplicaSet, _ right: ReplicaSet) -> Bool {
        let leftTime = left.metadata.creationTimestamp?.microseconds ?? 0
        let rightTime = right.metadata.creationTimestamp?.microseconds ?? 0
        return (leftTime, left.metadata.name) < (rightTime, right.metadata.name)
    }

    var all: [ReplicaSet] { old + (current.map { [$0] } ?? []) }
    var totalReplicas: Int64 { all.reduce(0) { $0 + $1.replicas } }
    var maximum: Int64 { deployment.replicas + bounds.maxSurge }

    /// Scales a ReplicaSet, or refreshes its annotations; returns whether the number changed.
    @discardableResult
    mutating func scale(_ name: String, to replicas: Int64) -> Bool {
        guard let before = all.first(where: { $0.metadata.name == name }) else { return false }
        let annotations = [
            DeploymentNames.desiredReplicas: String(deployment.replicas), DeploymentNames.maxReplicas: String(maximum),
        ]
        let areAnnotationsRight = annotations.allSatisfy { before.metadata.annotations[$0.key] == $0.value }
        guard before.replicas != replicas || !areAnnotationsRight else { return false }
        actions.append(
            .scale(name: name, from: before.replicas, to: replicas, desired: deployment.replicas, maximum: maximum))
        var after = before
        after.replicas = replicas
        after.metadata.annotations.merge(annotations) { $1 }
        if current?.metadata.name == name {
            current = after
        } else {
            old = old.map { $0.metadata.name == name ? after : $0 }
        }
        return before.replicas != replicas
    }
}

// MARK: - The current ReplicaSet

extension Rollout {
    /// Gives the current ReplicaSet the newest revision, and creates it where it is missing.
    ///
    /// - Returns: false where a ReplicaSet is about to be created: its number of pods is part of its creation.
    mutating func prepareCurrent(creating: Bool) -> Bool {
        let revision = (old.map(Rollout.revision).max() ?? 0) + 1
        guard let present = current else {
            if creating { create(revision) }
            return !creating
        }
        var wanted = copiedAnnotations(over: present.metadata.annotations)
        let before = Rollout.revision(present)
        if before < revision {
            wanted[DeploymentNames.revision] = String(revision)
            if before > 0 {
                let history = present.metadata.annotations[DeploymentNames.revisionHistory].map { $0 + "," } ?? ""
                wanted[DeploymentNames.revisionHistory] = String((history + String(before)).suffix(2_000))
            }
        }
        if wanted != present.metadata.annotations || present.minReadySeconds != deployment.minReadySeconds {
            actions.append(
                .annotate(name: present.metadata.name, annotations: wanted, minReadySeconds: deployment.minReadySeconds))
            current?.metadata.annotations = wanted
            current?.minReadySeconds = deployment.minReadySeconds
        }
        note(revision: wanted[DeploymentNames.revision] ?? "1")
        conditions.setIfAbsent(
            .progressing, "True", "FoundNewReplicaSet", "Found new replica set \"\(present.metadata.name)\"", deployment, now)
        return true
    }

    private mutating func create(_ revision: Int64) {
        let hash = TemplateHash.hash(deployment.template, collisions: deployment.status["collisionCount"]?.integer ?? 0)
        let name = "\(deployment.metadata.name)-\(hash)"
        let replicas = newReplicas(of: 0)
        var annotations = copiedAnnotations(over: [:])
        annotations[DeploymentNames.revision] = String(revision)
        annotations[DeploymentNames.desiredReplicas] = String(deployment.replicas)
        annotations[DeploymentNames.maxReplicas] = String(maximum)
        actions.append(.create(NewReplicaSet(name: name, hash: hash, replicas: replicas, annotations: annotations)))
        note(revision: String(revision))
        conditions.set(
            .progressing, "True", "NewReplicaSetCreated", "Created new replica set \"\(name)\"", deployment, now)
    }

    private mutating func note(revision: String) {
        let action = DeploymentAction.setRevision(revision)
        if deployment.metadata.annotations[DeploymentNames.revision] != revision, !actions.contains(action) {
            actions.append(action)
        }
    }

    private func copiedAnnotations(over annotations: [String: String]) -> [String: String] {
        let copied = deployment.metadata.annotations.filter { !DeploymentNames.notCopied.contains($0.key) }
        return annotations.merging(copied) { $1 }
    }

    static func revision(_ replicaSet: ReplicaSet) -> Int64 {
        replicaSet.metadata.annotations[DeploymentNames.revision].flatMap { Int64($0) } ?? 0
    }

    /// How many replicas the current ReplicaSet may have now that has `present`.
    func newReplicas(of present: Int64) -> Int64 {
        guard deployment.strategy == "RollingUpdate" else { return deployment.replicas }
        let room = maximum - totalReplicas
        guard room > 0 else { return present }
        return present + max(0, min(room, deployment.replicas - present))
    }
}
