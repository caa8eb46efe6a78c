import APIMessages
import Foundation
import HTTPServer
import Identity
import KubeHTTP
import Objects
import Ports
import Synchronization

/// Something that happens once; `wait` returns when it has.
final class Event: Sendable {
    private let state = Mutex<(happened: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

    func happen() {
        let waiting = state.withLock { state in
            defer { state = (true, []) }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let happened = state.withLock { state in
                if !state.happened { state.waiting.append(continuation) }
                return state.happened
            }
            if happened { continuation.resume() }
        }
    }
}

/// Counts up and lets a test wait for a count.
final class Counter: Sendable {
    private let state = Mutex<(count: Int, waiting: [(count: Int, continuation: CheckedContinuation<Void, Never>)])>((0, []))

    var count: Int { state.withLock { $0.count } }

    func increment() {
        let due = state.withLock { state in
            state.count += 1
            let due = state.waiting.filter { $0.count <= state.count }
            state.waiting.removeAll { $0.count <= state.count }
            return due
        }
        for waiter in due { waiter.continuation.resume() }
    }

    func wait(for count: Int) async {
        await withCheckedContinuation { continuation in
            let isReached = state.withLock { state in
                if state.count < count { state.waiting.append((count, continuation)) }
                return state.count >= count
            }
            if isReached { continuation.resume() }
        }
    }
}

/// Gives some chunks, then waits until it is cancelled.
final class TestStream: ByteStream {
    private let state: Mutex<(chunks: [[[UInt8]]], isCancelled: Bool)>
    private let ended = Event()
    private let endsByItself: Bool
    private let cancelled: Counter
    private let pulled: Counter

    init(_ chunks: [[[UInt8]]], endsByItself: Bool, cancelled: Counter, pulled: Counter) {
        state = Mutex((chunks, false))
        self.endsByItself = endsByItself
        self.cancelled = cancelled
        self.pulled = pulled
    }

    func next() async throws -> [[UInt8]]? {
        pulled.increment()
        let chunks = state.withLock { $0.chunks.isEmpty || $0.isCancelled ? nil : $0.chunks.removeFirst() }
        if let chunks { return chunks }
        if !endsByItself { await ended.wait() }
        return nil
    }

    func cancel() {
        let isFirst = state.withLock { state in
            defer { state.isCancelled = true }
            return !state.isCancelled
        }
        if isFirst { cancelled.increment() }
        ended.happen()
    }
}

/// Answers with what it was asked.
final class EchoHandler: APIHandler {
    let streamsCancelled = Counter()
    let chunksPulled = Counter()
    let requestsCancelled = Counter()
    let requests = Counter()

    func handle(_ request: APIRequest) async -> APIResponse {
        requests.increment()
        switch request.path {
        case "/watch": return stream([[Array("one\n".utf8)], [Array("two\n".utf8), Array("three\n".utf8)]], endsByItself: false)
        case "/stream": return stream([[Array("one\n".utf8)], [Array("two\n".utf8), Array("three\n".utf8)]], endsByItself: true)
        case "/flood":
            let chunk = [UInt8](repeating: 0x61, count: 1 << 20)
            return stream(Array(repeating: [chunk], count: 200), endsByItself: true)
        case "/large": return APIResponse(status: 200, body: .bytes([UInt8](repeating: 0x62, count: 20 << 20)))
        case "/none": return APIResponse(status: 204)
        case "/hang":
            let event = Event()
            await withTaskCancellationHandler {
                await event.wait()
            } onCancel: {
                event.happen()
            }
            requestsCancelled.increment()
            return APIResponse(status: 200)
        default: return echo(request)
        }
    }

    private func stream(_ chunks: [[[UInt8]]], endsByItself: Bool) -> APIResponse {
        let stream = TestStream(chunks, endsByItself: endsByItself, cancelled: streamsCancelled, pulled: chunksPulled)
        return APIResponse(status: 200, headers: [("content-type", "application/json")], body: .stream(stream))
    }

