public import Fleet
public import Objects

/// Gives hosts back that are no longer needed.
public enum ScaleDown {
    /// Removals of nodes that nobody needs long enough, with what keeps every other node; the fleet is as before
    /// afterwards.
    ///
    /// Waiting pods are placed first, so that a node they will use stays. Nodes are then emptied one after the other, all
    /// of them staying empty, so no free space is counted twice.
    public static func plan(
        _ fleet: inout Fleet, memory: ScaleDownMemory = ScaleDownMemory(), options: ScaleDownOptions = ScaleDownOptions(),
        now: Timestamp
    ) -> ScaleDownPlan {
        var pass = ScaleDownPass(fleet, memory: memory, options: options, now: now)
        pass.noticeSizes()
        pass.judgeHosts(fleet)
        fleet.attempt { fleet in pass.findUnneeded(in: &fleet) }
        pass.chooseRemovals(fleet)
        return pass.result(basis: fleet.revision)
    }
}

/// One pass of scale-down; its state outlives no plan.
struct ScaleDownPass {
    struct Candidate {
        var node: String
        var slot: Int32
        var group: NodeGroup
        var utilization: Double
        var isReady: Bool
        var drain: DrainList
        var moves: [PodMove] = []
    }

    var memory: ScaleDownMemory
    let options: ScaleDownOptions
    let now: Timestamp
    let groups: [String: NodeGroup]
    let members: [String: [String]]
    private(set) var sizes: [String: Int] = [:]
    var verdicts: [String: Removability] = [:]
    var actions: [Action] = []
    /// Nodes that nobody needs, in the order in which they were emptied.
    var unneeded: [Candidate] = []
    var deadlines: [Timestamp] = []

    init(_ fleet: borrowing Fleet, memory: ScaleDownMemory, options: ScaleDownOptions, now: Timestamp) {
        self.memory = memory
        self.options = options
        self.now = now
        groups = fleet.nodeGroups
        members = fleet.nodeNamesByGroup()
        for group in groups.values {
            let names = members[group.metadata.name] ?? []
            sizes[group.metadata.name] = fleet.size(of: group, nodeNames: names)
        }
    }

    /// Takes a grown or shrunk group for an addition or a removal.
    mutating func noticeSizes() {
        for (name, size) in sizes {
            if let before = memory.sizes[name] {
                if size > before { memory.lastAdd[name] = now }
                if size < before { memory.lastDelete[name] = now }
            }
        }
        memory.sizes = sizes
        let known = Set(members.values.flatMap { $0 })
        memory.unneededSince = memory.unneededSince.filter { known.contains($0.key) }
        memory.unreadySince = memory.unreadySince.filter { known.contains($0.key) }
    }

    /// Gives back claimed hosts whose node did not come in time.
    mutating func judgeHosts(_ fleet: borrowing Fleet) {
        var since: [ObjectKey: Timestamp] = [:]
        for (name, group) in groups.sorted(by: { $0.key < $1.key }) {
            for row in fleet.unregisteredHosts(of: group, nodeNames: members[name] ?? []) {
                let first = memory.comingSince[row.host.key] ?? now
                since[row.host.key] = first
                let deadline = first + group.maxNodeProvisionTime
                if deadline <= now {
                    actions.append(.release(host: row.host.key, claim: group.claim))
                } else {
                    deadlines.append(deadline)
                }
            }
        }
        memory.comingSince = since
    }

    // MARK: Finding what nobody needs

