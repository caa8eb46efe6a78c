internal import APIMessages
internal import KubeClient
internal import Objects
internal import Testing

@Suite struct WatchStreamTests {
    private static let lines =
        JSON.event("ADDED", .pod("é漢😀", version: 1)).text + "\n" + JSON.event("MODIFIED", .pod("x", version: 2)).text + "\r\n\n"
        + JSON.event("DELETED", .pod("x", version: 3)).text + "\n" + JSON.event("BOOKMARK", .pod("", version: 4)).text + "\n"

    private func watch(_ chunks: [[UInt8]], breaks: Bool = false) async throws -> [WatchEvent] {
        let body = ScriptedStream(chunks)
        if breaks { body.breakOff() } else { body.close() }
        let client = KubeClient(transport: ScriptedTransport { _, _ in .stream(body) })
        let stream = try await client.watch(Pod.resource, resourceVersion: "0")
        var events: [WatchEvent] = []
        while let next = try await stream.next() {
            #expect(!next.isEmpty)
            events += next
        }
        return events
    }

    private func check(_ events: [WatchEvent]) {
        #expect(events.map(\.kind) == [.added, .modified, .deleted, .bookmark])
        #expect(events.map { $0.object["metadata", "name"]?.string } == ["é漢😀", "x", "x", ""])
        #expect(events.map { $0.object["metadata", "resourceVersion"]?.string } == ["1", "2", "3", "4"])
    }

    @Test func readsLinesCutAtAnyByte() async throws {
        let bytes = Array(Self.lines.utf8)
        for place in 0...bytes.count { check(try await watch([Array(bytes[..<place]), Array(bytes[place...])])) }
    }

    @Test(arguments: [1, 2, 3, 7, 64])
    func readsLinesInSmallChunks(size: Int) async throws {
        let bytes = Array(Self.lines.utf8)
        check(try await watch(stride(from: 0, to: bytes.count, by: size).map { Array(bytes[$0..<min(bytes.count, $0 + size)]) }))
    }

    @Test func readsAWholeBody() async throws {
        let client = KubeClient(transport: ScriptedTransport { _, _ in APIResponse(status: 200, body: .bytes(Array(Self.lines.utf8))) })
        let stream = try await client.watch(Pod.resource, resourceVersion: "0")
        check(try await stream.next() ?? [])
        #expect(try await stream.next()?.count == nil)
    }

    @Test func dropsALineThatIsNotWhole() async throws {
        #expect(try await watch([Array(Self.lines.utf8.dropLast(2))]).count == 3)
    }

    @Test(arguments: [
        ("not JSON\n", "watch sent a line that is not JSON"), ("{\"type\":\"ODD\",\"object\":{}}\n", "watch sent an unknown event"),
        ("{\"type\":\"ADDED\"}\n", "watch sent an unknown event"), ("[]\n", "watch sent an unknown event"),
    ])
    func refusesOtherLines(text: String, message: String) async {
        let error = await #expect(throws: KubeError.self) { try await watch([Array(text.utf8)]) }
        #expect(error?.description.hasPrefix(message) == true)
    }

    @Test func tellsThatAWatchBroke() async {
        let error = await #expect(throws: KubeError.self) { try await watch([], breaks: true) }
        #expect(error?.description == "watch broke off: Broken()")
    }

    @Test func cancellingEndsTheStream() async throws {
        let body = ScriptedStream()
        let stream = try await KubeClient(transport: ScriptedTransport { _, _ in .stream(body) }).watch(Pod.resource, resourceVersion: "0")
        stream.cancel()
        #expect(body.isCancelled)
        #expect(try await stream.next()?.count == nil)
    }
}
