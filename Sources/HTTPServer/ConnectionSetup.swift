internal import APIMessages
internal import Identity
internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTP2
internal import NIOSSL
internal import NIOTLS

/// Puts the handlers of one connection together: TLS, then what ALPN agreed on.
struct ConnectionSetup: Sendable {
    let shared: SharedState
    let tls: NIOSSLContext

    /// Prepares an accepted connection; closes it where there are too many.
    func prepare(_ channel: any Channel) throws {
        let limits = shared.limits
        guard shared.activity.admit(channel, limit: limits.connections) else {
            channel.close(promise: nil)
            return
        }
        let handshake = channel.eventLoop.scheduleTask(in: TimeAmount(limits.handshakeTimeout)) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in handshake.cancel() }
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(PlainHTTPRefusal())
        try pipeline.addHandler(NIOSSLServerHandler(context: tls))
        try pipeline.addHandler(
            ApplicationProtocolNegotiationHandler { result, channel in
                handshake.cancel()
                return channel.eventLoop.makeCompletedFuture {
                    let connection = try connection(of: channel)
                    if case .negotiated("h2") = result {
                        try configureHTTP2(channel, connection)
                    } else {
                        try configureHTTP1(channel, connection)
                    }
                }
            })
        try pipeline.addHandler(ConnectionErrorHandler())
    }

    private func connection(of channel: any Channel) throws -> Connection {
        var credentials = Credentials.none
        if let certificate = try channel.pipeline.syncOperations.nioSSL_peerCertificate() {
            let subject = try CertificateSubject(derEncoded: certificate.toDERBytes())
            // As in kube-apiserver, a certificate without a common name names nobody.
            if !subject.commonName.isEmpty {
                credentials = .certificate(commonName: subject.commonName, organizations: subject.organizations)
            }
        }
        return Connection(certificate: credentials, shared: shared, executor: shared.executor(of: channel.eventLoop))
    }

    private func configureHTTP1(_ channel: any Channel, _ connection: Connection) throws {
        var decoderLimits = NIOHTTPDecoderLimitConfiguration()
        decoderLimits.maxHeaderFieldSize = shared.limits.headBytes
        decoderLimits.maxHeaderListSize = shared.limits.headBytes
        decoderLimits.maxHeaderFieldCount = shared.limits.headFields
        var encoder = HTTPResponseEncoder.Configuration()
        encoder.automaticallySetFramingHeaders = false
        let handler = HTTP1Handler(connection: connection)
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(ArrivalHandler(handler))
        try pipeline.addHandler(HTTPResponseEncoder(configuration: encoder))
        try pipeline.addHandler(ByteToMessageHandler(HTTPRequestDecoder(limitConfiguration: decoderLimits)))
        try pipeline.addHandler(handler)
    }

    private func configureHTTP2(_ channel: any Channel, _ connection: Connection) throws {
        let limits = shared.limits
        var configuration = NIOHTTP2Handler.Configuration()
        configuration.connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: limits.concurrentStreams),
            HTTP2Setting(parameter: .maxHeaderListSize, value: limits.headBytes * 2),
            HTTP2Setting(parameter: .initialWindowSize, value: 256 * 1_024),
        ]
        configuration.connection.targetWindowSize = 1_024 * 1_024
        configuration.connection.maximumRecentlyResetStreams = 1_000
        configuration.connection.maximumConnectionGlitches = limits.resets
        configuration.connection.controlFrameRateLimit.maximumCount = limits.resets
        configuration.connection.controlFrameRateLimit.windowLength = TimeAmount(limits.resetWindow)
        configuration.stream.targetWindowSize = 256 * 1_024
        configuration.stream.outboundBufferSizeHighWatermark = 64 * 1_024
        configuration.stream.outboundBufferSizeLowWatermark = 16 * 1_024
        configuration.stream.streamResetFrameRateLimit.maximumCount = limits.resets
        configuration.stream.streamResetFrameRateLimit.windowLength = TimeAmount(limits.resetWindow)
        configuration.stream.streamErrorRateLimit.maximumCount = limits.resets
        configuration.stream.streamErrorRateLimit.windowLength = TimeAmount(limits.resetWindow)
        let manager = NIOHTTP2ServerConnectionManagementHandler(
            eventLoop: channel.eventLoop,
            configuration: .init(
                maxIdleTime: TimeAmount(limits.idleTimeout), maxAge: nil, maxGraceTime: TimeAmount(limits.gracePeriod),
                keepalive: .init(
                    pingInterval: TimeAmount(limits.pingInterval), ackTimeout: TimeAmount(limits.pingInterval / 2))))
        let pipeline = channel.pipeline.syncOperations
        try pipeline.addHandler(FlushCoalescer())
        _ = try pipeline.configureHTTP2Pipeline(
            mode: .server, connectionConfiguration: configuration.connection, streamConfiguration: configuration.stream,
            streamDelegate: manager.http2StreamDelegate
        ) { stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandler(HTTP2StreamHandler(connection: connection))
            }
        }
        try pipeline.addHandler(manager)
        try pipeline.addHandler(HTTP2ErrorHandler())
        // The manager times idleness from the last stream's end; a connection that never opens one is ended here.
        let silence = channel.eventLoop.scheduleTask(in: TimeAmount(limits.idleTimeout)) {
            if !connection.hasSeenRequest { channel.close(promise: nil) }
        }
        channel.closeFuture.whenComplete { _ in silence.cancel() }
    }
}