    mutating func findUnneeded(in fleet: inout Fleet) {
        var engine = PlacementEngine(fleet, options: options.scheduling)
        var candidates = candidates(fleet)
        for slot in fleet.nodes.ordered {
            let node = fleet.nodes.views[Int(slot)]
            // No pod may be planned onto a node that goes away or does not answer.
            if node?.isBeingRemoved == true || node?.isReady == false { engine.setExcluded(slot, true) }
        }
        var used: Set<Int32> = []
        for pod in fleet.pendingSlots() {
            guard Scheduler.isOurs(pod, in: fleet, options.scheduling) else { continue }
            if let node = engine.place(pod, in: &fleet) { used.insert(node) }
        }
        candidates.sort { left, right in
            // Whoever is unneeded longest stays unneeded; then the emptiest.
            let leftSince = memory.unneededSince[left.node]?.microseconds ?? .max
            let rightSince = memory.unneededSince[right.node]?.microseconds ?? .max
            if leftSince != rightSince { return leftSince < rightSince }
            if left.drain.moving.isEmpty != right.drain.moving.isEmpty { return left.drain.moving.isEmpty }
            return (left.utilization, left.node) < (right.utilization, right.node)
        }
        var still: [String: Timestamp] = [:]
        for var candidate in candidates {
            if used.contains(candidate.slot) {
                refuse(candidate, .neededByOthers, "pods that wait or that leave other nodes are to come here", remedy: "")
            } else if let moves = empty(candidate, engine: &engine, in: &fleet) {
                for move in moves { if let slot = fleet.nodeSlot(move.node) { used.insert(Int32(slot)) } }
                candidate.moves = moves
                unneeded.append(candidate)
                still[candidate.node] = memory.unneededSince[candidate.node] ?? now
            }
        }
        memory.unneededSince = still
    }

    /// Where the pods of a node would go, all of them moved; `nil`, everything undone and the reason noted where one
    /// finds no place.
    private mutating func empty(_ candidate: Candidate, engine: inout PlacementEngine, in fleet: inout Fleet) -> [PodMove]? {
        let trial = fleet.mark()
        engine.setExcluded(candidate.slot, true)
        var moves: [PodMove] = []
        let pods = candidate.drain.moving.compactMap { fleet.podSlot($0).map(Int32.init) }
            .sorted { order(of: $0, in: fleet) > order(of: $1, in: fleet) }
        for pod in pods {
            let key = fleet.key(ofPod: pod)
            engine.move(pod, to: -1, in: &fleet)
            if let node = engine.place(pod, in: &fleet) {
                moves.append(PodMove(pod: key, node: fleet.nodes.names[Int(node)]))
                continue
            }
            let diagnosis = Diagnosis(fleet.podClass(fleet.pods.classOf[Int(pod)]), fleet: fleet)
            engine.undo(trial, in: &fleet)
            fleet.rollback(to: trial)
            engine.setExcluded(candidate.slot, false)
            refuse(
                candidate, .noPlaceToMove, "pod \(key) finds no place on the other nodes: \(diagnosis.message)",
                remedy: diagnosis.remedy, pod: key)
            return nil
        }
        // The attempt around all candidates undoes the moves; this trial stays part of it.
        fleet.keep(trial)
        return moves
    }

    /// Large and important pods are placed first.
    private func order(of pod: Int32, in fleet: borrowing Fleet) -> (Int64, Int64, Int64) {
        let row = fleet.podClass(fleet.pods.classOf[Int(pod)])
        return (row.requirements.priority, row.amount(inColumn: Column.cpu), row.amount(inColumn: Column.memory))
    }

    /// Nodes that may go as far as their own state says.
    private mutating func candidates(_ fleet: borrowing Fleet) -> [Candidate] {
        var found: [Candidate] = []
        for (name, nodes) in members.sorted(by: { $0.key < $1.key }) {
            for node in nodes {
                guard let view = fleet.node(node), let slot = fleet.nodeSlot(node) else { continue }
                noticeReadiness(view)
                if let candidate = candidate(view, slot: slot, groupName: name, fleet: fleet) { found.append(candidate) }
            }
        }
        return found
    }

    private mutating func noticeReadiness(_ node: Node) {
        let name = node.metadata.name
        if node.isReady {
            memory.unreadySince[name] = nil
        } else if memory.unreadySince[name] == nil {
            memory.unreadySince[name] = node.conditions["Ready"]?.lastTransitionTime ?? now
        }
    }

