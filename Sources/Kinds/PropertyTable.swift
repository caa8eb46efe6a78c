/// What walks need to know of a property at every step, without references.
struct PropertyHead: Sendable {
    var node: Int32
    /// The bit of this property in the masks of its table; -1 when it needs none or all are taken.
    var bit: Int8 = -1
    var isRequired = false
    var isImmutable = false
    var isNullable = false
    var hasDefault = false
    // What stands at the property's place, so that most properties need no look at it.
    /// Whether objects may stand there or below.
    var holdsMembers = true
    var hasDefaultsBelow = true
    /// The type of a value without any constraint beyond it; `any` for all others.
    var plainType = ValueType.any
}

/// The declared members of an object in the order of the file, with a hash index.
///
/// A class with buffers of its own, so that a look-up counts no references: it runs for every member of every object.
///
/// `@unchecked Sendable`: the buffers are written in `init`, only read afterwards, and freed when the last reference goes.
final class PropertyTable: @unchecked Sendable {
    private let properties: [Property]
    /// The UTF-8 of all names, one after the other, and where each begins; one more for the end.
    private let names: UnsafeMutableBufferPointer<UInt8>
    private let starts: UnsafeMutableBufferPointer<Int32>
    private let slots: UnsafeMutableBufferPointer<UInt16>
    private let mask: Int
    /// In the order of the properties.
    private let heads: UnsafeMutableBufferPointer<PropertyHead>
    /// Bits of required properties.
    let requiredBits: UInt64
    /// Bits of properties with a default.
    let defaultBits: UInt64
    /// Whether properties are required or have a default beyond the 64 bits.
    let hasMoreThanBits: Bool
    let protobuf: ProtobufLayout

    convenience init(_ list: [Property]) { self.init(list) { _ in nil } }

    /// A table that knows what stands at the places of its properties.
    func linked(to facts: [SchemaFacts]) -> PropertyTable { PropertyTable(properties) { facts[$0] } }

    private init(_ list: [Property], facts: (Int) -> SchemaFacts?) {
        var next = 0
        var required: UInt64 = 0
        var defaults: UInt64 = 0
        var heads: [PropertyHead] = []
        var hasMore = false
        for property in list {
            var head = PropertyHead(node: Int32(truncatingIfNeeded: property.node))
            head.isRequired = property.presence == .required
            head.hasDefault = property.defaultValue != nil
            head.isImmutable = property.isImmutable
            head.isNullable = property.isNullable
            if head.isRequired || head.hasDefault {
                if next < 64 {
                    head.bit = Int8(next)
                    if head.isRequired { required |= 1 << UInt64(next) }
                    if head.hasDefault { defaults |= 1 << UInt64(next) }
                    next += 1
                } else {
                    hasMore = true
                }
            }
            if let below = facts(property.node) {
                head.holdsMembers = below.holdsMembers
                head.hasDefaultsBelow = below.hasDefaults
                head.isNullable = head.isNullable || below.isNullable || below.type == .any
                if below.isUnconstrained { head.plainType = below.type }
            }
            heads.append(head)
        }
        var size = 4
        while size < list.count * 2 { size *= 2 }
        var slots = [UInt16](repeating: .max, count: list.isEmpty ? 0 : size)
        for index in list.indices {
            var slot = Array(list[index].name.utf8).withUnsafeBufferPointer { Self.hash($0) } & (size - 1)
            while slots[slot] != .max { slot = (slot + 1) & (size - 1) }
            slots[slot] = UInt16(truncatingIfNeeded: index)
        }
        properties = list
        var starts: [Int32] = [0]
        var names: [UInt8] = []
        for property in list {
            names += property.name.utf8
            starts.append(Int32(names.count))
        }
        self.names = Self.buffer(names)
        self.starts = Self.buffer(starts)
        self.heads = Self.buffer(heads)
        self.slots = Self.buffer(slots)
        mask = size - 1
        requiredBits = required
        defaultBits = defaults
        hasMoreThanBits = hasMore
        protobuf = ProtobufLayout(list)
    }

    deinit {
        names.deallocate()
        starts.deallocate()
        heads.deallocate()
        slots.deallocate()
    }

    /// A copy of plain values; `deinit` need not deinitialize them.
    private static func buffer<Value: BitwiseCopyable>(_ values: [Value]) -> UnsafeMutableBufferPointer<Value> {
        let buffer = UnsafeMutableBufferPointer<Value>.allocate(capacity: values.count)
        _ = buffer.initialize(from: values)
        return buffer
    }

    func head(_ place: Int) -> PropertyHead { heads[place] }

    /// A cheap hash: property names of one object differ in length or in one of these bytes nearly always.
    private static func hash(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        let count = bytes.count
        guard count > 0 else { return 0 }
        let late = Int(bytes[count - 1 - (count > 4 ? 2 : 0)])
        var mixed = count &* 0x9E37 &+ Int(bytes[0]) &* 0x85EB &+ Int(bytes[count / 2]) &* 0xC2B3
        mixed = mixed &+ late &* 0x27D5 &+ Int(bytes[count - 1])
        return mixed ^ (mixed >> 7)
    }

    /// The place of a property by its name.
    func find(_ name: String) -> Int? {
        guard !slots.isEmpty else { return nil }
        if let found = name.utf8.withContiguousStorageIfAvailable({ find($0) }) { return found }
        // Only a string bridged from elsewhere is not contiguous.
        return Array(name.utf8).withUnsafeBufferPointer { find($0) }
    }

    private func find(_ name: UnsafeBufferPointer<UInt8>) -> Int? {
        var slot = Self.hash(name) & mask
        while true {
            let index = slots[slot]
            if index == .max { return nil }
            let start = Int(starts[Int(index)])
            if Int(starts[Int(index) + 1]) - start == name.count {
                var place = 0
                while place < name.count, name[place] == names[start + place] { place += 1 }
                if place == name.count { return Int(index) }
            }
            slot = (slot + 1) & mask
        }
    }
}

extension PropertyTable: RandomAccessCollection {
    var startIndex: Int { 0 }
    var endIndex: Int { properties.count }
    subscript(place: Int) -> Property { properties[place] }
}
