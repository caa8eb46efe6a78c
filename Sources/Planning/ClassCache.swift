internal import Fleet

/// The nodes of a class in the order of their scores, kept while a plan is made: a tournament tree over the nodes in
/// ascending order of their names, so that the best node costs one walk from the root, a change of one node one walk to
/// it, and equal scores fall to the lower name.
struct ClassCache {
    let podClass: PodClass
    private let matcher: ClassMatcher
    private let leaves: Int
    /// Totals, the root at 1; below 0 where nothing fits.
    private var tree: [Int32]
    private var isFitting: [Bool]
    /// Raw TaintToleration and NodeAffinity scores; empty where they cannot make a difference.
    private var rawTaints: [Int32] = []
    private var rawPreferences: [Int32] = []
    private var maxTaints: Int32 = 0
    private var maxPreference: Int32 = 0
    /// How much of the engine's log of touched nodes is worked in.
    var seen: Int

    /// How many numbers the tree takes.
    var size: Int { tree.count }
    private var isNormalised: Bool { !rawTaints.isEmpty || !rawPreferences.isEmpty }

    init(_ podClass: PodClass, fleet: borrowing Fleet, nodes: NodePositions, options: SchedulingOptions, seen: Int) {
        self.podClass = podClass
        let matcher = ClassMatcher(podClass, fleet: copy fleet)
        self.matcher = matcher
        self.seen = seen
        var leaves = 1
        while leaves < nodes.slots.count { leaves *= 2 }
        self.leaves = leaves
        tree = [Int32](repeating: -1, count: 2 * leaves)
        isFitting = nodes.slots.map { matcher.verdict(Int($0), fleet: fleet) == .fits }
        if matcher.hasPreferTaints {
            rawTaints = nodes.slots.map { matcher.preferTaints[Int(fleet.nodes.taintSet[Int($0)])] }
        }
        if matcher.hasPreferences { rawPreferences = nodes.slots.map { matcher.preference(Int($0), fleet: fleet) } }
        rebuild(fleet: fleet, nodes: nodes, options: options)
    }

    /// The slot of the best node; `nil` where none fits.
    func best(_ nodes: NodePositions) -> Int32? {
        guard tree[1] >= 0 else { return nil }
        var place = 1
        while place < leaves {
            place *= 2
            if tree[place] < tree[place + 1] { place += 1 }
        }
        return nodes.slots[place - leaves]
    }

    /// The total of a node by position; below 0 where it does not fit.
    func total(_ position: Int) -> Int32 { tree[leaves + position] }

    /// Works in what changed since the cache was last used.
    mutating func update(
        _ touched: ArraySlice<Int32>, fleet: borrowing Fleet, nodes: NodePositions, options: SchedulingOptions
    ) {
        if touched.count > nodes.slots.count { return rebuild(fleet: fleet, nodes: nodes, options: options) }
        var last: Int32 = -1
        for position in touched where position != last {
            last = position
            let place = leaves + Int(position)
            let total = score(Int(position), fleet: fleet, nodes: nodes, options: options)
            if isNormalised, (total < 0) != (tree[place] < 0) {
                // Which nodes fit decides what the raw scores are measured against.
                return rebuild(fleet: fleet, nodes: nodes, options: options)
            }
            set(place, total)
        }
    }

    private mutating func set(_ leaf: Int, _ total: Int32) {
        guard tree[leaf] != total else { return }
        tree[leaf] = total
        var place = leaf / 2
        while place >= 1 {
            let winner = max(tree[2 * place], tree[2 * place + 1])
            if tree[place] == winner { return }
            tree[place] = winner
            place /= 2
        }
    }

    private mutating func rebuild(fleet: borrowing Fleet, nodes: NodePositions, options: SchedulingOptions) {
        if isNormalised { measure(fleet: fleet, nodes: nodes) }
        for position in 0..<nodes.slots.count {
            tree[leaves + position] = score(position, fleet: fleet, nodes: nodes, options: options)
        }
        var place = leaves - 1
        while place >= 1 {
            tree[place] = max(tree[2 * place], tree[2 * place + 1])
            place -= 1
        }
    }

    /// The largest raw scores among the nodes that fit.
    private mutating func measure(fleet: borrowing Fleet, nodes: NodePositions) {
        maxTaints = 0
        maxPreference = 0
        for position in 0..<nodes.slots.count where isFitting[position] && !nodes.isExcluded[position] {
            guard Dynamic.fits(podClass, Int(nodes.slots[position]), nodes: fleet.nodes) else { continue }
            if !rawTaints.isEmpty { maxTaints = max(maxTaints, rawTaints[position]) }
            if !rawPreferences.isEmpty { maxPreference = max(maxPreference, rawPreferences[position]) }
        }
    }

    private func score(_ position: Int, fleet: borrowing Fleet, nodes: NodePositions, options: SchedulingOptions) -> Int32 {
        guard isFitting[position], !nodes.isExcluded[position] else { return -1 }
        let slot = Int(nodes.slots[position])
        guard Dynamic.fits(podClass, slot, nodes: fleet.nodes) else { return -1 }
        let parts = parts(position, slot, fleet: fleet, options: options)
        return options.taintWeight * parts.taints + options.affinityWeight * parts.affinity + options.fitWeight * parts.fit
            + options.balanceWeight * parts.balance
    }

    /// The normalised scores of a node, 0 to 100 each, before the weights.
    func parts(_ position: Int, _ slot: Int, fleet: borrowing Fleet, options: SchedulingOptions) -> ScoreParts {
        ScoreParts(
            taints: maxTaints == 0 ? 100 : 100 - 100 * rawTaints[position] / maxTaints,
            affinity: maxPreference == 0 ? 0 : 100 * rawPreferences[position] / maxPreference,
            fit: Dynamic.fitScore(podClass, slot, nodes: fleet.nodes, strategy: options.strategy),
            balance: Dynamic.balanceScore(podClass, slot, nodes: fleet.nodes))
    }
}

/// The scores of one node for one class, 0 to 100 each.
struct ScoreParts {
    var taints: Int32
    var affinity: Int32
    var fit: Int32
    var balance: Int32
}

/// The nodes of a plan in ascending order of their names.
struct NodePositions {
    var slots: [Int32]
    /// Position by slot; -1 for slots without a node.
    var ofSlot: [Int32]
    /// By position: nodes that the plan must not use.
    var isExcluded: [Bool]

    init(_ fleet: borrowing Fleet) {
        slots = fleet.nodes.ordered
        ofSlot = [Int32](repeating: -1, count: fleet.nodes.slotCount)
        for (position, slot) in slots.enumerated() { ofSlot[Int(slot)] = Int32(position) }
        isExcluded = [Bool](repeating: false, count: slots.count)
    }
}
