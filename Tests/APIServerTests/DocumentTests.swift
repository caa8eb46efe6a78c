import APIMessages
import APIServer
import Objects
import Testing

@Suite struct DocumentTests {
    private static let aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

    @Test func `discovery names groups, versions and resources`() async throws {
        let harness = try await Harness()
        #expect(await harness.send("GET", "/api")["versions"] == ["v1"])
        let groups = (await harness.send("GET", "/apis")["groups"]?.array ?? []).compactMap { $0["name"]?.string }
        for group in ["apps", "policy", "coordination.k8s.io", "metal3.io", "kubevirt.io", "sluice.dev", "apiextensions.k8s.io"] {
            #expect(groups.contains(group))
        }
        let group = await harness.send("GET", "/apis/apps")
        #expect(group["kind"] == "APIGroup")
        #expect(group["preferredVersion", "groupVersion"] == "apps/v1")
        let resources = await harness.send("GET", "/api/v1")["resources"]?.array ?? []
        let pods = resources.first { $0["name"] == "pods" }
        #expect(pods?["kind"] == "Pod")
        #expect(pods?["namespaced"] == true)
        #expect(pods?["shortNames"] == ["po"])
        #expect(resources.contains { $0["name"] == "pods/eviction" })
        #expect(await harness.send("GET", "/apis/nothing.example").status == 404)
        #expect(await harness.send("GET", "/apis/apps/v9").status == 404)
    }

    @Test func `aggregated discovery is one document of all groups`() async throws {
        let harness = try await Harness()
        let answer = await harness.send("GET", "/apis", accept: "\(Self.aggregated),application/json")
        #expect(answer["kind"] == "APIGroupDiscoveryList")
        #expect(answer.header("content-type") == "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList")
        #expect(answer["items"]?.array?.contains { $0["metadata", "name"] == "sluice.dev" } == true)
        #expect(await harness.send("GET", "/apis", accept: "application/json,\(Self.aggregated)")["kind"] == "APIGroupList")
        let older = await harness.send("GET", "/apis", accept: Self.aggregated.replacing("v=v2", with: "v=v2beta1"))
        #expect(older.status == 406)
    }

    @Test(arguments: ["/apis", "/api/v1", "/openapi/v3", "/openapi/v3/api/v1"])
    func `a document that the client has is not sent again`(_ path: String) async throws {
        let harness = try await Harness()
        let first = await harness.send("GET", path)
        let tag = first.header("etag") ?? ""
        #expect(tag.hasPrefix("\""))
        var request = harness.request("GET", path, headers: [("if-none-match", tag)])
        let second = await harness.send(request)
        #expect(second.status == 304)
        #expect(second.bytes.isEmpty)
        request.headers = [("if-none-match", "\"other\"")]
        #expect(await harness.send(request).status == 200)
    }

    @Test func `a new definition changes the documents and their tags`() async throws {
        let harness = try await Harness()
        let before = await harness.send("GET", "/apis").header("etag")
        await harness.make(Paths.definitions, Sample.widgets)
        let after = await harness.send("GET", "/apis")
        #expect(after.header("etag") != before)
        #expect(after["groups"]?.array?.contains { $0["name"] == "example.com" } == true)
    }

    @Test func `OpenAPI v3 describes every group version that discovery names`() async throws {
        let harness = try await Harness()
        let paths = await harness.send("GET", "/openapi/v3")["paths"]?.object ?? JSONObject()
        #expect(paths.keys.contains("api/v1"))
        #expect(paths.keys.contains("apis/sluice.dev/v1alpha1"))
        for path in paths.keys {
            let document = await harness.send("GET", "/openapi/v3/\(path)")
            #expect(document.status == 200)
            #expect(document["openapi"]?.string?.hasPrefix("3.0") == true)
            #expect(document["components", "schemas"]?.object?.isEmpty == false)
        }
        #expect(await harness.send("GET", "/openapi/v3/apis/nothing/v1").status == 404)
    }

    @Test func `version and root tell who answers`() async throws {
        let harness = try await Harness()
        let version = await harness.send("GET", "/version", as: .none)
        #expect(version["major"] == "1")
        #expect(version["gitVersion"]?.string?.hasPrefix("v1.36") == true)
        #expect(await harness.send("GET", "/")["paths"]?.array?.contains("/apis/sluice.dev/v1alpha1") == true)
    }

