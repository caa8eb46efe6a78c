internal import APIMessages
internal import NIOCore
internal import NIOHTTP1

/// One HTTP/1.1 connection: its requests one after the other, pipelined ones read ahead within a bound.
final class HTTP1Handler: ChannelDuplexHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = Never
    typealias OutboundOut = HTTPServerResponsePart

    private enum Phase {
        case idle
        case receiving
        case answering
        /// An answer was given before the request had arrived whole; the rest is dropped and the connection closed.
        case discarding
    }

    private enum Incoming {
        case part(HTTPServerRequestPart)
        case refusal(RequestRefusal)
    }

    private let connection: Connection
    private var context: ChannelHandlerContext?
    private var phase = Phase.idle
    private var assembly: RequestAssembly?
    private var exchange: Exchange?
    private var waiting = CircularBuffer<Incoming>()
    private var readIsHeld = false
    private var deadline: Deadline?
    private var headStarted = false
    private var isHeadRequest = false
    private var isChunked = false
    private var keepsAlive = true

    init(connection: Connection) { self.connection = connection }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let deadline = Deadline(eventLoop: context.eventLoop) { [weak self] in self?.deadlinePassed() }
        self.deadline = deadline
        deadline.set(connection.limits.idleTimeout)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        gone()
        self.context = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        gone()
        context.fireChannelInactive()
    }

    private func gone() {
        deadline?.cancel()
        exchange?.clientGone()
        exchange = nil
        assembly = nil
        waiting.removeAll()
        phase = .discarding
    }

    func read(context: ChannelHandlerContext) {
        if waiting.count >= connection.limits.pipelinedParts { readIsHeld = true } else { context.read() }
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        exchange?.writabilityChanged()
        if context.channel.isWritable { advance() }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ChannelShouldQuiesceEvent {
            keepsAlive = false
            if case .idle = phase, waiting.isEmpty { context.close(promise: nil) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard let error = error as? HTTPParserError else {
            gone()
            return context.close(promise: nil)
        }
        let isOverflow = error == .headerOverflow
        let limit = connection.limits.headBytes
        receive(.refusal(isOverflow ? .headTooLarge(limit: limit) : .badRequest("malformed HTTP request: \(error)")))
    }

    // MARK: - Requests

    /// Bytes came, perhaps only a part of a head: its time begins to run.
    func bytesArrived() {
        guard case .idle = phase, !headStarted else { return }
        headStarted = true
        deadline?.set(connection.limits.headTimeout)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { receive(.part(unwrapInboundIn(data))) }

    private func receive(_ incoming: Incoming) {
        switch phase {
        case .discarding: return
        case .answering: waiting.append(incoming)
        case .idle where !waiting.isEmpty: waiting.append(incoming)
        case .idle, .receiving: process(incoming)
        }
    }

    /// Goes on with what was read ahead, once the client has taken the last answer.
    private func advance() {
        while let context, context.channel.isWritable, !waiting.isEmpty {
            switch phase {
            case .answering, .discarding: return
            case .idle, .receiving: process(waiting.removeFirst())
            }
        }
        if readIsHeld, waiting.count < connection.limits.pipelinedParts {
            readIsHeld = false
            context?.read()
        }
    }

    private func process(_ incoming: Incoming) {
        do throws(RequestRefusal) {
            switch incoming {
            case .part(.head(let head)): try receive(head)
            case .part(.body(let buffer)): try assembly?.append(buffer)
            case .part(.end): dispatch()
            case .refusal(let refusal): throw refusal
            }
        } catch {
            refuse(error)
        }
    }

    private func receive(_ head: HTTPRequestHead) throws(RequestRefusal) {
        headStarted = false
        phase = .receiving
        connection.requestSeen()
        if keepsAlive { keepsAlive = head.isKeepAlive }
        isHeadRequest = head.method == .HEAD
        isChunked = head.version == .http1_1
        var headers: [(name: String, value: String)] = []
        headers.reserveCapacity(head.headers.count)
        for (name, value) in head.headers { headers.append((name: name.lowercased(), value: value)) }
        guard head.version != .http1_1 || headers.contains(where: { $0.name == "host" }) else {
            throw .badRequest("an HTTP/1.1 request needs a host header")
        }
        let assembly = try RequestAssembly(
            method: head.method.rawValue, target: head.uri, headers: headers, connection: connection)
        self.assembly = assembly
        deadline?.set(connection.limits.bodyTimeout)
        if assembly.expectsContinue, isChunked, let context {
            let head = HTTPResponseHead(version: .http1_1, status: .continue)
            context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
        }
    }

    private func dispatch() {
        guard let assembly else { return }
        self.assembly = nil
        phase = .answering
        deadline?.clear()
        let exchange = Exchange(connection: connection, sink: self)
        self.exchange = exchange
        exchange.start(assembly.request)
    }

    private func refuse(_ refusal: RequestRefusal) {
        keepsAlive = false
        assembly = nil
        let response = refusal.response
        guard case .bytes(let body) = response.body else { return }
        respond(response, body: body)
    }

    private func deadlinePassed() {
        switch phase {
        case .idle where headStarted, .receiving: refuse(.timeout)
        case .idle, .answering, .discarding: context?.close(promise: nil)
        }
    }
}

// MARK: - Answers

extension HTTP1Handler: ResponseSink {
    var isWritable: Bool { context?.channel.isWritable ?? false }

    func respond(_ response: APIResponse, body: [UInt8]) {
        guard let context else { return }
        let mayHaveBody = response.status != 204 && response.status != 304
        var head = head(of: response)
        if mayHaveBody { head.headers.add(name: "content-length", value: String(body.count)) }
        context.write(wrapOutboundOut(.head(head)), promise: nil)
        if !body.isEmpty, !isHeadRequest, mayHaveBody {
            context.write(wrapOutboundOut(.body(.byteBuffer(context.channel.allocator.buffer(bytes: body)))), promise: nil)
        }
        finishResponse(context)
    }

    func startStream(_ response: APIResponse) -> Bool {
        guard let context else { return false }
        // HTTP/1.0 knows no chunks; there the end of the connection is the end of the body.
        if !isChunked { keepsAlive = false }
        var head = head(of: response)
        if isChunked, !isHeadRequest { head.headers.add(name: "transfer-encoding", value: "chunked") }
        context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
        return !isHeadRequest
    }

    func write(_ chunks: [[UInt8]]) {
        guard let context else { return }
        let buffer = joined(chunks, allocator: context.channel.allocator)
        guard buffer.readableBytes > 0 else { return }
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(buffer))), promise: nil)
    }

    func endStream() {
        if let context { finishResponse(context) }
    }

    func abort() {
        exchange = nil
        context?.close(promise: nil)
    }

    private func head(of response: APIResponse) -> HTTPResponseHead {
        if connection.activity.isDraining { keepsAlive = false }
        var headers = HTTPHeaders()
        headers.reserveCapacity(response.headers.count + 3)
        for header in response.headers { headers.add(name: header.name, value: header.value) }
        if let date = connection.dateHeader { headers.add(name: "date", value: date.value) }
        if !keepsAlive { headers.add(name: "connection", value: "close") }
        return HTTPResponseHead(version: .http1_1, status: HTTPResponseStatus(statusCode: response.status), headers: headers)
    }

    private func finishResponse(_ context: ChannelHandlerContext) {
        exchange = nil
        let requestHadEnded = if case .answering = phase { true } else { false }
        if keepsAlive {
            phase = .idle
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            // A client that does not read is given that long, as is one that has nothing to ask.
            deadline?.set(isWritable ? connection.limits.idleTimeout : connection.limits.writeTimeout)
            return advance()
        }
        phase = .discarding
        waiting.removeAll()
        deadline?.set(connection.limits.writeTimeout)
        let channel = context.channel
        let flushed = context.eventLoop.makePromise(of: Void.self)
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: flushed)
        flushed.futureResult.assumeIsolated().whenComplete { _ in
            guard !requestHadEnded else { return channel.close(promise: nil) }
            // Closing at once would reset the connection under a client that is still sending, and it would never read the answer.
            channel.eventLoop.scheduleTask(in: .milliseconds(500)) { channel.close(promise: nil) }
        }
        if readIsHeld {
            readIsHeld = false
            context.read()
        }
    }
}
