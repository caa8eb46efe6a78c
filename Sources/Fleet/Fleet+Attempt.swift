public import Objects

/// How one step of an attempt is undone.
enum JournalEntry: Sendable {
    /// The pod was on that node (-1: on none) with those devices.
    case moved(pod: Int32, from: Int32, devices: UInt64)
    case nodeImagined(Int32)
}

/// A place in the journal to which a fleet can be rolled back.
public struct JournalMark: Sendable {
    var count: Int
}

/// Trying things out: every step is written to a journal and undone from there; the cluster is never copied.
///
/// Steps of an attempt do not change ``PodTable/pending`` and do not count as changes.
extension Fleet {
    /// Opens an attempt. Every mark must be rolled back, the latest first.
    public mutating func mark() -> JournalMark {
        openAttempts += 1
        return JournalMark(count: journal.count)
    }

    /// Undoes every step since the mark and closes the attempt.
    public mutating func rollback(to mark: JournalMark) {
        precondition(openAttempts > 0 && mark.count <= journal.count, "a mark is rolled back once, the latest first")
        undo(to: mark)
        openAttempts -= 1
    }

    /// Closes the attempt that a mark opened and leaves its steps to the attempt around it.
    public mutating func keep(_ mark: JournalMark) {
        precondition(openAttempts > 1 && mark.count <= journal.count, "only an attempt within another one keeps its steps")
        openAttempts -= 1
    }

    /// Undoes every step since the mark; the attempt stays open.
    public mutating func undo(to mark: JournalMark) {
        while journal.count > mark.count, let entry = journal.popLast() {
            switch entry {
            case .moved(let pod, let from, let devices):
                let node = pods.node[Int(pod)]
                if node >= 0 { release(pod, from: node) }
                if from >= 0 { attach(pod, to: from, devices: devices) }
            case .nodeImagined(let slot):
                nodes.clear(slot)
                nodes.release(slot)
            }
        }
    }

    /// Runs a trial and undoes what it did to the fleet.
    public mutating func attempt<Result>(_ trial: (inout Fleet) throws -> Result) rethrows -> Result {
        let mark = mark()
        defer { rollback(to: mark) }
        return try trial(&self)
    }

    /// Slots of the nodes that the steps since a mark touched, with repetitions.
    public func nodesTouched(since mark: JournalMark) -> [Int32] {
        var touched: [Int32] = []
        for entry in journal[mark.count...] {
            guard case .moved(let pod, let from, _) = entry else { continue }
            if from >= 0 { touched.append(from) }
            if pods.node[Int(pod)] >= 0 { touched.append(pods.node[Int(pod)]) }
        }
        return touched
    }

    /// Moves a pod to a node (-1: off its node), without asking whether it fits.
    ///
    /// - Precondition: an attempt is open.
    public mutating func move(pod: Int32, to node: Int32) {
        precondition(openAttempts > 0, "pods are moved only within attempts")
        let from = pods.node[Int(pod)]
        journal.append(.moved(pod: pod, from: from, devices: pods.devices[Int(pod)]))
        if from >= 0 { release(pod, from: from) }
        if node >= 0 { attach(pod, to: node, devices: nil) }
    }

    /// Adds a node that does not exist yet and returns its slot; its name must be free, so use one that no node can have.
    ///
    /// - Precondition: an attempt is open.
    public mutating func imagine(_ node: Node) -> Int {
        precondition(openAttempts > 0, "nodes are imagined only within attempts")
        precondition(nodes.slots[node.metadata.name] == nil, "the name of an imagined node must be free")
        let slot = nodes.makeSlot(node.metadata.name)
        describe(slot, node, flags: [.known, .imagined])
        journal.append(.nodeImagined(slot))
        return Int(slot)
    }
}
