import APIMessages
import Foundation
import HTTPServer
import Identity
import KubeHTTP
import Testing

@Suite(.timeLimit(.minutes(1))) struct HTTPSTransportTests {
    /// Runs `body` with a transport of that configuration and shuts it down.
    func with(_ configuration: ClientConfiguration, body: (HTTPSTransport) async throws -> Void) async throws {
        let transport = try HTTPSTransport(configuration)
        do { try await body(transport) } catch {
            try await transport.shutdown()
            throw error
        }
        try await transport.shutdown()
    }

    @Test func `a request goes there and back unchanged`() async throws {
        try await withServer(EchoHandler()) { server in
            try await with(TestCertificates.shared.configuration(port: server.port, identity: .init(token: "t"))) { transport in
                let response = try await transport.send(
                    APIRequest(
                        method: "POST", path: "/apis/a b/é", query: [("labelSelector", "a=b,c in (d)&+%"), ("x", "")],
                        headers: [("content-type", "application/json")], body: Array("{}".utf8)))
                #expect(response.status == 200)
                let text = try await wholeBody(response)
                for line in [
                    "POST /apis/a b/é", "query labelSelector=a=b,c in (d)&+%", "query x=", "content-type: application/json",
                    "user-agent: sluice", "credentials bearerToken(\"t\")", "body 2 {}",
                ] { #expect(text.contains(line), "\(line) is missing in\n\(text)") }
            }
        }
    }

    @Test func `a kubeconfig reaches the server as its administrator`() async throws {
        try await withServer(EchoHandler()) { server in
            let files = TestCertificates.shared.files
            let path = TestCertificates.shared.directory + "/kubeconfig-\(server.port)"
            try Kubeconfig(
                server: "https://localhost:\(server.port)/", authorityPEM: files.authority.certificatePEM,
                clientCertificatePEM: files.administrator.certificatePEM, clientKeyPEM: files.administrator.privateKeyPEM
            ).write(to: path)
            try await with(try ClientConfiguration(kubeconfig: path)) { transport in
                let text = try await wholeBody(try await transport.send(APIRequest(method: "GET", path: "/echo")))
                #expect(text.contains("certificate(commonName: \"kubernetes-admin\""))
            }
        }
    }

    @Test func `a watch arrives as a stream and its end is the server's or the reader's`() async throws {
        let handler = EchoHandler()
        try await withServer(handler) { server in
            try await with(TestCertificates.shared.configuration(port: server.port)) { transport in
                let ended = try await transport.send(APIRequest(method: "GET", path: "/stream", query: [("watch", "1")]))
                #expect(try await wholeBody(ended) == "one\ntwo\nthree\n")
                let watch = try await transport.send(APIRequest(method: "GET", path: "/watch", query: [("watch", "true")]))
                guard case .stream(let stream) = watch.body else {
                    Issue.record("no stream")
                    return
                }
                var text = ""
                while text != "one\ntwo\nthree\n", let chunks = try await stream.next() {
                    for chunk in chunks { text += String(decoding: chunk, as: UTF8.self) }
                }
                async let next = stream.next()
                stream.cancel()
                #expect(try await next == nil)
                // The first stream ended by itself and was cancelled then; this is the second.
                await handler.streamsCancelled.wait(for: 2)
            }
        }
    }

    @Test func `a request that takes too long is an error with a remedy`() async throws {
        try await withServer(EchoHandler()) { server in
            var configuration = TestCertificates.shared.configuration(port: server.port)
            configuration.requestTimeout = .milliseconds(200)
            try await with(configuration) { transport in
                let error = await #expect(throws: TransportError.self) {
                    try await transport.send(APIRequest(method: "GET", path: "/hang"))
                }
                #expect(error?.remedy.contains("did not answer within 0.2 seconds") == true, "\(String(describing: error))")
                let slowBody = await #expect(throws: TransportError.self) {
                    try await transport.send(APIRequest(method: "GET", path: "/watch"))
                }
                #expect(slowBody?.remedy.contains("did not answer within") == true, "\(String(describing: slowBody))")
            }
        }
    }

    @Test func `no server, a strange server and a foreign certificate are errors with remedies`() async throws {
        let port = try await withServer(EchoHandler()) { server in
            var strange = TestCertificates.foreign.configuration(port: server.port)
            try await with(strange) { transport in
                let error = await #expect(throws: TransportError.self) { try await transport.send(APIRequest(method: "GET", path: "/")) }
                #expect(error?.remedy.contains("certificate authority") == true, "\(String(describing: error))")
            }
            strange.trust = .anyone
            try await with(strange) { transport in
                let response = try await transport.send(APIRequest(method: "GET", path: "/"))
                #expect(response.status == 200)
            }
            return server.port
        }
        try await with(TestCertificates.shared.configuration(port: port)) { transport in
            let error = await #expect(throws: TransportError.self) { try await transport.send(APIRequest(method: "GET", path: "/")) }
            #expect(error?.remedy == "check that an API server listens at https://127.0.0.1:\(port)", "\(String(describing: error))")
        }
    }
}

