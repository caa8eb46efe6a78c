public import APIMessages
internal import AsyncHTTPClient
internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix
internal import NIOSSL

/// Carries requests to a Kubernetes API server over HTTPS, HTTP/2 where the server offers it.
///
/// The body of a watch (`watch=true`) or of a followed log (`follow=true`) arrives as a stream; every other one whole. All
/// requests share one HTTP/2 connection, so at most as many watches run as the server lets one connection have (250 usually).
public final class HTTPSTransport: APITransport {
    private let configuration: ClientConfiguration
    private let client: HTTPClient
    private let token: TokenSource

    /// - Throws: ``TransportError`` where a certificate or key of the configuration cannot be read.
    public init(_ configuration: ClientConfiguration) throws(TransportError) {
        self.configuration = configuration
        token = TokenSource(configuration.identity)
        var settings = HTTPClient.Configuration()
        settings.tlsConfiguration = try Self.tls(configuration)
        settings.timeout = .init(connect: TimeAmount(configuration.connectTimeout))
        // The API server redirects nothing that a client should follow with its credentials.
        settings.redirectConfiguration = .disallow
        settings.connectionPool.retryConnectionEstablishment = false
        client = HTTPClient(eventLoopGroup: MultiThreadedEventLoopGroup.singleton, configuration: settings)
    }

    /// Ends every request and closes the connections; must be called before the transport is dropped.
    public func shutdown() async throws { try await client.shutdown() }

    public func send(_ request: APIRequest) async throws -> APIResponse {
        let isStream = ["watch", "follow"].contains { ["true", "1"].contains(request.queryValue($0) ?? "") }
        let limit = TimeAmount(isStream ? configuration.connectTimeout : configuration.requestTimeout)
        let deadline = NIODeadline.now() + limit
        let described = describe(request)
        do {
            let response = try await client.execute(try await message(request), deadline: deadline)
            let headers = response.headers.map { (name: $0.name.lowercased(), value: $0.value) }
            let status = Int(response.status.code)
            if isStream, status == 200 {
                return APIResponse(status: status, headers: headers, body: .stream(ResponseStream(response.body, describe: described)))
            }
            let body = try await collect(response.body, until: deadline)
            return APIResponse(status: status, headers: headers, body: .bytes(body))
        } catch let error as TransportError {
            throw error
        } catch let error as CancellationError {
            throw error
        } catch {
            throw described(error)
        }
    }

    private func message(_ request: APIRequest) async throws(TransportError) -> HTTPClientRequest {
        var message = HTTPClientRequest(url: RequestURL.text(server: configuration.server, request))
        message.method = HTTPMethod(rawValue: request.method)
        for header in request.headers { message.headers.add(name: header.name, value: header.value) }
        if request.header("user-agent") == nil { message.headers.add(name: "user-agent", value: configuration.userAgent) }
        switch request.credentials {
        case .bearerToken(let token): message.headers.replaceOrAdd(name: "authorization", value: "Bearer \(token)")
        case .none, .certificate, .inProcess:
            if let token = try token.current() { message.headers.replaceOrAdd(name: "authorization", value: "Bearer \(token)") }
        }
        if !request.body.isEmpty { message.body = .bytes(request.body) }
        return message
    }

    /// The whole body; AsyncHTTPClient's own deadline ends with the head.
    private func collect(_ body: HTTPClientResponse.Body, until deadline: NIODeadline) async throws -> [UInt8] {
        let limit = configuration.responseBytes
        let task = Task { Array(try await body.collect(upTo: limit).readableBytesView) }
        let timer = MultiThreadedEventLoopGroup.singleton.any().scheduleTask(deadline: deadline) { task.cancel() }
        defer { timer.cancel() }
        do {
            return try await withTaskCancellationHandler {
                try await task.value
            } onCancel: {
                task.cancel()
            }
        } catch {
            if Task.isCancelled { throw CancellationError() }
            throw NIODeadline.now() >= deadline ? HTTPClientError.deadlineExceeded : error
        }
    }

    private func describe(_ request: APIRequest) -> @Sendable (any Error) -> TransportError {
        let server = configuration.server
        let what = "\(request.method) \(server)\(request.path)"
        let seconds = configuration.requestTimeout
        return { error in
            let remedy: String
            switch error {
            case let error as HTTPClientError where [.deadlineExceeded, .connectTimeout, .readTimeout].contains(error):
                remedy = "the server did not answer within \(seconds); check that it is up and reachable, then repeat the request"
            case is NIOSSLError, is NIOSSLExtraError, is BoringSSLError:
                remedy = "check the certificate authority and client certificate of the kubeconfig against the server's"
            case is NIOConnectionError, is IOError, is SocketAddressError:
                remedy = "check that an API server listens at \(server)"
            default: remedy = "repeat the request; the connection may have been closed by the server"
            }
            return TransportError(message: "\(what): \(error)", remedy: remedy)
        }
    }

    private static func tls(_ configuration: ClientConfiguration) throws(TransportError) -> TLSConfiguration {
        var tls = TLSConfiguration.makeClientConfiguration()
        tls.minimumTLSVersion = .tlsv12
        do {
            switch configuration.trust {
            case .system: break
            case .authorities(let pem): tls.trustRoots = .certificates(try NIOSSLCertificate.fromPEMBytes(Array(pem.utf8)))
            case .anyone: tls.certificateVerification = .none
            }
            if let certificate = configuration.identity.certificatePEM, let key = configuration.identity.privateKeyPEM {
                tls.certificateChain = try NIOSSLCertificate.fromPEMBytes(Array(certificate.utf8)).map { .certificate($0) }
                tls.privateKey = .privateKey(try NIOSSLPrivateKey(bytes: Array(key.utf8), format: .pem))
            }
        } catch {
            throw TransportError(
                message: "a certificate or key for \(configuration.server) cannot be read: \(error)",
                remedy: "check that the kubeconfig's certificates and key are PEM")
        }
        return tls
    }
}
