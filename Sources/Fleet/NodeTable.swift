public import Objects

/// The nodes of a fleet as parallel arrays over slots. A slot keeps its number while its node exists.
public struct NodeTable: Sendable {
    /// What is known of a slot.
    public struct Flags: OptionSet, Sendable {
        public let rawValue: UInt8
        public init(rawValue: UInt8) { self.rawValue = rawValue }
        /// The Node object exists; a slot without it only keeps pods that are bound to a name.
        public static let known = Flags(rawValue: 1)
        public static let unschedulable = Flags(rawValue: 2)
        public static let ready = Flags(rawValue: 4)
        /// Only imagined within an attempt.
        public static let imagined = Flags(rawValue: 8)
    }

    /// How many `Int64` one node takes in ``allocatable`` and ``requested``.
    public internal(set) var stride = 8
    /// Row by row: what pods may use, by column.
    public internal(set) var allocatable: [Int64] = []
    /// Row by row: what pods on the node ask for, by column.
    public internal(set) var requested: [Int64] = []
    /// Millicores for scoring, pods without a request counted with the default.
    public internal(set) var scoringCPU: [Int64] = []
    /// Bytes for scoring, pods without a request counted with the default.
    public internal(set) var scoringMemory: [Int64] = []
    public internal(set) var flags: [Flags] = []
    public internal(set) var names: [String] = []
    /// Labels in ascending order of the key's number.
    public internal(set) var labels: [[LabelPair]] = []
    /// The number of the node's set of taints, see ``Fleet/taints(ofSet:)``.
    public internal(set) var taintSet: [Int32] = []
    /// The interned name of the NodeGroup; 0 is the empty name.
    public internal(set) var group: [Int32] = []
    /// Host ports in use, one entry per pod and port.
    public internal(set) var ports: [[HostPort]] = []
    /// Device slots of the node; 0 for nodes that count devices only.
    public internal(set) var deviceCount: [Int32] = []
    /// How many entries one node takes in ``deviceFree``.
    public internal(set) var deviceStride = 0
    /// Row by row: free thousandths of each device.
    public internal(set) var deviceFree: [Int32] = []
    /// The Node object; `nil` for slots without one.
    public internal(set) var views: [Node?] = []
    /// Head of the list of pods that hold resources on the node; -1 for none.
    var firstPod: [Int32] = []

    private var free: [Int32] = []
    var slots: [String: Int32] = [:]
    var order = NameOrder()

    /// How many slots exist, empty ones among them.
    public var slotCount: Int { names.count }
    /// Slots of existing and imagined nodes in ascending order of the names.
    public var ordered: [Int32] { order.slots }

    /// Whether the API has the node in a slot; false for empty slots and imagined nodes.
    public func isKnown(_ slot: Int) -> Bool { flags[slot].contains(.known) }

    // MARK: Slots

    mutating func makeSlot(_ name: String) -> Int32 {
        let slot: Int32
        if let reused = free.popLast() {
            slot = reused
            names[Int(slot)] = name
        } else {
            slot = Int32(names.count)
            names.append(name)
            allocatable.append(contentsOf: repeatElement(0, count: stride))
            requested.append(contentsOf: repeatElement(0, count: stride))
            deviceFree.append(contentsOf: repeatElement(0, count: deviceStride))
            scoringCPU.append(0)
            scoringMemory.append(0)
            flags.append([])
            labels.append([])
            taintSet.append(0)
            group.append(0)
            ports.append([])
            deviceCount.append(0)
            views.append(nil)
            firstPod.append(-1)
        }
        slots[name] = slot
        return slot
    }

    /// Forgets the Node object; the slot itself goes when no pod names it.
    mutating func clear(_ slot: Int32) {
        let index = Int(slot)
        if flags[index].contains(.known) { order.remove(slot, names: names) }
        flags[index] = []
        labels[index] = []
        taintSet[index] = 0
        group[index] = 0
        views[index] = nil
        deviceCount[index] = 0
        for column in 0..<stride { allocatable[index * stride + column] = 0 }
        for device in 0..<deviceStride { deviceFree[index * deviceStride + device] = 0 }
    }

    /// Frees a slot that has neither a Node object nor pods.
    mutating func release(_ slot: Int32) {
        slots[names[Int(slot)]] = nil
        names[Int(slot)] = ""
        free.append(slot)
    }

    mutating func widen(to columns: Int) {
        guard columns > stride else { return }
        var wide = stride
        while wide < columns { wide *= 2 }
        allocatable = NodeTable.restrided(allocatable, from: stride, to: wide, rows: names.count)
        requested = NodeTable.restrided(requested, from: stride, to: wide, rows: names.count)
        stride = wide
    }

    mutating func widenDevices(to devices: Int) {
        guard devices > deviceStride else { return }
        let wide = max(8, devices)
        deviceFree = NodeTable.restrided(deviceFree, from: deviceStride, to: wide, rows: names.count)
        deviceStride = wide
    }

    private static func restrided<Element: FixedWidthInteger>(
        _ old: [Element], from: Int, to: Int, rows: Int
    ) -> [Element] {
        var new = [Element](repeating: 0, count: rows * to)
        for row in 0..<rows {
            for column in 0..<from { new[row * to + column] = old[row * from + column] }
        }
        return new
    }
}
