import APIMessages
import APIServer
import Objects
import Testing

@Suite struct OpenAPIv2DocumentTests {
    private static let protobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
    private static let older = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"

    @Test(arguments: [
        ("", "application/json"), ("*/*", "application/json"), ("application/json;q=0.5", "application/json"), (older, protobuf),
        (protobuf, protobuf), ("text/html, \(older), application/json", protobuf), ("application/json, \(older)", "application/json"),
    ])
    func `the first form the client takes is sent`(_ accept: String, _ type: String) async throws {
        let harness = try await Harness()
        let answer = await harness.send("GET", "/openapi/v2", accept: accept)
        #expect(answer.status == 200)
        #expect(answer.header("content-type") == type)
        #expect(answer.header("vary") == "Accept")
        if type == Self.protobuf {
            // Field 1, three bytes.
            #expect(Array(answer.bytes.prefix(5)) == [0x0A, 3, 0x32, 0x2E, 0x30])
        } else {
            #expect(answer["swagger"] == "2.0")
        }
    }

    @Test func `a form nobody can write is not acceptable`() async throws {
        let harness = try await Harness()
        #expect(await harness.send("GET", "/openapi/v2", accept: "text/html").status == 406)
    }

    @Test(arguments: ["application/json", older])
    func `each form has a tag that follows its content`(_ accept: String) async throws {
        let harness = try await Harness()
        let first = await harness.send("GET", "/openapi/v2", accept: accept)
        let tag = first.header("etag") ?? ""
        #expect(tag.hasPrefix("\""))
        var request = harness.request("GET", "/openapi/v2", headers: [("if-none-match", tag), ("accept", accept)])
        #expect(await harness.send(request).status == 304)
        request.headers = [("if-none-match", tag), ("accept", accept == Self.older ? "application/json" : Self.older)]
        #expect(await harness.send(request).status == 200)
        await harness.make(Paths.definitions, Sample.widgets)
        #expect(await harness.send("GET", "/openapi/v2", accept: accept).header("etag") != tag)
    }

    @Test func `custom resources are described once they are defined`() async throws {
        let harness = try await Harness()
        #expect(await harness.send("GET", "/openapi/v2")["paths"]?["/apis/example.com/v1/widgets"] == nil)
        await harness.make(Paths.definitions, Sample.widgets)
        let document = await harness.send("GET", "/openapi/v2")
        let kinds = (document["definitions"]?.object ?? JSONObject()).compactMap {
            $0.value["x-kubernetes-group-version-kind"]?.array?.first?["kind"]?.string
        }
        #expect(kinds.contains("Widget"))
        #expect(kinds.contains("WidgetList"))
        #expect(document["paths"]?.object?.keys.contains { $0.hasPrefix("/apis/example.com/v1/") } == true)
    }
}
