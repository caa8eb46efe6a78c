import APIMessages
import HTTPServer
import Identity
import KubeHTTP
import NIOCore
import NIOSSL
import Testing

@Suite(.timeLimit(.minutes(1))) struct SecurityTests {
    @Test(arguments: RequestTests.versions)
    func `a client certificate names the caller and wins over a token`(_ version: String) async throws {
        try await withServer(EchoHandler()) { server in
            let directory = TestCertificates.shared.directory
            let result = try await curl(
                version, "--cert", directory + "/admin.crt", "--key", directory + "/admin.key", "-H", "Authorization: Bearer t",
                "https://127.0.0.1:\(server.port)/echo")
            let wanted = "credentials certificate(commonName: \"kubernetes-admin\", organizations: [\"system:masters\"])"
            #expect(result.output.contains(wanted), "\(result.output) \(result.error)")
        }
    }

    @Test func `without certificate and token a request has no credentials`() async throws {
        try await withServer(EchoHandler()) { server in
            for header in ["X: y", "Authorization: Basic YTpi", "Authorization: Bearer", "Authorization: Bearer "] {
                let result = try await curl("-H", header, "https://127.0.0.1:\(server.port)/echo")
                #expect(result.output.contains("credentials none"), "\(header)")
            }
        }
    }

    @Test(arguments: RequestTests.versions)
    func `a certificate of another authority ends the handshake`(_ version: String) async throws {
        let handler = EchoHandler()
        try await withServer(handler) { server in
            let directory = TestCertificates.foreign.directory
            let result = try await curl(
                version, "--cert", directory + "/admin.crt", "--key", directory + "/admin.key", "https://127.0.0.1:\(server.port)/echo")
            #expect(result.status != 0)
            #expect(result.output == "")
            #expect(handler.requests.count == 0)
        }
    }

    @Test func `a server certificate is no client certificate`() async throws {
        let handler = EchoHandler()
        try await withServer(handler) { server in
            let directory = TestCertificates.shared.directory
            let result = try await curl(
                "--cert", directory + "/server.crt", "--key", directory + "/server.key", "https://127.0.0.1:\(server.port)/echo")
            #expect(result.status != 0)
            #expect(handler.requests.count == 0)
        }
    }

    @Test func `plain HTTP on the port is told so`() async throws {
        try await withServer(EchoHandler()) { server in
            let result = try await curl("-i", "--http1.0", "http://127.0.0.1:\(server.port)/echo")
            #expect(result.output.hasPrefix("HTTP/1.0 400 Bad Request"))
            #expect(result.output.contains("Client sent an HTTP request to an HTTPS server."))
        }
    }

    @Test func `TLS 1 point 1 is refused and TLS 1 point 2 is not`() async throws {
        let handler = EchoHandler()
        try await withServer(handler) { server in
            let old = try await RawClient.connect(port: server.port, version: .tlsv11)
            old.write("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try await old.textUntilClosed() == "")
            #expect(handler.requests.count == 0)
            let new = try await RawClient.connect(port: server.port, version: .tlsv12)
            new.write("GET /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n")
            #expect(try await new.textUntilClosed().hasPrefix("HTTP/1.1 200 OK"))
        }
    }

    @Test func `connections above the limit are closed at once`() async throws {
        var limits = HTTPServerLimits()
        limits.connections = 1
        try await withServer(EchoHandler(), limits: limits) { server in
            let first = try await RawClient.connect(port: server.port)
            first.write("GET /watch HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = try await first.text(containing: "three")
            let second = try? await RawClient.connect(port: server.port)
            second?.write("GET /echo HTTP/1.1\r\nHost: h\r\n\r\n")
            if let second { #expect(try await second.textUntilClosed() == "") }
            try await first.close()
        }
    }

    @Test func `a port in use and a wrong key are errors with a remedy`() async throws {
        try await withServer(EchoHandler()) { server in
            let files = TestCertificates.shared.files
            var configuration = HTTPServer.Configuration(
                host: "127.0.0.1", port: server.port, certificatePEM: files.server.certificatePEM, privateKeyPEM: files.server.privateKeyPEM
            )
            let inUse = await #expect(throws: HTTPServerError.self) { try await HTTPServer.bind(configuration, handler: EchoHandler()) }
            #expect(inUse?.message.contains("cannot listen on 127.0.0.1:\(server.port)") == true)
            configuration.port = 0
            configuration.privateKeyPEM = "nonsense"
            let wrongKey = await #expect(throws: HTTPServerError.self) { try await HTTPServer.bind(configuration, handler: EchoHandler()) }
            #expect(wrongKey?.message.contains("server certificate") == true)
        }
    }
}