    private mutating func candidate(_ node: Node, slot: Int, groupName: String, fleet: borrowing Fleet) -> Candidate? {
        let name = node.metadata.name
        guard let group = groups[groupName] else {
            verdicts[name] = verdict(name, groupName, .notAutoscaled, "NodeGroup \(groupName) does not exist", remedy: "")
            return nil
        }
        let utilization = Utilization.of(slot, fleet: fleet, options: options)
        var candidate = Candidate(
            node: name, slot: Int32(slot), group: group, utilization: utilization.share, isReady: node.isReady, drain: DrainList())
        if node.isBeingRemoved {
            refuse(candidate, .beingRemoved, "the node is being removed", remedy: "")
            return nil
        }
        if node.metadata.annotations[Names.scaleDownDisabled] == "true" {
            refuse(
                candidate, .disabledAnnotation, "the node is annotated \(Names.scaleDownDisabled)=true",
                remedy: "remove the annotation \(Names.scaleDownDisabled) from the node")
            return nil
        }
        if !group.isScaleDownEnabled {
            refuse(
                candidate, .disabledForGroup, "NodeGroup \(groupName) does not scale down",
                remedy: "set scaleDownEnabled of NodeGroup \(groupName) to true")
            return nil
        }
        if !node.isReady, !options.isScaleDownUnreadyEnabled {
            refuse(candidate, .unreadyDisabled, "the node is not ready, and unready nodes stay", remedy: "repair the node")
            return nil
        }
        let threshold = utilization.isDevices ? options.gpuUtilizationThreshold : group.scaleDownUtilizationThreshold
        if utilization.share >= threshold {
            refuse(
                candidate, .notUnderutilized,
                "\(utilization.resource) is asked for to \(percent(utilization.share)), which is not below \(percent(threshold))",
                remedy: "raise scaleDownUtilizationThreshold of NodeGroup \(groupName) above \(percent(utilization.share)), or move pods")
            return nil
        }
        candidate.drain = Drain.list(onNode: name, in: fleet, options: options.drain, now: now)
        if let (pod, reason) = candidate.drain.blocking {
            refuse(candidate, .blockedByPod, reason.text(pod), remedy: reason.remedy(pod), pod: pod, blocking: reason)
            return nil
        }
        if let pod = candidate.drain.waiting.first {
            refuse(candidate, .waitsForCompletion, "pod \(pod) is to run to its end", remedy: "wait for pod \(pod), or delete it", pod: pod)
            return nil
        }
        return candidate
    }

    // MARK: Saying why

    mutating func refuse(
        _ candidate: Candidate, _ reason: Removability.Reason, _ message: String, remedy: String, pod: ObjectKey? = nil,
        blocking: BlockingReason? = nil, at: Timestamp? = nil
    ) {
        var verdict = verdict(candidate.node, candidate.group.metadata.name, reason, message, remedy: remedy)
        verdict.blockingPod = pod
        verdict.blocking = blocking
        verdict.utilization = candidate.utilization
        verdict.unneededSince = memory.unneededSince[candidate.node]
        verdict.removableAt = at
        verdicts[candidate.node] = verdict
    }

    private func verdict(_ node: String, _ group: String, _ reason: Removability.Reason, _ message: String, remedy: String) -> Removability
    {
        Removability(node: node, group: group, reason: reason, message: message, remedy: remedy, utilization: 0)
    }

    private func percent(_ share: Double) -> String { "\(Int((share * 100).rounded()))%" }

    func result(basis: UInt64) -> ScaleDownPlan {
        var plan = Plan(basis: basis)
        plan.actions = actions
        plan.refusals = verdicts.values.filter { !$0.isLeaving }.sorted { $0.node < $1.node }.map {
            Refusal(
                code: .notRemovable, subject: .node($0.node), message: "\($0.blocking?.rawValue ?? $0.reason.rawValue): \($0.message)",
                remedy: $0.remedy)
        }
        return ScaleDownPlan(
            plan: plan, memory: memory, removability: verdicts, nextDeadline: deadlines.filter { $0 > now }.min())
    }
}
