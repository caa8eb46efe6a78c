import APIMessages
import KubeClient
import Objects
import Ports
import Synchronization

/// A small Kubernetes API for the tests of agents: objects in memory, with the rules that agents rely on (uid
/// preconditions, graceful deletion, finalizers, strategic merge of conditions, watches from any version).
final class FakeAPI: APITransport {
    private struct State {
        var objects: [String: JSON] = [:]
        var version: Int64 = 0
        var watchers: [(collection: String, stream: FakeWatch)] = []
        var requests: [String] = []
        /// Every event ever: the version, the object's key, the line of a watch.
        var history: [(version: Int64, key: String, line: [UInt8])] = []
    }

    private let time: any TimeSource
    private let state = Mutex(State())

    init(time: any TimeSource) { self.time = time }

    var client: KubeClient { KubeClient(transport: self) }

    /// `METHOD path` of every request, in order.
    var requests: [String] { state.withLock { $0.requests } }

    func send(_ request: APIRequest) async throws -> APIResponse {
        state.withLock { state in
            state.requests.append("\(request.method) \(request.path)")
            return answer(&state, request)
        }
    }

    // MARK: - Answers

    private func answer(_ state: inout State, _ request: APIRequest) -> APIResponse {
        let path = FakePath(request.path)
        let body = request.body.isEmpty ? nil : try? JSON(parsing: request.body)
        switch (request.method, path.name) {
        case ("GET", nil) where request.queryValue("watch") == "true":
            let stream = FakeWatch()
            let from = request.queryValue("resourceVersion").flatMap { Int64($0) } ?? state.version
            for event in state.history where event.version > from && FakePath.collection(path.collection, contains: event.key) {
                stream.push(event.line)
            }
            state.watchers.append((path.collection, stream))
            return APIResponse(status: 200, body: .stream(stream))
        case ("GET", nil):
            let items = state.objects.filter { path.contains($0.key) }.sorted { $0.key < $1.key }.map(\.value)
            return reply(
                200, ["items": .array(items.filter(selected(request))), "metadata": ["resourceVersion": .string("\(state.version)")]])
        case ("GET", .some): return state.objects[path.key].map { reply(200, $0) } ?? failure(404, "NotFound")
        case ("POST", nil): return create(&state, path, body ?? [:])
        case ("PATCH", .some):
            return patch(&state, path, body ?? [:], isStrategic: request.header("content-type")?.contains("strategic") == true)
        case ("DELETE", .some): return delete(&state, path, body ?? [:])
        default: return failure(405, "MethodNotAllowed")
        }
    }

    private func selected(_ request: APIRequest) -> (JSON) -> Bool {
        guard request.queryValue("fieldSelector") == "spec.nodeName!=" else { return { _ in true } }
        return { $0["spec", "nodeName"]?.string?.isEmpty == false }
    }

    private func create(_ state: inout State, _ path: FakePath, _ body: JSON) -> APIResponse {
        let name = body["metadata", "name"]?.string ?? ""
        let key = "\(path.namespaced)/\(name)"
        guard state.objects[key] == nil else { return failure(409, "AlreadyExists") }
        var object = body
        object["metadata", "uid"] = .string("uid-\(state.version + 1)")
        object["metadata", "creationTimestamp"] = .string(time.now().rfc3339)
        if !path.namespace.isEmpty { object["metadata", "namespace"] = .string(path.namespace) }
        if path.collection.hasSuffix("/nodes") { object["status"] = nil }
        return reply(201, store(&state, key, object, "ADDED"))
    }

    private func patch(_ state: inout State, _ path: FakePath, _ body: JSON, isStrategic: Bool) -> APIResponse {
        guard var object = state.objects[path.key] else { return failure(404, "NotFound") }
        if let uid = body["metadata", "uid"], uid != object["metadata", "uid"] { return failure(409, "Conflict") }
        let body = path.subresource == "status" ? ["status": body["status"] ?? [:]] : body
        object = FakeAPI.merge(object, body, isStrategic)
        return reply(200, store(&state, path.key, object, "MODIFIED"))
    }

