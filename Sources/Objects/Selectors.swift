/// One condition of a label selector.
public struct LabelRequirement: Sendable, Hashable {
    public enum Operator: String, Sendable, Hashable {
        case isIn = "In"
        case notIn = "NotIn"
        case exists = "Exists"
        case doesNotExist = "DoesNotExist"
        /// Numeric comparison; only node affinity knows it.
        case greaterThan = "Gt"
        /// Numeric comparison; only node affinity knows it.
        case lessThan = "Lt"
    }

    public var key: String
    public var comparison: Operator
    public var values: [String]

    public init(key: String, comparison: Operator, values: [String] = []) {
        self.key = key
        self.comparison = comparison
        self.values = values
    }

    /// Whether labels meet this condition; `NotIn` is met where the key is absent, as in Kubernetes.
    public func matches(_ labels: [String: String]) -> Bool { matches(labels[key]) }

    /// Whether the value of the key (`nil` where it is absent) meets this condition.
    public func matches(_ value: String?) -> Bool {
        switch comparison {
        case .isIn: value.map(values.contains) ?? false
        case .notIn: value.map { !values.contains($0) } ?? true
        case .exists: value != nil
        case .doesNotExist: value == nil
        case .greaterThan, .lessThan:
            if let value, let number = Int64(value), let bound = values.first.flatMap({ Int64($0) }) {
                comparison == .greaterThan ? number > bound : number < bound
            } else {
                false
            }
        }
    }
}

/// A set of conditions on labels, all of which must hold; without any, everything matches.
public struct LabelSelector: Sendable, Hashable {
    public var requirements: [LabelRequirement]

    public init(_ requirements: [LabelRequirement] = []) { self.requirements = requirements }

    /// Matches everything.
    public static let everything = LabelSelector()

    public var isEmpty: Bool { requirements.isEmpty }

    public func matches(_ labels: [String: String]) -> Bool { requirements.allSatisfy { $0.matches(labels) } }

    /// Reads the object form: `matchLabels` and `matchExpressions`.
    ///
    /// Returns `nil` when an operator is unknown: an unreadable selector must match nothing, not everything.
    public init?(_ object: JSON) {
        var requirements: [LabelRequirement] = []
        for (key, value) in (object["matchLabels"]?.stringMap ?? [:]).sorted(by: { $0.key < $1.key }) {
            requirements.append(LabelRequirement(key: key, comparison: .isIn, values: [value]))
        }
        for expression in object["matchExpressions"]?.array ?? [] {
            guard let requirement = LabelRequirement(expression) else { return nil }
            requirements.append(requirement)
        }
        self.requirements = requirements
    }
}

extension LabelRequirement {
    /// Reads `{key, operator, values}`; `nil` when the key is missing or the operator is unknown.
    public init?(_ expression: JSON) {
        guard let key = expression["key"]?.string,
            let comparison = expression["operator"]?.string.flatMap(Operator.init(rawValue:))
        else { return nil }
        self.init(key: key, comparison: comparison, values: (expression["values"]?.array ?? []).compactMap(\.string))
    }
}

/// Why a selector text cannot be read.
public struct SelectorError: Error, Equatable, Sendable, CustomStringConvertible {
    public var description: String

    public init(_ description: String) { self.description = description }
}

extension LabelSelector {
    /// Reads the query form: `a=b,c!=d,e in (f,g),h notin (i),j,!k`.
    public init(parsing text: String) throws(SelectorError) {
        var tokens = SelectorTokens(text)
        var requirements: [LabelRequirement] = []
        if tokens.peek == nil {
            self.init()
            return
        }
        repeat { requirements.append(try tokens.requirement()) } while try tokens.separator()
        self.init(requirements)
    }
}

/// Splits a selector text into words and punctuation.
private struct SelectorTokens {
    private var tokens: [String] = []
    private var index = 0

    init(_ text: String) {
        var word = ""
        var characters = Array(text)[...]
        func isPunctuation(_ character: Character) -> Bool { "(),!=<>".contains(character) }
        func flush(_ tokens: inout [String]) {
            if !word.isEmpty { tokens.append(word) }
            word = ""
        }
        while let character = characters.popFirst() {
            if character.isWhitespace {
                flush(&tokens)
            } else if isPunctuation(character) {
                flush(&tokens)
                var token = String(character)
                if "!=".contains(character), characters.first == "=" { token.append(characters.removeFirst()) }
                tokens.append(token)
            } else {
                word.append(character)
            }
        }
        flush(&tokens)
    }

    var peek: String? { index < tokens.count ? tokens[index] : nil }

    private mutating func take() -> String? {
        defer { index += 1 }
        return peek
    }

    private mutating func word(_ what: String) throws(SelectorError) -> String {
        guard let token = take(), !"(),!===<>".contains(token) else {
            throw SelectorError("unable to parse requirement: found '\(index <= tokens.count ? tokens[index - 1] : "")', expected: \(what)")
        }
        return token
    }

    mutating func separator() throws(SelectorError) -> Bool {
        guard let token = take() else { return false }
        guard token == "," else { throw SelectorError("unable to parse requirement: found '\(token)', expected: ',' or 'end of string'") }
        return true
    }

    mutating func requirement() throws(SelectorError) -> LabelRequirement {
        if peek == "!" {
            _ = take()
            return LabelRequirement(key: try word("identifier"), comparison: .doesNotExist)
        }
        let key = try word("!, identifier")
        switch peek {
        case nil, ",": return LabelRequirement(key: key, comparison: .exists)
        case "=", "==", "!=":
            let comparison: LabelRequirement.Operator = take() == "!=" ? .notIn : .isIn
            // An empty value is allowed: `a=`.
            let value = peek == nil || peek == "," ? "" : try word("identifier")
            return LabelRequirement(key: key, comparison: comparison, values: [value])
        case "in", "notin":
            let comparison: LabelRequirement.Operator = take() == "in" ? .isIn : .notIn
            return LabelRequirement(key: key, comparison: comparison, values: try values())
        case "<", ">":
            let comparison: LabelRequirement.Operator = take() == "<" ? .lessThan : .greaterThan
            return LabelRequirement(key: key, comparison: comparison, values: [try word("identifier")])
        case let other?:
            throw SelectorError("unable to parse requirement: found '\(other)', expected: in, notin, =, ==, !=, gt, lt")
        }
    }

    private mutating func values() throws(SelectorError) -> [String] {
        guard take() == "(" else { throw SelectorError("unable to parse requirement: expected '('") }
        var values: [String] = []
        while true {
            if peek == ")" || peek == "," { values.append("") } else { values.append(try word("identifier")) }
            switch take() {
            case ",": continue
            case ")": return values
            default: throw SelectorError("unable to parse requirement: expected ',' or ')'")
            }
        }
    }
}

// MARK: - Fields

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
            terms.append(Term(field: String(field), value: FieldSelector.unescaped(value), isEqual: !isNegated))
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

    private static func unescaped(_ text: Substring) -> String {
        var result = ""
        var isEscaped = false
        for character in text {
            if character == "\\", !isEscaped {
                isEscaped = true
                continue
            }
            isEscaped = false
            result.append(character)
        }
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
