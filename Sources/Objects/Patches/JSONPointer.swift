/// RFC 6901 JSON Pointer: the place of a value inside another.
public struct JSONPointer: Sendable, Hashable, CustomStringConvertible {
    /// The unescaped reference tokens; none for the whole document.
    public var tokens: [String]

    public init(tokens: [String]) { self.tokens = tokens }

    /// Reads `/a/b~1c/0`; `nil` when the text neither is empty nor begins with `/`, or has `~` before anything but `0` or `1`.
    public init?(_ text: String) {
        tokens = []
        if text.isEmpty { return }
        guard text.utf8.first == UInt8(ascii: "/") else { return nil }
        for part in text.utf8.dropFirst().split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) {
            var token: [UInt8] = []
            var isEscaped = false
            for byte in part {
                switch (isEscaped, byte) {
                case (true, UInt8(ascii: "0")): token.append(UInt8(ascii: "~"))
                case (true, UInt8(ascii: "1")): token.append(UInt8(ascii: "/"))
                case (true, _): return nil
                case (false, UInt8(ascii: "~")):
                    isEscaped = true
                    continue
                case (false, _): token.append(byte)
                }
                isEscaped = false
            }
            if isEscaped { return nil }
            tokens.append(String(decoding: token, as: UTF8.self))
        }
    }

    public var description: String {
        tokens.map { token in
            var text = "/"
            for character in token.unicodeScalars {
                switch character {
                case "~": text += "~0"
                case "/": text += "~1"
                default: text.unicodeScalars.append(character)
                }
            }
            return text
        }.joined()
    }

    /// The place in a list of `count` items that a token names; `nil` for a leading zero, a sign, anything but digits, or a place
    /// beyond the end.
    static func index(_ token: String, count: Int) -> Int? {
        guard token.utf8.allSatisfy({ $0 >= 0x30 && $0 <= 0x39 }), token.utf8.first != 0x30 || token.utf8.count == 1,
            let index = Int(token), index < count
        else { return nil }
        return index
    }

    /// The value at this place; `nil` when there is none.
    public func value(in document: JSON) -> JSON? {
        var current = document
        for token in tokens {
            switch current {
            case .object(let members):
                guard let next = members[token] else { return nil }
                current = next
            case .array(let list):
                guard let index = Self.index(token, count: list.count) else { return nil }
                current = list[index]
            default: return nil
            }
        }
        return current
    }
}
