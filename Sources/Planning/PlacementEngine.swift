internal import Fleet

/// Places pods one after the other on a fleet with an open attempt, keeping what it learned about each class.
///
/// The engine sees only what goes through it: change the fleet by ``place(_:in:)`` and ``undo(_:in:)``, not beside it.
struct PlacementEngine {
    let options: SchedulingOptions
    private(set) var nodes: NodePositions
    private var caches: [ClassCache?]
    private var log: [Int32] = []
    private var cachedNumbers = 0

    /// Above this many numbers the caches start anew: 256 MB.
    private static let cacheLimit = 64 << 20

    init(_ fleet: borrowing Fleet, options: SchedulingOptions) {
        self.options = options
        nodes = NodePositions(fleet)
        caches = [ClassCache?](repeating: nil, count: fleet.classLimit)
    }

    /// The best node for a class; `nil` where none takes it.
    mutating func best(_ classSlot: Int32, in fleet: borrowing Fleet) -> Int32? {
        let index = prepare(classSlot, in: fleet)
        return caches[index]?.best(nodes)
    }

    /// Puts a waiting or evicted pod on its best node and returns that; `nil` where none takes it.
    mutating func place(_ pod: Int32, in fleet: inout Fleet) -> Int32? {
        guard let node = best(fleet.pods.classOf[Int(pod)], in: fleet) else { return nil }
        move(pod, to: node, in: &fleet)
        return node
    }

    /// Moves a pod to a node, or off its node with -1.
    mutating func move(_ pod: Int32, to node: Int32, in fleet: inout Fleet) {
        let from = fleet.pods.node[Int(pod)]
        fleet.move(pod: pod, to: node)
        touch(from)
        touch(node)
    }

    /// Undoes the steps since a mark; the attempt stays open.
    mutating func undo(_ mark: JournalMark, in fleet: inout Fleet) {
        let touched = fleet.nodesTouched(since: mark)
        fleet.undo(to: mark)
        for node in touched { touch(node) }
    }

    /// Whether a node may be used.
    mutating func setExcluded(_ slot: Int32, _ isExcluded: Bool) {
        let position = Int(nodes.ofSlot[Int(slot)])
        guard position >= 0, nodes.isExcluded[position] != isExcluded else { return }
        nodes.isExcluded[position] = isExcluded
        touch(slot)
    }

    func isExcluded(_ slot: Int32) -> Bool {
        let position = Int(nodes.ofSlot[Int(slot)])
        return position >= 0 && nodes.isExcluded[position]
    }

    /// Every fitting node of a class with its scores.
    mutating func scores(_ classSlot: Int32, in fleet: borrowing Fleet) -> [(slot: Int32, total: Int32, parts: ScoreParts)] {
        let index = prepare(classSlot, in: fleet)
        guard let cache = caches[index] else { return [] }
        return nodes.slots.enumerated().compactMap { position, slot in
            let total = cache.total(position)
            if total < 0 { return nil }
            return (slot, total, cache.parts(position, Int(slot), fleet: fleet, options: options))
        }
    }

    private mutating func touch(_ slot: Int32) {
        guard slot >= 0, Int(slot) < nodes.ofSlot.count, nodes.ofSlot[Int(slot)] >= 0 else { return }
        log.append(nodes.ofSlot[Int(slot)])
    }

    /// Makes the cache of a class hold for the fleet as it is now.
    private mutating func prepare(_ classSlot: Int32, in fleet: borrowing Fleet) -> Int {
        let index = Int(classSlot)
        if caches[index] == nil {
            if cachedNumbers > PlacementEngine.cacheLimit {
                caches = [ClassCache?](repeating: nil, count: caches.count)
                cachedNumbers = 0
                log = []
            }
            let cache = ClassCache(
                fleet.podClass(classSlot), fleet: fleet, nodes: nodes, options: options, seen: log.count)
            cachedNumbers += cache.size
            caches[index] = cache
        } else if let seen = caches[index]?.seen, seen < log.count {
            caches[index]?.update(log[seen...], fleet: fleet, nodes: nodes, options: options)
            caches[index]?.seen = log.count
        }
        return index
    }
}
