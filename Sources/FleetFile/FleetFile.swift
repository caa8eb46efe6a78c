internal import FleetData
internal import Objects
public import Simulation
internal import Yams

/// Reads fleets from YAML; `examples/fleets/rack40.yaml` shows every field.
public enum FleetFile {
    /// No fleet may have more hosts.
    public static let largestHostCount: Int64 = 100_000

    private static let largestSize = 256 << 10
    private static let longestLine = 400
    private static let deepestNesting = 16

    // MARK: - Built-in fleets

    /// The names of the fleets that the program brings along.
    public static var names: [String] {
        (0..<sluice_fleet_file_count()).map { String(cString: sluice_fleet_file_at($0).name) }
    }

    /// The text of a fleet that the program brings along; `nil` for other names.
    public static func text(named name: String) -> String? {
        for index in 0..<sluice_fleet_file_count() {
            let file = sluice_fleet_file_at(index)
            if String(cString: file.name) == name {
                return String(decoding: UnsafeBufferPointer(start: file.bytes, count: file.count), as: UTF8.self)
            }
        }
        return nil
    }

    /// The fleet of that name that the program brings along; `nil` for other names.
    public static func named(_ name: String) throws(FleetFileError) -> FleetSpecification? {
        guard let text = text(named: name) else { return nil }
        return try read(text)
    }

    // MARK: - Reading

    /// Reads the text of a fleet file.
    public static func read(_ text: String) throws(FleetFileError) -> FleetSpecification {
        try checkShape(text)
        let root: Yams.Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw syntaxError(error)
        } catch {
            throw FleetFileError(problem: "is no YAML", remedy: "see examples/fleets/rack40.yaml")
        }
        guard let root else { throw FleetFileError(problem: "the file is empty", remedy: "see examples/fleets/rack40.yaml") }
        return try fleet(Field(path: "", node: root))
    }

    /// Refuses what could exhaust the YAML reader: it recurses once for each level.
    private static func checkShape(_ text: String) throws(FleetFileError) {
        guard text.utf8.count <= largestSize else {
            throw FleetFileError(problem: "the file has more than \(largestSize >> 10) KiB", remedy: "use groups with a count")
        }
        var (line, column, depth) = (1, 0, 0)
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\n"): (line, column) = (line + 1, 0)
            case UInt8(ascii: "["), UInt8(ascii: "{"): depth += 1
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth = max(0, depth - 1)
            default: break
            }
            column += 1
            guard column <= longestLine, depth <= deepestNesting else {
                throw FleetFileError(
                    line: line, problem: "the line is too long or too deeply nested",
                    remedy: "use lines of up to \(longestLine) bytes and up to \(deepestNesting) brackets within each other")
            }
        }
    }

    private static func syntaxError(_ error: YamlError) -> FleetFileError {
        let remedy = "check indentation, colons and quotes there"
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _), .composer(_, let problem, let mark, _):
            return FleetFileError(line: mark.line, problem: "is no YAML: \(problem)", remedy: remedy)
        case .duplicatedKeysInMapping(let duplicates, let context):
            let names = duplicates.sorted().map { "'\($0)'" }.joined(separator: ", ")
            return FleetFileError(line: context.mark.line, problem: "the mapping has \(names) more than once", remedy: "keep one")
        default: return FleetFileError(problem: "is no YAML", remedy: "save it as UTF-8 text and \(remedy)")
        }
    }

    private static func fleet(_ field: Field) throws(FleetFileError) -> FleetSpecification {
        var mapping = try field.mapping()
        let name = try mapping.required("name", "rack1").name()
        let seed = try mapping.field("seed")?.integer(0...Int64.max) ?? 1
        let timeScale = try mapping.field("timeScale")?.number(0.001...1_000) ?? 1
        let list = try mapping.required("groups", "[…]")
        var groups: [FleetSpecification.Group] = []
        var hostCount: Int64 = 0
        for item in try list.items(atMost: 1_000) {
            let group = try group(item)
            if groups.contains(where: { $0.namePrefix == group.namePrefix }) {
                throw item.error("has the namePrefix of another group", "give each group a namePrefix of its own")
            }
            hostCount += Int64(group.count)
            groups.append(group)
        }
        guard (1...largestHostCount).contains(hostCount) else {
            throw list.error("gives \(hostCount) hosts", "have from 1 to \(largestHostCount) hosts")
        }
        var fleet = FleetSpecification(name: name, groups: groups, seed: UInt64(seed))
        if let field = mapping.field("latencies") { fleet.latencies = try latencies(field) }
        fleet.latencies.timeScale = timeScale
        let hosts = fleet.hosts
        let names = Set(hosts.map(\.name))
        guard names.count == hosts.count else {
            throw list.error("gives two hosts the same name", "choose prefixes that end in a hyphen")
        }
        if let field = mapping.field("faults") { fleet.faults = try FaultReading.faults(field, hosts: names) }
        try mapping.finish()
        return fleet
    }

    private static func group(_ field: Field) throws(FleetFileError) -> FleetSpecification.Group {
        var mapping = try field.mapping()
        // The number has up to six digits.
        let prefix = try mapping.required("namePrefix", "r64-").name(longest: 57)
        var group = FleetSpecification.Group(
            namePrefix: prefix, count: Int(try mapping.required("count", "10").integer(1...largestHostCount)),
            model: try mapping.required("model", "r64").label(), cores: try mapping.required("cores", "64").integer(1...4_096),
            memoryBytes: try mapping.required("memory", "256Gi").bytes())
        if let field = mapping.field("numaNodes") { group.numaNodes = try field.integer(1...min(64, group.cores)) }
        if let field = mapping.field("maxPods") { group.maximumPods = try field.integer(1...250) }
        if let field = mapping.field("gpus") { group.accelerators = try accelerators(field) }
        if let field = mapping.field("racks") {
            for item in try field.items(atMost: 10_000) { group.racks.append(try item.label()) }
        }
        try mapping.finish()
        return group
    }

    private static func accelerators(_ field: Field) throws(FleetFileError) -> FleetSpecification.Accelerators {
        var mapping = try field.mapping()
        let accelerators = FleetSpecification.Accelerators(
            model: try mapping.required("model", "A100").label(),
            count: try mapping.required("count", "8").integer(1...64),
            memoryBytes: try mapping.required("memory", "80Gi").bytes())
        try mapping.finish()
        return accelerators
    }

    private static func latencies(_ field: Field) throws(FleetFileError) -> Latencies {
        var mapping = try field.mapping()
        var latencies = Latencies()
        let known: [(String, WritableKeyPath<Latencies, LatencyRange>)] = [
            ("managementCall", \.managementCall), ("managementTimeout", \.managementTimeout), ("register", \.register),
            ("inspect", \.inspect), ("powerOn", \.powerOn), ("boot", \.boot), ("nodeRegistration", \.nodeRegistration),
            ("erase", \.erase), ("agentRestart", \.agentRestart), ("podStart", \.podStart), ("podStop", \.podStop),
            ("imagePull", \.imagePull),
        ]
        for (name, path) in known {
            if let field = mapping.field(name) { latencies[keyPath: path] = try field.latency() }
        }
        try mapping.finish()
        return latencies
    }
}
