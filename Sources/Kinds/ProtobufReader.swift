/// Takes a message apart into numbered fields, without a copy.
struct ProtobufReader {
    enum Value {
        case varint(UInt64)
        case fixed64(UInt64)
        case fixed32(UInt32)
        case bytes(ArraySlice<UInt8>)
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    var isAtEnd: Bool { rest.isEmpty }

    /// The next field; `nil` at the end.
    mutating func next() throws(ProtobufError) -> (number: Int, value: Value)? {
        if rest.isEmpty { return nil }
        let tag = try varint()
        guard tag >> 3 > 0, tag >> 3 < 1 << 29 else { throw .malformed("\(tag >> 3) is no field number") }
        let number = Int(tag >> 3)
        switch tag & 7 {
        case 0: return (number, .varint(try varint()))
        case 1: return (number, .fixed64(try fixed64()))
        case 2:
            let length = try varint()
            guard length <= UInt64(rest.count) else { throw .malformed("field \(number) is longer than what is left of the body") }
            return (number, .bytes(take(Int(length))))
        case 5: return (number, .fixed32(try fixed32()))
        default: throw .malformed("field \(number) has the unknown wire type \(tag & 7)")
        }
    }

    mutating func varint() throws(ProtobufError) -> UInt64 {
        var result: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { throw .malformed("the body ends within a number") }
            // The tenth byte holds the last bit only.
            if shift == 63, byte > 1 { break }
            result |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return result }
        }
        throw .malformed("a number is longer than 64 bits")
    }

    mutating func fixed64() throws(ProtobufError) -> UInt64 {
        guard rest.count >= 8 else { throw .malformed("the body ends within a number") }
        return take(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func fixed32() throws(ProtobufError) -> UInt32 {
        guard rest.count >= 4 else { throw .malformed("the body ends within a number") }
        return take(4).reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// - Precondition: so much is left.
    private mutating func take(_ count: Int) -> ArraySlice<UInt8> {
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }
}
