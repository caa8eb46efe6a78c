import APIMessages
import Objects
import Ports
import Synchronization

/// A small Kubernetes API in memory: enough of its rules for controllers to be told apart from broken ones.
final class FakeAPI: APITransport {
    struct Address: Hashable, Comparable {
        var group: String
        var plural: String
        var namespace: String
        var name: String

        static func < (left: Address, right: Address) -> Bool {
            (left.group, left.plural, left.namespace, left.name) < (right.group, right.plural, right.namespace, right.name)
        }
    }

    struct Change {
        var version: Int
        var type: String
        var address: Address
        var object: JSON
    }

    struct State {
        var objects: [Address: JSON] = [:]
        var version = 1
        var log: [Change] = []
        var waiting: [CheckedContinuation<Void, Never>] = []
        var requests: [String] = []
        /// Answers these requests (method and plural) with an error instead: code and how often.
        var faults: [String: (code: Int, count: Int)] = [:]
    }

    /// Group, version, plural, kind, namespaced.
    static let kinds: [(group: String, version: String, plural: String, kind: String, isNamespaced: Bool)] = [
        ("", "v1", "pods", "Pod", true), ("", "v1", "nodes", "Node", false), ("", "v1", "namespaces", "Namespace", false),
        ("", "v1", "events", "Event", true), ("", "v1", "configmaps", "ConfigMap", true), ("", "v1", "secrets", "Secret", true),
        ("", "v1", "serviceaccounts", "ServiceAccount", true), ("apps", "v1", "deployments", "Deployment", true),
        ("apps", "v1", "replicasets", "ReplicaSet", true),
        ("policy", "v1", "poddisruptionbudgets", "PodDisruptionBudget", true),
        ("coordination.k8s.io", "v1", "leases", "Lease", true), ("kubevirt.io", "v1", "virtualmachines", "VirtualMachine", true),
        ("kubevirt.io", "v1", "virtualmachineinstances", "VirtualMachineInstance", true),
    ]

    let state = Mutex(State())
    let time: any TimeSource

    init(time: any TimeSource) { self.time = time }

    // MARK: - For tests

    func object(_ resource: ResourceName, _ name: String, namespace: String = "default") -> JSON? {
        let space = resource.isNamespaced ? namespace : ""
        return state.withLock {
            $0.objects[Address(group: resource.group, plural: resource.plural, namespace: space, name: name)]
        }
    }

    func objects<View: ResourceView>(_ view: View.Type) -> [View] {
        state.withLock { state in
            state.objects.filter { $0.key.plural == View.resource.plural && $0.key.group == View.resource.group }
                .sorted { $0.key < $1.key }.map { View($0.value) }
        }
    }

    /// Reasons and messages of all Events, in the order in which they were written.
    var events: [String] {
        state.withLock { state in
            state.log.filter { $0.address.plural == "events" && $0.type == "ADDED" }.map {
                "\($0.object["reason"]?.string ?? ""): \($0.object["message"]?.string ?? "")"
            }
        }
    }

    /// Names of deleted objects, Events apart, in the order in which they went.
    var deletions: [String] {
        state.withLock { state in
            state.log.filter { $0.type == "DELETED" && $0.address.plural != "events" }.map(\.address.name)
        }
    }

    func requestCount(_ prefix: String) -> Int { state.withLock { $0.requests.count { $0.hasPrefix(prefix) } } }

    func fail(_ request: String, code: Int, count: Int) { state.withLock { $0.faults[request] = (code, count) } }

    // MARK: - Transport

