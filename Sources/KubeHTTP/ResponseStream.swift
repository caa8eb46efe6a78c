internal import APIMessages
internal import AsyncHTTPClient
internal import NIOCore
internal import Synchronization

/// A response's body while it arrives. Dropping it ends the request, as `cancel()` does.
final class ResponseStream: ByteStream {
    private let pipe = ChunkPipe()
    private let task: Task<Void, Never>

    /// - Parameter describe: turns what broke the connection into an error with a remedy.
    init(_ body: HTTPClientResponse.Body, describe: @escaping @Sendable (any Error) -> TransportError) {
        let pipe = pipe
        // A response outlives the call that asked for it; no structure is there to read it in.
        task = Task {
            do {
                for try await buffer in body {
                    guard await pipe.offer(Array(buffer.readableBytesView)) else { return }
                }
                pipe.finish(nil)
            } catch {
                pipe.finish(describe(error))
            }
        }
    }

    deinit { cancel() }

    func next() async throws -> [[UInt8]]? {
        try await withTaskCancellationHandler {
            try await pipe.next()
        } onCancel: {
            cancel()
        }
    }

    func cancel() {
        pipe.cancel()
        task.cancel()
    }
}

/// Hands chunks from the socket to one reader; the socket waits while too much is unread.
private final class ChunkPipe: Sendable {
    private struct State {
        var chunks: [[UInt8]] = []
        var unreadBytes = 0
        var end: Result<Void, TransportError>?
        var reader: CheckedContinuation<[[UInt8]]?, any Error>?
        var writer: CheckedContinuation<Void, Never>?
    }

    private static let highWatermark = 1 << 20
    private let state = Mutex(State())

    func next() async throws -> [[UInt8]]? {
        try await withCheckedThrowingContinuation { continuation in
            let writer = state.withLock { state -> CheckedContinuation<Void, Never>? in
                if !state.chunks.isEmpty {
                    continuation.resume(returning: state.chunks)
                    state.chunks = []
                    state.unreadBytes = 0
                } else if let end = state.end {
                    continuation.resume(with: end.map { nil }.mapError { $0 })
                } else {
                    state.reader = continuation
                }
                return take(&state.writer)
            }
            writer?.resume()
        }
    }

    /// Adds a chunk and waits while too much is unread; `false` when nobody reads any more.
    func offer(_ chunk: [UInt8]) async -> Bool {
        let (reader, mustWait) = state.withLock { state -> (CheckedContinuation<[[UInt8]]?, any Error>?, Bool) in
            guard state.end == nil else { return (nil, false) }
            if let reader = take(&state.reader) { return (reader, false) }
            state.chunks.append(chunk)
            state.unreadBytes += chunk.count
            return (nil, state.unreadBytes > Self.highWatermark)
        }
        reader?.resume(returning: [chunk])
        if mustWait { await waitForReader() }
        return state.withLock { $0.end == nil }
    }

    func finish(_ error: TransportError?) {
        let reader = state.withLock { state -> CheckedContinuation<[[UInt8]]?, any Error>? in
            if state.end == nil { state.end = error.map { .failure($0) } ?? .success(()) }
            return take(&state.reader)
        }
        guard let reader else { return }
        if let error { reader.resume(throwing: error) } else { reader.resume(returning: nil) }
    }

    func cancel() {
        let (reader, writer) = state.withLock { state in
            state.end = .success(())
            state.chunks = []
            return (take(&state.reader), take(&state.writer))
        }
        reader?.resume(returning: nil)
        writer?.resume()
    }

    private func waitForReader() async {
        await withCheckedContinuation { continuation in
            let isWaiting = state.withLock { state in
                guard state.end == nil, state.unreadBytes > Self.highWatermark else { return false }
                state.writer = continuation
                return true
            }
            if !isWaiting { continuation.resume() }
        }
    }

    private func take<Value>(_ value: inout Value?) -> Value? {
        defer { value = nil }
        return value
    }
}
