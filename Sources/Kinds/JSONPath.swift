public import Objects

/// Why a text is not a path that Sluice takes.
public struct JSONPathError: Error, Equatable, Sendable {
    public var reason: String
}

/// A path of the simple form that printer columns and selectable fields use: `.spec.a`, `['a.b/c']`, `[0]`, `[-1]`, `[*]`, `[0:2]`, filters
/// such as `[?(@.type=="Ready")]`, and `..name` for any depth.
///
/// - SeeAlso: Kubernetes documentation, *JSONPath Support*; `range`, scripts and functions are refused.
public struct JSONPath: Sendable, Equatable {
    public let text: String
    private let steps: [Step]

    enum Step: Sendable, Equatable {
        case member(String)
        case descendants(String)
        case index(Int)
        case slice(Int?, Int?)
        case all
        case filter([Step], Comparison?)
    }

    struct Comparison: Sendable, Equatable {
        var relation: Relation
        var value: JSON
    }

    enum Relation: String, Sendable { case equal = "==", unequal = "!=", atMost = "<=", atLeast = ">=", less = "<", greater = ">" }

    /// - Throws: ``JSONPathError`` with what was wrong.
    public init(_ text: String) throws(JSONPathError) {
        var parser = JSONPathParser(text)
        steps = try parser.parse()
        self.text = text
    }

    /// All values the path reaches, in order; a member that is absent reaches nothing.
    public func evaluate(_ value: JSON) -> [JSON] { Self.evaluate(steps[...], value) }

    /// The first value the path reaches.
    public func first(in value: JSON) -> JSON? {
        // The common case, a path of plain members, builds no list.
        var current = value
        for (index, step) in steps.enumerated() {
            guard case .member(let key) = step else { return Self.evaluate(steps[index...], current).first }
            guard let next = current[key] else { return nil }
            current = next
        }
        return current
    }

    private static func evaluate(_ steps: ArraySlice<Step>, _ value: JSON) -> [JSON] {
        guard let step = steps.first else { return [value] }
        let rest = steps.dropFirst()
        switch step {
        case .member(let key):
            guard let next = value[key] else { return [] }
            return evaluate(rest, next)
        case .descendants(let key):
            return descendants(key, value).flatMap { evaluate(rest, $0) }
        case .index(let place):
            guard let list = value.array else { return [] }
            let index = place < 0 ? list.count + place : place
            return list.indices.contains(index) ? evaluate(rest, list[index]) : []
        case .slice(let start, let end):
            guard let list = value.array else { return [] }
            let bound = { (place: Int?, standard: Int) in
                min(max(place.map { $0 < 0 ? list.count + $0 : $0 } ?? standard, 0), list.count)
            }
            let first = bound(start, 0)
            return list[first..<max(first, bound(end, list.count))].flatMap { evaluate(rest, $0) }
        case .all: return children(value).flatMap { evaluate(rest, $0) }
        case .filter(let path, let comparison):
            return (value.array ?? []).filter { isFit($0, path, comparison) }.flatMap { evaluate(rest, $0) }
        }
    }

    private static func children(_ value: JSON) -> [JSON] {
        switch value {
        case .array(let list): list
        case .object(let members): members.map(\.value)
        default: []
        }
    }

    private static func descendants(_ key: String, _ value: JSON) -> [JSON] {
        (value[key].map { [$0] } ?? []) + children(value).flatMap { descendants(key, $0) }
    }

    private static func isFit(_ item: JSON, _ path: [Step], _ comparison: Comparison?) -> Bool {
        let found = evaluate(path[...], item)
        guard let comparison else { return !found.isEmpty }
        return found.contains { compare($0, comparison) }
    }

    private static func compare(_ value: JSON, _ comparison: Comparison) -> Bool {
        if let left = value.double, let right = comparison.value.double { return holds(left, comparison.relation, right) }
        if let left = value.string, let right = comparison.value.string { return holds(left, comparison.relation, right) }
        return (value == comparison.value) == (comparison.relation == .equal)
    }

    private static func holds<Value: Comparable>(_ left: Value, _ relation: Relation, _ right: Value) -> Bool {
        switch relation {
        case .equal: left == right
        case .unequal: left != right
        case .less: left < right
        case .greater: left > right
        case .atMost: left <= right
        case .atLeast: left >= right
        }
    }
}

/// Reads a path byte by byte.
private struct JSONPathParser {
    private let bytes: [UInt8]
    private var position = 0

