public import Objects

/// The pods of a fleet as parallel arrays over slots. A slot keeps its number while its pod exists.
public struct PodTable: Sendable {
    /// The Pod object; `nil` for free slots.
    public internal(set) var views: [Pod?] = []
    public internal(set) var classOf: [Int32] = []
    /// The node whose resources the pod holds: bound or assumed; -1 for none.
    public internal(set) var node: [Int32] = []
    /// Devices of the node the pod lies on.
    public internal(set) var devices: [UInt64] = []
    /// Slots of pods that wait for a node: neither bound nor assumed, not ended, not going away. Highest priority first,
    /// then in order of creation, then of the keys.
    public internal(set) var pending: [Int32] = []
    /// Neighbours in the list of pods of one node; -1 for none.
    var next: [Int32] = []
    var previous: [Int32] = []
    /// The scheduler that places the pod; empty for a gated pod, which nobody places.
    public internal(set) var schedulers: [String] = []
    var queueKeys: [QueueKey?] = []
    var waits: [Bool] = []
    private var free: [Int32] = []
    var slots: [ObjectKey: Int32] = [:]

    public var count: Int { slots.count }

    mutating func makeSlot(_ key: ObjectKey) -> Int32 {
        let slot: Int32
        if let reused = free.popLast() {
            slot = reused
        } else {
            slot = Int32(views.count)
            views.append(nil)
            classOf.append(-1)
            node.append(-1)
            devices.append(0)
            next.append(-1)
            previous.append(-1)
            schedulers.append("")
            queueKeys.append(nil)
            waits.append(false)
        }
        slots[key] = slot
        return slot
    }

    mutating func release(_ slot: Int32, key: ObjectKey) {
        setPending(slot, false)
        setView(slot, nil)
        classOf[Int(slot)] = -1
        slots[key] = nil
        free.append(slot)
    }

    mutating func link(_ slot: Int32, head: inout Int32) {
        next[Int(slot)] = head
        previous[Int(slot)] = -1
        if head >= 0 { previous[Int(head)] = slot }
        head = slot
    }

    mutating func unlink(_ slot: Int32, head: inout Int32) {
        let (before, after) = (previous[Int(slot)], next[Int(slot)])
        if before >= 0 { next[Int(before)] = after } else { head = after }
        if after >= 0 { previous[Int(after)] = before }
        next[Int(slot)] = -1
        previous[Int(slot)] = -1
    }
}

/// The compiled classes of a fleet's pods; a class goes when its last pod goes.
struct ClassTable: Sendable {
    private(set) var rows: [PodClass?] = []
    private var users: [Int32] = []
    private var slots: [PodRequirements: Int32] = [:]
    private var free: [Int32] = []

    mutating func acquire(_ requirements: PodRequirements, columns: inout Interner) -> Int32 {
        if let slot = slots[requirements] {
            users[Int(slot)] += 1
            return slot
        }
        let row = PodClass(requirements, columns: &columns)
        let slot: Int32
        if let reused = free.popLast() {
            slot = reused
            rows[Int(slot)] = row
            users[Int(slot)] = 1
        } else {
            slot = Int32(rows.count)
            rows.append(row)
            users.append(1)
        }
        slots[requirements] = slot
        return slot
    }

    mutating func release(_ slot: Int32) {
        users[Int(slot)] -= 1
        guard users[Int(slot)] == 0, let row = rows[Int(slot)] else { return }
        slots[row.requirements] = nil
        rows[Int(slot)] = nil
        free.append(slot)
    }
}
