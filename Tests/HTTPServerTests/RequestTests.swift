import APIMessages
import Foundation
import HTTPServer
import Testing

@Suite(.timeLimit(.minutes(1))) struct RequestTests {
    static let versions = ["--http1.1", "--http2"]

    @Test(arguments: versions)
    func `a request arrives decoded and its answer goes back`(_ version: String) async throws {
        try await withServer(EchoHandler()) { server in
            let result = try await curl(
                version, "-i", "-X", "PATCH", "-H", "X-Some-Header: Value", "-H", "Authorization: bearer secret", "--data-binary", "hello",
                "https://localhost:\(server.port)/api/v1/a%20b%2Fc/%C3%A9?watch=1&label=a%3Db+c&empty=&bare")
            #expect(result.status == 0, "\(result.error)")
            for line in [
                "PATCH /api/v1/a b/c/é", "query watch=1", "query label=a=b c", "query empty=", "query bare=", "x-some-header: Value",
                "host: localhost:\(server.port)", "credentials bearerToken(\"secret\")", "body 5 hello", "content-type: text/plain",
                "date: Sun, 06 Nov 1994 08:49:37 GMT",
            ] { #expect(result.output.contains(line), "\(line) is missing in\n\(result.output)") }
            #expect(!result.output.contains("authorization"))
            #expect(result.output.hasPrefix(version == "--http2" ? "HTTP/2 200" : "HTTP/1.1 200 OK"))
        }
    }

    @Test(arguments: versions, [HTTPServer.HandlerPlacement.threadPool, .eventLoop])
    func `a stream arrives chunk by chunk and ends`(_ version: String, _ placement: HTTPServer.HandlerPlacement) async throws {
        try await withServer(EchoHandler(), placement: placement) { server in
            let result = try await curl(version, "-i", "https://127.0.0.1:\(server.port)/stream")
            #expect(result.status == 0, "\(result.error)")
            #expect(result.output.hasSuffix("one\ntwo\nthree\n"))
            #expect(!result.output.contains("content-length"))
        }
    }

    struct Bodiless: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var arguments: [String]
        var expected: String
    }

    static let bodiless = [
        Bodiless(testDescription: "HEAD of a whole answer", arguments: ["-I", "/large"], expected: "content-length: 20971520"),
        Bodiless(testDescription: "HEAD of a stream", arguments: ["-I", "/watch"], expected: "content-type: application/json"),
        Bodiless(testDescription: "204", arguments: ["-i", "/none"], expected: " 204"),
    ]

    @Test(arguments: versions, bodiless)
    func `an answer without a body ends with its head and the connection lives on`(_ version: String, _ example: Bodiless) async throws {
        try await withServer(EchoHandler()) { server in
            let base = "https://127.0.0.1:\(server.port)"
            let result = try await curl([
                version, example.arguments[0], base + example.arguments[1], "--next", "-sS", "--cacert",
                TestCertificates.shared.directory + "/ca.crt", "-w", "connects %{num_connects}", base + "/echo",
            ])
            #expect(result.status == 0, "\(result.error)")
            #expect(result.output.contains(example.expected))
            #expect(result.output.contains("GET /echo"))
            #expect(result.output.hasSuffix("connects 0"))
        }
    }

    @Test(arguments: versions)
    func `a large answer arrives whole`(_ version: String) async throws {
        try await withServer(EchoHandler()) { server in
            let result = try await curl(version, "-o", "/dev/null", "-w", "%{size_download}", "https://127.0.0.1:\(server.port)/large")
            #expect(result.output == "20971520", "\(result.error)")
        }
    }

    struct Refusal: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var arguments: [String]
        var path = "/echo"
        var status: Int
        var reason: String
    }

    static let refusals = [
        Refusal(testDescription: "a broken escape in the path", arguments: [], path: "/a%zz", status: 400, reason: "BadRequest"),
        Refusal(testDescription: "an escape cut short", arguments: [], path: "/a%4", status: 400, reason: "BadRequest"),
        Refusal(testDescription: "a path that is not UTF-8", arguments: [], path: "/a%ff", status: 400, reason: "BadRequest"),
        Refusal(testDescription: "a broken escape in the query", arguments: [], path: "/a?b=%", status: 400, reason: "BadRequest"),
        Refusal(
            testDescription: "a body that is announced too large", arguments: ["--data-binary", "@BODY"], status: 413,
            reason: "RequestEntityTooLarge"),
        Refusal(
            testDescription: "a body that becomes too large", arguments: ["-H", "Transfer-Encoding: chunked", "--data-binary", "@BODY"],
            status: 413, reason: "RequestEntityTooLarge"),
        Refusal(
            testDescription: "a head that is too large", arguments: ["-H", "X-Large: " + String(repeating: "a", count: 3_000)],
            status: 431, reason: "RequestHeaderFieldsTooLarge"),
    ]

    @Test(arguments: versions, refusals)
    func `a wrong request is answered with a Status`(_ version: String, _ example: Refusal) async throws {
        let handler = EchoHandler()
        var limits = HTTPServerLimits()
        limits.bodyBytes = 100_000
        limits.headBytes = 2_000
        try await withServer(handler, limits: limits) { server in
            let body = FileManager.default.temporaryDirectory.path + "/sluice-body-\(UUID().uuidString)"
            try Data(count: 300_000).write(to: URL(filePath: body))
            defer { try? FileManager.default.removeItem(atPath: body) }
            var arguments = example.arguments.map { $0.replacingOccurrences(of: "BODY", with: body) }
            if version == "--http2" { arguments.removeAll { $0.contains("chunked") } }
            if arguments.first == "-H", arguments.count == 3 { arguments.removeFirst() }
            let result = try await curl(
                [version, "-w", "\n%{http_code}"] + arguments + ["https://127.0.0.1:\(server.port)\(example.path)"])
            #expect(result.output.hasSuffix("\n\(example.status)"), "\(result.output) \(result.error)")
            #expect(result.output.contains("\"kind\":\"Status\""))
            #expect(result.output.contains("\"reason\":\"\(example.reason)\""))
            #expect(handler.requests.count == 0)
        }
    }

    @Test func `a body within the limit passes, and 100-continue is answered`() async throws {
        try await withServer(EchoHandler()) { server in
            let client = try await RawClient.connect(port: server.port)
            client.write("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
            #expect(try await client.text(containing: "\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n")
            client.write("hello")
            #expect(try await client.text(containing: "body 5").contains("body 5 hello"))
            try await client.close()
        }
    }

    @Test func `a large body with 100-continue is refused before it is sent`() async throws {
        try await withServer(EchoHandler()) { server in
            let client = try await RawClient.connect(port: server.port)
            client.write("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 4000000\r\nExpect: 100-continue\r\n\r\n")
            let text = try await client.textUntilClosed()
            #expect(text.hasPrefix("HTTP/1.1 413 "))
            #expect(text.contains("connection: close"))
            #expect(text.contains("limit is 3145728 bytes"))
        }
    }

    @Test func `pipelined requests are answered in order`() async throws {
        try await withServer(EchoHandler()) { server in
            let client = try await RawClient.connect(port: server.port)
            var requests = (0..<300).map { "GET /echo/\($0) HTTP/1.1\r\nHost: h\r\n\r\n" }.joined()
            requests += "POST /last HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
            requests += "GET /never HTTP/1.1\r\nHost: h\r\n\r\n"
            client.write(requests)
            let text = try await client.textUntilClosed()
            let paths = text.split(whereSeparator: \.isNewline).filter {
                $0.hasPrefix("GET /echo/") || $0.hasPrefix("POST") || $0.hasPrefix("GET /never")
            }
            #expect(paths == (0..<300).map { "GET /echo/\($0)" } + ["POST /last"])
            #expect(text.contains("body 5 hello"))
        }
    }

    struct Malformed: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var text: String
        var status: Int
    }

    static let malformed = [
        Malformed(testDescription: "no HTTP", text: "hello\r\n\r\n", status: 400),
        Malformed(testDescription: "no host", text: "GET / HTTP/1.1\r\n\r\n", status: 400),
        Malformed(testDescription: "a relative target", text: "GET echo HTTP/1.1\r\nHost: h\r\n\r\n", status: 400),
        Malformed(
            testDescription: "two lengths", text: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
            status: 400),
        Malformed(
            testDescription: "length and chunks",
            text: "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", status: 400),
        Malformed(
            testDescription: "a broken chunk", text: "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", status: 400),
    ]

    @Test(arguments: malformed)
    func `malformed HTTP is refused and the connection closed`(_ example: Malformed) async throws {
        let handler = EchoHandler()
        try await withServer(handler) { server in
            let client = try await RawClient.connect(port: server.port)
            client.write(example.text)
            let text = try await client.textUntilClosed()
            #expect(text.hasPrefix("HTTP/1.1 \(example.status) "), "\(text)")
            #expect(handler.requests.count == 0)
        }
    }

    @Test func `HTTP 1 point 0 gets its answer and the end of the connection`() async throws {
        try await withServer(EchoHandler()) { server in
            let client = try await RawClient.connect(port: server.port)
            client.write("GET /stream HTTP/1.0\r\n\r\n")
            let text = try await client.textUntilClosed()
            #expect(text.hasSuffix("\r\n\r\none\ntwo\nthree\n"))
            #expect(!text.contains("chunked"))
        }
    }

    @Test func `an absolute target is read as its path`() async throws {
        try await withServer(EchoHandler()) { server in
            let client = try await RawClient.connect(port: server.port)
            client.write("GET https://h/api?x=1 HTTP/1.1\r\nHost: h\r\n\r\n")
            let text = try await client.text(containing: "body")
            #expect(text.contains("GET /api\nquery x=1"))
            try await client.close()
        }
    }
}