    init(_ text: String) {
        // `kubectl` writes braces around a path; columns do without.
        var text = text[...]
        if text.hasPrefix("{"), text.hasSuffix("}") { text = text.dropFirst().dropLast() }
        if text.hasPrefix("$") { text = text.dropFirst() }
        bytes = Array(text.utf8)
    }

    private func failure(_ reason: String) -> JSONPathError { JSONPathError(reason: "path: \(reason) at byte \(position)") }

    private func isNext(_ character: Character) -> Bool {
        guard position < bytes.count, let ascii = character.asciiValue else { return false }
        return bytes[position] == ascii
    }

    private mutating func take(_ character: Character) -> Bool {
        guard isNext(character) else { return false }
        position += 1
        return true
    }

    mutating func parse() throws(JSONPathError) -> [JSONPath.Step] {
        let steps = try parseSteps()
        guard position == bytes.count else { throw failure("unexpected text") }
        return steps
    }

    private mutating func parseSteps() throws(JSONPathError) -> [JSONPath.Step] {
        var steps: [JSONPath.Step] = []
        while position < bytes.count {
            if take(".") {
                let isDeep = take(".")
                if take("*") {
                    steps.append(.all)
                } else if !isNext("[") {
                    let name = try name()
                    // The path `.` alone means the value itself.
                    if name.isEmpty {
                        guard position == bytes.count, steps.isEmpty, !isDeep else { throw failure("a name is missing") }
                        return steps
                    }
                    steps.append(isDeep ? .descendants(name) : .member(name))
                }
            } else if take("[") {
                steps.append(try bracket())
            } else {
                break
            }
        }
        return steps
    }

    private mutating func name() throws(JSONPathError) -> String {
        var text: [UInt8] = []
        while position < bytes.count, !".[]=!<> ()".utf8.contains(bytes[position]) {
            if isNext("\\"), position + 1 < bytes.count { position += 1 }
            text.append(bytes[position])
            position += 1
        }
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func bracket() throws(JSONPathError) -> JSONPath.Step {
        let step: JSONPath.Step
        if take("*") {
            step = .all
        } else if isNext("'") || isNext("\"") {
            step = .member(try quoted())
        } else if take("?") {
            guard take("(") else { throw failure("expected (") }
            step = try filter()
            guard take(")") else { throw failure("expected )") }
        } else {
            let start = number()
            if take(":") {
                step = .slice(start, number())
            } else if let start {
                step = .index(start)
            } else {
                throw failure("expected an index")
            }
        }
        guard take("]") else { throw failure("expected ]") }
        return step
    }

    private mutating func number() -> Int? {
        let start = position
        if isNext("-") { position += 1 }
        while position < bytes.count, bytes[position] >= 0x30, bytes[position] <= 0x39 { position += 1 }
        return Int(String(decoding: bytes[start..<position], as: UTF8.self))
    }

    private mutating func quoted() throws(JSONPathError) -> String {
        let quote = bytes[position]
        position += 1
        var text: [UInt8] = []
        while position < bytes.count, bytes[position] != quote {
            if isNext("\\"), position + 1 < bytes.count { position += 1 }
            text.append(bytes[position])
            position += 1
        }
        guard position < bytes.count else { throw failure("unterminated string") }
        position += 1
        return String(decoding: text, as: UTF8.self)
    }

    private mutating func skipSpace() { while take(" ") {} }

    private mutating func filter() throws(JSONPathError) -> JSONPath.Step {
        skipSpace()
        guard take("@") else { throw failure("expected @") }
        let path = try parseSteps()
        skipSpace()
        let relations: [JSONPath.Relation] = [.equal, .unequal, .atMost, .atLeast, .less, .greater]
        for relation in relations where bytes[position...].starts(with: relation.rawValue.utf8) {
            position += relation.rawValue.utf8.count
            skipSpace()
            let value = try literal()
            skipSpace()
            return .filter(path, .init(relation: relation, value: value))
        }
        return .filter(path, nil)
    }

    private mutating func literal() throws(JSONPathError) -> JSON {
        if isNext("'") || isNext("\"") { return .string(try quoted()) }
        let start = position
        while position < bytes.count, bytes[position] != 0x20, bytes[position] != UInt8(ascii: ")") { position += 1 }
        do throws(JSONError) {
            return try JSON(parsing: Array(bytes[start..<position]))
        } catch { throw failure("not a value") }
    }
}
