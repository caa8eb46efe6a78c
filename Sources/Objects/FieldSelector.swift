/// Conditions on fields such as `spec.nodeName=a,status.phase!=Running`; all must hold.
public struct FieldSelector: Sendable, Hashable {
    public struct Term: Sendable, Hashable {
        public var field: String
        public var value: String
        public var isEqual: Bool

        public init(field: String, value: String, isEqual: Bool = true) {
            self.field = field
            self.value = value
            self.isEqual = isEqual
        }
    }

    public var terms: [Term]

    public init(_ terms: [Term] = []) { self.terms = terms }

    /// Reads `field=value`, `field==value` and `field!=value`, separated by commas; `\,`, `\=` and `\\` escape.
    public init(parsing text: String) throws(SelectorError) {
        terms = []
        for part in FieldSelector.split(text) where !part.isEmpty {
            guard let place = part.firstIndex(of: "=") else {
                throw SelectorError("invalid selector: '\(text)'; can't understand '\(part)'")
            }
            let isNegated = place > part.startIndex && part[part.index(before: place)] == "!"
            let field = part[..<(isNegated ? part.index(before: place) : place)]
            var value = part[part.index(after: place)...]
            if value.first == "=" { value = value.dropFirst() }
            terms.append(Term(field: String(field), value: try FieldSelector.unescaped(value), isEqual: !isNegated))
        }
    }

    private static func split(_ text: String) -> [String] {
        var parts = [""]
        var isEscaped = false
        for character in text {
            if character == ",", !isEscaped {
                parts.append("")
                continue
            }
            parts[parts.count - 1].append(character)
            isEscaped = character == "\\" && !isEscaped
        }
        return parts
    }

    private static func unescaped(_ text: Substring) throws(SelectorError) -> String {
        var result = ""
        var isEscaped = false
        for character in text {
            switch (character, isEscaped) {
            case ("\\", false):
                isEscaped = true
                continue
            case ("\\", true), (",", true), ("=", true): break
            case (_, true): throw SelectorError("invalid field selector: invalid escape sequence: \\\(character)")
            case (",", false), ("=", false): throw SelectorError("invalid field selector: unescaped character in value: \(character)")
            default: break
            }
            isEscaped = false
            result.append(character)
        }
        if isEscaped { throw SelectorError("invalid field selector: invalid escape sequence: \\") }
        return result
    }

    /// Whether an object's fields, looked up by their dotted path, meet every term; an absent field reads as "".
    public func matches(_ object: JSON) -> Bool {
        terms.allSatisfy { term in
            let value = object.value(at: term.field.split(separator: ".").map(String.init)[...])
            let text =
                switch value {
                case .string(let text): text
                case .bool(let flag): flag ? "true" : "false"
                case .integer(let number): String(number)
                default: ""
                }
            return (text == term.value) == term.isEqual
        }
    }
}
