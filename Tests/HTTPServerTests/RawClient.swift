import Identity
import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import NIOSSL

/// A TLS connection that a test writes any bytes to.
final class RawClient: Sendable {
    private let channel: any Channel
    private let collector: Collector

    /// Everything received so far, and the end of the connection.
    private final class Collector: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        private let received: NIOLoopBoundBox<ByteBuffer>
        private let waiting: NIOLoopBoundBox<[(String, EventLoopPromise<String>)]>
        private let isClosed: NIOLoopBoundBox<Bool>
        private let eventLoop: any EventLoop

        init(_ eventLoop: any EventLoop) {
            self.eventLoop = eventLoop
            received = .makeBoxSendingValue(ByteBuffer(), eventLoop: eventLoop)
            waiting = .makeBoxSendingValue([], eventLoop: eventLoop)
            isClosed = .makeBoxSendingValue(false, eventLoop: eventLoop)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var buffer = unwrapInboundIn(data)
            received.value.writeBuffer(&buffer)
            check()
        }

        func channelInactive(context: ChannelHandlerContext) {
            isClosed.value = true
            check()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

        func text(containing wanted: String) -> EventLoopFuture<String> {
            eventLoop.flatSubmit {
                let promise = self.eventLoop.makePromise(of: String.self)
                self.waiting.value.append((wanted, promise))
                self.check()
                return promise.futureResult
            }
        }

        private func check() {
            let text = String(buffer: received.value)
            let waiters = waiting.value
            waiting.value = waiters.filter { !isClosed.value && !text.contains($0.0) }
            for waiter in waiters where isClosed.value || text.contains(waiter.0) { waiter.1.succeed(text) }
        }
    }

    private init(channel: any Channel, collector: Collector) {
        self.channel = channel
        self.collector = collector
    }

    static func connect(port: Int, version: TLSVersion? = nil) async throws -> RawClient {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(
            try NIOSSLCertificate.fromPEMBytes(Array(TestCertificates.shared.files.authority.certificatePEM.utf8)))
        tls.applicationProtocols = ["http/1.1"]
        if let version {
            tls.minimumTLSVersion = version
            tls.maximumTLSVersion = version
        }
        let sslContext = try NIOSSLContext(configuration: tls)
        let loop = MultiThreadedEventLoopGroup.singleton.any()
        let collector = Collector(loop)
        let channel = try await ClientBootstrap(group: loop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: sslContext, serverHostname: nil))
                    try channel.pipeline.syncOperations.addHandler(collector)
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        return RawClient(channel: channel, collector: collector)
    }

    func write(_ text: String) { channel.writeAndFlush(ByteBuffer(string: text), promise: nil) }

    /// What has been received when it contains `wanted`, or when the connection has ended.
    func text(containing wanted: String) async throws -> String { try await collector.text(containing: wanted).get() }

    /// What has been received when the connection has ended.
    func textUntilClosed() async throws -> String { try await collector.text(containing: "\u{0}never").get() }

    func close() async throws { try await channel.close().get() }
}

/// An HTTP/2 connection whose streams a test opens and resets as it likes.
final class HTTP2Client: Sendable {
    private let channel: any Channel
    private let multiplexer: NIOHTTP2Handler.StreamMultiplexer

    private init(channel: any Channel, multiplexer: NIOHTTP2Handler.StreamMultiplexer) {
        self.channel = channel
        self.multiplexer = multiplexer
    }

    var isActive: Bool { channel.isActive }
    var closeFuture: EventLoopFuture<Void> { channel.closeFuture }

    static func connect(port: Int) async throws -> HTTP2Client {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.trustRoots = .certificates(
            try NIOSSLCertificate.fromPEMBytes(Array(TestCertificates.shared.files.authority.certificatePEM.utf8)))
        tls.applicationProtocols = ["h2"]
        let sslContext = try NIOSSLContext(configuration: tls)
        // Data for streams the test has reset may still arrive; the client must not take that for an attack.
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        connection.maximumRecentlyResetStreams = 10_000
        connection.maximumConnectionGlitches = 10_000
        var streams = NIOHTTP2Handler.StreamConfiguration()
        streams.streamErrorRateLimit.maximumCount = 10_000
        let (channel, multiplexer) = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { [connection, streams] channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    try pipeline.addHandler(NIOSSLClientHandler(context: sslContext, serverHostname: nil))
                    let multiplexer = try pipeline.configureHTTP2Pipeline(
                        mode: .client, connectionConfiguration: connection, streamConfiguration: streams
                    ) { $0.eventLoop.makeSucceededVoidFuture() }
                    return (channel, multiplexer)
                }
            }
        return HTTP2Client(channel: channel, multiplexer: multiplexer)
    }

    func close() async throws { try await channel.close().get() }

    /// Opens a stream with a GET and returns it with a future of the status.
    func get(_ path: String) async throws -> (stream: any Channel, status: EventLoopFuture<String>) {
        let status = channel.eventLoop.makePromise(of: String.self)
        let stream = try await multiplexer.createStreamChannel { stream in
            stream.eventLoop.makeCompletedFuture { try stream.pipeline.syncOperations.addHandler(StatusReader(status)) }
        }.get()
        let headers: HPACKHeaders = [":method": "GET", ":path": path, ":scheme": "https", ":authority": "127.0.0.1"]
        stream.writeAndFlush(HTTP2Frame.FramePayload.headers(.init(headers: headers, endStream: true)), promise: nil)
        return (stream, status.futureResult)
    }

    private final class StatusReader: ChannelInboundHandler, Sendable {
        typealias InboundIn = HTTP2Frame.FramePayload
        private let status: EventLoopPromise<String>

        init(_ status: EventLoopPromise<String>) { self.status = status }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            if case .headers(let frame) = unwrapInboundIn(data) { status.succeed(frame.headers.first(name: ":status") ?? "") }
        }

        func channelInactive(context: ChannelHandlerContext) { status.fail(ChannelError.ioOnClosedChannel) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { status.fail(error) }
    }
}
