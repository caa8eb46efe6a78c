/// A recursive-descent parser over raw bytes; values and members under construction stand on two stacks, so that every
/// array and object is allocated once, at its final size.
struct JSONParser: ~Copyable {
    private var position: UnsafePointer<UInt8>
    private let base: UnsafePointer<UInt8>
    private let end: UnsafePointer<UInt8>
    private var values = MoveStack<JSON>()
    private var members = MoveStack<JSONObject.Member>()
    private var keys = [InternedKey](repeating: InternedKey(), count: 256)
    private var depth = 0
    private let maximumDepth: Int

    /// A long key seen before: strings over 15 bytes are heap objects, and manifests repeat their keys.
    private struct InternedKey {
        var start: UnsafePointer<UInt8>?
        var count = 0
        var text = ""
    }

    /// The bytes must stay where they are while the parser lives.
    init(base: UnsafePointer<UInt8>, count: Int, maximumDepth: Int) {
        self.base = base
        position = base
        end = base + count
        self.maximumDepth = maximumDepth
    }

    mutating func parse() throws(JSONError) -> JSON {
        let value = try parseValue()
        skipSpace()
        guard position == end else { throw failure("text after the value") }
        return value
    }

    @inline(never)
    private func failure(_ reason: String) -> JSONError { JSONError(reason: reason, offset: position - base) }

    @inline(__always)
    private mutating func skipSpace() {
        while position < end {
            switch position.pointee {
            case 0x20, 0x0a, 0x0d, 0x09: position += 1
            default: return
            }
        }
    }

    private mutating func parseValue() throws(JSONError) -> JSON {
        skipSpace()
        guard position < end else { throw failure("unexpected end") }
        switch position.pointee {
        case UInt8(ascii: "{"): return try parseObject()
        case UInt8(ascii: "["): return try parseArray()
        case UInt8(ascii: "\""):
            position += 1
            return .string(try parseString(isKey: false))
        case UInt8(ascii: "t"):
            try expect("true")
            return .bool(true)
        case UInt8(ascii: "f"):
            try expect("false")
            return .bool(false)
        case UInt8(ascii: "n"):
            try expect("null")
            return .null
        default: return try parseNumber()
        }
    }

    private mutating func expect(_ word: StaticString) throws(JSONError) {
        let count = word.utf8CodeUnitCount
        guard end - position >= count else { throw failure("unexpected end") }
        for index in 0..<count where position[index] != word.utf8Start[index] { throw failure("invalid literal") }
        position += count
    }

    private mutating func enter() throws(JSONError) {
        position += 1
        depth += 1
        if depth > maximumDepth { throw failure("more than \(maximumDepth) levels deep") }
        skipSpace()
    }

    /// Reads `,` or the closing byte; returns whether it was the closing byte.
    @inline(__always)
    private mutating func closes(_ closing: UInt8) throws(JSONError) -> Bool {
        skipSpace()
        guard position < end else { throw failure("unexpected end") }
        let byte = position.pointee
        guard byte == UInt8(ascii: ",") || byte == closing else { throw failure("expected , or the end of the list") }
        position += 1
        return byte == closing
    }

    private mutating func parseArray() throws(JSONError) -> JSON {
        try enter()
        defer { depth -= 1 }
        if position < end, position.pointee == UInt8(ascii: "]") {
            position += 1
            return .array([])
        }
        let first = values.count
        repeat { values.push(try parseValue()) } while try !closes(UInt8(ascii: "]"))
        return .array(values.popAll(from: first))
    }

    private mutating func parseObject() throws(JSONError) -> JSON {
        try enter()
        defer { depth -= 1 }
        if position < end, position.pointee == UInt8(ascii: "}") {
            position += 1
            return .object(JSONObject())
        }
        let first = members.count
        var many = Set<String>()
        repeat {
            skipSpace()
            guard position < end, position.pointee == UInt8(ascii: "\"") else { throw failure("expected a key in quotes") }
            position += 1
            let key = try parseString(isKey: true)
            try refuseDuplicate(key, since: first, &many)
            skipSpace()
            guard position < end, position.pointee == UInt8(ascii: ":") else { throw failure("expected : after the key") }
            position += 1
            let value = try parseValue()
            members.push(JSONObject.Member(key: key, value: value))
        } while try !closes(UInt8(ascii: "}"))
        return .object(JSONObject(members.popAll(from: first)))
    }

    /// Walks small objects and hashes large ones, so that a hostile object of n keys costs O(n).
    @inline(__always)
    private func refuseDuplicate(_ key: String, since first: Int, _ many: inout Set<String>) throws(JSONError) {
        let isDuplicate = members.withElements(from: first) { earlier in
            if earlier.count < 32 {
                var index = 0
                while index < earlier.count {
                    if earlier[index].key == key { return true }
                    index += 1
                }
                return false
            }
            if earlier.count == 32 { many = Set(earlier.map(\.key)) }
            return !many.insert(key).inserted
        }
        if isDuplicate { throw failure("key \"\(key)\" twice in one object") }
    }

    private mutating func skipDigits() throws(JSONError) {
        let start = position
        while position < end, position.pointee &- 0x30 < 10 { position += 1 }
        if position == start { throw failure("invalid number") }
    }

