import APIMessages
import APIServer
import Objects
import Testing

/// Bodies as typed clients send them, put together by hand.
@Suite struct ProtobufTests {
    private static func varint(_ value: UInt64) -> [UInt8] {
        var (value, bytes) = (value, [UInt8]())
        while value >= 0x80 {
            bytes.append(UInt8(value & 0x7F) | 0x80)
            value >>= 7
        }
        return bytes + [UInt8(value)]
    }

    private static func field(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
    }
    private static func field(_ number: UInt64, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }
    private static func field(_ number: UInt64, _ value: UInt64) -> [UInt8] { varint(number << 3) + varint(value) }

    private static func body(_ apiVersion: String, _ kind: String, _ object: [UInt8]) -> [UInt8] {
        Array("k8s\0".utf8) + field(1, field(1, apiVersion) + field(2, kind)) + field(2, object) + field(3, "") + field(4, "")
    }

    /// Metadata as a Go client writes it: empty parts are there.
    private static func metadata(_ name: String) -> [UInt8] {
        field(1, field(1, name) + field(2, "") + field(3, "") + field(4, "") + field(5, "") + field(6, "") + field(7, 0) + field(8, ""))
    }

    private func post(_ harness: Harness, _ path: String, _ body: [UInt8]) async -> Answer {
        await harness.send(
            harness.request("POST", path, body, headers: [("content-type", "application/vnd.kubernetes.protobuf")]))
    }

    @Test func `a namespace is created`() async throws {
        let harness = try await Harness()
        let object = Self.metadata("team") + Self.field(2, [UInt8]()) + Self.field(3, Self.field(1, ""))
        let answer = await post(harness, Paths.namespaces, Self.body("v1", "Namespace", object))
        #expect(answer.status == 201, "\(answer.text)")
        #expect(answer["metadata", "name"] == "team")
        #expect(answer["status", "phase"] == "Active")
    }

    @Test func `maps of bytes and texts are read`() async throws {
        let harness = try await Harness()
        let entry = Self.field(1, "a") + Self.field(2, "b")
        let secret = Self.metadata("s") + Self.field(2, entry) + Self.field(3, "Opaque")
        #expect(
            await post(harness, "/api/v1/namespaces/default/secrets", Self.body("v1", "Secret", secret))["data"] == ["a": "Yg=="])
        let map = Self.metadata("c") + Self.field(2, entry) + Self.field(2, Self.field(1, "empty"))
        #expect(await post(harness, Paths.configMaps, Self.body("v1", "ConfigMap", map))["data"] == ["a": "b", "empty": ""])
    }

    @Test func `a deployment's replicas of zero are kept, a zero port is not`() async throws {
        let harness = try await Harness()
        let labels = Self.field(1, Self.field(1, "app") + Self.field(2, "web"))
        let container = Self.field(1, "main") + Self.field(2, "web:1") + Self.field(6, Self.field(2, 0) + Self.field(3, 80))
        let template =
            Self.field(1, Self.field(11, Self.field(1, "app") + Self.field(2, "web"))) + Self.field(2, Self.field(2, container))
        let spec = Self.field(1, 0) + Self.field(2, labels) + Self.field(3, template) + Self.field(4, Self.field(1, "")) + Self.field(5, 0)
        let answer = await post(
            harness, Paths.deployments,
            Self.body("apps/v1", "Deployment", Self.metadata("web") + Self.field(2, spec) + Self.field(3, Self.field(1, 0))))
        #expect(answer.status == 201, "\(answer.text)")
        #expect(answer["spec", "replicas"] == 0)
        let port = answer["spec", "template", "spec", "containers"]?.array?.first?["ports"]?.array?.first
        #expect(port?["containerPort"] == 80)
        #expect(port?["hostPort"] == nil)
    }

    @Test func `an eviction and the options of a deletion are read`() async throws {
        let harness = try await Harness()
        for name in ["a", "b"] {
            let pod = Sample.pod(name)
            #expect(await harness.send("POST", Paths.pods, pod).status == 201)
        }
        let options = Self.field(1, 0) + Self.field(2, Self.field(1, "another"))
        let eviction = Self.body("policy/v1", "Eviction", Self.metadata("a") + Self.field(2, options))
        let conflict = await post(harness, "\(Paths.pods)/a/eviction", eviction)
        #expect(conflict.status == 409, "\(conflict.text)")
        let plain = Self.body("policy/v1", "Eviction", Self.metadata("a") + Self.field(2, Self.field(1, 0)))
        #expect(await post(harness, "\(Paths.pods)/a/eviction", plain).status == 201)
        func delete(_ options: [UInt8]) async -> Answer {
            await harness.send(
                harness.request(
                    "DELETE", "\(Paths.pods)/b", Self.body("v1", "DeleteOptions", options),
                    headers: [("content-type", "application/vnd.kubernetes.protobuf")]))
        }
        #expect(await delete(options).status == 409)
        #expect(await delete(Self.field(1, 0)).status == 200)
        #expect(await harness.send("GET", Paths.pods).names == [])
    }

    @Test(
        arguments: [
            ("no magic", Array("junk".utf8), 400), ("nothing", [], 400),
            ("cut off", Array(Self.body("v1", "Namespace", Self.metadata("a")).dropLast(8)), 400),
            ("an unknown kind", Self.body("v1", "Gadget", Self.metadata("a")), 415),
            ("another kind", Self.body("v1", "Secret", Self.metadata("a")), 400),
            ("a field of another type", Self.body("v1", "Namespace", Self.field(1, 5)), 400),
            ("no UTF-8", Self.body("v1", "Namespace", Self.field(1, Self.field(1, [0xFF, 0xFE]))), 400),
        ] as [(String, [UInt8], Int)])
    func `what is not understood is refused whole`(_ name: String, _ body: [UInt8], _ status: Int) async throws {
        let harness = try await Harness()
        let answer = await post(harness, Paths.namespaces, body)
        #expect(answer.status == status, "\(name): \(answer.text)")
        #expect(await harness.send("GET", Paths.namespaces).names.count == 4)
    }

    @Test func `custom resources travel as JSON only`() async throws {
        let harness = try await Harness()
        let answer = await post(
            harness, "/apis/sluice.dev/v1alpha1/nodegroups", Self.body("sluice.dev/v1alpha1", "NodeGroup", Self.metadata("a")))
        #expect(answer.status == 415)
        #expect(answer.message == "the body of the request was in an unknown format - accepted media types include: application/json")
    }
}
