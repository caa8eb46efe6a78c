import APIMessages
import APIServer
import Objects
import Store
import Testing

/// Requests that nobody sends by mistake: each gets an answer, and the server goes on.
@Suite struct AbuseTests {
    private func post(_ harness: Harness, _ bytes: [UInt8], to path: String = Paths.configMaps) async -> Answer {
        await harness.send(harness.request("POST", path, bytes, headers: [("content-type", "application/json")]))
    }

    @Test(arguments: [("[", "]"), ("{\"a\":", "}")])
    func `nesting without end is refused`(_ open: String, _ close: String) async throws {
        let harness = try await Harness()
        let bomb = String(repeating: open, count: 10_000) + "1" + String(repeating: close, count: 10_000)
        let text = "{\"metadata\":{\"name\":\"a\"},\"data\":\(bomb)}"
        let answer = await post(harness, Array(text.utf8))
        #expect(answer.status == 400)
        #expect(answer.bytes.count < 2_000)
        let patch = harness.request(
            "PATCH", "\(Paths.configMaps)/a", Array(text.utf8), headers: [("content-type", "application/merge-patch+json")])
        #expect([400, 404].contains(await harness.send(patch).status))
    }

    @Test func `a body over the limit is refused unread`() async throws {
        let harness = try await Harness()
        let body = [UInt8](repeating: UInt8(ascii: "x"), count: (3 << 20) + 1)
        let answer = await post(harness, body)
        #expect(answer.status == 413)
        #expect(answer.message == "Request entity too large: limit is 3145728")
    }

    @Test func `three megabytes of an object are too large for the store`() async throws {
        let harness = try await Harness()
        let blob = String(repeating: "x", count: 3_000_000)
        let map = await harness.send("POST", Paths.configMaps, Sample.configMap("a", data: ["a": .string(blob)]))
        #expect(map.status == 422)
        #expect(map["details", "causes"]?.array?.first?["reason"] == "FieldValueTooLong")
        var pod = Sample.pod("p")
        pod["spec", "containers"] = [["name": "c", "image": "i", "args": [.string(blob)]]]
        #expect(await harness.send("POST", Paths.pods, pod).status == 413)
        #expect(await harness.send("GET", Paths.pods).names == [])
    }

    @Test func `a hundred thousand labels are read and kept in reasonable time`() async throws {
        let harness = try await Harness()
        var text = "{\"metadata\":{\"name\":\"a\",\"labels\":{"
        text += (0..<100_000).map { "\"k\($0)\":\"v\"" }.joined(separator: ",")
        text += "}}}"
        let clock = ContinuousClock()
        let started = clock.now
        let answer = await post(harness, Array(text.utf8))
        #expect(answer.status == 201 || answer.status == 413 || answer.status == 422)
        // Quadratic work would take minutes.
        #expect(clock.now - started < .seconds(20))
    }

    @Test func `annotations over 256 KiB are refused`() async throws {
        let harness = try await Harness()
        var object = Sample.configMap("a")
        object["metadata", "annotations"] = ["a": .string(String(repeating: "x", count: 262_145))]
        let answer = await harness.send("POST", Paths.configMaps, object)
        #expect(answer.status == 422)
        #expect(answer.fields == ["metadata.annotations"])
    }

    @Test(arguments: [
        "", "/", "//", "///api", "/api/", "/api//v1", "/api/v1/", "/api/v1/namespaces/", "/api/v1/namespaces//pods", "/apis//v1/pods",
        "/api/v1/namespaces/default/pods/../secrets", "/api/v1/namespaces/../../etc/passwd", "/api/v1/pods\u{0}",
        "/api/v1/namespaces/default/pods/%2e%2e",
        "/api/v1/namespaces/default/pods/a/b/c/d/e", "/api/v1/watch", "/APIS/apps/v1", "/api/v1/Pods",
        "/api/v1/namespaces/default/pods/\u{1F4A9}", "/api/v1/proxy/nodes/n1", "/\u{202E}api",
    ])
    func `weird paths get an answer and change nothing`(_ path: String) async throws {
        let harness = try await Harness()
        let before = try await harness.store.currentRevision()
        for method in ["GET", "PUT", "PATCH", "DELETE", "POST"] {
            let request = APIRequest(
                method: method, path: path, headers: [("content-type", "application/json")], body: Array("{}".utf8),
                credentials: .inProcess(Harness.admin))
            let answer = await harness.send(request)
            #expect((200..<500).contains(answer.status), "\(method) \(answer.status) \(answer.text)")
        }
        // DELETE of a collection without objects is no write.
        #expect(try await harness.store.currentRevision() == before)
    }

    @Test func `a name cannot leave its collection`() async throws {
        let harness = try await Harness()
        for name in ["a/b", "..", "../secrets/x", "a\u{0}b", ".", "a b", ""] {
            #expect(await harness.send("POST", Paths.configMaps, Sample.configMap(name)).status == 422, "\(name)")
        }
        var object = Sample.configMap("x")
        object["metadata", "name"] = nil
        object["metadata", "generateName"] = "../x"
        #expect(await harness.send("POST", Paths.configMaps, object).status == 422)
    }

    @Test(arguments: [
        "", "null", "[]", "5", "\"text\"", "{", "{\"metadata\":5}", "{\"metadata\":{\"name\":null}}", "\u{FEFF}{}", "{}{}",
        "{\"a\":1,\"a\":2}",
    ])
    func `bodies that are no object are bad requests`(_ text: String) async throws {
        let harness = try await Harness()
        let answer = await post(harness, Array(text.utf8))
        #expect([400, 422].contains(answer.status))
        #expect(answer["kind"] == "Status")
    }

    @Test func `bytes that are no UTF-8 are a bad request`() async throws {
        let harness = try await Harness()
        let answer = await post(harness, Array("{\"metadata\":{\"name\":\"".utf8) + [0xFF, 0xFE] + Array("\"}}".utf8))
        #expect(answer.status == 400)
    }

    @Test func `a patch cannot grow an object without end`() async throws {
        let harness = try await Harness()
        await harness.make(Paths.configMaps, Sample.configMap("a", data: ["a": .string(String(repeating: "x", count: 1_000))]))
        let copies: [JSON] = (0..<20).map { ["op": "copy", "from": "/data", "path": .string("/data/d\($0)")] }
        let answer = await harness.patch("\(Paths.configMaps)/a", .array(copies), "json-patch")
        #expect(answer.status >= 400)
        let many: [JSON] = (0..<10_001).map { _ in ["op": "test", "path": "/kind", "value": "ConfigMap"] }
        #expect(await harness.patch("\(Paths.configMaps)/a", .array(many), "json-patch").status == 413)
    }
}
