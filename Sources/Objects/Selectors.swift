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

    /// Whether labels meet every condition.
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
        repeat { requirements.append(try tokens.requirement().checked()) } while try tokens.separator()
        self.init(requirements)
    }
}

extension LabelRequirement {
    /// This requirement, where a query may ask it: a label's key and values, one integer to compare with.
    fileprivate func checked() throws(SelectorError) -> LabelRequirement {
        guard LabelText.isKey(key) else { throw SelectorError("key: Invalid value: \"\(key)\": no label can have this key") }
        switch comparison {
        case .isIn, .notIn:
            if values.isEmpty { throw SelectorError("values: Invalid value: []: for 'in', 'notin' operators, values set can't be empty") }
        case .greaterThan, .lessThan:
            guard values.count == 1, Int64(values[0]) != nil else {
                throw SelectorError("values: Invalid value: for 'Gt', 'Lt' operators, the value must be an integer")
            }
        case .exists, .doesNotExist: break
        }
        for value in values where !LabelText.isValue(value[...]) {
            throw SelectorError("values: Invalid value: \"\(value)\": no label can have this value")
        }
        return self
    }
}

/// What labels may be made of.
private enum LabelText {
    /// `name` or `example.com/name`.
    static func isKey(_ text: String) -> Bool {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard let name = parts.last, !name.isEmpty, parts.count <= 2, isValue(name) else { return false }
        guard parts.count == 2 else { return true }
        return parts[0].utf8.count <= 253
            && parts[0].split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
                !label.isEmpty && isValue(label) && label.utf8.allSatisfy { !(0x41...0x5a).contains($0) && $0 != UInt8(ascii: "_") }
            }
    }

    /// Empty, or up to 63 letters, digits, `-`, `_` and `.` with a letter or a digit at both ends.
    static func isValue(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last else { return true }
        return text.utf8.count <= 63 && isAlphanumeric(first) && isAlphanumeric(last)
            && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5a).contains(byte) || (0x61...0x7a).contains(byte)
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
        if peek == ")" {
            _ = take()
            return values
        }
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
