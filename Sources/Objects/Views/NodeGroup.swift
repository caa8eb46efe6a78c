/// What Sluice's code reads of a NodeGroup, settings filled in with the peer's defaults.
public struct NodeGroup: ResourceView {
    public static let resource = ResourceName(
        group: "sluice.dev", version: "v1alpha1", kind: "NodeGroup", plural: "nodegroups", isNamespaced: false)

    /// How to choose among NodeGroups that could take the same pods.
    public enum Expander: String, Sendable, Hashable {
        case random
        case mostPods = "most-pods"
        case leastWaste = "least-waste"
    }

    public var metadata: ObjectMeta
    public var minSize: Int64
    public var maxSize: Int64
    /// Which hosts may serve; everything where absent, nothing where unreadable (`nil`).
    public var hostSelector: LabelSelector?
    public var labels: [String: String]
    public var annotations: [String: String]
    public var taints: [Taint]
    public var expander: Expander
    public var image: HostImage?
    public var isScaleDownEnabled: Bool
    public var scaleDownUnneededTime: Duration
    public var scaleDownUnreadyTime: Duration
    public var scaleDownDelayAfterAdd: Duration
    public var scaleDownDelayAfterDelete: Duration
    public var scaleDownDelayAfterFailure: Duration
    public var scaleDownUtilizationThreshold: Double
    public var maxNodeProvisionTime: Duration
    public var maxGracefulTermination: Duration
    public var status: JSON

    public init(_ object: JSON) {
        let spec = object["spec"]
        func duration(_ name: String, _ standard: Duration) -> Duration {
            spec?[name]?.string.flatMap { Duration(goText: $0) } ?? standard
        }
        metadata = ObjectMeta(object["metadata"])
        minSize = spec?["minSize"]?.integer ?? 0
        maxSize = spec?["maxSize"]?.integer ?? 0
        hostSelector = spec?["hostSelector"].map { LabelSelector($0) } ?? .everything
        labels = spec?["template", "labels"]?.stringMap ?? [:]
        annotations = spec?["template", "annotations"]?.stringMap ?? [:]
        taints = (spec?["template", "taints"]?.array ?? []).map(Taint.init)
        expander = spec?["expander"]?.string.flatMap(Expander.init(rawValue:)) ?? .leastWaste
        image = HostImage(spec?["image"])
        isScaleDownEnabled = spec?["scaleDownEnabled"]?.bool ?? true
        scaleDownUnneededTime = duration("scaleDownUnneededTime", .seconds(600))
        scaleDownUnreadyTime = duration("scaleDownUnreadyTime", .seconds(1_200))
        scaleDownDelayAfterAdd = duration("scaleDownDelayAfterAdd", .seconds(600))
        scaleDownDelayAfterDelete = duration("scaleDownDelayAfterDelete", .seconds(0))
        scaleDownDelayAfterFailure = duration("scaleDownDelayAfterFailure", .seconds(180))
        scaleDownUtilizationThreshold = spec?["scaleDownUtilizationThreshold"]?.double ?? 0.5
        maxNodeProvisionTime = duration("maxNodeProvisionTime", .seconds(900))
        maxGracefulTermination = .seconds(spec?["maxGracefulTerminationSeconds"]?.integer ?? 600)
        status = object["status"] ?? [:]
    }

    public var claim: HostClaim { HostClaim(kind: .nodeGroup, name: metadata.name) }
}

extension Duration {
    /// Reads Go's form, such as `10m`, `1h30m`, `1.5s` or `500ms`; `nil` for anything else, more than 2⁶³−1 nanoseconds
    /// among it.
    public init?(goText text: String) {
        var rest = Substring(text)
        var isNegative = false
        if rest.first == "-" || rest.first == "+" { isNegative = rest.removeFirst() == "-" }
        if rest == "0" {
            self = .zero
            return
        }
        guard !rest.isEmpty else { return nil }
        // In billionths and whole numbers: sums of doubles lose a microsecond here and there.
        let scales: [String: Int128] = [
            "ns": 1, "us": 1_000, "\u{b5}s": 1_000, "\u{3bc}s": 1_000, "ms": 1_000_000, "s": 1_000_000_000,
            "m": 60_000_000_000, "h": 3_600_000_000_000,
        ]
        var total: Int128 = 0
        while !rest.isEmpty {
            let number = rest.prefix { $0.isASCII && $0.isNumber || $0 == "." }
            rest = rest.dropFirst(number.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            let parts = number.split(separator: ".", omittingEmptySubsequences: false)
            let fraction = parts.count > 1 ? parts[1].prefix(18) : ""
            guard let scale = scales[String(unit)], parts.count <= 2, number.count > parts.count - 1,
                let whole = Int64(parts[0].isEmpty ? "0" : parts[0]), let part = Int64(fraction.isEmpty ? "0" : fraction)
            else { return nil }
            let divisor = (0..<fraction.count).reduce(1 as Int128) { product, _ in product * 10 }
            total += Int128(whole) * scale + Int128(part) * scale / divisor
        }
        guard let nanoseconds = Int64(exactly: isNegative ? -total : total) else { return nil }
        self = .nanoseconds(nanoseconds)
    }
}
