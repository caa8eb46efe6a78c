import APIMessages
import Glibc
import KubeClient
import KubeHTTP
import Objects
import Ports
import Synchronization

/// The API server over HTTPS, in a process of its own.
struct APIBench: Sendable {
    let podCount: Int
    /// Requests in flight, as the peer was measured.
    private static let inFlight = 16

    struct Failure: Error, CustomStringConvertible {
        var description: String
    }

    func run() async throws {
        let server = try ServerProcess.start()
        defer { server.stop() }
        let transport = try HTTPSTransport(try ClientConfiguration(kubeconfig: server.kubeconfig))
        let client = KubeClient(transport: transport)
        var rows: [Row] = []
        let before = Measurement.residentMegabytes(of: server.identifier)
        for name in ["bench", "list"] { try await client.create(Namespace.resource, ["metadata": ["name": .string(name)]]) }
        rows.append(try await creates(client, server, count: 500, inFlight: 1, name: "pod creates/s, one at a time", "durable"))
        rows.append(
            try await creates(
                client, server, count: podCount, inFlight: APIBench.inFlight, name: "pod creates/s, 16 clients",
                "kube-apiserver 1,088 quiet, 312-509 loaded; 1.5-2.2 ms CPU each"))
        let after = Measurement.residentMegabytes(of: server.identifier)
        rows.append(
            Row(
                name: "resident memory after \(Measurement.grouped(Double(podCount))) pods", value: "\(after) MB (\(before) at start)",
                cpu: "",
                baseline: "kube-apiserver 650 MB + etcd 80, 285 at start"))
        rows.append(try await gets(client, server))
        rows += try await lists(transport, client, server)
        rows.append(try await fanOut(client, server))
        Measurement.print("API over HTTPS, \(server.address)", rows)
        try await transport.shutdown()
    }

    /// A pod of about the size of a real one.
    static func pod(_ name: String) -> JSON {
        let environment: [JSON] = (0..<12).map { ["name": .string("SETTING_\($0)"), "value": .string("value-of-setting-\($0)")] }
        let probe: JSON = ["httpGet": ["path": "/healthz", "port": 8080], "initialDelaySeconds": 5, "periodSeconds": 10]
        return [
            "metadata": ["name": .string(name), "labels": ["app": "bench", "tier": "front", "pod-template-hash": "5d4f8c7b9"]],
            "spec": [
                "containers": [
                    [
                        "name": "app", "image": "registry.example/team/application:1.2.3", "env": .array(environment),
                        "ports": [["containerPort": 8080, "name": "http"]], "livenessProbe": probe, "readinessProbe": probe,
                        "resources": ["requests": ["cpu": "100m", "memory": "128Mi"], "limits": ["cpu": "1", "memory": "512Mi"]],
                    ]
                ],
                "schedulerName": "nobody",
            ],
        ]
    }

    private func creates(
        _ client: KubeClient, _ server: ServerProcess, count: Int, inFlight: Int, name: String, _ baseline: String
    ) async throws -> Row {
        let prefix = inFlight == 1 ? "one" : "many"
        let (seconds, cpu) = try await parallel(server, count: count, inFlight: inFlight) { number in
            try await client.create(Pod.resource, namespace: "bench", APIBench.pod("\(prefix)-\(number)"))
        }
        return APIBench.row(name, count, seconds, cpu, baseline)
    }

    private func gets(_ client: KubeClient, _ server: ServerProcess) async throws -> Row {
        let count = 20_000
        let (seconds, cpu) = try await parallel(server, count: count, inFlight: APIBench.inFlight) { number in
            _ = try await client.get(Pod.resource, ObjectKey(namespace: "bench", name: "many-\(number % podCount)"))
        }
        return APIBench.row("gets/s, 16 clients", count, seconds, cpu, "kube-apiserver 1,571-1,715")
    }

