internal import APIMessages
internal import KubeClient
internal import Objects
internal import Testing

@Suite struct EventRecorderTests {
    private let world = World()

    private func recorder(_ transport: ScriptedTransport) -> EventRecorder {
        EventRecorder(client: KubeClient(transport: transport), time: world.time, component: "default-scheduler")
    }

    private func record(_ recorder: EventRecorder, _ pod: JSON, reason: String = "FailedScheduling", message: String = "no host fits") {
        world.start { await recorder.record(Pod(pod), .warning, reason: reason, message: message) }
        world.settle()
    }

    @Test func writesAnEvent() throws {
        let transport = ScriptedTransport()
        record(recorder(transport), .pod("web", version: 7))
        let request = try #require(transport.requests.first)
        #expect(transport.lines == ["POST /api/v1/namespaces/a/events"])
        let event = try #require(request.json)
        #expect(
            event["involvedObject"] == [
                "apiVersion": "v1", "kind": "Pod", "name": "web", "namespace": "a", "uid": "uid-web", "resourceVersion": "7",
            ])
        #expect((event["apiVersion"], event["kind"], event["type"], event["count"]) == ("v1", "Event", "Warning", 1))
        #expect((event["reason"], event["message"]) == ("FailedScheduling", "no host fits"))
        #expect((event["source", "component"], event["reportingComponent"]) == ("default-scheduler", "default-scheduler"))
        #expect((event["firstTimestamp"], event["lastTimestamp"]) == ("1970-01-01T00:16:40Z", "1970-01-01T00:16:40Z"))
        #expect(event["metadata", "name"]?.string?.hasPrefix("web.") == true)
    }

    @Test func countsEqualEvents() throws {
        let transport = ScriptedTransport()
        let recorder = recorder(transport)
        for _ in 0..<3 {
            record(recorder, .pod("web", version: 7))
            world.advance(by: .seconds(1))
        }
        let name = try #require(transport.requests.first?.json?["metadata", "name"]?.string)
        let path = "/api/v1/namespaces/a/events"
        #expect(transport.lines == ["POST \(path)", "PATCH \(path)/\(name)", "PATCH \(path)/\(name)"])
        #expect(transport.requests.last?.json == ["count": 3, "lastTimestamp": "1970-01-01T00:16:42Z"])
        #expect(transport.requests.last?.header("content-type") == "application/merge-patch+json")
    }

    @Test func differentEventsAreNotCountedTogether() {
        let transport = ScriptedTransport()
        let recorder = recorder(transport)
        record(recorder, .pod("web", version: 7))
        record(recorder, .pod("web", version: 7), message: "another message")
        record(recorder, .pod("web", version: 7), reason: "AnotherReason")
        record(recorder, .pod("other", version: 7))
        #expect(transport.requests.map(\.method) == ["POST", "POST", "POST", "POST"])
        #expect(Set(transport.requests.compactMap { $0.json?["metadata", "name"]?.string }).count == 4, "each has its own name")
    }

    @Test func writesAnEventAnewThatIsGone() {
        let transport = ScriptedTransport { request, _ in request.method == "PATCH" ? .failure(404, "NotFound") : .json([:]) }
        let recorder = recorder(transport)
        record(recorder, .pod("web", version: 7))
        record(recorder, .pod("web", version: 7))
        #expect(transport.requests.map(\.method) == ["POST", "PATCH", "POST"])
        #expect(transport.requests.last?.json?["count"] == 2)
    }

    @Test func eventsOfClusterScopedObjectsAreInTheDefaultNamespace() {
        let transport = ScriptedTransport()
        let recorder = recorder(transport)
        world.start { await recorder.record(Node(["metadata": ["name": "n1"]]), reason: "Ready", message: "") }
        world.settle()
        #expect(transport.lines == ["POST /api/v1/namespaces/default/events"])
        #expect(transport.requests.first?.json?["type"] == "Normal")
    }

    @Test func cutsLongMessages() {
        let transport = ScriptedTransport()
        record(recorder(transport), .pod("web", version: 7), message: String(repeating: "é", count: 5_000))
        #expect(transport.requests.first?.json?["message"]?.string?.count == 1_024)
    }

    @Test func aFailedEventStopsNobody() {
        let transport = ScriptedTransport { _, _ in throw ScriptedTransport.NoAnswer() }
        let recorder = recorder(transport)
        record(recorder, .pod("web", version: 7))
        record(recorder, .pod("web", version: 7))
        #expect(transport.requests.map(\.method) == ["POST", "PATCH", "POST"])
    }
}
