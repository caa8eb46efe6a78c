public import APIMessages
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import NIOTLS
public import Objects
internal import Synchronization

/// An HTTPS server for an `APIHandler`: TLS 1.2 and later, HTTP/2 and HTTP/1.1 by ALPN.
///
/// ```swift
/// let server = try await HTTPServer.bind(configuration, handler: apiServer)
/// print(server.port)
/// await server.run()  // until its task is cancelled or `stop()` is called
/// ```
public final class HTTPServer: Sendable {
    /// Where a server listens and what it shows its clients.
    public struct Configuration: Sendable {
        /// An IP address or a host name.
        public var host: String
        /// 0 lets the system choose; `HTTPServer.port` tells which.
        public var port: Int
        /// The server's certificate and those of its issuers, leaf first, as PEM text.
        public var certificatePEM: String
        public var privateKeyPEM: String
        /// The authorities whose client certificates are believed, as PEM text; `nil` asks for none.
        public var clientAuthorityPEM: String?
        public var limits = HTTPServerLimits()
        public var handlerPlacement = HandlerPlacement.threadPool
        /// The clock for the `date` header; without one the header is left out.
        public var now: (@Sendable () -> Timestamp)?

        public init(host: String, port: Int, certificatePEM: String, privateKeyPEM: String, clientAuthorityPEM: String? = nil) {
            self.host = host
            self.port = port
            self.certificatePEM = certificatePEM
            self.privateKeyPEM = privateKeyPEM
            self.clientAuthorityPEM = clientAuthorityPEM
        }
    }

    /// On which threads handlers run.
    public enum HandlerPlacement: Sendable {
        /// On Swift's own: a long list delays no other connection.
        case threadPool
        /// On the connection's event loop: about a third less CPU for a small request, but a handler that computes for long
        /// delays every connection of its loop.
        case eventLoop
    }

    /// The port the server really listens on.
    public let port: Int

    private let listener: any Channel
    private let activity: Activity
    private let limits: HTTPServerLimits
    private let stopped: EventLoopPromise<Void>
    private let isStopping = Atomic<Bool>(false)

    private init(listener: any Channel, port: Int, shared: SharedState) {
        self.listener = listener
        self.port = port
        activity = shared.activity
        limits = shared.limits
        stopped = listener.eventLoop.makePromise(of: Void.self)
    }

    deinit {
        listener.close(promise: nil)
        stopped.succeed()
    }

    /// Begins to listen; requests are answered from then on.
    ///
    /// - Throws: ``HTTPServerError`` where the certificate or key cannot be read or the address cannot be used.
    public static func bind(_ configuration: Configuration, handler: any APIHandler) async throws(HTTPServerError) -> HTTPServer {
        let group = MultiThreadedEventLoopGroup.singleton
        let shared = SharedState(configuration, handler: handler, group: group)
        let setup = ConnectionSetup(shared: shared, tls: try tlsContext(configuration))
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1_024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelInitializer { channel in channel.eventLoop.makeCompletedFuture { try setup.prepare(channel) } }
        do {
            let listener = try await bootstrap.bind(host: configuration.host, port: configuration.port).get()
            return HTTPServer(listener: listener, port: listener.localAddress?.port ?? configuration.port, shared: shared)
        } catch {
            throw HTTPServerError(
                message: "cannot listen on \(configuration.host):\(configuration.port): \(error)",
                remedy: "stop what uses that port, or choose another address")
        }
    }

    /// Serves until the task is cancelled or ``stop()`` is called, then stops gracefully.
    public func run() async {
        await withTaskCancellationHandler {
            // It fails only if the socket fails; then too the connections are ended in order.
            try? await listener.closeFuture.get()
        } onCancel: {
            listener.close(promise: nil)
        }
        await stop()
    }

    /// Stops: accepts no more, tells clients to go elsewhere, gives running requests the grace period, ends streams, and
    /// returns within the grace period and two seconds.
    public func stop() async {
        if isStopping.exchange(true, ordering: .relaxed) {
            try? await stopped.futureResult.get()
            return
        }
        try? await listener.close().get()
        for channel in activity.beginDraining() {
            channel.pipeline.fireUserInboundEventTriggered(ChannelShouldQuiesceEvent())
        }
        await wait(atMost: limits.gracePeriod) { self.activity.pendingRequests == 0 }
        activity.endStreams()
        await wait(atMost: .seconds(1)) { self.activity.connectionCount == 0 }
        for channel in activity.openChannels { channel.close(promise: nil) }
        await wait(atMost: .milliseconds(500)) { self.activity.connectionCount == 0 }
        stopped.succeed()
    }

    /// Waits on the event loop's clock: a cancelled task must still stop in order.
    private func wait(atMost limit: Duration, until isDone: () -> Bool) async {
        let end = NIODeadline.now() + TimeAmount(limit)
        while !isDone(), NIODeadline.now() < end {
            try? await listener.eventLoop.scheduleTask(in: .milliseconds(5)) {}.futureResult.get()
        }
    }

    private static func tlsContext(_ configuration: Configuration) throws(HTTPServerError) -> NIOSSLContext {
        do {
            let chain = try NIOSSLCertificate.fromPEMBytes(Array(configuration.certificatePEM.utf8))
            let key = try NIOSSLPrivateKey(bytes: Array(configuration.privateKeyPEM.utf8), format: .pem)
            var tls = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
            tls.minimumTLSVersion = .tlsv12
            tls.applicationProtocols = ["h2", "http/1.1"]
            if let authority = configuration.clientAuthorityPEM {
                tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(authority.utf8)))
                tls.certificateVerification = .optionalVerification
            }
            return try NIOSSLContext(configuration: tls)
        } catch {
            throw HTTPServerError(
                message: "cannot use the server certificate: \(error)",
                remedy: "check that certificate, key and client authority are PEM and that the key belongs to the certificate")
        }
    }
}

/// Why a server could not begin to listen.
public struct HTTPServerError: Error, CustomStringConvertible {
    public var message: String
    /// What to do about it.
    public var remedy: String

    public var description: String { "\(message); \(remedy)" }
}
