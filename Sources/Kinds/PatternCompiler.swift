/// Turns the text of a pattern into instructions by recursive descent.
struct PatternCompiler {
    private typealias Instruction = Pattern.Instruction
    private let scalars: [Unicode.Scalar]
    private var position = 0
    private var depth = 0
    private var ignoresCase = false
    private var dotMatchesNewline = false

    static let digit = Pattern.CharacterSet(ranges: [0x30...0x39])
    static let word = Pattern.CharacterSet(ranges: [0x30...0x39, 0x41...0x5a, 0x5f...0x5f, 0x61...0x7a])
    static let space = Pattern.CharacterSet(ranges: [0x09...0x0d, 0x20...0x20])

    init(_ text: String) { scalars = Array(text.unicodeScalars) }

    mutating func compile() throws(PatternError) -> [Pattern.Instruction] {
        let program = try alternatives()
        if position < scalars.count { throw PatternError(reason: "unexpected )") }
        return program + [.match]
    }

    private func peek() -> Unicode.Scalar? { position < scalars.count ? scalars[position] : nil }

    private mutating func take(_ scalar: Unicode.Scalar) -> Bool {
        guard peek() == scalar else { return false }
        position += 1
        return true
    }

    /// Places inside a fragment count from its start; this moves them.
    private static func moved(_ fragment: [Pattern.Instruction], by offset: Int) -> [Pattern.Instruction] {
        fragment.map { instruction in
            switch instruction {
            case .split(let first, let second): .split(first + offset, second + offset)
            case .jump(let target): .jump(target + offset)
            default: instruction
            }
        }
    }

    private static func append(_ fragment: [Pattern.Instruction], to program: inout [Pattern.Instruction]) throws(PatternError) {
        guard program.count + fragment.count < Pattern.maximumInstructions else { throw PatternError(reason: "pattern too large") }
        program += moved(fragment, by: program.count)
    }

    private mutating func alternatives() throws(PatternError) -> [Pattern.Instruction] {
        depth += 1
        defer { depth -= 1 }
        guard depth < 200 else { throw PatternError(reason: "groups nested too deeply") }
        var program = try sequence()
        while take("|") {
            let other = try sequence()
            var joined: [Pattern.Instruction] = [.split(1, program.count + 2)]
            try Self.append(program, to: &joined)
            joined.append(.jump(joined.count + 1 + other.count))
            try Self.append(other, to: &joined)
            program = joined
        }
        return program
    }

    private mutating func sequence() throws(PatternError) -> [Pattern.Instruction] {
        var program: [Pattern.Instruction] = []
        while let next = peek(), next != "|", next != ")" {
            let atom = try atom()
            try Self.append(try repeated(atom), to: &program)
        }
        return program
    }

    private mutating func repeated(_ atom: [Pattern.Instruction]) throws(PatternError) -> [Pattern.Instruction] {
        var fragment = atom
        while let next = peek() {
            var bounds: (least: Int, most: Int?)
            switch next {
            case "*": bounds = (0, nil)
            case "+": bounds = (1, nil)
            case "?": bounds = (0, 1)
            case "{":
                guard let counted = try counts() else { return fragment }
                bounds = counted
                position -= 1
            default: return fragment
            }
            position += 1
            // A lazy repetition finds the same texts; only what it would capture differs.
            _ = take("?")
            fragment = try Self.repeating(fragment, bounds)
        }
        return fragment
    }

    private static func repeating(
        _ fragment: [Pattern.Instruction], _ bounds: (least: Int, most: Int?)
    ) throws(PatternError) -> [Pattern.Instruction] {
        var program: [Pattern.Instruction] = []
        for _ in 0..<bounds.least { try append(fragment, to: &program) }
        guard let most = bounds.most else {
            var loop: [Pattern.Instruction] = [.split(1, fragment.count + 2)]
            try append(fragment, to: &loop)
            loop.append(.jump(0))
            try append(loop, to: &program)
            return program
        }
        for _ in bounds.least..<max(most, bounds.least) {
            var optional: [Pattern.Instruction] = [.split(1, fragment.count + 1)]
            try append(fragment, to: &optional)
            try append(optional, to: &program)
        }
        return program
    }

