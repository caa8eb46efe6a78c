internal import Objects

/// One line of a kind file under a reading position.
struct KindLine {
    let file: String
    /// Counted from 1.
    let number: Int
    /// Levels of two spaces before the first word.
    let indent: Int
    private let bytes: ArraySlice<UInt8>
    private var position: Int

    /// - Throws: ``KindError`` for a tab or an odd number of spaces before the first word.
    init(file: String, number: Int, bytes: ArraySlice<UInt8>) throws(KindError) {
        let first = bytes.firstIndex { $0 != 0x20 } ?? bytes.endIndex
        self.file = file
        self.number = number
        indent = (first - bytes.startIndex) / 2
        self.bytes = bytes
        position = first
        if (first - bytes.startIndex) % 2 != 0 { throw failure("indentation is not a multiple of two spaces") }
        if bytes.contains(0x09) { throw failure("a tab; indent with spaces") }
    }

    /// Whether nothing but a comment stands here.
    var isBlank: Bool { position == bytes.endIndex || bytes[position] == UInt8(ascii: "#") }

    func failure(_ reason: String) -> KindError { KindError(file: file, line: number, reason: reason) }

    private mutating func skipSpace() {
        while position < bytes.endIndex, bytes[position] == 0x20 { position += 1 }
    }

    /// The next byte after spaces; `nil` at the end or before the text after `#`.
    mutating func peek() -> UInt8? {
        skipSpace()
        guard position < bytes.endIndex, bytes[position] != UInt8(ascii: "#") else { return nil }
        return bytes[position]
    }

    /// Takes a byte if it comes next.
    mutating func take(_ byte: Character) -> Bool {
        guard let ascii = byte.asciiValue, peek() == ascii else { return false }
        position += 1
        return true
    }

    mutating func expect(_ byte: Character) throws(KindError) {
        if !take(byte) { throw failure("expected \(byte)") }
    }

    /// A bare word or a JSON string.
    mutating func word() throws(KindError) -> String {
        guard let first = peek() else { throw failure("a word is missing") }
        let start = position
        if first == UInt8(ascii: "\"") {
            skipString()
            return try string(start..<position)
        }
        while position < bytes.endIndex, !Self.ends(bytes[position]) { position += 1 }
        guard position > start else { throw failure("unexpected \(Character(Unicode.Scalar(first)))") }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private static func ends(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x20, UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "["), UInt8(ascii: "]"), UInt8(ascii: "{"), UInt8(ascii: "}"),
            UInt8(ascii: ":"), UInt8(ascii: "\""), UInt8(ascii: "="):
            true
        default: false
        }
    }

    private mutating func skipString() {
        position += 1
        while position < bytes.endIndex, bytes[position] != UInt8(ascii: "\"") {
            position += bytes[position] == UInt8(ascii: "\\") ? 2 : 1
        }
        position = min(position + 1, bytes.endIndex)
    }

    private func string(_ range: Range<Int>) throws(KindError) -> String {
        do throws(JSONError) {
            if let text = try JSON(parsing: Array(bytes[range])).string { return text }
        } catch { throw failure(error.reason) }
        throw failure("expected a string")
    }

    /// The bare words or JSON strings between parentheses, separated by `,` or `|`; `nil` when no parenthesis comes next.
    mutating func arguments() throws(KindError) -> [String]? {
        guard position < bytes.endIndex, bytes[position] == UInt8(ascii: "(") else { return nil }
        position += 1
        var list: [String] = []
        while true {
            skipSpace()
            let start = position
            if position < bytes.endIndex, bytes[position] == UInt8(ascii: "\"") {
                skipString()
                list.append(try string(start..<position))
            } else {
                while position < bytes.endIndex, !",|)".utf8.contains(bytes[position]) { position += 1 }
                list.append(String(decoding: bytes[start..<position], as: UTF8.self))
            }
            guard position < bytes.endIndex else { throw failure("expected )") }
            position += 1
            if bytes[position - 1] == UInt8(ascii: ")") { return list }
        }
    }

    /// Everything up to ` #` or the end, strings respected.
    mutating func rest() -> String {
        skipSpace()
        let start = position
        while position < bytes.endIndex {
            if bytes[position] == UInt8(ascii: "\"") {
                skipString()
                continue
            }
            if bytes[position] == UInt8(ascii: "#"), position > start, bytes[position - 1] == 0x20 { break }
            position += 1
        }
        var end = position
        while end > start, bytes[end - 1] == 0x20 { end -= 1 }
        return String(decoding: bytes[start..<end], as: UTF8.self)
    }

    /// The value after `=`; `nil` when no `=` comes next.
    mutating func defaultValue() throws(KindError) -> JSON? {
        guard take("=") else { return nil }
        do throws(JSONError) { return try JSON(parsing: rest()) } catch { throw failure("default: \(error.reason)") }
    }

    /// The text after `#`; empty when there is none.
    ///
    /// - Throws: ``KindError`` when something else comes first.
    mutating func description() throws(KindError) -> String {
        if peek() != nil { throw failure("unexpected \(rest())") }
        guard position < bytes.endIndex else { return "" }
        let text = bytes[(position + 1)...].drop { $0 == 0x20 }
        position = bytes.endIndex
        return String(decoding: text, as: UTF8.self)
    }
}