    @Test(arguments: ["/healthz", "/livez", "/readyz", "/readyz/ping", "/readyz/store"])
    func `health is open to everybody`(_ path: String) async throws {
        let harness = try await Harness()
        let answer = await harness.send("GET", path, as: .none)
        #expect(answer.status == 200)
        #expect(answer.text == "ok")
        #expect(answer.header("content-type")?.hasPrefix("text/plain") == true)
        #expect(await harness.send("GET", "\(path)?verbose", as: .none).text.hasSuffix("check passed\n"))
    }

    @Test func `an unknown check is not found`() async throws {
        let harness = try await Harness()
        #expect(await harness.send("GET", "/readyz/nothing", as: .none).status == 404)
    }

    @Test func `HEAD gives the headers alone`() async throws {
        let harness = try await Harness()
        let answer = await harness.send("HEAD", "/readyz", as: .none)
        #expect(answer.status == 200)
        #expect(answer.bytes.isEmpty)
    }
}

@Suite struct RepresentationTests {
    private static let table = "application/json;as=Table;v=v1;g=meta.k8s.io"

    @Test func `one object and a list are printed as tables`() async throws {
        let harness = try await Harness()
        await harness.make(Paths.pods, Sample.pod("p"))
        for path in [Paths.pods, "\(Paths.pods)/p"] {
            let table = await harness.send("GET", path, accept: "\(Self.table),application/json")
            #expect(table["kind"] == "Table")
            let columns = (table["columnDefinitions"]?.array ?? []).compactMap { $0["name"]?.string }
            #expect(columns.prefix(5) == ["Name", "Ready", "Status", "Restarts", "Age"])
            let row = table["rows"]?.array?.first
            #expect(row?["cells"]?.array?.prefix(5) == ["p", "0/1", "Pending", "0", "0s"])
            #expect(row?["object", "kind"] == "PartialObjectMetadata")
        }
    }

    @Test(arguments: [("None", nil), ("Metadata", "PartialObjectMetadata"), ("Object", "Pod")] as [(String, String?)])
    func `the client chooses what stands in a row`(_ include: String, _ kind: String?) async throws {
        let harness = try await Harness()
        await harness.make(Paths.pods, Sample.pod("p"))
        let table = await harness.send("GET", "\(Paths.pods)?includeObject=\(include)", accept: Self.table)
        #expect(table["rows"]?.array?.first?["object", "kind"]?.string == kind)
    }

    @Test func `metadata alone is what garbage collectors list`() async throws {
        let harness = try await Harness()
        await harness.make(Paths.configMaps, Sample.configMap("a"))
        let list = await harness.send(
            "GET", Paths.configMaps, accept: "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io")
        #expect(list["kind"] == "PartialObjectMetadataList")
        #expect(list["items"]?.array?.first?["data"] == nil)
        let one = await harness.send(
            "GET", "\(Paths.configMaps)/a", accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io")
        #expect(one["kind"] == "PartialObjectMetadata")
        #expect(one["metadata", "name"] == "a")
    }

    @Test(arguments: [
        "text/html", "application/cbor", "application/*", "application/json;as=Table;v=v9;g=meta.k8s.io",
        "application/json;as=Sheet;v=v1;g=meta.k8s.io",
    ])
    func `what nobody can write is not acceptable`(_ accept: String) async throws {
        let harness = try await Harness()
        let answer = await harness.send("GET", Paths.configMaps, accept: accept)
        #expect(answer.status == 406)
        #expect(answer.reason == "NotAcceptable")
    }

    @Test(arguments: [
        "*/*", "application/json", "text/html, application/json;q=0.5", "application/vnd.kubernetes.protobuf,application/json",
    ])
    func `JSON is found among what the client takes`(_ accept: String) async throws {
        let harness = try await Harness()
        #expect(await harness.send("GET", Paths.configMaps, accept: accept)["kind"] == "ConfigMapList")
    }

    @Test func `a write answers in the wanted form too`() async throws {
        let harness = try await Harness()
        let answer = await harness.send("POST", Paths.configMaps, Sample.configMap("a"), accept: Self.table)
        #expect(answer.status == 201)
        #expect(answer["kind"] == "Table")
    }
}
