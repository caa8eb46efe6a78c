internal import APIMessages
internal import Objects
internal import Synchronization

/// Answers requests from a script and remembers them.
final class ScriptedTransport: APITransport {
    struct NoAnswer: Error {}

    private let answer: @Sendable (APIRequest, _ number: Int) throws -> APIResponse
    private let seen = Mutex<[APIRequest]>([])

    /// - Parameter answer: what to say to a request, given how many there were before.
    init(_ answer: @escaping @Sendable (APIRequest, _ number: Int) throws -> APIResponse) { self.answer = answer }

    convenience init(status: Int = 200, _ body: JSON = [:]) { self.init { _, _ in .json(body, status: status) } }

    var requests: [APIRequest] { seen.withLock { $0 } }
    /// What was asked, such as `GET /api/v1/pods?limit=500`.
    var lines: [String] { requests.map(\.line) }

    func send(_ request: APIRequest) async throws -> APIResponse {
        let number = seen.withLock { seen in
            seen.append(request)
            return seen.count - 1
        }
        return try answer(request, number)
    }
}

extension APIRequest {
    var line: String {
        let items = query.map { "\($0.name)=\($0.value)" }.joined(separator: "&")
        return "\(method) \(path)" + (items.isEmpty ? "" : "?\(items)")
    }

    var json: JSON? { try? JSON(parsing: body) }
    var isWatch: Bool { queryValue("watch") == "true" }
}

extension APIResponse {
    static func json(_ body: JSON, status: Int = 200) -> APIResponse { APIResponse(status: status, body: .bytes(body.encoded)) }

    static func failure(_ code: Int, _ reason: String, _ message: String = "no") -> APIResponse {
        json(
            [
                "kind": "Status", "status": "Failure", "code": .integer(Int64(code)), "reason": .string(reason),
                "message": .string(message),
            ], status: code)
    }

    static func stream(_ stream: ScriptedStream) -> APIResponse { APIResponse(status: 200, body: .stream(stream)) }

    static func list(_ items: [JSON], version: String, continueToken: String = "") -> APIResponse {
        json(["items": .array(items), "metadata": ["resourceVersion": .string(version), "continue": .string(continueToken)]])
    }
}

/// A body that the test writes while it is read.
final class ScriptedStream: ByteStream {
    struct Broken: Error {}

    private enum End {
        case closed, broken, cancelled
    }

    private struct State {
        var chunks: [[UInt8]] = []
        var end: End?
        var reader: CheckedContinuation<Void, Never>?
    }

    private let state = Mutex(State())

    init(_ chunks: [[UInt8]] = []) { state.withLock { $0.chunks = chunks } }

    var isCancelled: Bool { state.withLock { $0.end == .cancelled } }

    func send(_ events: JSON...) { change { $0.chunks += events.map { $0.encoded + [0x0a] } } }
    func close() { change { $0.end = .closed } }
    func breakOff() { change { $0.end = .broken } }
    func cancel() { change { $0.end = $0.end ?? .cancelled } }

    func next() async throws -> [[UInt8]]? {
        while true {
            let (chunks, end) = state.withLock { state in
                defer { state.chunks = [] }
                return (state.chunks, state.end)
            }
            if !chunks.isEmpty { return chunks }
            switch end {
            case .broken: throw Broken()
            case .closed, .cancelled: return nil
            case nil: break
            }
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    if !state.chunks.isEmpty || state.end != nil { return true }
                    state.reader = continuation
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }

    private func change(_ work: (inout sending State) -> Void) {
        let reader = state.withLock { state in
            work(&state)
            defer { state.reader = nil }
            return state.reader
        }
        reader?.resume()
    }
}

extension JSON {
    static func event(_ kind: String, _ object: JSON) -> JSON { ["type": .string(kind), "object": object] }

    static func pod(_ name: String, version: Int, labels: [String: String] = [:]) -> JSON {
        [
            "metadata": [
                "name": .string(name), "namespace": "a", "uid": .string("uid-\(name)"), "resourceVersion": .string(String(version)),
                "labels": JSON(labels),
            ]
        ]
    }
}
