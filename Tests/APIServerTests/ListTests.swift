import APIMessages
import APIServer
import Objects
import Store
import Testing

@Suite struct ListTests {
    /// Five config maps, `m0` to `m4`, of which the even ones are `tier=front`.
    private func five() async throws -> Harness {
        let harness = try await Harness()
        for index in 0..<5 {
            await harness.make(Paths.configMaps, Sample.configMap("m\(index)", labels: ["tier": index % 2 == 0 ? "front" : "back"]))
        }
        return harness
    }

    @Test func `a list shows items without kind, in the order of their names`() async throws {
        let harness = try await five()
        let list = await harness.send("GET", Paths.configMaps)
        #expect(list["kind"] == "ConfigMapList")
        #expect(list["apiVersion"] == "v1")
        #expect(list.names == ["m0", "m1", "m2", "m3", "m4"])
        let item = list["items"]?.array?.first
        #expect(item?["kind"] == nil)
        #expect(item?["metadata", "resourceVersion"]?.string?.isEmpty == false)
        #expect(item?["data"] == ["a": "1"])
    }

    @Test func `a list without a namespace shows all of them`() async throws {
        let harness = try await five()
        await harness.make("/api/v1/namespaces/kube-system/configmaps", Sample.configMap("z"))
        #expect(await harness.send("GET", "/api/v1/configmaps").names == ["m0", "m1", "m2", "m3", "m4", "z"])
        #expect(await harness.send("GET", "/api/v1/namespaces/nowhere/configmaps").names == [])
    }

    @Test func `pages join to the whole at the revision of the first`() async throws {
        let harness = try await five()
        let first = await harness.send("GET", "\(Paths.configMaps)?limit=2")
        #expect(first.names == ["m0", "m1"])
        #expect(first["metadata", "remainingItemCount"] == 3)
        let revision = first["metadata", "resourceVersion"]
        // What happens in between belongs to another revision.
        await harness.make(Paths.configMaps, Sample.configMap("m11"))
        await harness.send("DELETE", "\(Paths.configMaps)/m3")
        let token = first["metadata", "continue"]?.string ?? ""
        let second = await harness.send("GET", "\(Paths.configMaps)?limit=2&continue=\(token)")
        #expect(second.names == ["m2", "m3"])
        #expect(second["metadata", "resourceVersion"] == revision)
        let last = await harness.send("GET", "\(Paths.configMaps)?limit=2&continue=\(second["metadata", "continue"]?.string ?? "")")
        #expect(last.names == ["m4"])
        #expect(last["metadata", "continue"] == nil)
        #expect(last["metadata", "remainingItemCount"] == nil)
    }

    @Test func `pages with a selector are full until the end`() async throws {
        let harness = try await five()
        let first = await harness.send("GET", "\(Paths.configMaps)?limit=2&labelSelector=tier=front")
        #expect(first.names == ["m0", "m2"])
        #expect(first["metadata", "remainingItemCount"] == nil)
        let token = first["metadata", "continue"]?.string ?? ""
        #expect(!token.isEmpty)
        let rest = await harness.send("GET", "\(Paths.configMaps)?limit=2&labelSelector=tier=front&continue=\(token)")
        #expect(rest.names == ["m4"])
    }

    @Test func `a page of forgotten history is 410, with a token that goes on at the present`() async throws {
        let harness = try await five()
        let token = await harness.send("GET", "\(Paths.configMaps)?limit=2")["metadata", "continue"]?.string ?? ""
        await harness.make(Paths.configMaps, Sample.configMap("m9"))
        try await harness.store.compact(through: try await harness.store.currentRevision())
        let expired = await harness.send("GET", "\(Paths.configMaps)?limit=2&continue=\(token)")
        #expect(expired.status == 410)
        #expect(expired.reason == "Expired")
        let next = expired["metadata", "continue"]?.string ?? ""
        #expect(await harness.send("GET", "\(Paths.configMaps)?limit=10&continue=\(next)").names == ["m2", "m3", "m4", "m9"])
    }