    /// `{n}`, `{n,}` or `{n,m}`; anything else stands for itself, as RE2 has it.
    private mutating func counts() throws(PatternError) -> (least: Int, most: Int?)? {
        let start = position
        position += 1
        func giveUp(_ compiler: inout PatternCompiler) -> (least: Int, most: Int?)? {
            compiler.position = start
            return nil
        }
        guard let least = number() else { return giveUp(&self) }
        var most: Int? = least
        if take(",") { most = peek() == "}" ? nil : number() ?? -1 }
        guard take("}"), most != -1 else { return giveUp(&self) }
        guard least <= 1000, most ?? 0 <= 1000, most ?? least >= least else { throw PatternError(reason: "invalid repeat count") }
        return (least, most)
    }

    private mutating func number() -> Int? {
        var value: Int?
        while let next = peek(), let digit = Self.digit.contains(next.value) ? Int(next.value) - 0x30 : nil {
            value = min((value ?? 0) * 10 + digit, 100_000)
            position += 1
        }
        return value
    }

    private mutating func atom() throws(PatternError) -> [Pattern.Instruction] {
        let scalar = scalars[position]
        position += 1
        switch scalar {
        case "(": return try group()
        case "[": return [.set(try characterClass())]
        case ".": return [.set(Pattern.CharacterSet(ranges: dotMatchesNewline ? [] : [0x0a...0x0a], isNegated: true))]
        case "^": return [.atStart]
        case "$": return [.atEnd]
        case "\\": return [try escape()]
        case "*", "+", "?": throw PatternError(reason: "nothing before \(scalar) to repeat")
        default:
            // `{` that counts nothing stands for itself.
            return [.set(literal(scalar))]
        }
    }

    private func literal(_ scalar: Unicode.Scalar) -> Pattern.CharacterSet {
        var set = Pattern.CharacterSet(ranges: [scalar.value...scalar.value])
        if ignoresCase { addOtherCase(&set) }
        return set
    }

    private func addOtherCase(_ set: inout Pattern.CharacterSet) {
        for range in set.ranges {
            let upper = range.clamped(to: 0x41...0x5a)
            if upper.lowerBound >= 0x41, range.overlaps(0x41...0x5a) {
                set.ranges.append((upper.lowerBound + 32)...(upper.upperBound + 32))
            }
            let lower = range.clamped(to: 0x61...0x7a)
            if range.overlaps(0x61...0x7a) { set.ranges.append((lower.lowerBound - 32)...(lower.upperBound - 32)) }
        }
    }

    private mutating func group() throws(PatternError) -> [Pattern.Instruction] {
        if take("?") {
            if take("P") || peek() == "<" {
                guard take("<"), peek() != "=", peek() != "!" else { throw PatternError(reason: "look-around is not supported") }
                while let next = peek(), next != ">" {
                    _ = next
                    position += 1
                }
                guard take(">") else { throw PatternError(reason: "missing >") }
            } else if !take(":") {
                return try flags()
            }
        }
        let inner = try alternatives()
        guard take(")") else { throw PatternError(reason: "missing )") }
        return inner
    }

    private mutating func flags() throws(PatternError) -> [Pattern.Instruction] {
        while let next = peek(), next != ")" {
            switch next {
            case "i": ignoresCase = true
            case "s": dotMatchesNewline = true
            default: throw PatternError(reason: "group (?\(next) is not supported")
            }
            position += 1
        }
        guard take(")") else { throw PatternError(reason: "missing )") }
        return []
    }

    private mutating func escape() throws(PatternError) -> Pattern.Instruction {
        guard let next = peek() else { throw PatternError(reason: "trailing backslash") }
        switch next {
        case "b", "B":
            position += 1
            return .atWordBoundary(next == "b")
        case "A":
            position += 1
            return .atStart
        case "z":
            position += 1
            return .atEnd
        default: return .set(try escapedSet())
        }
    }