    private func delete(_ state: inout State, _ path: FakePath, _ options: JSON) -> APIResponse {
        guard var object = state.objects[path.key] else { return failure(404, "NotFound") }
        if let uid = options["preconditions", "uid"], uid != object["metadata", "uid"] { return failure(409, "Conflict") }
        let isPod = path.collection.hasSuffix("/pods")
        let own = object["spec", "terminationGracePeriodSeconds"]?.integer ?? 30
        let grace = isPod ? options["gracePeriodSeconds"]?.integer ?? own : 0
        let hasFinalizers = object["metadata", "finalizers"]?.array?.isEmpty == false
        if grace > 0 || hasFinalizers {
            object["metadata", "deletionTimestamp"] = .string((time.now() + .seconds(grace)).rfc3339)
            object["metadata", "deletionGracePeriodSeconds"] = .integer(grace)
            return reply(200, store(&state, path.key, object, "MODIFIED"))
        }
        state.objects[path.key] = nil
        _ = store(&state, path.key, object, "DELETED")
        state.objects[path.key] = nil
        return reply(200, ["kind": "Status", "status": "Success"])
    }

    private func store(_ state: inout State, _ key: String, _ object: JSON, _ event: String) -> JSON {
        state.version += 1
        var object = object
        object["metadata", "resourceVersion"] = .string("\(state.version)")
        state.objects[key] = object
        let line = (["type": .string(event), "object": object] as JSON).encoded + [0x0a]
        state.history.append((state.version, key, line))
        for watcher in state.watchers where FakePath.collection(watcher.collection, contains: key) { watcher.stream.push(line) }
        return object
    }

    private static func merge(_ value: JSON, _ patch: JSON, _ isStrategic: Bool) -> JSON {
        guard let members = patch.object else { return patch }
        var result = value.object == nil ? [:] : value
        for member in members {
            if member.value.isNull {
                result[member.key] = nil
            } else if isStrategic, member.key == "conditions", let additions = member.value.array {
                var list = result[member.key]?.array ?? []
                for addition in additions {
                    if let place = list.firstIndex(where: { $0["type"] == addition["type"] }) {
                        list[place] = merge(list[place], addition, isStrategic)
                    } else {
                        list.append(merge([:], addition, isStrategic))
                    }
                }
                result[member.key] = .array(list)
            } else {
                result[member.key] = merge(result[member.key] ?? [:], member.value, isStrategic)
            }
        }
        return result
    }

    private func reply(_ status: Int, _ body: JSON) -> APIResponse { APIResponse(status: status, body: .bytes(body.encoded)) }

    private func failure(_ status: Int, _ reason: String) -> APIResponse {
        reply(
            status,
            ["kind": "Status", "status": "Failure", "reason": .string(reason), "message": .string(reason), "code": .integer(Int64(status))])
    }
}

/// `/api/v1/namespaces/NS/pods/NAME/status`, taken apart.
private struct FakePath {
    /// Without a namespace: `/api/v1/pods`.
    var collection: String
    var namespace = ""
    var name: String?
    var subresource = ""

    init(_ path: String) {
        var parts = path.split(separator: "/").map(String.init)
        let base = parts.prefix(parts[0] == "api" ? 2 : 3).joined(separator: "/")
        parts.removeFirst(parts[0] == "api" ? 2 : 3)
        if parts[0] == "namespaces", parts.count > 2 {
            namespace = parts[1]
            parts.removeFirst(2)
        }
        collection = "/\(base)/\(parts[0])"
        if parts.count > 1 { name = parts[1] }
        if parts.count > 2 { subresource = parts[2] }
    }

    var namespaced: String { namespace.isEmpty ? collection : "\(collection)/\(namespace)" }
    var key: String { "\(namespaced)/\(name ?? "")" }

    func contains(_ key: String) -> Bool { FakePath.collection(namespaced, contains: key) }

    static func collection(_ collection: String, contains key: String) -> Bool { key.hasPrefix("\(collection)/") }
}

/// A watch that waits for pushed lines.
private final class FakeWatch: ByteStream {
    private struct State {
        var lines: [[UInt8]] = []
        var reader: CheckedContinuation<[[UInt8]]?, Never>?
        var hasEnded = false
    }

    private let state = Mutex(State())

    func push(_ line: [UInt8]) {
        let reader = state.withLock { state -> CheckedContinuation<[[UInt8]]?, Never>? in
            if state.reader == nil, !state.hasEnded { state.lines.append(line) }
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: [line])
    }

    func next() async throws -> [[UInt8]]? {
        await withCheckedContinuation { reader in
            let ready = state.withLock { state -> [[UInt8]]?? in
                if !state.lines.isEmpty {
                    defer { state.lines = [] }
                    return state.lines
                }
                if state.hasEnded { return .some(nil) }
                state.reader = reader
                return nil
            }
            if let ready { reader.resume(returning: ready) }
        }
    }

    func cancel() {
        let reader = state.withLock { state in
            state.hasEnded = true
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume(returning: nil)
    }
}
