internal import APIMessages
internal import KubeClient
internal import Objects
internal import Testing

/// A call of the client with the request it must become.
private struct Call: Sendable, CustomTestStringConvertible {
    var line: String
    var contentType: String?
    var body: JSON?
    var make: @Sendable (KubeClient) async throws -> Void

    init(_ line: String, _ contentType: String? = nil, body: JSON? = nil, _ make: @escaping @Sendable (KubeClient) async throws -> Void) {
        self.line = line
        self.contentType = contentType
        self.body = body
        self.make = make
    }

    var testDescription: String { line }
}

private let web = ObjectKey(namespace: "a", name: "web")

@Suite struct KubeClientTests {
    @Test(arguments: [
        Call("GET /api/v1/namespaces/a/pods/web") { _ = try await $0.get(Pod.resource, web) },
        Call("GET /api/v1/nodes/n1") { _ = try await $0.get(Node.self, ObjectKey(name: "n1")) },
        Call("GET /api/v1/pods") { _ = try await $0.list(Pod.resource) },
        Call("GET /apis/apps/v1/namespaces/a/deployments?labelSelector=app=web&fieldSelector=metadata.name=x&limit=5&continue=t") {
            _ = try await $0.list(
                Deployment.resource, namespace: "a", labelSelector: "app=web", fieldSelector: "metadata.name=x", limit: 5,
                continueToken: "t")
        },
        Call(
            "POST /apis/apps/v1/namespaces/a/deployments", "application/json",
            body: ["metadata": ["name": "web"], "apiVersion": "apps/v1", "kind": "Deployment"]
        ) { try await $0.create(Deployment.resource, namespace: "a", ["metadata": ["name": "web"]]) },
        Call("POST /api/v1/nodes", "application/json", body: ["apiVersion": "v1", "kind": "Node"]) {
            try await $0.create(Node.resource, [:])
        },
        Call("PUT /api/v1/namespaces/a/pods/web", "application/json", body: ["spec": 1]) {
            try await $0.update(Pod.resource, web, ["spec": 1])
        },
        Call("PUT /api/v1/namespaces/a/pods/web/status", "application/json", body: ["status": 1]) {
            try await $0.update(Pod.resource, web, ["status": 1], subresource: "status")
        },
        Call("PATCH /api/v1/namespaces/a/pods/web", "application/merge-patch+json", body: ["a": nil]) {
            try await $0.patch(Pod.resource, web, ["a": nil])
        },
        Call("PATCH /api/v1/namespaces/a/pods/web/status", "application/json-patch+json", body: [["op": "remove", "path": "/a"]]) {
            try await $0.patch(Pod.resource, web, [["op": "remove", "path": "/a"]], subresource: "status", as: .json)
        },
        Call("PATCH /api/v1/namespaces/a/pods/web", "application/strategic-merge-patch+json", body: [:]) {
            try await $0.patch(Pod.resource, web, [:], as: .strategic)
        },
        Call("DELETE /api/v1/namespaces/a/pods/web", "application/json", body: ["apiVersion": "v1", "kind": "DeleteOptions"]) {
            try await $0.delete(Pod.resource, web)
        },
        Call(
            "DELETE /api/v1/namespaces/a/pods/web", "application/json",
            body: [
                "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": ["uid": "u"], "gracePeriodSeconds": 0,
                "propagationPolicy": "Foreground",
            ]
        ) { try await $0.delete(Pod.resource, web, uid: "u", gracePeriodSeconds: 0, propagationPolicy: "Foreground") },
        Call(
            "POST /api/v1/namespaces/a/pods/web/binding", "application/json",
            body: [
                "apiVersion": "v1", "kind": "Binding", "metadata": ["name": "web", "namespace": "a", "uid": "u"],
                "target": ["apiVersion": "v1", "kind": "Node", "name": "n1"],
            ]
        ) { try await $0.bind(pod: web, uid: "u", to: "n1") },
        Call(
            "POST /api/v1/namespaces/a/pods/web/eviction", "application/json",
            body: [
                "apiVersion": "policy/v1", "kind": "Eviction", "metadata": ["name": "web", "namespace": "a"],
                "deleteOptions": ["preconditions": ["uid": "u"], "gracePeriodSeconds": 7],
            ]
        ) { try await $0.evict(pod: web, uid: "u", gracePeriodSeconds: 7) },
        Call("GET /api/v1/namespaces/a/pods?watch=true&resourceVersion=7&allowWatchBookmarks=true&labelSelector=a=b&fieldSelector=c=d") {
            _ = try await $0.watch(Pod.resource, namespace: "a", resourceVersion: "7", labelSelector: "a=b", fieldSelector: "c=d")
        },
        Call("GET /version?a=b") { _ = try await $0.send("GET", "/version", query: [("a", "b")]) },
    ])
    fileprivate func sendsRequests(_ call: Call) async throws {
        let transport = ScriptedTransport()
        try await call.make(KubeClient(transport: transport))
        let request = try #require(transport.requests.first)
        #expect(transport.requests.count == 1)
        #expect(request.line == call.line)
        #expect(request.header("accept") == "application/json")
        #expect(request.header("content-type") == call.contentType)
        #expect(request.json == call.body)
    }