    /// What stands after a backslash, inside and outside of a class.
    private mutating func escapedSet() throws(PatternError) -> Pattern.CharacterSet {
        guard let next = peek() else { throw PatternError(reason: "trailing backslash") }
        position += 1
        func complement(_ set: Pattern.CharacterSet) -> Pattern.CharacterSet {
            Pattern.CharacterSet(ranges: Self.complement(set.ranges))
        }
        switch next {
        case "d": return Self.digit
        case "w": return Self.word
        case "s": return Self.space
        case "D": return complement(Self.digit)
        case "W": return complement(Self.word)
        case "S": return complement(Self.space)
        case "n": return literal("\n")
        case "t": return literal("\t")
        case "r": return literal("\r")
        case "f": return literal("\u{0c}")
        case "v": return literal("\u{0b}")
        case "x", "u":
            let count = next == "x" ? 2 : 4
            let digits = String(String.UnicodeScalarView(scalars[position..<min(position + count, scalars.count)]))
            guard digits.unicodeScalars.count == count, let value = UInt32(digits, radix: 16), let scalar = Unicode.Scalar(value) else {
                throw PatternError(reason: "invalid escape \\\(next)")
            }
            position += count
            return literal(scalar)
        default:
            guard !Self.word.contains(next.value) || next == "_" else { throw PatternError(reason: "escape \\\(next) is not supported") }
            return literal(next)
        }
    }

    private static func complement(_ ranges: [ClosedRange<UInt32>]) -> [ClosedRange<UInt32>] {
        var result: [ClosedRange<UInt32>] = []
        var start: UInt32 = 0
        for range in ranges.sorted(by: { $0.lowerBound < $1.lowerBound }) {
            if range.lowerBound > start { result.append(start...(range.lowerBound - 1)) }
            start = max(start, range.upperBound + 1)
        }
        result.append(start...0x10ffff)
        return result
    }

    private mutating func characterClass() throws(PatternError) -> Pattern.CharacterSet {
        var set = Pattern.CharacterSet(isNegated: take("^"))
        var isFirst = true
        while let next = peek(), next != "]" || isFirst {
            isFirst = false
            let start = try classItem()
            if start.ranges.count == 1, let low = start.ranges.first, low.count == 1, peek() == "-", position + 1 < scalars.count,
                scalars[position + 1] != "]"
            {
                position += 1
                let end = try classItem()
                guard end.ranges.count == 1, let high = end.ranges.first, high.count == 1, low.lowerBound <= high.lowerBound else {
                    throw PatternError(reason: "invalid range in a class")
                }
                set.ranges.append(low.lowerBound...high.lowerBound)
            } else {
                set.ranges += start.ranges
            }
        }
        guard take("]") else { throw PatternError(reason: "missing ]") }
        if ignoresCase { addOtherCase(&set) }
        return set
    }

    private mutating func classItem() throws(PatternError) -> Pattern.CharacterSet {
        guard let next = peek() else { throw PatternError(reason: "missing ]") }
        if next == "[", position + 1 < scalars.count, scalars[position + 1] == ":" { return try namedClass() }
        position += 1
        guard next == "\\" else { return Pattern.CharacterSet(ranges: [next.value...next.value]) }
        let caseRule = ignoresCase
        // The case is folded once for the whole class, as ranges need single characters here.
        ignoresCase = false
        defer { ignoresCase = caseRule }
        return try escapedSet()
    }

    private mutating func namedClass() throws(PatternError) -> Pattern.CharacterSet {
        let names: [(String, [ClosedRange<UInt32>])] = [
            ("[:alnum:]", [0x30...0x39, 0x41...0x5a, 0x61...0x7a]), ("[:alpha:]", [0x41...0x5a, 0x61...0x7a]),
            ("[:digit:]", [0x30...0x39]), ("[:lower:]", [0x61...0x7a]), ("[:upper:]", [0x41...0x5a]),
            ("[:space:]", Self.space.ranges), ("[:xdigit:]", [0x30...0x39, 0x41...0x46, 0x61...0x66]), ("[:word:]", Self.word.ranges),
        ]
        for (name, ranges) in names where scalars[position...].starts(with: name.unicodeScalars) {
            position += name.unicodeScalars.count
            return Pattern.CharacterSet(ranges: ranges)
        }
        throw PatternError(reason: "unknown named class")
    }
}
