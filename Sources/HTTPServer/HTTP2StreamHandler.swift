internal import APIMessages
internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// One HTTP/2 stream: one request and its answer.
final class HTTP2StreamHandler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private let connection: Connection
    private var context: ChannelHandlerContext?
    private var assembly: RequestAssembly?
    private var exchange: Exchange?
    private var sawHead = false
    private var requestEnded = false
    private var isHeadRequest = false
    private var timer: Scheduled<Void>?

    init(connection: Connection) { self.connection = connection }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        gone()
        self.context = nil
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let frame):
            if frame.endStream { requestEnded = true }
            // A second block of headers is trailers, which no request of the Kubernetes API has.
            if !sawHead { receiveHead(frame.headers) }
        case .data(let frame):
            if frame.endStream { requestEnded = true }
            if case .byteBuffer(let buffer) = frame.data { receiveBody(buffer) }
        default: return
        }
        if requestEnded { dispatch() }
    }

    func channelInactive(context: ChannelHandlerContext) {
        gone()
        context.fireChannelInactive()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        exchange?.writabilityChanged()
        context.fireChannelWritabilityChanged()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        gone()
        context.close(promise: nil)
    }

    private func gone() {
        timer?.cancel()
        timer = nil
        assembly = nil
        exchange?.clientGone()
        exchange = nil
    }

    // MARK: - Requests

    private func receiveHead(_ block: HPACKHeaders) {
        sawHead = true
        connection.requestSeen()
        var method = ""
        var target = ""
        var size = 0
        var headers: [(name: String, value: String)] = []
        headers.reserveCapacity(block.count)
        for (name, value, _) in block {
            size += name.utf8.count + value.utf8.count
            switch name {
            case ":method": method = value
            case ":path": target = value
            case ":authority": headers.append((name: "host", value: value))
            case _ where name.utf8.first == 0x3a: break
            default: headers.append((name: name, value: value))
            }
        }
        isHeadRequest = method == "HEAD"
        let limits = connection.limits
        guard size <= limits.headBytes, block.count <= limits.headFields else {
            return refuse(.headTooLarge(limit: limits.headBytes))
        }
        guard connection.runningHandlers < limits.runningHandlers else { return refuse(.tooManyRequests) }
        do throws(RequestRefusal) {
            let assembly = try RequestAssembly(method: method, target: target, headers: headers, connection: connection)
            self.assembly = assembly
            if !requestEnded { awaitBody(assembly) }
        } catch {
            refuse(error)
        }
    }

    private func awaitBody(_ assembly: RequestAssembly) {
        guard let context else { return }
        if assembly.expectsContinue {
            let head = HTTP2Frame.FramePayload.Headers(headers: [":status": "100"])
            context.writeAndFlush(wrapOutboundOut(.headers(head)), promise: nil)
        }
        startTimer(connection.limits.bodyTimeout) { $0.refuse(.timeout) }
    }

    private func receiveBody(_ buffer: ByteBuffer) {
        guard assembly != nil else { return }
        do throws(RequestRefusal) { try assembly?.append(buffer) } catch { refuse(error) }
    }

    private func dispatch() {
        guard let assembly else { return }
        self.assembly = nil
        timer?.cancel()
        timer = nil
        let exchange = Exchange(connection: connection, sink: self)
        self.exchange = exchange
        exchange.start(assembly.request)
    }

    private func refuse(_ refusal: RequestRefusal) {
        assembly = nil
        timer?.cancel()
        timer = nil
        let response = refusal.response
        if case .bytes(let body) = response.body { respond(response, body: body) }
    }

    private func startTimer(_ duration: Duration, passed: @escaping (HTTP2StreamHandler) -> Void) {
        timer = context?.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(duration)) { [weak self] in
            if let self { passed(self) }
        }
    }
}

// MARK: - Answers

extension HTTP2StreamHandler: ResponseSink {
    var isWritable: Bool { context?.channel.isWritable ?? false }

    func respond(_ response: APIResponse, body: [UInt8]) {
        exchange = nil
        guard let context else { return }
        let mayHaveBody = response.status != 204 && response.status != 304
        var head = head(of: response)
        if mayHaveBody { head.add(name: "content-length", value: String(body.count)) }
        let isBodiless = body.isEmpty || isHeadRequest || !mayHaveBody
        let end = requestEnded ? nil : stopReceiving(after: context)
        context.write(wrapOutboundOut(.headers(.init(headers: head, endStream: isBodiless))), promise: isBodiless ? end : nil)
        if !isBodiless {
            let data = HTTP2Frame.FramePayload.Data(data: .byteBuffer(context.channel.allocator.buffer(bytes: body)), endStream: true)
            context.write(wrapOutboundOut(.data(data)), promise: end ?? (body.count > 65_536 ? watchedPromise(context) : nil))
        }
        context.flush()
    }

    func startStream(_ response: APIResponse) -> Bool {
        guard let context else { return false }
        let head = HTTP2Frame.FramePayload.Headers(headers: head(of: response), endStream: isHeadRequest)
        context.writeAndFlush(wrapOutboundOut(.headers(head)), promise: nil)
        return !isHeadRequest
    }

    func write(_ chunks: [[UInt8]]) {
        guard let context else { return }
        let data = HTTP2Frame.FramePayload.Data(data: .byteBuffer(joined(chunks, allocator: context.channel.allocator)))
        context.writeAndFlush(wrapOutboundOut(.data(data)), promise: nil)
    }

    func endStream() {
        exchange = nil
        guard let context, !isHeadRequest else { return }
        let data = HTTP2Frame.FramePayload.Data(data: .byteBuffer(ByteBuffer()), endStream: true)
        context.writeAndFlush(wrapOutboundOut(.data(data)), promise: nil)
    }

    func abort() {
        exchange = nil
        // Closing a stream that has not ended resets it.
        context?.close(promise: nil)
    }

    private func head(of response: APIResponse) -> HPACKHeaders {
        var head = HPACKHeaders()
        head.reserveCapacity(response.headers.count + 3)
        head.add(name: ":status", value: String(response.status))
        for header in response.headers { head.add(name: header.name, value: header.value) }
        if let date = connection.dateHeader { head.add(name: "date", value: date.value) }
        return head
    }

    /// A promise for the end of an answer that came before the request's: then the client, which may still be sending, is told
    /// that nobody reads it any more. A reset at once would overtake the answer.
    private func stopReceiving(after context: ChannelHandlerContext) -> EventLoopPromise<Void> {
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenSuccess { [weak self] in
            guard let self, !self.requestEnded, let context = self.context else { return }
            self.requestEnded = true
            context.writeAndFlush(self.wrapOutboundOut(.rstStream(.noError)), promise: nil)
        }
        return promise
    }

    /// A promise for a large write, whose client loses the stream when it leaves the answer unread.
    private func watchedPromise(_ context: ChannelHandlerContext) -> EventLoopPromise<Void> {
        startTimer(connection.limits.writeTimeout) { $0.abort() }
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { [weak self] _ in
            self?.timer?.cancel()
            self?.timer = nil
        }
        return promise
    }
}

/// The chunks of a batch as one buffer, so that they become one frame or chunk.
func joined(_ chunks: [[UInt8]], allocator: ByteBufferAllocator) -> ByteBuffer {
    if chunks.count == 1 { return allocator.buffer(bytes: chunks[0]) }
    var buffer = allocator.buffer(capacity: chunks.reduce(0) { $0 + $1.count })
    for chunk in chunks { buffer.writeBytes(chunk) }
    return buffer
}
