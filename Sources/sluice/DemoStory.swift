import Glibc
import KubeClient
import Objects
import Ports
import Synchronization

/// The demonstration's course: demand comes, is served, goes; every step waits for the plane, not for the clock.
struct DemoStory: Sendable {
    private let client: KubeClient
    private let time: any TimeSource
    private let limit: Duration
    private let observer: DemoObserver

    init(client: KubeClient, time: any TimeSource, limit: Duration) {
        self.client = client
        self.time = time
        self.limit = limit
        observer = DemoObserver(client: client, time: time)
    }

    func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await observer.run() }
            group.addTask {
                try await tell()
                print("\n" + observer.summary())
            }
            // The observer only ends when it is cancelled: the first to end is the story.
            try await group.next()
            group.cancelAll()
        }
    }

    private func tell() async throws {
        try await step("40 hosts register and are inspected", until: { $0.available == 40 })
        for group in ["containers", "vms"] {
            try await client.create(NodeGroup.resource, DemoDemand.nodeGroup(group, maxSize: group == "vms" ? 6 : 20))
        }
        try await client.create(Namespace.resource, ["metadata": ["name": "tenant-a"]])
        try await client.create(Namespace.resource, ["metadata": ["name": "tenant-b"]])
        try await client.create(Deployment.resource, namespace: "default", DemoDemand.deployment("web", replicas: 200))
        for number in 1...10 {
            try await client.create(VirtualMachine.resource, namespace: "default", DemoDemand.virtualMachine("vm\(number)"))
        }
        for tenant in ["tenant-a", "tenant-b"] {
            try await client.create(BareMetalInstance.resource, namespace: tenant, DemoDemand.tenant("db1", namespace: tenant))
        }
        try await step(
            "200 containers, 10 virtual machines and 2 bare-metal tenants arrive",
            until: { $0.running == 210 && $0.tenantsRunning == 2 })
        let web = ObjectKey(namespace: "default", name: "web")
        try await client.patch(Deployment.resource, web, ["spec": ["replicas": 60]], subresource: "scale")
        try await step("the web application shrinks to 60: nodes drain", until: { $0.running == 70 && $0.hosts("containers") <= 3 })
        try await client.patch(Deployment.resource, web, ["spec": ["replicas": 0]], subresource: "scale")
        for number in 1...10 {
            try await client.delete(VirtualMachine.resource, ObjectKey(namespace: "default", name: "vm\(number)"))
        }
        try await step(
            "the demand ends: hosts are wiped and return; the tenants keep theirs",
            until: { $0.available == 38 && $0.tenantsRunning == 2 })
    }

    /// Prints the state each second until a condition holds.
    private func step(_ title: String, until condition: (DemoSample) -> Bool) async throws {
        print("== \(title)")
        print("   time   pool  containers  vms  tenants  other | pods pending  running")
        let deadline = observer.start + limit
        var last = ""
        while true {
            let sample = observer.sample()
            let line = sample.line
            if line != last { print("\(DemoObserver.clock(sample.elapsed))  \(line)") }
            fflush(nil)
            last = line
            if condition(sample) { return }
            guard time.now() < deadline else { throw CommandFailure("the demonstration did not reach: \(title); see --timeout") }
            try await time.sleep(for: .seconds(1))
        }
    }
}

/// The pool at one moment.
struct DemoSample: Sendable {
    var elapsed: Duration
    var available = 0
    var byRole: [String: Int] = [:]
    var other = 0
    var pending = 0
    var running = 0
    var tenantsRunning = 0

    func hosts(_ role: String) -> Int { byRole[role] ?? 0 }

    var line: String {
        func cell(_ value: Int, _ width: Int) -> String {
            let text = String(value)
            return String(repeating: " ", count: max(0, width - text.count)) + text
        }
        return cell(available, 5) + cell(hosts("containers"), 12) + cell(hosts("vms"), 5) + cell(hosts("tenants"), 9) + cell(other, 7)
            + " |" + cell(pending, 13) + cell(running, 9)
    }
}

/// Follows hosts and pods by watch, and keeps what the summary needs.
final class DemoObserver: Sendable {
    private struct PodTimes {
        var seen: Timestamp
        var running: Timestamp?
    }

    private struct State {
        var pods: [String: PodTimes] = [:]
        /// One a second.
        var samples: [DemoSample] = []
    }

    let start: Timestamp
    private let time: any TimeSource
    private let hosts: Informer<BareMetalHost>
    private let pods: Informer<Pod>
    private let tenants: Informer<BareMetalInstance>
    private let state = Mutex(State())