@Suite struct KubeconfigFileTests {
    static let valid = """
        apiVersion: v1
        kind: Config
        current-context: one
        clusters:
        - name: c
          cluster: {server: "https://h:1", certificate-authority-data: QUJD}
        - name: open
          cluster: {server: "https://h:2", insecure-skip-tls-verify: true}
        contexts:
        - name: one
          context: {cluster: c, user: u, namespace: n}
        - name: two
          context: {cluster: open, user: t}
        - name: lost
          context: {cluster: gone, user: t}
        users:
        - name: u
          user: {client-certificate-data: QQ==, client-key-data: Qg==}
        - name: t
          user: {token: secret, tokenFile: token}
        """

    @Test func `the current context is used, or the one asked for`() throws {
        let one = try ClientConfiguration(kubeconfigText: Self.valid, path: "/etc/k")
        #expect(one.server == "https://h:1")
        #expect(one.trust == .authorities(pem: "ABC"))
        #expect(one.identity == .init(certificatePEM: "A", privateKeyPEM: "B"))
        #expect(one.namespace == "n")
        let two = try ClientConfiguration(kubeconfigText: Self.valid, path: "/etc/k", context: "two")
        #expect(two.trust == .anyone)
        #expect(two.identity == .init(token: "secret", tokenFile: "/etc/token"))
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var text: String
        var context: String?
        var message: String
    }

    static let wrong = [
        Case(testDescription: "no YAML", text: "a: [", message: "k is not valid YAML"),
        Case(testDescription: "a list", text: "- a", message: "k is no kubeconfig"),
        Case(testDescription: "no context", text: "kind: Config", message: "k names no current-context"),
        Case(
            testDescription: "an unknown context", text: valid, context: "three",
            message: "k has no context called three; use one of: lost, one, two"),
        Case(testDescription: "a context without its cluster", text: valid, context: "lost", message: "k has no cluster called gone"),
        Case(
            testDescription: "a key that is no base64", text: valid.replacingOccurrences(of: "Qg==", with: "Q"),
            message: "k has client-key-data that is not base64"),
        Case(
            testDescription: "a certificate without its key", text: valid.replacingOccurrences(of: ", client-key-data: Qg==", with: ""),
            message: "k has a client certificate without its key"),
        Case(
            testDescription: "an exec plugin", text: valid.replacingOccurrences(of: "token: secret", with: "exec: {command: x}"),
            context: "two",
            message: "k uses exec, which is not supported"),
    ]

    @Test(arguments: wrong)
    func `a kubeconfig that cannot be used says why`(_ example: Case) {
        let error = #expect(throws: TransportError.self) {
            try ClientConfiguration(kubeconfigText: example.text, path: "k", context: example.context)
        }
        #expect(error?.description.hasPrefix(example.message) == true, "\(String(describing: error))")
    }
}
