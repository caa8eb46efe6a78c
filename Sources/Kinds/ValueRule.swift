internal import Objects

/// Checks of kind files that need code, named in a file by `rule(NAME)`.
enum ValueRule: String, Sendable {
    /// A port number 1–65535, or the name of a port where the type allows one.
    case port
    case dnsLabel
    case dnsSubdomain
    case labelKey
    /// A map of label keys to label values.
    case labels
    case annotations
    /// A map whose keys are those of a config map.
    case configKeys
    /// A map of resource names to quantities.
    case quantities
    /// A container's `resources`.
    case resources
    case podSpec
    /// The `spec` of a Deployment or ReplicaSet.
    case workloadSelector
    case labelRequirement

    /// What is wrong with a value whose type is known to be right; paths are relative to it.
    func check(_ value: JSON) -> [FieldError] {
        switch self {
        case .port: Self.port(value)
        case .dnsLabel: Self.named(value, NameRules.label)
        case .dnsSubdomain: Self.named(value, NameRules.subdomain)
        case .labelKey: Self.named(value, NameRules.qualifiedName)
        case .labels: NameRules.labels(value, path: "")
        case .annotations: NameRules.annotations(value, path: "")
        case .configKeys: Self.keys(value, NameRules.configKey)
        case .quantities: Self.keys(value, NameRules.qualifiedName)
        case .resources: WorkloadRules.resources(value)
        case .podSpec: WorkloadRules.podSpec(value)
        case .workloadSelector: WorkloadRules.selector(value)
        case .labelRequirement: WorkloadRules.labelRequirement(value)
        }
    }

    private static func port(_ value: JSON) -> [FieldError] {
        if let number = value.integer {
            return (1...65_535).contains(number) ? [] : [.invalid("", value, "must be between 1 and 65535, inclusive")]
        }
        guard let name = value.string else { return [] }
        let bytes = Array(name.utf8)
        let isLetter = { (byte: UInt8) in byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z") }
        let isFit = { (byte: UInt8) in isLetter(byte) || byte == UInt8(ascii: "-") || (byte >= 0x30 && byte <= 0x39) }
        var problems: [String] = []
        if bytes.count > 15 { problems.append("must be no more than 15 characters") }
        if !bytes.allSatisfy(isFit) { problems.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)") }
        if !bytes.contains(where: isLetter) { problems.append("must contain at least one letter (a-z)") }
        if name.contains("--") { problems.append("must not contain consecutive hyphens") }
        if bytes.first == UInt8(ascii: "-") || bytes.last == UInt8(ascii: "-") { problems.append("must not begin or end with a hyphen") }
        return problems.map { .invalid("", value, $0) }
    }

    private static func named(_ value: JSON, _ rule: (String) -> [String]) -> [FieldError] {
        // An empty name is reported as missing.
        guard case .string(let name) = value, !name.isEmpty else { return [] }
        return rule(name).map { .invalid("", value, $0) }
    }

    private static func keys(_ value: JSON, _ rule: (String) -> [String]) -> [FieldError] {
        guard case .object(let members) = value else { return [] }
        var errors: [FieldError] = []
        for member in members { errors += rule(member.key).map { .invalid("[\(member.key)]", .string(member.key), $0) } }
        return errors
    }
}
