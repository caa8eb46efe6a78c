import HTTPServer
import NIOCore
import Testing

@Suite(.timeLimit(.minutes(1))) struct TimeLimitTests {
    @Test func `a body that never comes is answered with 408`() async throws {
        var limits = HTTPServerLimits()
        limits.bodyTimeout = .milliseconds(100)
        try await withServer(EchoHandler(), limits: limits) { server in
            let client = try await RawClient.connect(port: server.port)
            client.write("POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhe")
            let text = try await client.textUntilClosed()
            #expect(text.hasPrefix("HTTP/1.1 408 "))
            #expect(text.contains("\"reason\":\"Timeout\""))
        }
    }

    @Test func `a head that never ends is answered with 408`() async throws {
        var limits = HTTPServerLimits()
        limits.headTimeout = .milliseconds(100)
        try await withServer(EchoHandler(), limits: limits) { server in
            let client = try await RawClient.connect(port: server.port)
            client.write("GET /echo HTTP/1.1\r\nHost: h\r\n")
            #expect(try await client.textUntilClosed().hasPrefix("HTTP/1.1 408 "))
        }
    }

    @Test func `an idle connection is closed without a word`() async throws {
        var limits = HTTPServerLimits()
        // Long enough to connect and ask within it on a busy machine.
        limits.idleTimeout = .seconds(2)
        try await withServer(EchoHandler(), limits: limits) { server in
            let client = try await RawClient.connect(port: server.port)
            #expect(try await client.textUntilClosed() == "")
            let other = try await HTTP2Client.connect(port: server.port)
            try await other.closeFuture.get()
            let third = try await HTTP2Client.connect(port: server.port)
            #expect(try await third.get("/echo").status.get() == "200")
            try await third.closeFuture.get()
        }
    }

    @Test func `a running request outlasts the idle time-out`() async throws {
        var limits = HTTPServerLimits()
        limits.idleTimeout = .seconds(1)
        let handler = EchoHandler()
        try await withServer(handler, limits: limits) { server in
            let watching = try await RawClient.connect(port: server.port)
            watching.write("GET /watch HTTP/1.1\r\nHost: h\r\n\r\n")
            #expect(try await watching.text(containing: "three").contains("three"))
            // Another connection's idle time-out passes meanwhile.
            let idle = try await RawClient.connect(port: server.port)
            _ = try await idle.textUntilClosed()
            #expect(handler.streamsCancelled.count == 0)
            try await watching.close()
            await handler.streamsCancelled.wait(for: 1)
        }
    }

    @Test func `a client that does not read holds back the stream and then loses it`() async throws {
        var limits = HTTPServerLimits()
        limits.writeTimeout = .milliseconds(300)
        let handler = EchoHandler()
        try await withServer(handler, limits: limits) { server in
            let client = try await HTTP2Client.connect(port: server.port)
            // Nobody opens the stream's window, because nobody reads the channel beyond its first frames.
            let (stream, status) = try await client.get("/flood")
            #expect(try await status.get() == "200")
            try await stream.setOption(.autoRead, value: false).get()
            await handler.streamsCancelled.wait(for: 1)
            #expect(handler.chunksPulled.count < 190)
        }
    }
}