    @Test func readsAnswers() async throws {
        let client = KubeClient(transport: ScriptedTransport(.pod("web", version: 3)))
        #expect(try await client.get(Pod.resource, web)?["metadata", "resourceVersion"] == "3")
        #expect(try await client.get(Pod.self, web)?.metadata.uid == "uid-web")
        #expect(try await client.patch(Pod.resource, web, [:])["metadata", "name"] == "web")
    }

    @Test func readsAPageOfACollection() async throws {
        let transport = ScriptedTransport { _, _ in
            .list([.pod("x", version: 1), .pod("y", version: 2)], version: "9", continueToken: "more")
        }
        let page = try await KubeClient(transport: transport).list(Pod.resource)
        #expect(page.items.map { $0["metadata", "name"]?.string } == ["x", "y"])
        #expect((page.resourceVersion, page.continueToken) == ("9", "more"))
    }

    @Test func readsAnAnswerThatComesInChunks() async throws {
        let body = ScriptedStream(JSON.pod("web", version: 3).encoded.map { [$0] })
        body.close()
        let client = KubeClient(transport: ScriptedTransport { _, _ in .stream(body) })
        #expect(try await client.get(Pod.resource, web)?["metadata", "name"] == "web")
    }

    @Test func anAbsentObjectIsNoError() async throws {
        let client = KubeClient(transport: ScriptedTransport { _, _ in .failure(404, "NotFound") })
        #expect(try await client.get(Pod.resource, web) == nil)
        #expect(try await client.get(Pod.self, web)?.metadata.name == nil)
        try await client.delete(Pod.resource, web)
        await #expect(throws: KubeError.self) { try await client.patch(Pod.resource, web, [:]) }
    }

    @Test(arguments: [
        (409, "AlreadyExists", [false, false, true, false]), (409, "Conflict", [false, true, false, false]),
        (410, "Expired", [false, false, false, true]), (404, "NotFound", [true, false, false, false]),
        (403, "Forbidden", [false, false, false, false]),
    ])
    func tellsRefusalsApart(code: Int, reason: String, expected: [Bool]) async {
        let client = KubeClient(transport: ScriptedTransport { _, _ in .failure(code, reason, "pods \"web\" said no") })
        let error = await #expect(throws: KubeError.self) { try await client.update(Pod.resource, web, [:]) }
        #expect(error.map { [$0.isNotFound, $0.isConflict, $0.alreadyExists, $0.isExpired] } == expected)
        #expect((error?.code, error?.reason) == (code, reason))
        #expect(error?.description == "pods \"web\" said no (\(code) \(reason))")
    }

    @Test func tellsAnAnswerThatIsNoStatus() async {
        let client = KubeClient(
            transport: ScriptedTransport { _, _ in APIResponse(status: 502, body: .bytes(Array("<html>bad gateway".utf8))) })
        let error = await #expect(throws: KubeError.self) { try await client.list(Pod.resource) }
        #expect(error?.description == "<html>bad gateway (502 )")
        let watching = await #expect(throws: KubeError.self) { _ = try await client.watch(Pod.resource, resourceVersion: "1") }
        #expect(watching?.code == 502)
    }

    @Test func tellsAnAnswerThatIsNotJSON() async {
        let client = KubeClient(transport: ScriptedTransport { _, _ in APIResponse(status: 200, body: .bytes(Array("ok".utf8))) })
        let error = await #expect(throws: KubeError.self) { try await client.list(Pod.resource) }
        #expect(error?.code == 0)
        #expect(error?.description.hasPrefix("GET /api/v1/pods: answer is not JSON: invalid character") == true)
    }

    @Test func tellsThatNoAnswerCame() async {
        let client = KubeClient(transport: ScriptedTransport { _, _ in throw ScriptedTransport.NoAnswer() })
        let error = await #expect(throws: KubeError.self) { try await client.get(Pod.resource, web) }
        #expect(error?.code == 0)
        #expect(error?.description == "GET /api/v1/namespaces/a/pods/web: NoAnswer()")
        let body = ScriptedStream([Array("{".utf8)])
        body.breakOff()
        let broken = KubeClient(transport: ScriptedTransport { _, _ in .stream(body) })
        let half = await #expect(throws: KubeError.self) { try await broken.get(Pod.resource, web) }
        #expect(half?.description == "answer broke off: Broken()")
    }
}
