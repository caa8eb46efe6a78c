internal import Fleet
internal import Objects
internal import Planning

/// Runs a trace in virtual time through the planner and the autoscaler that run live.
public enum Replay {
    /// Runs a trace from its first event to its last.
    ///
    /// All hosts begin in the pool, switched off. Waiting pods are scheduled, hosts are claimed for those that fit
    /// nowhere, and idle hosts go back, each decided by the live planner's functions whenever something happened that can
    /// change their answer.
    public static func run(_ trace: ReplayTrace, options: ReplayOptions = ReplayOptions()) -> ReplayReport {
        var run = ReplayRun(trace, options: options)
        run.run()
        return run.report()
    }

    /// Reads the two tables and runs them, see ``ReplayTrace/init(nodes:pods:)``.
    public static func run(
        nodes: [UInt8], pods: [UInt8], options: ReplayOptions = ReplayOptions()
    ) throws(ReplayError) -> ReplayReport {
        run(try ReplayTrace(nodes: nodes, pods: pods), options: options)
    }
}

/// One replay under way.
struct ReplayRun {
    private let trace: ReplayTrace
    private let options: ReplayOptions
    private let group: NodeGroup
    private var fleet = Fleet()
    private var memory = ScaleDownMemory()
    private var events = EventQueue()
    private var meter: ReplayMeter
    private var counts = ReplayMeter.Counts()
    private let start: Int64
    private let end: Int64
    private var hosts: [BareMetalHost]
    private var hostIndex: [String: Int] = [:]
    private var podIndex: [String: Int] = [:]
    private var pods: [Pod]
    /// When a pod began to run; -1 while it waits.
    private var began: [Int64]
    private var waits: [Int64] = []
    private var neverPlaced: [String: Int] = [:]
    private var refused: [Int: Set<String>] = [:]
    private var deadline: Int64?
    /// Pods on each node, by host; a change between none and some is what scale-down waits for.
    private var podsOnHost: [Int]
    private var passes = ReplayReport.Passes()

    private var mustPlace = false
    private var mustShrink = false

    init(_ trace: ReplayTrace, options: ReplayOptions) {
        self.trace = trace
        self.options = options
        group = ReplayObjects.group(options, hosts: trace.hosts.count)
        hosts = trace.hosts.map(ReplayObjects.host)
        pods = trace.pods.map(ReplayObjects.pod)
        began = [Int64](repeating: -1, count: trace.pods.count)
        podsOnHost = [Int](repeating: 0, count: trace.hosts.count)
        start = trace.pods.map(\.creation).min() ?? 0
        end = trace.pods.map { max($0.creation, $0.deletion ?? 0) }.max() ?? 0
        meter = ReplayMeter(start: start, end: end, points: options.points)
        fleet.apply(.nodeGroup(group))
        for (index, host) in hosts.enumerated() {
            hostIndex[host.metadata.name] = index
            fleet.apply(.host(host))
        }
        for (index, pod) in trace.pods.enumerated() {
            podIndex[pod.name] = index
            // A pod that ends as it begins asks for nothing.
            if pod.deletion == pod.creation { continue }
            events.add(pod.creation, .podCreated, index)
            if let deletion = pod.deletion { events.add(deletion, .podDeleted, index) }
        }
    }

    mutating func run() {
        while let time = events.nextTime, time <= end {
            meter.advance(to: time, counts)
            while let entry = events.pop(at: time) { happen(entry, at: time) }
            decide(at: time)
        }
        meter.advance(to: end, counts)
    }

    // MARK: What happens

    private mutating func happen(_ entry: EventQueue.Entry, at time: Int64) {
        switch entry.event {
        case .podCreated:
            fleet.apply(.pod(pods[entry.index]))
            counts.waiting += 1
            mustPlace = true
        case .podDeleted: podDeleted(entry.index)
        case .nodeReady:
            hosts[entry.index].state = .provisioned
            fleet.apply(.host(hosts[entry.index]))
            let allocatable = ReplayObjects.allocatable(trace.hosts[entry.index], hosts[entry.index])
            fleet.apply(.node(NodeTemplates.node(for: hosts[entry.index], group: group, allocatable: allocatable)))
            mustPlace = true
            mustShrink = true
        case .hostReturned:
            hosts[entry.index].state = .available
            hosts[entry.index].consumer = nil
            hosts[entry.index].hasConsumer = false
            fleet.apply(.host(hosts[entry.index]))
            counts.hosts -= 1
            mustPlace = true
        case .deadline: mustShrink = true
        }
    }

