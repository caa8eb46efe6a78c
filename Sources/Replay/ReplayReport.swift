public import Objects
internal import Planning

/// What a replay found.
public struct ReplayReport: Sendable {
    /// Means over one interval of the series.
    public struct Point: Sendable, Equatable {
        /// Seconds since the start of the trace at which the interval begins.
        public var second: Int64
        public var hosts: Double
        public var peakHosts: Int
        public var running: Double
        public var waiting: Double
    }

    /// How often each planner ran.
    public struct Passes: Sendable, Equatable {
        public var scheduling = 0
        public var scaleUp = 0
        public var scaleDown = 0
    }

    public internal(set) var options = ReplayOptions()
    /// Hosts of the static fleet.
    public internal(set) var hosts = 0
    public internal(set) var pods = 0
    /// The first second of the trace.
    public internal(set) var start: Int64 = 0
    /// The last second of the trace.
    public internal(set) var end: Int64 = 0
    /// The most hosts in use at once: from the claim until back in the pool.
    public internal(set) var peakHosts = 0
    public internal(set) var hostSeconds: Int64 = 0
    /// From creation to deletion (or the end of the trace), summed over the pods.
    public internal(set) var requestedPodSeconds: Int64 = 0
    /// Pods that ran, summed over time while the replay went on.
    public internal(set) var placedPodSeconds: Int64 = 0
    /// Pods that waited, summed over time while the replay went on: deletion times are fixed, so what a pod waits it loses.
    public internal(set) var lostPodSeconds: Int64 = 0
    public internal(set) var podsPlaced = 0
    /// Pods that were deleted the second they were created; they ask for nothing.
    public internal(set) var podsWithoutLifetime = 0
    /// Pods that never ran, by reason.
    public internal(set) var podsNeverPlaced: [String: Int] = [:]
    /// Pods that some pass of scale-up refused, by the reason's text; a pod may have several.
    public internal(set) var refusals: [String: Int] = [:]
    /// Seconds that each placed pod waited, ascending.
    public internal(set) var waits: [Int64] = []
    /// Broken invariants of the ledger at the end; empty.
    public internal(set) var violations: [String] = []
    public internal(set) var passes = Passes()
    public internal(set) var series: [Point] = []

    public var seconds: Int64 { max(1, end - start) }
    public var meanHosts: Double { Double(hostSeconds) / Double(seconds) }
    public var hostHours: Double { Double(hostSeconds) / 3_600 }
    /// Host-hours of all hosts being on all the time.
    public var staticHostHours: Double { Double(hosts) * Double(seconds) / 3_600 }
    /// Whether placed and lost pod-seconds add up to the requested ones, to the second.
    public var isBalanced: Bool { placedPodSeconds + lostPodSeconds == requestedPodSeconds }

    /// The waiting time that a share of the placed pods did not exceed; 0 where none was placed.
    public func wait(quantile: Double) -> Int64 {
        guard !waits.isEmpty else { return 0 }
        let rank = (quantile * Double(waits.count)).rounded(.up)
        return waits[min(waits.count - 1, max(0, Int(rank) - 1))]
    }

    // MARK: Output

