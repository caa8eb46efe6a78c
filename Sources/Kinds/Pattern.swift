/// Why an expression is not a pattern that Sluice takes.
public struct PatternError: Error, Equatable, Sendable {
    public var reason: String
}

/// A regular expression in the common part of RE2's and ECMA's syntax, matched in time proportional to the text.
///
/// No back references and no look-around: a CustomResourceDefinition is written by tenants, and an expression must not be
/// able to stop the server. Supported: alternatives, groups, classes, `\d \w \s` and their complements, `\b`, anchors,
/// `* + ? {n,m}`, the flags `i` and `s` at the start.
public struct Pattern: Sendable, Equatable {
    public let text: String
    private let program: [Instruction]

    enum Instruction: Sendable, Equatable {
        case set(CharacterSet)
        /// Goes on at both places.
        case split(Int, Int)
        case jump(Int)
        case atStart
        case atEnd
        case atWordBoundary(Bool)
        case match
    }

    /// A class of characters as ranges of code points.
    struct CharacterSet: Sendable, Equatable {
        var ranges: [ClosedRange<UInt32>] = []
        var isNegated = false

        func contains(_ scalar: UInt32) -> Bool {
            ranges.contains { $0.contains(scalar) } != isNegated
        }
    }

    /// Instructions of one pattern at most; counted repetitions multiply.
    static let maximumInstructions = 10_000

    /// - Throws: ``PatternError`` for syntax outside the supported part and for programs that are too large.
    public init(_ text: String) throws(PatternError) {
        self.text = text
        var compiler = PatternCompiler(text)
        program = try compiler.compile()
    }

    /// Whether the pattern matches anywhere in the text; anchors bind it.
    public func matches(_ text: String) -> Bool {
        let scalars = Array(text.unicodeScalars.map(\.value))
        var current = Threads(count: program.count)
        var following = Threads(count: program.count)
        for position in 0...scalars.count {
            add(0, at: position, in: scalars, to: &current)
            if current.isMatched { return true }
            guard position < scalars.count else { return false }
            following.clear()
            for place in current.list {
                if case .set(let set) = program[place], set.contains(scalars[position]) {
                    add(place + 1, at: position + 1, in: scalars, to: &following)
                }
            }
            if following.isMatched { return true }
            swap(&current, &following)
        }
        return false
    }

    /// The places where the match may stand, without doubles.
    private struct Threads {
        var list: [Int] = []
        var seen: [Bool]
        var isMatched = false

        init(count: Int) { seen = [Bool](repeating: false, count: count) }

        mutating func clear() {
            list.removeAll(keepingCapacity: true)
            for index in seen.indices { seen[index] = false }
        }
    }

    /// Follows everything that takes no character.
    private func add(_ start: Int, at position: Int, in scalars: [UInt32], to threads: inout Threads) {
        var pending = [start]
        while let place = pending.popLast() {
            guard !threads.seen[place] else { continue }
            threads.seen[place] = true
            switch program[place] {
            case .set: threads.list.append(place)
            case .jump(let target): pending.append(target)
            case .split(let first, let second): pending += [second, first]
            case .atStart: if position == 0 { pending.append(place + 1) }
            case .atEnd: if position == scalars.count { pending.append(place + 1) }
            case .atWordBoundary(let wanted):
                let before = position > 0 && Self.isWord(scalars[position - 1])
                let after = position < scalars.count && Self.isWord(scalars[position])
                if (before != after) == wanted { pending.append(place + 1) }
            case .match: threads.isMatched = true
            }
        }
    }

    private static func isWord(_ scalar: UInt32) -> Bool { PatternCompiler.word.contains(scalar) }
}
