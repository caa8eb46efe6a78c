/// Writes JSON into a growing buffer.
public struct JSONWriter: ~Copyable {
    /// What has been written.
    public private(set) var bytes: [UInt8]

    /// - Parameter capacity: bytes to make room for at once.
    public init(capacity: Int = 1_024) {
        bytes = []
        bytes.reserveCapacity(capacity)
    }

    /// Appends bytes as they are: text that is JSON already.
    public mutating func write(raw text: [UInt8]) { bytes.append(contentsOf: text) }

    public mutating func write(raw text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }

    public mutating func write(raw text: String) { bytes.append(contentsOf: text.utf8) }

    /// Writes a value without white space.
    public mutating func write(_ value: JSON) {
        switch value {
        case .null: write(raw: "null" as StaticString)
        case .bool(true): write(raw: "true" as StaticString)
        case .bool(false): write(raw: "false" as StaticString)
        case .integer(let number): write(number)
        case .number(let text): write(raw: text)
        case .string(let text): write(text)
        case .array(let elements):
            bytes.append(UInt8(ascii: "["))
            var isFirst = true
            for element in elements {
                if !isFirst { bytes.append(UInt8(ascii: ",")) }
                isFirst = false
                write(element)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members): write(members)
        }
    }

    public mutating func write(_ members: JSONObject) {
        bytes.append(UInt8(ascii: "{"))
        var isFirst = true
        for member in members.members {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            write(member.key)
            bytes.append(UInt8(ascii: ":"))
            write(member.value)
        }
        bytes.append(UInt8(ascii: "}"))
    }

    public mutating func write(_ number: Int64) {
        var digits: (UInt64, UInt64, UInt64) = (0, 0, 0)  // 24 bytes: the longest Int64 has 20
        withUnsafeMutableBytes(of: &digits) { buffer in
            var rest = number.magnitude
            var index = 24
            repeat {
                index -= 1
                buffer[index] = UInt8(truncatingIfNeeded: rest % 10) + 0x30
                rest /= 10
            } while rest > 0
            if number < 0 {
                index -= 1
                buffer[index] = UInt8(ascii: "-")
            }
            bytes.append(contentsOf: buffer[index...])
        }
    }

    /// Writes a string in quotes, escaping only what RFC 8259 demands.
    public mutating func write(_ text: String) {
        bytes.append(UInt8(ascii: "\""))
        var text = text
        text.withUTF8 { source in
            guard let start = source.baseAddress else { return }
            var index = 0
            var clean = 0
            while index < source.count {
                if source.count - index >= 8 {
                    let stops = JSONText.stops(in: UnsafeRawPointer(start + index).loadUnaligned(as: UInt64.self))
                    if stops == 0 {
                        index += 8
                        continue
                    }
                    index += stops.trailingZeroBitCount >> 3
                }
                let byte = source[index]
                if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 {
                    bytes.append(contentsOf: source[clean..<index])
                    escape(byte)
                    clean = index + 1
                }
                index += 1
            }
            bytes.append(contentsOf: source[clean...])
        }
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes.append(byte)
        case 0x0a: bytes.append(UInt8(ascii: "n"))
        case 0x0d: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        default:
            let digits: StaticString = "0123456789abcdef"
            write(raw: "u00" as StaticString)
            bytes.append(digits.utf8Start[Int(byte >> 4)])
            bytes.append(digits.utf8Start[Int(byte & 15)])
        }
    }
}

extension JSON {
    /// This value as JSON text without white space.
    public var encoded: [UInt8] {
        var writer = JSONWriter()
        writer.write(self)
        return writer.bytes
    }

    /// This value as JSON text without white space.
    public var text: String { String(decoding: encoded, as: UTF8.self) }
}