    init(client: KubeClient, time: any TimeSource) {
        self.time = time
        start = time.now()
        hosts = Informer(client: client, time: time)
        pods = Informer(client: client, time: time)
        tenants = Informer(client: client, time: time)
        pods.onEvent { [weak self] event in self?.note(event.object) }
    }

    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.hosts.run() }
            group.addTask { await self.pods.run() }
            group.addTask { await self.tenants.run() }
            group.addTask {
                while !Task.isCancelled {
                    let sample = self.sample()
                    self.state.withLock { $0.samples.append(sample) }
                    do { try await self.time.sleep(for: .seconds(1)) } catch { return }
                }
            }
        }
    }

    private func note(_ pod: Pod) {
        let now = time.now()
        state.withLock { state in
            var times = state.pods[pod.metadata.uid] ?? PodTimes(seen: now)
            if pod.phase == "Running", times.running == nil { times.running = now }
            state.pods[pod.metadata.uid] = times
        }
    }

    func sample() -> DemoSample {
        var sample = DemoSample(elapsed: time.now() - start)
        for host in hosts.objects() {
            switch host.consumer {
            case nil: if host.isClaimable { sample.available += 1 } else { sample.other += 1 }
            case let claim? where claim.kind == .nodeGroup: sample.byRole[claim.name, default: 0] += 1
            default: sample.byRole["tenants", default: 0] += 1
            }
        }
        for pod in pods.objects() where !pod.metadata.isDeleting {
            if pod.phase == "Running" { sample.running += 1 } else if pod.phase == "Pending" { sample.pending += 1 }
        }
        sample.tenantsRunning = tenants.objects { $0.phase == "Running" }.count
        return sample
    }

    /// The closing table.
    func summary() -> String {
        let (pods, samples) = state.withLock { ($0.pods, $0.samples) }
        let waits = pods.values.compactMap { times in times.running.map { ($0 - times.seen).inSeconds } }.sorted()
        var hours: [String: Double] = [:]
        var peaks: [String: Int] = [:]
        var previous = Duration.zero
        for sample in samples {
            let length = (sample.elapsed - previous).inSeconds / 3_600
            previous = sample.elapsed
            for role in ["containers", "vms", "tenants"] {
                hours[role, default: 0] += Double(sample.hosts(role)) * length
                peaks[role] = max(peaks[role] ?? 0, sample.hosts(role))
            }
        }
        let used = hours.values.reduce(0, +)
        let total = Double(hosts.count) * previous.inSeconds / 3_600
        var table = TextTable(["ROLE", "PEAK HOSTS", "HOST-HOURS"])
        for role in ["containers", "vms", "tenants"] {
            table.add([role, String(peaks[role] ?? 0), DemoObserver.decimal(hours[role] ?? 0)])
        }
        table.add(["all, from the pool", String(samples.map { $0.byRole.values.reduce(0, +) }.max() ?? 0), DemoObserver.decimal(used)])
        table.add(["static pool", String(hosts.count), DemoObserver.decimal(total)])
        let saved = total > 0 ? Int((100 * (1 - used / total)).rounded()) : 0
        func quantile(_ share: Double) -> String {
            waits.isEmpty ? "-" : DemoObserver.decimal(waits[min(waits.count - 1, Int(share * Double(waits.count)))]) + " s"
        }
        return """
            == Summary after \(DemoObserver.clock(previous))
            \(table.text)
            pods placed: \(waits.count) of \(pods.count); pending to running: p50 \(quantile(0.5)), p99 \(quantile(0.99))
            \(saved)% fewer host-hours than a static pool of \(hosts.count) hosts
            hosts over time: c containers, v machines, t tenants; a column is \(DemoObserver.clock(DemoObserver.columnWidth(samples)))
            \(DemoObserver.chart(samples))
            """
    }

    private static func columnWidth(_ samples: [DemoSample]) -> Duration {
        .seconds(max(1, (samples.count + 71) / 72))
    }

    /// One row for every two hosts, the oldest sample on the left.
    private static func chart(_ samples: [DemoSample]) -> String {
        let step = max(1, (samples.count + 71) / 72)
        let columns = stride(from: 0, to: samples.count, by: step).map { samples[$0] }
        let peak = columns.map { $0.byRole.values.reduce(0, +) }.max() ?? 0
        var rows: [String] = []
        for level in stride(from: max(2, peak + peak % 2), to: 0, by: -2) {
            let line = columns.map { sample -> Character in
                let tenants = sample.hosts("tenants")
                let machines = tenants + sample.hosts("vms")
                let all = machines + sample.hosts("containers")
                if level - 1 <= tenants { return "t" }
                if level - 1 <= machines { return "v" }
                return level - 1 <= all ? "c" : " "
            }
            let label = String(level)
            rows.append(String(repeating: " ", count: 3 - min(3, label.count)) + label + " |" + String(line))
        }
        return rows.joined(separator: "\n")
    }

    static func decimal(_ value: Double) -> String {
        let hundredths = Int((value * 100).rounded())
        let rest = hundredths % 100
        return "\(hundredths / 100).\(rest < 10 ? "0" : "")\(rest)"
    }

    static func clock(_ duration: Duration) -> String {
        let seconds = Int(duration.inSeconds)
        let rest = seconds % 60
        return "\(seconds < 600 ? " " : "")\(seconds / 60):\(rest < 10 ? "0" : "")\(rest)"
    }
}