    private mutating func podDeleted(_ index: Int) {
        let key = pods[index].key
        if began[index] >= 0 {
            counts.running -= 1
            if let host = fleet.pod(key).flatMap({ hostIndex[$0.nodeName] }) {
                podsOnHost[host] -= 1
                if podsOnHost[host] == 0 { mustShrink = true }
            }
        } else {
            counts.waiting -= 1
            let reasons = refused[index].map { $0.sorted().joined(separator: "; ") }
            neverPlaced[reasons ?? "deleted before its host was ready", default: 0] += 1
        }
        fleet.apply(.podRemoved(key))
        mustPlace = true
    }

    // MARK: What is decided

    private mutating func decide(at time: Int64) {
        if mustPlace, counts.waiting > 0 {
            place(at: time)
            if counts.waiting > 0 { grow(at: time) }
        }
        mustPlace = false
        if mustShrink { shrink(at: time) }
        mustShrink = false
    }

    private mutating func place(at time: Int64) {
        passes.scheduling += 1
        for (key, node) in Scheduler.plan(&fleet, options: options.scheduling).bindings {
            guard let index = podIndex[key.name], let host = hostIndex[node] else { continue }
            pods[index].nodeName = node
            pods[index].phase = "Running"
            fleet.apply(.pod(pods[index]))
            began[index] = time
            waits.append(time - trace.pods[index].creation)
            counts.waiting -= 1
            counts.running += 1
            if podsOnHost[host] == 0 { mustShrink = true }
            podsOnHost[host] += 1
        }
    }

    private mutating func grow(at time: Int64) {
        passes.scaleUp += 1
        var scaleUp = ScaleUpOptions()
        scaleUp.scheduling = options.scheduling
        let plan = ScaleUp.plan(&fleet, options: scaleUp)
        for (key, claim) in plan.claims {
            guard let index = hostIndex[key.name] else { continue }
            hosts[index].consumer = claim
            hosts[index].hasConsumer = true
            hosts[index].isOnline = true
            hosts[index].image = HostImage(url: "trace", checksum: "")
            hosts[index].state = .provisioning
            fleet.apply(.host(hosts[index]))
            counts.hosts += 1
            events.add(time + options.bootLatency, .nodeReady, index)
            memory.recordAdd(group: group.metadata.name, at: Timestamp(seconds: time))
            mustShrink = true
        }
        for refusal in plan.refusals {
            guard case .pods(let keys) = refusal.subject else { continue }
            let texts = Set(refusal.reasons.map(\.reason.text))
            for key in keys {
                if let index = podIndex[key.name] { refused[index, default: []].formUnion(texts) }
            }
        }
    }

    private mutating func shrink(at time: Int64) {
        passes.scaleDown += 1
        var settings = ScaleDownOptions()
        settings.scheduling = options.scheduling
        let result = ScaleDown.plan(&fleet, memory: memory, options: settings, now: Timestamp(seconds: time))
        memory = result.memory
        for action in result.plan.actions {
            // Pods of a trace are not safe to evict, so only idle nodes go; and every claimed host comes in time.
            guard case .removeEmpty(let node, _) = action, let index = hostIndex[node] else { continue }
            fleet.apply(.nodeRemoved(node))
            hosts[index].isOnline = false
            hosts[index].image = nil
            hosts[index].state = .deprovisioning
            fleet.apply(.host(hosts[index]))
            events.add(time + options.releaseLatency, .hostReturned, index)
        }
        if let next = result.nextDeadline?.seconds, next > time, deadline ?? .max > next || deadline ?? 0 <= time {
            deadline = next
            events.add(next, .deadline)
        }
    }

    // MARK: The report

    func report() -> ReplayReport {
        var report = ReplayReport()
        report.options = options
        report.hosts = trace.hosts.count
        report.pods = trace.pods.count
        report.start = start
        report.end = end
        report.peakHosts = Int(meter.peakHosts)
        report.hostSeconds = meter.sums.hosts
        report.requestedPodSeconds = trace.pods.reduce(0) { $0 + ($1.deletion ?? end) - $1.creation }
        report.placedPodSeconds = meter.sums.running
        report.lostPodSeconds = meter.sums.waiting
        report.podsPlaced = waits.count
        report.podsWithoutLifetime = trace.pods.count { $0.deletion == $0.creation }
        report.podsNeverPlaced = neverPlaced
        let stillWaiting = Int(counts.waiting)
        if stillWaiting > 0 { report.podsNeverPlaced["still waiting at the end of the trace", default: 0] += stillWaiting }
        var refusals: [String: Int] = [:]
        for texts in refused.values { for text in texts { refusals[text, default: 0] += 1 } }
        report.refusals = refusals
        report.waits = waits.sorted()
        report.violations = fleet.violations()
        report.passes = passes
        report.series = meter.series(end: end)
        return report
    }
}