    private func echo(_ request: APIRequest) -> APIResponse {
        var lines = ["\(request.method) \(request.path)"]
        lines += request.query.map { "query \($0.name)=\($0.value)" }
        lines += request.headers.map { "\($0.name): \($0.value)" }
        lines.append("credentials \(request.credentials)")
        lines.append("body \(request.body.count) \(String(decoding: request.body.prefix(40), as: UTF8.self))")
        return APIResponse(
            status: 200, headers: [("content-type", "text/plain")], body: .bytes(Array(lines.joined(separator: "\n").utf8)))
    }
}

/// Certificates of one authority in a directory of its own.
final class TestCertificates: Sendable {
    static let shared = TestCertificates()
    static let foreign = TestCertificates()

    let directory: String
    let files: PublicKeyInfrastructure

    private init() {
        directory = FileManager.default.temporaryDirectory.path + "/sluice-http-\(UUID().uuidString)"
        let now = SystemTime().now()
        do {
            files = try PublicKeyInfrastructure.loadOrCreate(directory: directory, now: now)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    func transport(port: Int, identity: ClientConfiguration.Identity = .init()) throws -> HTTPSTransport {
        try HTTPSTransport(configuration(port: port, identity: identity))
    }

    func configuration(port: Int, identity: ClientConfiguration.Identity = .init()) -> ClientConfiguration {
        ClientConfiguration(
            server: "https://127.0.0.1:\(port)", trust: .authorities(pem: files.authority.certificatePEM), identity: identity)
    }
}

/// Runs `body` against a server with that handler, then stops the server.
func withServer<Result: Sendable>(
    _ handler: any APIHandler, limits: HTTPServerLimits = HTTPServerLimits(),
    placement: HTTPServer.HandlerPlacement = .threadPool, body: (HTTPServer) async throws -> Result
) async throws -> Result {
    let files = TestCertificates.shared.files
    var configuration = HTTPServer.Configuration(
        host: "127.0.0.1", port: 0, certificatePEM: files.server.certificatePEM, privateKeyPEM: files.server.privateKeyPEM,
        clientAuthorityPEM: files.authority.certificatePEM)
    configuration.limits = limits
    configuration.handlerPlacement = placement
    configuration.now = { Timestamp(seconds: 784_111_777) }
    let server = try await HTTPServer.bind(configuration, handler: handler)
    async let running: Void = server.run()
    do {
        let result = try await body(server)
        await server.stop()
        await running
        return result
    } catch {
        await server.stop()
        await running
        throw error
    }
}

/// What `curl` printed and how it ended.
struct CurlResult: Sendable {
    var status: Int32
    var output: String
    var error: String
}

/// Runs the system's curl against the server; `--cacert` is already there.
func curl(_ arguments: String...) async throws -> CurlResult { try await curl(arguments) }

func curl(_ arguments: [String]) async throws -> CurlResult {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/curl")
    process.arguments = ["-sS", "--max-time", "20", "--cacert", TestCertificates.shared.directory + "/ca.crt"] + arguments
    let output = Pipe()
    let error = Pipe()
    process.standardOutput = output
    process.standardError = error
    process.standardInput = FileHandle.nullDevice
    return try await withCheckedThrowingContinuation { continuation in
        process.terminationHandler = { process in
            let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            let errorText = String(decoding: error.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
            continuation.resume(returning: CurlResult(status: process.terminationStatus, output: text, error: errorText))
        }
        do { try process.run() } catch { continuation.resume(throwing: error) }
    }
}

/// The bytes of a whole answer, streamed or not.
func wholeBody(_ response: APIResponse) async throws -> String {
    switch response.body {
    case .bytes(let bytes): return String(decoding: bytes, as: UTF8.self)
    case .stream(let stream):
        var bytes: [UInt8] = []
        while let chunks = try await stream.next() { for chunk in chunks { bytes += chunk } }
        return String(decoding: bytes, as: UTF8.self)
    }
}
