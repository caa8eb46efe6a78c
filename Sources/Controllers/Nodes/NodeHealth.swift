public import Objects

/// How long nodes may be silent, and when so many are that the fault is rather ours.
public struct NodeLifecycleOptions: Sendable, Equatable {
    /// Without a renewed Lease or heartbeat for this long a node counts as lost.
    public var gracePeriod: Duration = .seconds(40)
    /// The same for a node that has not been heard of since we began to listen.
    public var startupGracePeriod: Duration = .seconds(60)
    /// No pods are driven from nodes while at least this share of all nodes is unhealthy …
    public var unhealthyShare = 0.55
    /// … and more nodes than this.
    public var unhealthyCount = 2

    public init() {}
}

/// What is known of a node's life signs.
public struct NodePulse: Sendable, Equatable {
    /// When we (by our own clock) last saw the node renew its Lease or its heartbeat.
    public var lastSeen: Timestamp
    /// False as long as we have only ever seen what was there when we began to listen.
    public var isHeard: Bool

    public init(lastSeen: Timestamp, isHeard: Bool) {
        self.lastSeen = lastSeen
        self.isHeard = isHeard
    }
}

/// What a pass over a node should change.
public struct NodePlan: Sendable, Equatable {
    /// Conditions to merge into the status.
    public var conditions: [Condition] = []
    /// The whole list of taints; `nil` where it is right already.
    public var taints: [Taint]?
    /// The node has just stopped being ready: its pods are not ready any more either.
    public var marksPodsNotReady = false
    /// When silence would become a loss.
    public var nextLook: Duration?
}

/// Judges nodes by their life signs; no effects. The rules are those of Kubernetes' node life cycle controller.
public enum NodePlanner {
    /// - Parameter mayDriveOut: whether taints that drive pods out may be added now (see ``isDisrupted(ready:total:options:)``).
    public static func plan(
        _ node: Node, pulse: NodePulse, mayDriveOut: Bool, options: NodeLifecycleOptions, now: Timestamp
    ) -> NodePlan {
        var plan = NodePlan()
        let deadline = pulse.lastSeen + (pulse.isHeard ? options.gracePeriod : options.startupGracePeriod)
        var conditions = node.conditions
        if deadline <= now {
            plan.conditions = silenced(node, now)
            for condition in plan.conditions { conditions.set(condition, now: now) }
        } else {
            plan.nextLook = deadline - now
        }
        let ready = conditions["Ready"]?.status ?? "Unknown"
        plan.marksPodsNotReady = ready != "True"
        let taints = taints(node, conditions: conditions, mayDriveOut: mayDriveOut, now: now)
        if taints != node.taints { plan.taints = taints }
        return plan
    }

    /// Whether so many nodes are unhealthy that pods are better left where they are.
    public static func isDisrupted(ready: Int, total: Int, options: NodeLifecycleOptions) -> Bool {
        let unhealthy = total - ready
        return unhealthy > options.unhealthyCount && Double(unhealthy) >= options.unhealthyShare * Double(total)
    }

    /// The conditions only the node itself can know, as unknown; those that say so already are left out.
    private static func silenced(_ node: Node, _ now: Timestamp) -> [Condition] {
        ["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"].compactMap { type in
            let present = node.conditions[type]
            if present?.status == "Unknown" { return nil }
            if present == nil, type != "Ready" { return nil }
            return Condition(
                type: type, status: "Unknown", reason: present == nil ? "NodeStatusNeverUpdated" : "NodeStatusUnknown",
                message: present == nil ? "Kubelet never posted node status." : "Kubelet stopped posting node status.",
                lastTransitionTime: now)
        }
    }

    private static let pressures: [(condition: String, status: String, key: String)] = [
        ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
        ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
        ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
        ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
    ]

    /// The taints a node should have: those we manage as its state demands, all others as they are.
    private static func taints(
        _ node: Node, conditions: [Condition], mayDriveOut: Bool, now: Timestamp
    ) -> [Taint] {
        var wanted: [(key: String, effect: String)] = []
        let ready = conditions["Ready"]?.status ?? "Unknown"
        if ready != "True" {
            let key = ready == "False" ? Names.notReadyTaint : Names.unreachableTaint
            wanted.append((key, "NoSchedule"))
            let isDrivenOut = node.taints.contains { $0.key == key && $0.effect == "NoExecute" }
            // What was begun goes on; the pods' tolerated time runs from the first moment.
            if mayDriveOut || isDrivenOut { wanted.append((key, "NoExecute")) }
        }
        if node.isUnschedulable { wanted.append((Names.unschedulableTaint, "NoSchedule")) }
        for pressure in pressures where conditions[pressure.condition]?.status == pressure.status {
            wanted.append((pressure.key, "NoSchedule"))
        }
        let managed = Set([Names.notReadyTaint, Names.unreachableTaint, Names.unschedulableTaint] + pressures.map(\.key))
        var taints = node.taints.filter { taint in
            !managed.contains(taint.key) || wanted.contains { $0.key == taint.key && $0.effect == taint.effect }
        }
        for (key, effect) in wanted where !taints.contains(where: { $0.key == key && $0.effect == effect }) {
            taints.append(Taint(key: key, effect: effect, timeAdded: now))
        }
        return taints
    }
}