    private func lists(_ transport: HTTPSTransport, _ client: KubeClient, _ server: ServerProcess) async throws -> [Row] {
        _ = try await parallel(server, count: 5_000, inFlight: APIBench.inFlight) { number in
            try await client.create(Pod.resource, namespace: "list", APIBench.pod("item-\(number)"))
        }
        let table = "application/json;as=Table;v=v1;g=meta.k8s.io"
        let forms: [(String, String, String, String)] = [
            ("list of 5,000 pods, p50", "application/json", "", "kube-apiserver 204-284 ms"),
            ("the same as Table, p50", table, "", "kube-apiserver 103-161 ms"),
            ("first 500 of them, p50", "application/json", "500", "kube-apiserver 27-34 ms"),
        ]
        var rows: [Row] = []
        for (name, accept, limit, baseline) in forms {
            var times: [Double] = []
            let cpu = Measurement.cpuSeconds(of: server.identifier)
            var bytes = 0
            for _ in 0..<11 {
                let start = Measurement.seconds()
                let request = APIRequest(
                    method: "GET", path: "/api/v1/namespaces/list/pods", query: limit.isEmpty ? [] : [("limit", limit)],
                    headers: [("accept", accept)])
                let response = try await transport.send(request)
                guard response.status == 200, case .bytes(let body) = response.body else { throw Failure(description: "\(name) failed") }
                bytes = body.count
                times.append((Measurement.seconds() - start) * 1_000)
            }
            let used = (Measurement.cpuSeconds(of: server.identifier) - cpu) / 11 * 1_000
            rows.append(
                Row(
                    name: name, value: "\(Measurement.decimal(Measurement.quantile(times.sorted(), 0.5))) ms (\(bytes / 1_000) kB)",
                    cpu: "\(Measurement.decimal(used)) ms", baseline: baseline))
        }
        return rows
    }

    /// 100 watchers of one namespace; the time from sending an update until a watcher has its event.
    private func fanOut(_ client: KubeClient, _ server: ServerProcess) async throws -> Row {
        let watchers = 100
        let updates = 200
        let map = ResourceName(group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true)
        try await client.create(map, namespace: "bench", ["metadata": ["name": "ticker"], "data": ["sent": "0"]])
        let version = try await client.list(map, namespace: "bench").resourceVersion
        let delays = Delays()
        let cpu = Measurement.cpuSeconds(of: server.identifier)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<watchers {
                let stream = try await client.watch(map, namespace: "bench", resourceVersion: version)
                group.addTask {
                    var seen = 0
                    while seen < updates, let events = try await stream.next() {
                        let now = Measurement.seconds()
                        for event in events where event.kind == .modified {
                            seen += 1
                            if let sent = event.object["data", "sent"]?.string.flatMap(Double.init) {
                                delays.values.withLock { $0.append((now - sent) * 1_000) }
                            }
                        }
                    }
                    stream.cancel()
                }
            }
            for _ in 0..<updates {
                let key = ObjectKey(namespace: "bench", name: "ticker")
                try await client.patch(map, key, ["data": ["sent": .string("\(Measurement.seconds())")]])
                // Twenty updates a second, as the peer was measured.
                try await SystemTime().sleep(for: .milliseconds(50))
            }
            try await group.waitForAll()
        }
        let used = Measurement.cpuSeconds(of: server.identifier) - cpu
        let sorted = delays.values.withLock { $0.sorted() }
        let each = used / Double(max(1, sorted.count)) * 1e6
        return Row(
            name: "fan-out to 100 watchers, p50 / p99",
            value:
                "\(Measurement.decimal(Measurement.quantile(sorted, 0.5))) / \(Measurement.decimal(Measurement.quantile(sorted, 0.99))) ms",
            cpu: "\(Measurement.decimal(each)) µs a delivery", baseline: "kube-apiserver 7.4 / 12.3 ms, 90 µs a delivery")
    }

    private static func row(_ name: String, _ count: Int, _ seconds: Double, _ cpu: Double, _ baseline: String) -> Row {
        Row(
            name: name, value: Measurement.grouped(Double(count) / seconds),
            cpu: "\(Measurement.grouped(cpu / Double(count) * 1e6)) µs each", baseline: baseline)
    }

    /// Runs `count` operations with so many in flight; returns wall seconds and the server's processor seconds.
    private func parallel(
        _ server: ServerProcess, count: Int, inFlight: Int, _ operation: @escaping @Sendable (Int) async throws -> Void
    ) async throws -> (seconds: Double, cpu: Double) {
        let cpu = Measurement.cpuSeconds(of: server.identifier)
        let start = Measurement.seconds()
        let next = Counter()
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<inFlight {
                group.addTask {
                    while true {
                        let number = next.value.wrappingAdd(1, ordering: .relaxed).oldValue
                        if number >= count { return }
                        try await operation(number)
                    }
                }
            }
            try await group.waitForAll()
        }
        return (Measurement.seconds() - start, Measurement.cpuSeconds(of: server.identifier) - cpu)
    }
}

/// What concurrent tasks share.
private final class Counter: Sendable {
    let value = Atomic(0)
}

private final class Delays: Sendable {
    let values = Mutex<[Double]>([])
}