    /// Everything as a value.
    public var json: JSON {
        [
            "trace": [
                "hosts": .integer(Int64(hosts)), "pods": .integer(Int64(pods)), "startSecond": .integer(start), "endSecond": .integer(end),
            ],
            "options": [
                "bootLatencySeconds": .integer(options.bootLatency), "releaseLatencySeconds": .integer(options.releaseLatency),
                "scaleDownUnneededSeconds": .integer(options.scaleDownUnneededTime),
                "scaleDownDelayAfterAddSeconds": .integer(options.scaleDownDelayAfterAdd),
                "scoringStrategy": .string(options.scheduling.strategy.rawValue),
            ],
            "hostsInUse": ["peak": .integer(Int64(peakHosts)), "mean": ReplayText.rounded(meanHosts)],
            "hostHours": [
                "used": ReplayText.rounded(hostHours), "static": ReplayText.rounded(staticHostHours),
                "share": ReplayText.rounded(hostHours / max(1e-9, staticHostHours), digits: 5),
            ],
            "pendingSeconds": [
                "p50": .integer(wait(quantile: 0.5)), "p99": .integer(wait(quantile: 0.99)), "max": .integer(waits.last ?? 0),
            ],
            "pods": [
                "placed": .integer(Int64(podsPlaced)), "withoutLifetime": .integer(Int64(podsWithoutLifetime)),
                "neverPlaced": ReplayText.counts(podsNeverPlaced),
            ],
            "refusals": ReplayText.counts(refusals),
            "podSeconds": [
                "requested": .integer(requestedPodSeconds), "placed": .integer(placedPodSeconds), "lost": .integer(lostPodSeconds),
                "isBalanced": .bool(isBalanced),
            ],
            "passes": [
                "scheduling": .integer(Int64(passes.scheduling)), "scaleUp": .integer(Int64(passes.scaleUp)),
                "scaleDown": .integer(Int64(passes.scaleDown)),
            ],
            "violations": .array(violations.map { .string($0) }),
            "series": .array(
                series.map { point in
                    [
                        "second": .integer(point.second), "hosts": ReplayText.rounded(point.hosts),
                        "peakHosts": .integer(Int64(point.peakHosts)),
                        "running": ReplayText.rounded(point.running), "waiting": ReplayText.rounded(point.waiting),
                    ]
                }),
        ]
    }

    /// The figures as lines of name and value, for a terminal and for the page.
    public var figures: [(name: String, value: String)] {
        let share = 100 * hostHours / max(1e-9, staticHostHours)
        var lines = [
            ("hosts in the fleet", "\(hosts)"),
            ("hosts in use, peak", "\(peakHosts)"),
            ("hosts in use, mean", ReplayText.fixed(meanHosts, 2)),
            ("host-hours", ReplayText.fixed(hostHours, 1)),
            ("host-hours, static fleet", ReplayText.fixed(staticHostHours, 1)),
            ("share of the static fleet", "\(ReplayText.fixed(share, 2)) %"),
            ("pods placed", "\(podsPlaced) of \(pods)"),
            ("pending time, p50", "\(wait(quantile: 0.5)) s"),
            ("pending time, p99", "\(wait(quantile: 0.99)) s"),
            ("pending time, max", "\(waits.last ?? 0) s"),
        ]
        for (reason, count) in podsNeverPlaced.sorted(by: { $0.key < $1.key }) { lines.append(("never placed: \(reason)", "\(count)")) }
        if podsWithoutLifetime > 0 { lines.append(("pods without a lifetime", "\(podsWithoutLifetime)")) }
        for (reason, count) in refusals.sorted(by: { $0.key < $1.key }) {
            lines.append(("refused by scale-up: \(reason)", "\(count) pods"))
        }
        lines.append(("pod-seconds placed + lost", "\(placedPodSeconds) + \(lostPodSeconds)"))
        lines.append(("pod-seconds requested", "\(requestedPodSeconds) (\(isBalanced ? "adds up" : "DOES NOT ADD UP"))"))
        return lines
    }

    /// The figures as text, one a line.
    public var summary: String {
        let width = figures.map(\.name.count).max() ?? 0
        return figures.map { "\($0.name)\(String(repeating: " ", count: width - $0.name.count))  \($0.value)" }.joined(separator: "\n")
    }
}

/// Numbers as text.
enum ReplayText {
    static func rounded(_ value: Double, digits: Int = 3) -> JSON {
        var scale = 1.0
        for _ in 0..<digits { scale *= 10 }
        return JSON((value * scale).rounded() / scale)
    }

    static func counts(_ counts: [String: Int]) -> JSON {
        .object(JSONObject(counts.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .integer(Int64($0.value))) }))
    }

    /// A number with that many decimals.
    static func fixed(_ value: Double, _ digits: Int) -> String {
        var scale: Int64 = 1
        for _ in 0..<digits { scale *= 10 }
        let whole = Int64((value.magnitude * Double(scale)).rounded())
        let sign = value < 0 && whole > 0 ? "-" : ""
        if digits == 0 { return "\(sign)\(whole)" }
        let fraction = String(whole % scale)
        return "\(sign)\(whole / scale).\(String(repeating: "0", count: digits - fraction.count))\(fraction)"
    }
}
