import APIMessages
import HTTPServer
import KubeHTTP
import NIOCore
import Testing

@Suite(.timeLimit(.minutes(2))) struct StreamTests {
    @Test func `a stream is cancelled when an HTTP 1 client leaves`() async throws {
        let handler = EchoHandler()
        try await withServer(handler) { server in
            let client = try await RawClient.connect(port: server.port)
            client.write("GET /watch HTTP/1.1\r\nHost: h\r\n\r\n")
            let text = try await client.text(containing: "three")
            #expect(text.contains("4\r\none\n\r\n"))
            #expect(handler.streamsCancelled.count == 0)
            try await client.close()
            await handler.streamsCancelled.wait(for: 1)
        }
    }

    @Test func `a stream is cancelled when an HTTP 2 client resets it or leaves`() async throws {
        let handler = EchoHandler()
        try await withServer(handler) { server in
            let client = try await HTTP2Client.connect(port: server.port)
            let (first, firstStatus) = try await client.get("/watch")
            let (_, secondStatus) = try await client.get("/watch")
            #expect(try await firstStatus.get() == "200")
            #expect(try await secondStatus.get() == "200")
            first.close(promise: nil)
            await handler.streamsCancelled.wait(for: 1)
            #expect(try await client.get("/echo").status.get() == "200")
            #expect(handler.streamsCancelled.count == 1)
            try await client.close()
            await handler.streamsCancelled.wait(for: 2)
        }
    }

    @Test func `a handler's task is cancelled when the client leaves`() async throws {
        let handler = EchoHandler()
        try await withServer(handler) { server in
            let first = try await RawClient.connect(port: server.port)
            first.write("GET /hang HTTP/1.1\r\nHost: h\r\n\r\n")
            let second = try await HTTP2Client.connect(port: server.port)
            let (stream, _) = try await second.get("/hang")
            await handler.requests.wait(for: 2)
            try await first.close()
            await handler.requestsCancelled.wait(for: 1)
            stream.close(promise: nil)
            await handler.requestsCancelled.wait(for: 2)
        }
    }

    @Test func `a thousand streams open and close without the connection being dropped`() async throws {
        let handler = EchoHandler()
        var limits = HTTPServerLimits()
        limits.concurrentStreams = 1_000
        try await withServer(handler, limits: limits) { server in
            let client = try await HTTP2Client.connect(port: server.port)
            // The server's settings arrive with its first answer; until then a client may open but a hundred streams.
            #expect(try await client.get("/echo").status.get() == "200")
            for round in 1...2 {
                var streams: [any Channel] = []
                var statuses: [EventLoopFuture<String>] = []
                for _ in 0..<1_000 {
                    let (stream, status) = try await client.get("/watch")
                    streams.append(stream)
                    statuses.append(status)
                }
                for status in statuses { #expect(try await status.get() == "200") }
                for stream in streams { stream.close(promise: nil) }
                await handler.streamsCancelled.wait(for: round * 1_000)
            }
            #expect(try await client.get("/echo").status.get() == "200")
            #expect(client.isActive)
        }
    }

    @Test func `a flood of resets ends the connection`() async throws {
        var limits = HTTPServerLimits()
        limits.resets = 100
        try await withServer(EchoHandler(), limits: limits) { server in
            let client = try await HTTP2Client.connect(port: server.port)
            var resets = 0
            while resets < 300, let (stream, status) = try? await client.get("/watch"), (try? await status.get()) == "200" {
                stream.close(promise: nil)
                resets += 1
            }
            #expect((100...110).contains(resets))
            try await client.closeFuture.get()
        }
    }

    @Test func `more handlers than a connection may run are refused with 429`() async throws {
        let handler = EchoHandler()
        var limits = HTTPServerLimits()
        limits.runningHandlers = 3
        try await withServer(handler, limits: limits) { server in
            let client = try await HTTP2Client.connect(port: server.port)
            var streams: [any Channel] = []
            for _ in 0..<3 { streams.append(try await client.get("/hang").stream) }
            await handler.requests.wait(for: 3)
            #expect(try await client.get("/echo").status.get() == "429")
            for stream in streams { stream.close(promise: nil) }
            await handler.requestsCancelled.wait(for: 3)
        }
    }

    @Test(arguments: RequestTests.versions)
    func `a whole flood reaches a client that reads`(_ version: String) async throws {
        let handler = EchoHandler()
        try await withServer(handler) { server in
            let result = try await curl(version, "-o", "/dev/null", "-w", "%{size_download}", "https://127.0.0.1:\(server.port)/flood")
            #expect(result.output == "\(200 << 20)", "\(result.error)")
        }
    }
}

@Suite(.timeLimit(.minutes(1))) struct GracefulStopTests {
    @Test func `open watches end cleanly and the stop is quick`() async throws {
        let handler = EchoHandler()
        let transport = try await withServer(handler) { server in
            let transport = try TestCertificates.shared.transport(port: server.port)
            var streams: [any ByteStream] = []
            for _ in 0..<50 {
                let response = try await transport.send(APIRequest(method: "GET", path: "/watch", query: [("watch", "true")]))
                guard case .stream(let stream) = response.body else {
                    Issue.record("no stream")
                    continue
                }
                streams.append(stream)
            }
            let watching = try await RawClient.connect(port: server.port)
            watching.write("GET /watch HTTP/1.1\r\nHost: h\r\n\r\n")
            _ = try await watching.text(containing: "three")
            let idle = try await RawClient.connect(port: server.port)
            let clock = ContinuousClock()
            let elapsed = await clock.measure { await server.stop() }
            #expect(elapsed < .seconds(2))
            for stream in streams {
                var text = ""
                while let chunks = try await stream.next() { for chunk in chunks { text += String(decoding: chunk, as: UTF8.self) } }
                #expect(text == "one\ntwo\nthree\n")
            }
            #expect(try await watching.textUntilClosed().hasSuffix("0\r\n\r\n"))
            #expect(try await idle.textUntilClosed() == "")
            #expect(handler.streamsCancelled.count == 51)
            return transport
        }
        try await transport.shutdown()
    }

    @Test(arguments: RequestTests.versions)
    func `a request that does not end is cut off after the grace period`(_ version: String) async throws {
        let handler = EchoHandler()
        var limits = HTTPServerLimits()
        limits.gracePeriod = .milliseconds(200)
        try await withServer(handler, limits: limits) { server in
            async let hanging = curl(version, "https://127.0.0.1:\(server.port)/hang")
            await handler.requests.wait(for: 1)
            let elapsed = await ContinuousClock().measure { await server.stop() }
            #expect(elapsed < .seconds(3))
            let result = try await hanging
            #expect(result.status != 0)
            await handler.requestsCancelled.wait(for: 1)
        }
    }

    @Test func `a stopped server takes no connection, and stopping twice is harmless`() async throws {
        try await withServer(EchoHandler()) { server in
            await server.stop()
            await server.stop()
            let result = try await curl("https://127.0.0.1:\(server.port)/echo")
            #expect(result.status == 7, "curl's exit code 7 is: failed to connect")
        }
    }
}