    private mutating func parseNumber() throws(JSONError) -> JSON {
        let start = position
        let negative = position.pointee == UInt8(ascii: "-")
        if negative { position += 1 }
        guard position < end, position.pointee &- 0x30 < 10 else { throw failure("invalid character") }
        var value: Int64 = 0
        var overflow = false
        if position.pointee == 0x30 {
            position += 1
            if position < end, position.pointee &- 0x30 < 10 { throw failure("number with a leading zero") }
        } else {
            while position < end, position.pointee &- 0x30 < 10 {
                let digit = Int64(position.pointee &- 0x30)
                let (product, over) = value.multipliedReportingOverflow(by: 10)
                let (sum, overSum) =
                    negative ? product.subtractingReportingOverflow(digit) : product.addingReportingOverflow(digit)
                overflow = overflow || over || overSum
                value = sum
                position += 1
            }
        }
        var exact = !overflow
        if position < end, position.pointee == UInt8(ascii: ".") {
            exact = false
            position += 1
            try skipDigits()
        }
        if position < end, position.pointee | 0x20 == UInt8(ascii: "e") {
            exact = false
            position += 1
            if position < end, position.pointee == UInt8(ascii: "+") || position.pointee == UInt8(ascii: "-") { position += 1 }
            try skipDigits()
        }
        // "-0" is no integer: it would lose its sign.
        if exact, !(negative && value == 0) { return .integer(value) }
        return .number(String(decoding: UnsafeBufferPointer(start: start, count: position - start), as: UTF8.self))
    }
}

// MARK: - Strings

extension JSONParser {
    /// Reads a string whose opening quote has been read, up to and including the closing one.
    @inline(__always)
    private mutating func parseString(isKey: Bool) throws(JSONError) -> String {
        let start = position
        var union: UInt64 = 0
        // Eight bytes at a time up to the first quote, backslash or control character.
        while end - position >= 8 {
            let word = UnsafeRawPointer(position).loadUnaligned(as: UInt64.self)
            let stops = JSONText.stops(in: word)
            if stops != 0 {
                let skipped = stops.trailingZeroBitCount >> 3
                union |= skipped == 0 ? 0 : word & (~0 >> UInt64(64 - 8 * skipped))
                position += skipped
                break
            }
            union |= word
            position += 8
        }
        while position < end {
            let byte = position.pointee
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { break }
            union |= UInt64(byte)
            position += 1
        }
        guard position < end else { throw failure("string without an end") }
        guard position.pointee == UInt8(ascii: "\"") else {
            if position.pointee < 0x20 { throw failure("control character in a string") }
            return try parseEscapedString(from: start)
        }
        let count = position - start
        position += 1
        let bytes = UnsafeBufferPointer(start: start, count: count)
        if union & 0x8080_8080_8080_8080 != 0 {
            guard let text = String(validating: bytes, as: UTF8.self) else { throw failure("invalid UTF-8") }
            return text
        }
        if isKey, count > 15 { return intern(start, count) }
        return String(unsafeUninitializedCapacity: count) { buffer in
            _ = buffer.initialize(fromContentsOf: bytes)
            return count
        }
    }

    @inline(__always)
    private mutating func intern(_ start: UnsafePointer<UInt8>, _ count: Int) -> String {
        let head = UnsafeRawPointer(start).loadUnaligned(as: UInt64.self)
        let tail = UnsafeRawPointer(start + count - 8).loadUnaligned(as: UInt64.self)
        let mixed = (head &* 0x9E37_79B9_7F4A_7C15) ^ (tail &* 0xC2B2_AE3D_27D4_EB4F) &+ UInt64(count)
        let slot = Int(truncatingIfNeeded: mixed >> 56)
        if let known = keys[slot].start, keys[slot].count == count,
            UnsafeRawBufferPointer(start: known, count: count).elementsEqual(UnsafeRawBufferPointer(start: start, count: count))
        {
            return keys[slot].text
        }
        let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
        keys[slot] = InternedKey(start: start, count: count, text: text)
        return text
    }

    @inline(never)
    private mutating func parseEscapedString(from start: UnsafePointer<UInt8>) throws(JSONError) -> String {
        var text = [UInt8](UnsafeBufferPointer(start: start, count: position - start))
        while true {
            guard position < end else { throw failure("string without an end") }
            let byte = position.pointee
            position += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let result = String(validating: text, as: UTF8.self) else { throw failure("invalid UTF-8") }
                return result
            case 0..<0x20: throw failure("control character in a string")
            case UInt8(ascii: "\\"): try appendEscape(to: &text)
            default: text.append(byte)
            }
        }
    }

    private mutating func appendEscape(to text: inout [UInt8]) throws(JSONError) {
        guard position < end else { throw failure("string without an end") }
        let byte = position.pointee
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "n"): text.append(0x0a)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "r"): text.append(0x0d)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0c)
        case UInt8(ascii: "u"): text.append(contentsOf: Array(String(Character(try parseUnicodeEscape())).utf8))
        default: throw failure("unknown escape")
        }
    }

    private mutating func parseUnicodeEscape() throws(JSONError) -> Unicode.Scalar {
        var unit = try hexUnit()
        if unit & 0xfc00 == 0xd800 {
            guard end - position >= 6, position[0] == UInt8(ascii: "\\"), position[1] == UInt8(ascii: "u") else {
                throw failure("lone surrogate")
            }
            position += 2
            let low = try hexUnit()
            guard low & 0xfc00 == 0xdc00 else { throw failure("lone surrogate") }
            unit = 0x10000 + (unit & 0x3ff) << 10 + (low & 0x3ff)
        }
        guard let scalar = Unicode.Scalar(unit) else { throw failure("lone surrogate") }
        return scalar
    }

    private mutating func hexUnit() throws(JSONError) -> UInt32 {
        guard end - position >= 4 else { throw failure("string without an end") }
        var unit: UInt32 = 0
        for index in 0..<4 {
            guard let digit = Character(Unicode.Scalar(position[index])).hexDigitValue, position[index] < 0x80 else {
                throw failure("invalid \\u escape")
            }
            unit = unit << 4 | UInt32(digit)
        }
        position += 4
        return unit
    }
}