    struct SelectorCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var names: [String]
    }

    @Test(arguments: [
        SelectorCase(testDescription: "labelSelector=tier=front", names: ["m0", "m2", "m4"]),
        SelectorCase(testDescription: "labelSelector=tier!=front", names: ["m1", "m3"]),
        SelectorCase(testDescription: "labelSelector=tier in (back,middle)", names: ["m1", "m3"]),
        SelectorCase(testDescription: "labelSelector=tier notin (back)", names: ["m0", "m2", "m4"]),
        SelectorCase(testDescription: "labelSelector=tier,!absent", names: ["m0", "m1", "m2", "m3", "m4"]),
        SelectorCase(testDescription: "fieldSelector=metadata.name=m3", names: ["m3"]),
        SelectorCase(testDescription: "fieldSelector=metadata.name!=m3,metadata.namespace=default", names: ["m0", "m1", "m2", "m4"]),
    ])
    func `selectors choose`(_ test: SelectorCase) async throws {
        let harness = try await five()
        #expect(await harness.send("GET", "\(Paths.configMaps)?\(test.testDescription)").names == test.names)
    }

    @Test(arguments: [
        "labelSelector=tier in (front", "labelSelector=-bad=1", "labelSelector=a=b=c", "fieldSelector=data.a=1",
        "fieldSelector=nonsense", "limit=many", "continue=nonsense", "resourceVersion=abc",
    ])
    func `a query that cannot be read is a bad request`(_ query: String) async throws {
        let harness = try await Harness()
        let answer = await harness.send("GET", "\(Paths.configMaps)?\(query)")
        #expect(answer.status == 400)
        #expect(answer.reason == "BadRequest")
    }

    @Test(arguments: [
        "resourceVersionMatch=Exact", "resourceVersion=0&resourceVersionMatch=Exact", "resourceVersion=5&resourceVersionMatch=Closest",
        "sendInitialEvents=true", "watch=1&sendInitialEvents=true", "watch=1&resourceVersionMatch=NotOlderThan",
        "watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan",
    ])
    func `options that contradict each other are invalid`(_ query: String) async throws {
        let harness = try await Harness()
        let answer = await harness.send("GET", "\(Paths.configMaps)?\(query)")
        #expect(answer.status == 422)
        #expect(answer.message.hasPrefix("ListOptions.meta.k8s.io \"\" is invalid"))
    }

    @Test func `resourceVersion says how fresh or how exact a list must be`() async throws {
        let harness = try await five()
        let now = try await harness.store.currentRevision()
        let third = await harness.send("GET", "\(Paths.configMaps)/m2")["metadata", "resourceVersion"]?.string ?? ""
        func names(_ query: String) async -> [String] { await harness.send("GET", "\(Paths.configMaps)?\(query)").names }
        #expect(await names("resourceVersion=0").count == 5)
        #expect(await names("resourceVersion=\(third)").count == 5)
        #expect(await names("resourceVersion=\(third)&resourceVersionMatch=NotOlderThan").count == 5)
        #expect(await names("resourceVersion=\(third)&resourceVersionMatch=Exact") == ["m0", "m1", "m2"])
        #expect(await names("resourceVersion=\(third)&limit=10") == ["m0", "m1", "m2"])
        let future = await harness.send("GET", "\(Paths.configMaps)?resourceVersion=\(now + 100)")
        #expect(future.status == 504)
        #expect(future["details", "causes"]?.array?.first?["reason"] == "ResourceVersionTooLarge")
        try await harness.store.compact(through: now)
        #expect(await harness.send("GET", "\(Paths.configMaps)?resourceVersion=\(third)&resourceVersionMatch=Exact").status == 410)
    }

    @Test func `pods are chosen by the node they run on`() async throws {
        let harness = try await Harness()
        for index in 0..<4 { await harness.make(Paths.pods, Sample.pod("p\(index)", node: index < 3 ? "n\(index % 2)" : nil)) }
        func names(_ query: String) async -> [String] { await harness.send("GET", "/api/v1/pods?fieldSelector=\(query)").names }
        #expect(await names("spec.nodeName=n0") == ["p0", "p2"])
        #expect(await names("spec.nodeName=") == ["p3"])
        #expect(await names("status.phase=Pending,spec.nodeName!=") == ["p0", "p1", "p2"])
    }
}
