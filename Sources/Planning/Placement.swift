public import Fleet
public import Objects

/// What the scheduler thinks of one node for one pod.
public struct NodeScore: Sendable, Hashable {
    public var node: String
    /// The sum of the parts times their weights.
    public var total: Int
    /// TaintToleration, 0 to 100.
    public var taints: Int
    /// NodeAffinity, 0 to 100.
    public var affinity: Int
    /// NodeResourcesFit, 0 to 100.
    public var fit: Int
    /// NodeResourcesBalancedAllocation, 0 to 100.
    public var balance: Int
}

/// The scheduler's view of single pods, for explanations and comparisons.
public enum Placement {
    /// The nodes that take a waiting pod now, in ascending order of the names; empty where there is no such pod.
    public static func scores(
        _ pod: ObjectKey, in fleet: inout Fleet, options: SchedulingOptions = SchedulingOptions()
    ) -> [NodeScore] {
        guard let slot = fleet.podSlot(pod) else { return [] }
        var engine = PlacementEngine(fleet, options: options)
        return engine.scores(fleet.pods.classOf[slot], in: fleet).map { slot, total, parts in
            NodeScore(
                node: fleet.nodes.names[Int(slot)], total: Int(total), taints: Int(parts.taints), affinity: Int(parts.affinity),
                fit: Int(parts.fit), balance: Int(parts.balance))
        }
    }

    /// Whether some existing node takes pods with these requirements, given the pods that run now.
    public static func fitsAnywhere(_ requirements: PodRequirements, in fleet: inout Fleet) -> Bool {
        let podClass = fleet.compile(requirements)
        let matcher = ClassMatcher(podClass, fleet: fleet)
        return fleet.nodes.ordered.contains { slot in
            matcher.verdict(Int(slot), fleet: fleet) == .fits && Dynamic.fits(podClass, Int(slot), nodes: fleet.nodes)
        }
    }
}
