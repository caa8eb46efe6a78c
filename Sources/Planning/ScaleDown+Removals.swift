internal import Fleet
internal import Objects

extension ScaleDownPass {
    /// Of the nodes nobody needs, those that may go now.
    mutating func chooseRemovals(_ fleet: borrowing Fleet) {
        var remaining = sizes
        for names in members.values {
            for name in names {
                guard let node = fleet.node(name), node.isBeingRemoved else { continue }
                // A host on its way back is no longer part of the size.
                let isCounted = fleet.hostKey(of: node).flatMap { fleet.hosts[$0] }.map { !$0.isLeaving && $0.isClaimed } ?? true
                if isCounted { remaining[node.nodeGroup, default: 0] -= 1 }
            }
        }
        var budgets = SharedBudgets()
        var removals = 0
        var drains = 0
        for candidate in unneeded {
            let group = candidate.group
            let name = group.metadata.name
            if let due = dueTime(candidate), due.time > now {
                deadlines.append(due.time)
                refuse(candidate, due.reason, due.message, remedy: "wait until \(due.time.rfc3339)", at: due.time)
            } else if remaining[name] ?? 0 <= Int(clamping: group.minSize) {
                refuse(
                    candidate, .minSizeReached, "NodeGroup \(name) has \(remaining[name] ?? 0) hosts, its minimum is \(group.minSize)",
                    remedy: "lower minSize of NodeGroup \(name) to \((remaining[name] ?? 0) - 1)")
            } else if removals >= options.maxRemovals || (drains >= options.maxDrains && !candidate.moves.isEmpty) {
                refuse(candidate, .passLimitReached, "enough nodes go in this pass", remedy: "wait for the next pass")
                deadlines.append(now + .seconds(1))
            } else if let budget = budgets.take(candidate.moves.map(\.pod), fleet: fleet) {
                refuse(
                    candidate, .budgetShared, "other nodes that go now use up PodDisruptionBudget \(budget)",
                    remedy: "wait for the next pass", blocking: .notEnoughBudget)
            } else {
                remaining[name, default: 0] -= 1
                removals += 1
                if candidate.moves.isEmpty {
                    actions.append(.removeEmpty(node: candidate.node, group: name))
                } else {
                    drains += 1
                    actions.append(.drainAndRemove(node: candidate.node, group: name, moves: candidate.moves))
                }
                refuse(candidate, .removed, "nobody needs the node", remedy: "")
            }
        }
    }

    /// The latest of the times a node has to wait for; `nil` where it waits for none.
    private func dueTime(_ candidate: Candidate) -> (time: Timestamp, reason: Removability.Reason, message: String)? {
        let group = candidate.group
        let name = group.metadata.name
        var waits: [(time: Timestamp, reason: Removability.Reason, message: String)] = []
        if candidate.isReady {
            let since = memory.unneededSince[candidate.node] ?? now
            waits.append(
                (since + group.scaleDownUnneededTime, .notUnneededLongEnough, "nobody needs the node since \(since.rfc3339)"))
        } else {
            let since = memory.unreadySince[candidate.node] ?? now
            waits.append((since + group.scaleDownUnreadyTime, .notUnreadyLongEnough, "the node is not ready since \(since.rfc3339)"))
        }
        if let last = memory.lastAdd[name] {
            waits.append((last + group.scaleDownDelayAfterAdd, .coolingDown, "a host was claimed at \(last.rfc3339)"))
        }
        if let last = memory.lastDelete[name] {
            waits.append((last + group.scaleDownDelayAfterDelete, .coolingDown, "a node was removed at \(last.rfc3339)"))
        }
        if let last = memory.lastFailure[name] {
            waits.append((last + group.scaleDownDelayAfterFailure, .coolingDown, "a removal failed at \(last.rfc3339)"))
        }
        return waits.max { $0.time < $1.time }
    }
}

/// How many disruptions each budget still allows within one pass.
///
/// A drain that needs more than a budget ever allows at once may still go, alone: its evictions wait for each other.
private struct SharedBudgets {
    private var used: [ObjectKey: Int64] = [:]

    /// Takes what the pods need; returns the budget that other drains used up, and takes nothing then.
    mutating func take(_ pods: [ObjectKey], fleet: borrowing Fleet) -> ObjectKey? {
        if pods.isEmpty || fleet.budgets.isEmpty { return nil }
        var needed: [ObjectKey: Int64] = [:]
        for key in pods {
            guard let pod = fleet.pod(key) else { continue }
            for budget in fleet.budgets(covering: pod) { needed[budget.key, default: 0] += 1 }
        }
        for (key, count) in needed.sorted(by: { $0.key < $1.key }) {
            let before = used[key] ?? 0
            if before > 0, before + count > fleet.budgets[key]?.disruptionsAllowed ?? 0 { return key }
        }
        for (key, count) in needed { used[key, default: 0] += count }
        return nil
    }
}

/// How much of a node is asked for.
struct Utilization {
    var share: Double
    var resource: String
    var isDevices: Bool

    /// By requests, as the Cluster Autoscaler counts: devices where the node has any, else the larger of CPU and memory.
    static func of(_ slot: Int, fleet: borrowing Fleet, options: ScaleDownOptions) -> Utilization {
        let nodes = fleet.nodes
        let base = slot * nodes.stride
        var ignored: [Int64] = [0, 0]
        if options.ignoreDaemonSetsUtilization || options.ignoreMirrorPodsUtilization {
            for pod in fleet.podSlots(onNode: slot) {
                guard let view = fleet.pods.views[Int(pod)] else { continue }
                let isIgnored =
                    (options.ignoreDaemonSetsUtilization && view.isOwnedByDaemonSet)
                    || (options.ignoreMirrorPodsUtilization && view.isMirror)
                guard isIgnored else { continue }
                let row = fleet.podClass(fleet.pods.classOf[Int(pod)])
                for column in 0...1 { ignored[column] += row.amount(inColumn: column) }
            }
        }
        if let gpu = fleet.columns.number(of: ResourceNames.gpu), nodes.allocatable[base + Int(gpu)] > 0 {
            let devices = Double(nodes.allocatable[base + Int(gpu)])
            var used = Double(nodes.requested[base + Int(gpu)])
            if let milli = fleet.columns.number(of: ResourceNames.gpuMilli), nodes.deviceCount[slot] > 0 {
                used += Double(nodes.requested[base + Int(milli)]) / 1_000
            }
            return Utilization(share: used / devices, resource: ResourceNames.gpu, isDevices: true)
        }
        func share(_ column: Int) -> Double {
            let capacity = nodes.allocatable[base + column] - ignored[column]
            return capacity <= 0 ? 0 : Double(nodes.requested[base + column] - ignored[column]) / Double(capacity)
        }
        let (cpu, memory) = (share(Column.cpu), share(Column.memory))
        return cpu >= memory
            ? Utilization(share: cpu, resource: ResourceNames.cpu, isDevices: false)
            : Utilization(share: memory, resource: ResourceNames.memory, isDevices: false)
    }
}
