public import Objects

/// One way to make room: hosts of one shape for one NodeGroup.
public struct ScaleUpOption: Sendable {
    public var group: String
    public var nodes: Int
    public var podsPlaced: Int
    /// The mean share of CPU, memory and graphics devices (where the node has any) that stays unused, 0 to 1.
    public var waste: Double

    public init(group: String, nodes: Int, podsPlaced: Int, waste: Double) {
        self.group = group
        self.nodes = nodes
        self.podsPlaced = podsPlaced
        self.waste = waste
    }
}

/// Chooses among options as the Cluster Autoscaler's expanders of the same names do.
public enum Expander {
    /// The index of the chosen option; ties fall to the first.
    ///
    /// - Parameter state: the random state of ``NodeGroup/Expander/random``; it moves on.
    public static func choose(_ options: [ScaleUpOption], by expander: NodeGroup.Expander, state: inout UInt64) -> Int? {
        guard !options.isEmpty else { return nil }
        switch expander {
        case .random: return Int(next(&state) % UInt64(options.count))
        case .mostPods: return best(options) { $0.podsPlaced > $1.podsPlaced }
        case .leastWaste: return best(options) { $0.waste < $1.waste }
        }
    }

    private static func best(_ options: [ScaleUpOption], isBetter: (ScaleUpOption, ScaleUpOption) -> Bool) -> Int {
        var best = 0
        for index in options.indices where isBetter(options[index], options[best]) { best = index }
        return best
    }

    /// One step of SplitMix64.
    private static func next(_ state: inout UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