    func send(_ request: APIRequest) async throws -> APIResponse {
        let parts = request.path.split(separator: "/").map(String.init)
        if let document = FakeAPI.discovery(parts), request.method == "GET" { return FakeAPI.answer(200, document) }
        guard let (address, subresource) = FakeAPI.address(parts) else { return FakeAPI.failure(404, "NotFound", request.path) }
        let isWatch = request.queryValue("watch") == "true"
        state.withLock { $0.requests.append("\(isWatch ? "WATCH" : request.method) \(address.plural)") }
        let fault = state.withLock { state -> Int? in
            let key = "\(request.method) \(address.plural)"
            guard let fault = state.faults[key], fault.count > 0 else { return nil }
            state.faults[key]?.count -= 1
            return fault.code
        }
        if let fault { return FakeAPI.failure(fault, "Injected", "injected failure") }
        let body = request.body.isEmpty ? JSON.null : try JSON(parsing: request.body)
        if isWatch {
            let from = Int(request.queryValue("resourceVersion") ?? "") ?? 0
            return APIResponse(status: 200, body: .stream(FakeWatch(self, address, from)))
        }
        return state.withLock { state in
            switch request.method {
            case "GET": address.name.isEmpty ? list(state, address, request) : read(state, address)
            case "POST": create(&state, address, subresource, body)
            case "PUT": replace(&state, address, subresource, body)
            case "PATCH": patch(&state, address, subresource, body, request.header("content-type") ?? "")
            case "DELETE": delete(&state, address, body)
            default: FakeAPI.failure(405, "MethodNotAllowed", request.method)
            }
        }
    }

    static func answer(_ status: Int, _ body: JSON) -> APIResponse { APIResponse(status: status, body: .bytes(body.encoded)) }

    static func failure(_ code: Int, _ reason: String, _ message: String) -> APIResponse {
        answer(code, ["kind": "Status", "code": .integer(Int64(code)), "reason": .string(reason), "message": .string(message)])
    }

    private static func address(_ parts: [String]) -> (Address, subresource: String)? {
        var rest = parts[...]
        var address = Address(group: "", plural: "", namespace: "", name: "")
        guard let root = rest.popFirst(), root == "api" || root == "apis" else { return nil }
        if root == "apis" { address.group = rest.popFirst() ?? "" }
        _ = rest.popFirst()
        if rest.first == "namespaces", rest.count > 2, !["finalize", "status"].contains(parts.last) || rest.count > 3 {
            _ = rest.popFirst()
            address.namespace = rest.popFirst() ?? ""
        }
        address.plural = rest.popFirst() ?? ""
        address.name = rest.popFirst() ?? ""
        return kinds.contains { $0.plural == address.plural } ? (address, rest.first ?? "") : nil
    }

    private static func discovery(_ parts: [String]) -> JSON? {
        if parts == ["apis"] {
            let groups = Set(kinds.map(\.group)).subtracting([""]).sorted()
            return ["groups": .array(groups.map { ["name": .string($0), "preferredVersion": ["version": "v1"]] })]
        }
        guard parts == ["api", "v1"] || (parts.count == 3 && parts[0] == "apis") else { return nil }
        let group = parts[0] == "api" ? "" : parts[1]
        let resources = kinds.filter { $0.group == group }.map { kind -> JSON in
            [
                "name": .string(kind.plural), "kind": .string(kind.kind), "namespaced": .bool(kind.isNamespaced),
                "verbs": ["list", "delete"],
            ]
        }
        return ["resources": .array(resources + [["name": "pods/status", "kind": "Pod", "namespaced": true, "verbs": ["get"]]])]
    }
}

/// A watch of one collection from a version on.
private final class FakeWatch: ByteStream {
    private let api: FakeAPI
    private let address: FakeAPI.Address
    private let position: Mutex<(version: Int, isCancelled: Bool)>

    init(_ api: FakeAPI, _ address: FakeAPI.Address, _ from: Int) {
        self.api = api
        self.address = address
        position = Mutex((from, false))
    }

    func next() async throws -> [[UInt8]]? {
        while true {
            if position.withLock({ $0.isCancelled }) { return nil }
            let from = position.withLock { $0.version }
            let changes = api.state.withLock { state in
                state.log.drop { $0.version <= from }.filter {
                    $0.address.plural == address.plural && $0.address.group == address.group
                }
            }
            if let last = changes.last {
                position.withLock { $0.version = last.version }
                return changes.map { change in (["type": .string(change.type), "object": change.object] as JSON).encoded + [0x0a] }
            }
            await withCheckedContinuation { continuation in
                let isDue = api.state.withLock { state in
                    if state.version > from, state.log.last.map({ $0.version > from && $0.address.plural == address.plural }) ?? false {
                        return true
                    }
                    if position.withLock({ $0.isCancelled }) { return true }
                    state.waiting.append(continuation)
                    return false
                }
                if isDue { continuation.resume() }
            }
        }
    }

    func cancel() {
        position.withLock { $0.isCancelled = true }
        let waiting = api.state.withLock { state in
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
