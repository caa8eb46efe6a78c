internal import Objects
internal import Testing

/// A case of a table: what it shows, and its input with what is expected.
struct Case<Input: Sendable, Output: Sendable>: Sendable, CustomTestStringConvertible {
    var name: String
    var input: Input
    var expected: Output

    init(_ name: String, _ input: Input, _ expected: Output) {
        self.name = name
        self.input = input
        self.expected = expected
    }

    var testDescription: String { name }
}

/// A generator whose sequence follows from its seed (SplitMix64).
struct Seeded: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }

    mutating func below(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &self) }
}

extension Seeded {
    private static let scalars: [Unicode.Scalar] = [
        "a", "Z", "0", " ", "\"", "\\", "/", "\n", "\t", "\r", "\u{0}", "\u{8}", "\u{c}", "\u{1f}", "\u{7f}", "é", "ß", "漢", "\u{2028}",
        "\u{feff}", "😀", "\u{10ffff}", "\u{fffd}", "\u{e000}",
    ]

    mutating func text() -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<below(24) { text.append(below(3) > 0 ? "k" : Seeded.scalars[below(Seeded.scalars.count)]) }
        return String(text)
    }

    /// Any JSON value up to so many levels deep.
    mutating func tree(depth: Int) -> JSON {
        switch below(depth > 0 ? 9 : 6) {
        case 0: return .null
        case 1: return .bool(below(2) == 0)
        case 2: return .integer(Int64(bitPattern: next()))
        case 3: return .integer(Int64(below(1_000)) - 500)
        case 4: return .number(["1.0", "1e3", "-0", "1E+400", "0.1", "18446744073709551616", "-1.50e-07"][below(7)])
        case 5: return .string(text())
        case 6: return .array((0..<below(6)).map { _ in tree(depth: depth - 1) })
        default:
            var members = JSONObject()
            for index in 0..<below(below(20) == 0 ? 60 : 6) { members["\(text())\(index)"] = tree(depth: depth - 1) }
            return .object(members)
        }
    }
}

extension JSON {
    /// The same value with the members of every object in reverse order.
    var reversedMembers: JSON {
        switch self {
        case .array(let elements): .array(elements.map(\.reversedMembers))
        case .object(let members):
            .object(JSONObject(members.reversed().map { .init(key: $0.key, value: $0.value.reversedMembers) }))
        default: self
        }
    }
}
