internal import APIMessages
internal import NIOCore

/// Where an exchange's answer goes: an HTTP/1.1 connection or an HTTP/2 stream. Used on its event loop only.
protocol ResponseSink: AnyObject {
    /// `false` while the client does not take what is written.
    var isWritable: Bool { get }
    /// Writes a whole answer.
    func respond(_ response: APIResponse, body: [UInt8])
    /// Writes the head of a streamed answer; `false` where no body may follow, as for HEAD.
    func startStream(_ response: APIResponse) -> Bool
    /// Writes chunks and flushes once.
    func write(_ chunks: [[UInt8]])
    /// Ends a streamed answer.
    func endStream()
    /// Gives the answer up in a way that the client notices.
    func abort()
}

/// One request and its answer: runs the handler in a task and pumps what it returns into the sink.
///
/// `@unchecked Sendable`: everything mutable is touched on `eventLoop` only. Methods called from the outside and the pieces of
/// the task that touch it check that with `preconditionInEventLoop`.
final class Exchange: @unchecked Sendable {
    private let connection: Connection
    private let eventLoop: any EventLoop
    private var sink: (any ResponseSink)?
    private var task: Task<Void, Never>?
    private var stream: (any ByteStream)?
    private var writability: UnsafeContinuation<Void, Never>?
    private var stallTimer: Scheduled<Void>?

    init(connection: Connection, sink: any ResponseSink) {
        self.connection = connection
        self.sink = sink
        eventLoop = connection.executor.eventLoop
    }

    /// Hands the request to the handler.
    func start(_ request: APIRequest) {
        eventLoop.preconditionInEventLoop()
        connection.handlerStarted()
        connection.activity.requestStarted()
        // Sockets know no structure to run a request in; `clientGone` cancels it when its connection or stream dies.
        let executor = connection.handlerPlacement == .eventLoop ? connection.executor : nil
        task = Task(executorPreference: executor) { await self.answer(request) }
    }

    /// The connection or stream is dead: cancels what still works for it.
    func clientGone() {
        eventLoop.preconditionInEventLoop()
        sink = nil
        task?.cancel()
        task = nil
        stream?.cancel()
        resumeWriting()
    }

    /// The sink's writability changed.
    func writabilityChanged() {
        eventLoop.preconditionInEventLoop()
        if let sink, sink.isWritable { resumeWriting() }
    }

    private func answer(_ request: APIRequest) async {
        let response = await connection.handler.handle(request)
        connection.handlerEnded()
        switch response.body {
        case .bytes(let bytes):
            eventLoop.execute {
                self.connection.activity.requestAnswered()
                self.finish { $0.respond(response, body: bytes) }
            }
        case .stream(let stream):
            connection.activity.requestAnswered()
            // From here on everything runs on the connection's event loop: no thread changes between a stream and its socket.
            await withTaskExecutorPreference(connection.executor) { await self.pump(stream, of: response) }
        }
    }

    /// Lets go of the sink after its last call, so that neither keeps the other alive.
    private func finish(_ last: (any ResponseSink) -> Void) {
        eventLoop.preconditionInEventLoop()
        guard let sink else { return }
        self.sink = nil
        task = nil
        last(sink)
    }

    // MARK: - Streams

    private func pump(_ stream: any ByteStream, of response: APIResponse) async {
        guard start(stream, of: response) else {
            stream.cancel()
            return
        }
        guard let registration = connection.activity.opened(stream) else {
            stream.cancel()
            end()
            return
        }
        var isBroken = false
        do {
            while let chunks = try await stream.next() {
                guard write(chunks) else { break }
                await waitUntilWritable()
            }
        } catch {
            isBroken = true
        }
        connection.activity.closed(registration)
        stream.cancel()
        end(broken: isBroken)
    }

    private func start(_ stream: any ByteStream, of response: APIResponse) -> Bool {
        eventLoop.preconditionInEventLoop()
        guard let sink else { return false }
        guard sink.startStream(response) else {
            finish { $0.endStream() }
            return false
        }
        self.stream = stream
        return true
    }

    private func write(_ chunks: [[UInt8]]) -> Bool {
        eventLoop.preconditionInEventLoop()
        guard let sink else { return false }
        sink.write(chunks)
        return true
    }

    private func end(broken: Bool = false) {
        eventLoop.preconditionInEventLoop()
        stream = nil
        finish { broken ? $0.abort() : $0.endStream() }
    }

    private func waitUntilWritable() async {
        eventLoop.preconditionInEventLoop()
        guard let sink, !sink.isWritable else { return }
        startStallTimer()
        await withUnsafeContinuation { writability = $0 }
    }

    private func startStallTimer() {
        stallTimer = eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(connection.limits.writeTimeout)) { [weak self] in
            guard let self, let sink = self.sink else { return }
            sink.abort()
            self.clientGone()
        }
    }

    private func resumeWriting() {
        stallTimer?.cancel()
        stallTimer = nil
        guard let continuation = writability else { return }
        writability = nil
        continuation.resume()
    }
}
