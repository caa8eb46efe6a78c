internal import Fleet
internal import KubeClient
internal import Logging
internal import Objects
internal import Planning
internal import Ports

/// Takes nodes out of service: taint and cordon, evict, and when nothing is left give the host back and delete the node.
///
/// The taint ToBeDeletedByClusterAutoscaler, whose value is the second it was set, is the only record of a removal under
/// way: after a crash the removal is driven on from what the API shows.
struct NodeRemover: Sendable {
    let environment: ControllerEnvironment
    let ledger: FleetLedger
    let options: AutoscalerOptions
    let recorder: EventRecorder
    let writes: WriteBehind
    let claims: NodeClaims

    /// What became of a removal in one pass.
    enum Outcome: Sendable, Equatable {
        case waiting
        case removed
        case givenUp(String)
    }

    /// What is to be done with one node's pods now.
    struct Step: Sendable, Equatable {
        var evict: [ObjectKey] = []
        /// Pods that have to end before the node may go.
        var waitsFor: [ObjectKey] = []
        /// Why the removal is to be given up.
        var obstacle: String?
    }

    // MARK: - Begin

    /// Marks a node as being removed; false where the node is gone.
    func begin(_ name: String, message: String) async throws -> Bool {
        let key = ObjectKey(name: name)
        guard let node = try await environment.client.get(Node.self, key) else { return false }
        if node.isBeingRemoved { return true }
        let taint = Taint(key: Names.toBeDeletedTaint, value: String(environment.time.now().seconds), effect: "NoSchedule")
        var patch: JSON = [
            "spec": ["taints": .array((node.taints + [taint]).map(\.json)), "unschedulable": true]
        ]
        if !node.isUnschedulable { patch["metadata", "annotations"] = [AutoscalerNames.cordonedAnnotation: "true"] }
        try await environment.client.patch(Node.resource, key, HostPatches.guarded(node, patch))
        await recorder.record(node, reason: "ScaleDown", message: message)
        return true
    }

    // MARK: - Drive

    /// Takes one step with a node that is marked.
    ///
    /// - Parameter isForced: the whole group goes, so the rules that keep a node do not count; disruption budgets do, until
    ///   the time for evictions is over.
    func drive(_ node: Node, _ group: NodeGroup?, isForced: Bool) async throws -> Outcome {
        let now = environment.time.now()
        let name = node.metadata.name
        let step = ledger.withFleet { NodeRemover.step(node, $0, options: options.scaleDown.drain, isForced: isForced, now: now) }
        let begun = NodeRemover.begun(node) ?? now
        let patience = options.maxPodEvictionTime + (group?.maxGracefulTermination ?? .seconds(600))
        if let obstacle = step.obstacle, !isForced {
            try await giveUp(node, obstacle)
            return .givenUp(obstacle)
        }
        if step.evict.isEmpty && step.waitsFor.isEmpty {
            try await finish(node)
            return .removed
        }
        if !isForced {
            let isOverdue = step.evict.isEmpty ? now >= begun + patience : now >= begun + options.maxPodEvictionTime
            if isOverdue {
                let pod = (step.evict + step.waitsFor).first.map(\.description) ?? ""
                let obstacle = "pod \(pod) did not leave node \(name) in time"
                try await giveUp(node, obstacle)
                return .givenUp(obstacle)
            }
        } else if now >= begun + patience {
            // The group is to go: what does not leave by itself in all that time goes with the host.
            try await finish(node)
            return .removed
        }
        await evict(step.evict, from: node, grace: group?.maxGracefulTermination)
        return .waiting
    }

    /// What to do with the pods of a node: a pure look at the fleet.
    static func step(_ node: Node, _ fleet: borrowing Fleet, options: DrainOptions, isForced: Bool, now: Timestamp) -> Step {
        var step = Step()
        for pod in fleet.pods(onNode: node.metadata.name) {
            let outcome = Drain.outcome(
                pod, budgets: fleet.budgets(covering: pod), options: options, controllers: nil, now: now)
            switch outcome {
            case .ignored, .daemonSet: continue
            case _ where pod.metadata.isDeleting: step.waitsFor.append(pod.key)
            case .waits where !isForced: step.waitsFor.append(pod.key)
            // The eviction API is asked: it knows the budget's latest word.
            case .moves, .waits, .blocked(.notEnoughBudget): step.evict.append(pod.key)
            case .blocked(let reason):
                step.evict.append(pod.key)
                if step.obstacle == nil { step.obstacle = "pod \(pod.key) may not be moved: \(reason.rawValue)" }
            }
        }
        return step
    }

    /// When the removal began, from the taint's value.
    static func begun(_ node: Node) -> Timestamp? {
        node.taints.first { $0.key == Names.toBeDeletedTaint }.flatMap { Int64($0.value) }.map(Timestamp.init(seconds:))
    }

    private func evict(_ pods: [ObjectKey], from node: Node, grace: Duration?) async {
        let longest = (grace ?? .seconds(600)).microseconds / 1_000_000
        await withTaskGroup(of: Void.self) { group in
            for (index, key) in pods.enumerated() {
                if index >= options.concurrency { await group.next() }
                group.addTask { await evict(key, from: node, longest: longest) }
            }
        }
    }

    private func evict(_ key: ObjectKey, from node: Node, longest: Int64) async {
        guard let pod = ledger.withFleet({ $0.pod(key) }) else { return }
        do {
            let isShort = pod.terminationGracePeriodSeconds <= longest
            try await environment.client.evict(pod: key, uid: pod.metadata.uid, gracePeriodSeconds: isShort ? nil : longest)
            writes.add { [recorder] in
                await recorder.record(pod, reason: "ScaleDown", message: "deleting pod for node scale down")
            }
        } catch {
            // 429 is a disruption budget saying "not now"; that and everything else is tried again in the next pass.
            if error.code != 429, !error.isNotFound {
                environment.logger.debug("eviction failed", metadata: ["pod": "\(key)", "error": "\(error)"])
            }
        }
    }

    // MARK: - End

    /// Gives the host back first: if we stop here, the taint on the node still says what is left to do.
    private func finish(_ node: Node) async throws {
        if let key = ledger.withFleet({ $0.hostKey(of: node) }) { try await claims.release(key, of: node.nodeGroup) }
        try await environment.client.delete(Node.resource, node.key, uid: node.metadata.uid)
    }

    /// Puts a node back into service.
    private func giveUp(_ node: Node, _ obstacle: String) async throws {
        guard let fresh = try await environment.client.get(Node.self, node.key) else { return }
        var patch: JSON = ["spec": ["taints": .array(fresh.taints.filter { $0.key != Names.toBeDeletedTaint }.map(\.json))]]
        if fresh.metadata.annotations[AutoscalerNames.cordonedAnnotation] != nil {
            patch["spec", "unschedulable"] = .null
            patch["metadata", "annotations"] = [AutoscalerNames.cordonedAnnotation: nil]
        }
        try await environment.client.patch(Node.resource, node.key, HostPatches.guarded(fresh, patch))
        await recorder.record(fresh, .warning, reason: "ScaleDownFailed", message: "failed to drain the node: \(obstacle)")
    }
}
