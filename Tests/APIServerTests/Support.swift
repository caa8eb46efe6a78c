import APIMessages
import APIServer
import Identity
import Kinds
import Objects
import Ports
import Store
import Synchronization
import Testing

/// A clock that stands still until a test moves it.
final class HandClock: TimeSource {
    private struct Sleeper {
        var deadline: Timestamp
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now = Timestamp(seconds: 1_767_225_600)
        var sleepers: [Int: Sleeper] = [:]
        var next = 0
        var cancelled: Set<Int> = []
    }

    private let state = Mutex(State())

    func now() -> Timestamp { state.withLock { $0.now } }

    func sleep(until deadline: Timestamp) async throws {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let result: Result<Void, any Error>? = state.withLock { state in
                    if state.cancelled.contains(id) { return .failure(CancellationError()) }
                    if state.now >= deadline { return .success(()) }
                    state.sleepers[id] = Sleeper(deadline: deadline, continuation: continuation)
                    return nil
                }
                if let result { continuation.resume(with: result) }
            }
        } onCancel: {
            let sleeper = state.withLock { state in
                state.cancelled.insert(id)
                return state.sleepers.removeValue(forKey: id)
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }

    func advance(seconds: Int) {
        let due = state.withLock { state in
            state.now = state.now + .seconds(seconds)
            let ids = state.sleepers.filter { $0.value.deadline <= state.now }.map(\.key).sorted()
            return ids.compactMap { state.sleepers.removeValue(forKey: $0) }
        }
        for sleeper in due { sleeper.continuation.resume() }
    }
}

/// An answer read to its end.
struct Answer {
    var status: Int
    var headers: [(name: String, value: String)]
    var bytes: [UInt8]

    /// The body as JSON; `null` where it is none.
    var json: JSON { (try? JSON(parsing: bytes)) ?? .null }
    var text: String { String(decoding: bytes, as: UTF8.self) }
    var reason: String { json["reason"]?.string ?? "" }
    var message: String { json["message"]?.string ?? "" }
    /// The fields named by the causes of an `Invalid`.
    var fields: [String] { (json["details", "causes"]?.array ?? []).compactMap { $0["field"]?.string } }
    var names: [String] { (json["items"]?.array ?? []).compactMap { $0["metadata", "name"]?.string } }

    func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }
    subscript(path: String...) -> JSON? { json.value(at: path[...]) }
}

/// An API server over a store in memory, on a clock that stands still.
final class Harness: Sendable {
    let server: APIServer
    let store = MemoryStore()
    let clock = HandClock()

    /// Read once: parsing the kind files takes longer than most tests.
    private static let kinds = Result { try KindRegistry.builtIn() }
    static let admin = UserInfo(name: "admin", groups: ["system:masters"])

    init(options: APIServerOptions = APIServerOptions(), seed: UInt64 = 7) async throws {
        server = APIServer(
            store: store, kinds: try Self.kinds.get(), time: clock, authenticator: Authenticator(),
            authorizer: AuthorizerChain.standard, randomness: SeededGenerator(seed: seed), options: options)
        try await server.start()
    }

    func request(
        _ method: String, _ target: String, _ body: [UInt8] = [], headers: [(name: String, value: String)] = [],
        as credentials: Credentials = .inProcess(admin)
    ) -> APIRequest {
        let parts = target.split(separator: "?", maxSplits: 1).map(String.init)
        var request = APIRequest(method: method, path: parts.first ?? "/", headers: headers, body: body, credentials: credentials)
        for item in parts.dropFirst().first?.split(separator: "&") ?? [] {
            let pair = item.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            request.query.append((pair[0], pair.count > 1 ? pair[1] : ""))
        }
        return request
    }

    /// Sends a request whose answer is no stream.
    @discardableResult
    func send(
        _ method: String, _ target: String, _ body: JSON? = nil, type: String? = nil, accept: String? = nil,
        as credentials: Credentials = .inProcess(admin), sourceLocation: SourceLocation = #_sourceLocation
    ) async -> Answer {
        var headers: [(name: String, value: String)] = []
        if let accept { headers.append(("accept", accept)) }
        if body != nil { headers.append(("content-type", type ?? "application/json")) }
        return await send(
            request(method, target, body?.encoded ?? [], headers: headers, as: credentials), sourceLocation: sourceLocation)
    }

    func send(_ request: APIRequest, sourceLocation: SourceLocation = #_sourceLocation) async -> Answer {
        let response = await server.handle(request)
        switch response.body {
        case .bytes(let bytes): return Answer(status: response.status, headers: response.headers, bytes: bytes)
        case .stream(let stream):
            Issue.record("a stream where a body was expected", sourceLocation: sourceLocation)
            stream.cancel()
            return Answer(status: response.status, headers: response.headers, bytes: [])
        }
    }

    /// Creates an object and expects that to succeed.
    @discardableResult
    func make(_ path: String, _ object: JSON, sourceLocation: SourceLocation = #_sourceLocation) async -> JSON {
        let answer = await send("POST", path, object)
        #expect(answer.status == 201, "\(answer.text)", sourceLocation: sourceLocation)
        return answer.json
    }

