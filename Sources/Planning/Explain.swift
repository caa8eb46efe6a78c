public import Fleet
public import Objects

/// Why a pod is where it is, or is nowhere.
public struct PodExplanation: Sendable {
    public enum State: String, Sendable {
        case running = "Bound"
        case ended = "Ended"
        case terminating = "Terminating"
        case gated = "SchedulingGated"
        case foreign = "OtherScheduler"
        /// A node takes it now.
        case placeable = "Placeable"
        /// Nodes on their way take it.
        case waitsForNode = "WaitsForNode"
        /// Hosts will be claimed for it.
        case triggersScaleUp = "TriggersScaleUp"
        case unschedulable = "Unschedulable"
    }

    public var pod: ObjectKey
    public var state: State
    /// One sentence.
    public var summary: String
    public var node: String?
    /// Why no node takes it.
    public var scheduling: Refusal?
    /// Why no NodeGroup makes room.
    public var scaleUp: Refusal?

    /// Several lines of text.
    public var words: String {
        var lines = ["pod \(pod): \(summary)"]
        for refusal in [scheduling, scaleUp].compactMap({ $0 }) { lines += refusal.words.split(separator: "\n").map { "  \($0)" } }
        return lines.joined(separator: "\n")
    }

    public var json: JSON {
        var object: JSON = ["pod": .string(pod.description), "state": .string(state.rawValue), "summary": .string(summary)]
        if let node { object["node"] = .string(node) }
        if let scheduling { object["scheduling"] = scheduling.json }
        if let scaleUp { object["scaleUp"] = scaleUp.json }
        return object
    }
}

/// Why a node stays, or goes.
public struct NodeExplanation: Sendable {
    public var removability: Removability
    /// Pods on the node, in ascending order.
    public var pods: [ObjectKey]

    /// Several lines of text.
    public var words: String {
        let blocking = removability.blocking.map { " (\($0.rawValue))" } ?? ""
        var lines = ["node \(removability.node): \(removability.reason.rawValue)\(blocking): \(removability.message)"]
        lines.append(
            "  NodeGroup \(removability.group.isEmpty ? "-" : removability.group), \(pods.count) pods, "
                + "\(Int((removability.utilization * 100).rounded()))% asked for")
        if let since = removability.unneededSince { lines.append("  unneeded since \(since.rfc3339)") }
        if let time = removability.removableAt { lines.append("  may go at \(time.rfc3339)") }
        if !removability.remedy.isEmpty { lines.append("  remedy: \(removability.remedy)") }
        return lines.joined(separator: "\n")
    }

    public var json: JSON {
        var object = removability.json
        object["pods"] = .array(pods.map { .string($0.description) })
        return object
    }
}

/// Answers to "why?", made by the planners themselves.
public enum Explain {
    /// Why a pod is where it is; `nil` where there is no such pod. The fleet is as before afterwards.
    public static func pod(
        _ key: ObjectKey, in fleet: inout Fleet, options: ScaleUpOptions = ScaleUpOptions(), now: Timestamp? = nil
    ) -> PodExplanation? {
        guard let pod = fleet.pod(key) else { return nil }
        func simple(_ state: PodExplanation.State, _ summary: String, node: String? = nil) -> PodExplanation {
            PodExplanation(pod: key, state: state, summary: summary, node: node)
        }
        if pod.isTerminated { return simple(.ended, "has ended with phase \(pod.phase)") }
        if pod.metadata.isDeleting { return simple(.terminating, "is going away", node: pod.nodeName.isEmpty ? nil : pod.nodeName) }
        if let node = pod.nodeName.isEmpty ? fleet.assumedNode(key) : pod.nodeName {
            return simple(.running, "is bound to node \(node)", node: node)
        }
        if pod.hasSchedulingGates { return simple(.gated, "Scheduling is blocked due to non-empty scheduling gates") }
        if !options.scheduling.schedulerNames.contains(pod.schedulerName) {
            return simple(.foreign, "waits for the scheduler \(pod.schedulerName)")
        }
        let scheduling = Scheduler.plan(&fleet, options: options.scheduling)
        if let binding = scheduling.bindings.first(where: { $0.pod == key }) {
            return simple(.placeable, "will be bound to node \(binding.node)", node: binding.node)
        }
        let refusal = scheduling.refusals.first { names($0, key) }
        let scaleUp = ScaleUp.plan(&fleet, options: options, now: now)
        var explanation = simple(.unschedulable, "fits on no node, and no NodeGroup makes room for it")
        explanation.scheduling = refusal
        explanation.scaleUp = scaleUp.refusals.first { names($0, key) }
        if explanation.scaleUp == nil {
            let isClaiming = !scaleUp.claims.isEmpty
            explanation.state = isClaiming ? .triggersScaleUp : .waitsForNode
            let claims = scaleUp.claims.map { "\($0.host.name) for \($0.claim.name)" }.joined(separator: ", ")
            explanation.summary =
                isClaiming
                ? "fits on no node; hosts are claimed: \(claims)"
                : "fits on no node yet; hosts that will take it are on their way"
        }
        return explanation
    }

    private static func names(_ refusal: Refusal, _ key: ObjectKey) -> Bool {
        if case .pods(let keys) = refusal.subject { keys.contains(key) } else { false }
    }

    /// Why a node stays or goes; `nil` where there is no such node. The fleet is as before afterwards.
    public static func node(
        _ name: String, in fleet: inout Fleet, memory: ScaleDownMemory = ScaleDownMemory(),
        options: ScaleDownOptions = ScaleDownOptions(), now: Timestamp
    ) -> NodeExplanation? {
        guard fleet.node(name) != nil else { return nil }
        let pods = fleet.pods(onNode: name).map(\.key)
        let plan = ScaleDown.plan(&fleet, memory: memory, options: options, now: now)
        let verdict =
            plan.removability[name]
            ?? Removability(
                node: name, group: "", reason: .notAutoscaled, message: "the node belongs to no NodeGroup", remedy: "", utilization: 0)
        return NodeExplanation(removability: verdict, pods: pods)
    }
}
