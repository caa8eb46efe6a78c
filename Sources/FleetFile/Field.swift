internal import Objects
internal import Simulation
internal import Yams

/// A value of a fleet file with its place.
struct Field {
    var path: String
    var node: Yams.Node

    func error(_ problem: String, _ remedy: String) -> FleetFileError {
        FleetFileError(line: node.mark?.line ?? 0, field: path, problem: problem, remedy: remedy)
    }

    /// The text of a scalar as it is written.
    func text() throws(FleetFileError) -> String {
        guard let scalar = node.scalar, !scalar.string.isEmpty else { throw error("is no single value", "write one value") }
        return scalar.string
    }

    func integer(_ range: ClosedRange<Int64>) throws(FleetFileError) -> Int64 {
        let text = try text()
        guard let value = Int64(text), range.contains(value) else {
            throw error("\"\(text)\" is not possible", "write a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func number(_ range: ClosedRange<Double>) throws(FleetFileError) -> Double {
        let text = try text()
        guard let value = Double(text), range.contains(value) else {
            throw error("\"\(text)\" is not possible", "write a number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    func bytes() throws(FleetFileError) -> Int64 {
        let text = try text()
        guard let value = (try? Quantity(parsing: text))?.value, (1 << 20...1 << 50).contains(value) else {
            throw error("\"\(text)\" is no amount of memory", "write it like 256Gi, from 1Mi to 1Pi")
        }
        return value
    }

    /// What may be part of a host's name or a label.
    func name(longest: Int = 63) throws(FleetFileError) -> String {
        let text = try text()
        func isAlphanumeric(_ byte: UInt8) -> Bool { (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte) }
        let bytes = Array(text.utf8)
        let isName = bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") } && bytes.first.map(isAlphanumeric) == true
        guard isName, bytes.count <= longest else {
            throw error("\"\(text)\" is no name", "use up to \(longest) lower-case letters, digits and hyphens")
        }
        return text
    }

    /// A value of a label.
    func label() throws(FleetFileError) -> String {
        let text = try text()
        func isAlphanumeric(_ byte: UInt8) -> Bool {
            (0x30...0x39).contains(byte) || (0x61...0x7a).contains(byte) || (0x41...0x5a).contains(byte)
        }
        let bytes = Array(text.utf8)
        let isInner = bytes.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
        guard isInner, bytes.first.map(isAlphanumeric) == true, bytes.last.map(isAlphanumeric) == true, bytes.count <= 63 else {
            throw error("\"\(text)\" is no label value", "use up to 63 letters, digits, '-', '_' and '.', letters or digits at the ends")
        }
        return text
    }

    func duration() throws(FleetFileError) -> Duration {
        let text = try text()
        guard let value = Duration(goText: text), value >= .zero, value <= .seconds(30 * 86_400) else {
            throw error("\"\(text)\" is no duration", "write it like 300ms, 20s or 1h30m, up to 720h")
        }
        return value
    }

    /// `20s`, or `[20s, 40s]`.
    func latency() throws(FleetFileError) -> LatencyRange {
        guard node.sequence != nil else {
            let value = try duration()
            return LatencyRange(value, value)
        }
        let bounds = try items(atMost: 2)
        guard bounds.count == 2 else { throw error("has not two bounds", "write the shortest and the longest time: [20s, 40s]") }
        let (shortest, longest) = (try bounds[0].duration(), try bounds[1].duration())
        guard shortest <= longest else { throw error("ends before it begins", "write the shorter time first: [20s, 40s]") }
        return LatencyRange(shortest, longest)
    }

    func items(atMost limit: Int) throws(FleetFileError) -> [Field] {
        guard let sequence = node.sequence else { throw error("is no list", "write a list: [a, b], or one '- ' line for each item") }
        guard sequence.count <= limit else { throw error("has \(sequence.count) items", "write at most \(limit)") }
        return sequence.enumerated().map { Field(path: "\(path)[\($0.offset)]", node: $0.element) }
    }

    func mapping() throws(FleetFileError) -> Mapping { try Mapping(self) }
}

/// The fields of a mapping; those that nobody asked for are refused by ``finish()``.
struct Mapping {
    private let whole: Field
    private let fields: [(key: String, field: Field)]
    private var known: [String] = []

    init(_ whole: Field) throws(FleetFileError) {
        self.whole = whole
        guard let mapping = whole.node.mapping else { throw whole.error("is no mapping", "write 'field: value' lines") }
        var fields: [(key: String, field: Field)] = []
        for (key, value) in mapping {
            let name = key.scalar?.string ?? ""
            let path = whole.path.isEmpty ? name : "\(whole.path).\(name)"
            fields.append((name, Field(path: path, node: value)))
        }
        self.fields = fields
    }

    /// The field of that name, if it is there.
    mutating func field(_ name: String) -> Field? {
        known.append(name)
        return fields.first { $0.key == name }?.field
    }

    mutating func required(_ name: String, _ example: String) throws(FleetFileError) -> Field {
        guard let field = field(name) else { throw whole.error("has no \(name)", "add '\(name): \(example)'") }
        return field
    }

    func finish() throws(FleetFileError) {
        for (key, field) in fields where !known.contains(key) {
            throw field.error("is an unknown field", "known here are \(known.sorted().joined(separator: ", "))")
        }
    }
}