    func patch(_ path: String, _ patch: JSON, _ form: String = "merge-patch") async -> Answer {
        await send("PATCH", path, patch, type: "application/\(form)+json")
    }

    func watch(
        _ target: String, accept: String? = nil, as credentials: Credentials = .inProcess(admin),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> WatchReader {
        let headers: [(name: String, value: String)] = accept.map { [("accept", $0)] } ?? []
        let response = await server.handle(request("GET", target, headers: headers, as: credentials))
        #expect(response.status == 200, sourceLocation: sourceLocation)
        switch response.body {
        case .stream(let stream): return WatchReader(stream)
        case .bytes(let bytes): return WatchReader(FinishedStream(bytes))
        }
    }
}

/// A body that is there at once.
private final class FinishedStream: ByteStream {
    private let bytes: Mutex<[UInt8]?>

    init(_ bytes: [UInt8]) { self.bytes = Mutex(bytes) }

    func next() async throws -> [[UInt8]]? {
        bytes.withLock { bytes in
            defer { bytes = nil }
            return bytes.map { [$0] }
        }
    }

    func cancel() {}
}

/// Reads a watch event by event.
final class WatchReader {
    private let stream: any ByteStream
    private var lines: [[UInt8]] = []

    init(_ stream: any ByteStream) { self.stream = stream }

    /// The next event; `nil` at the end of the watch.
    func next() async throws -> JSON? {
        while lines.isEmpty {
            guard let chunks = try await stream.next() else { return nil }
            lines = chunks.flatMap { $0.split(separator: UInt8(ascii: "\n")).map(Array.init) }
        }
        return try JSON(parsing: lines.removeFirst())
    }

    /// The next `count` events as `TYPE name`.
    func summaries(_ count: Int) async throws -> [String] {
        var result: [String] = []
        while result.count < count, let event = try await next() {
            let name = event["object", "metadata", "name"]?.string
            result.append([event["type"]?.string ?? "", name].compactMap { $0 }.joined(separator: " "))
        }
        return result
    }

    func cancel() { stream.cancel() }
}

// MARK: - Objects

enum Sample {
    static func configMap(_ name: String, labels: JSON? = nil, data: JSON = ["a": "1"]) -> JSON {
        var object: JSON = ["apiVersion": "v1", "kind": "ConfigMap", "metadata": ["name": .string(name)], "data": data]
        if let labels { object["metadata", "labels"] = labels }
        return object
    }

    static func pod(_ name: String, labels: JSON = ["app": "web"], node: String? = nil) -> JSON {
        var object: JSON = [
            "apiVersion": "v1", "kind": "Pod", "metadata": ["name": .string(name), "labels": labels],
            "spec": ["containers": [["name": "main", "image": "registry.example/web:1"]]],
        ]
        if let node { object["spec", "nodeName"] = .string(node) }
        return object
    }

    static func deployment(_ name: String, replicas: Int64 = 1) -> JSON {
        [
            "apiVersion": "apps/v1", "kind": "Deployment", "metadata": ["name": .string(name)],
            "spec": [
                "replicas": .integer(replicas), "selector": ["matchLabels": ["app": .string(name)]],
                "template": [
                    "metadata": ["labels": ["app": .string(name)]],
                    "spec": ["containers": [["name": "main", "image": "registry.example/web:1"]]],
                ],
            ],
        ]
    }

    /// A definition of `widgets.example.com` with status, scale and columns.
    static let widgets: JSON = [
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": ["name": "widgets.example.com"],
        "spec": [
            "group": "example.com", "scope": "Namespaced",
            "names": ["plural": "widgets", "singular": "widget", "kind": "Widget", "shortNames": ["wd"]],
            "versions": [
                [
                    "name": "v1", "served": true, "storage": true,
                    "subresources": [
                        "status": [:], "scale": ["specReplicasPath": ".spec.replicas", "statusReplicasPath": ".status.replicas"],
                    ],
                    "additionalPrinterColumns": [["name": "Size", "type": "integer", "jsonPath": ".spec.size"]],
                    "schema": [
                        "openAPIV3Schema": [
                            "type": "object",
                            "properties": [
                                "spec": [
                                    "type": "object", "required": ["size"],
                                    "properties": [
                                        "size": ["type": "integer", "minimum": 1], "replicas": ["type": "integer"],
                                        "colour": ["type": "string", "default": "red"],
                                    ],
                                ],
                                "status": ["type": "object", "properties": ["replicas": ["type": "integer"]]],
                            ],
                        ]
                    ],
                ]
            ],
        ],
    ]

    static func widget(_ name: String, size: Int64 = 1) -> JSON {
        ["apiVersion": "example.com/v1", "kind": "Widget", "metadata": ["name": .string(name)], "spec": ["size": .integer(size)]]
    }
}

enum Paths {
    static let configMaps = "/api/v1/namespaces/default/configmaps"
    static let pods = "/api/v1/namespaces/default/pods"
    static let deployments = "/apis/apps/v1/namespaces/default/deployments"
    static let budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets"
    static let definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    static let widgets = "/apis/example.com/v1/namespaces/default/widgets"
    static let namespaces = "/api/v1/namespaces"
}
