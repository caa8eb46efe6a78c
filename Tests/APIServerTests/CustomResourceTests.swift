import APIMessages
import APIServer
import Identity
import Kinds
import Objects
import Ports
import Store
import Testing

@Suite struct CustomResourceTests {
    private func withWidgets() async throws -> Harness {
        let harness = try await Harness()
        await harness.make(Paths.definitions, Sample.widgets)
        return harness
    }

    @Test func `a definition is established and served at once`() async throws {
        let harness = try await withWidgets()
        let definition = await harness.send("GET", "\(Paths.definitions)/widgets.example.com")
        let conditions = definition["status", "conditions"]?.array ?? []
        #expect(conditions.compactMap { $0["type"]?.string } == ["NamesAccepted", "Established"])
        #expect(definition["status", "acceptedNames", "listKind"] == "WidgetList")
        #expect(definition["status", "storedVersions"] == ["v1"])
        let resources = await harness.send("GET", "/apis/example.com/v1")["resources"]?.array ?? []
        #expect(resources.compactMap { $0["name"]?.string } == ["widgets", "widgets/scale", "widgets/status"])
        #expect(await harness.send("GET", "/openapi/v3/apis/example.com/v1").status == 200)
    }

    @Test func `a custom resource is pruned, defaulted and validated by its schema`() async throws {
        let harness = try await withWidgets()
        var widget = Sample.widget("w")
        widget["spec", "unknown"] = 1
        let made = await harness.make(Paths.widgets, widget)
        #expect(made["spec", "unknown"] == nil)
        #expect(made["spec", "colour"] == "red")
        #expect(made["metadata", "generation"] == 1)
        let small = await harness.send("POST", Paths.widgets, Sample.widget("v", size: 0))
        #expect(small.status == 422)
        #expect(small.fields == ["spec.size"])
        #expect(
            small.message
                == "Widget.example.com \"v\" is invalid: spec.size: Invalid value: 0: "
                + "spec.size in body should be greater than or equal to 1"
        )
        var missing = Sample.widget("v")
        missing["spec"] = [:]
        #expect(await harness.send("POST", Paths.widgets, missing).fields == ["spec.size"])
        var labelled = Sample.widget("v")
        labelled["metadata", "labels"] = ["bad label": "x"]
        #expect(await harness.send("POST", Paths.widgets, labelled).status == 422)
    }

    @Test func `a custom resource has its status, scale and columns`() async throws {
        let harness = try await withWidgets()
        await harness.make(Paths.widgets, Sample.widget("w", size: 4))
        #expect(await harness.send("GET", "\(Paths.widgets)/w/scale").status == 500)
        #expect(await harness.patch("\(Paths.widgets)/w/scale", ["spec": ["replicas": 3]])["spec", "replicas"] == 3)
        #expect(await harness.patch("\(Paths.widgets)/w/status", ["status": ["replicas": 2]])["status", "replicas"] == 2)
        #expect(await harness.send("GET", "\(Paths.widgets)/w/scale")["status", "replicas"] == 2)
        let table = await harness.send("GET", Paths.widgets, accept: "application/json;as=Table;v=v1;g=meta.k8s.io")
        #expect((table["columnDefinitions"]?.array ?? []).compactMap { $0["name"]?.string } == ["Name", "Size"])
        #expect(table["rows"]?.array?.first?["cells"] == ["w", 4])
        let list = await harness.send("GET", Paths.widgets)
        #expect(list["kind"] == "WidgetList")
        #expect(list["items"]?.array?.first?["kind"] == "Widget")
    }

    @Test func `a replacement must name the version it replaces`() async throws {
        let harness = try await withWidgets()
        let made = await harness.make(Paths.widgets, Sample.widget("w"))
        #expect(await harness.send("PUT", "\(Paths.widgets)/w", Sample.widget("w", size: 2)).status == 422)
        var next = made
        next["spec", "size"] = 2
        #expect(await harness.send("PUT", "\(Paths.widgets)/w", next).status == 200)
    }

    @Test func `strategic merge patches are not for custom resources`() async throws {
        let harness = try await withWidgets()
        await harness.make(Paths.widgets, Sample.widget("w"))
        #expect(await harness.patch("\(Paths.widgets)/w", ["spec": ["size": 2]], "strategic-merge-patch").status == 415)
    }

    @Test func `with the definition its objects and paths go`() async throws {
        let harness = try await withWidgets()
        for index in 0..<3 { await harness.make(Paths.widgets, Sample.widget("w\(index)")) }
        let watch = try await harness.watch("\(Paths.widgets)?watch=1")
        #expect(try await watch.summaries(3) == ["ADDED w0", "ADDED w1", "ADDED w2"])
        let deleted = await harness.send("DELETE", "\(Paths.definitions)/widgets.example.com")
        #expect(deleted.status == 200)
        #expect(deleted["kind"] == "CustomResourceDefinition")
        #expect(try await watch.summaries(3) == ["DELETED w0", "DELETED w1", "DELETED w2"])
        watch.cancel()
        #expect(await harness.send("GET", "\(Paths.definitions)/widgets.example.com").status == 404)
        let gone = await harness.send("GET", Paths.widgets)
        #expect(gone.status == 404)
        #expect(gone.text == "404 page not found\n")
        #expect(await harness.send("GET", "/apis/example.com/v1").status == 404)
        await harness.make(Paths.definitions, Sample.widgets)
        #expect(await harness.send("GET", Paths.widgets).names == [])
    }

    @Test func `a changed definition changes what is served`() async throws {
        let harness = try await withWidgets()
        let patch: JSON = [
            ["op": "replace", "path": "/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/size/minimum", "value": 10]
        ]
        let changed = await harness.patch("\(Paths.definitions)/widgets.example.com", patch, "json-patch")
        #expect(changed.status == 200, "\(changed.text)")
        #expect(await harness.send("POST", Paths.widgets, Sample.widget("w", size: 5)).status == 422)
        #expect(await harness.send("POST", Paths.widgets, Sample.widget("w", size: 15)).status == 201)
    }

    @Test func `definitions outlive the server`() async throws {
        let harness = try await withWidgets()
        await harness.make(Paths.widgets, Sample.widget("w"))
        let second = APIServer(
            store: harness.store, kinds: try KindRegistry.builtIn(), time: harness.clock, authenticator: Authenticator(),
            authorizer: AuthorizerChain.standard, randomness: SeededGenerator(seed: 1))
        try await second.start()
        let answer = await second.handle(harness.request("GET", "\(Paths.widgets)/w"))
        #expect(answer.status == 200)
    }

    struct WrongCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var path: [String]
        var value: JSON?
        var field: String
    }

    @Test(arguments: [
        WrongCase(
            testDescription: "another name", path: ["metadata", "name"], value: "gadgets.example.com", field: "metadata.name"),
        WrongCase(testDescription: "no kind", path: ["spec", "names", "kind"], value: nil, field: "spec.names.kind"),
        WrongCase(testDescription: "an unknown scope", path: ["spec", "scope"], value: "Everywhere", field: "spec.scope"),
        WrongCase(testDescription: "no versions", path: ["spec", "versions"], value: [], field: "spec.versions"),
    ])
    func `a definition that cannot be served is refused`(_ test: WrongCase) async throws {
        let harness = try await Harness()
        var definition = Sample.widgets
        definition.setValue(test.value, at: test.path[...])
        let answer = await harness.send("POST", Paths.definitions, definition)
        #expect(answer.status == 422, "\(answer.text)")
        #expect(answer.fields.contains(test.field), "\(answer.fields)")
        #expect(await harness.send("GET", Paths.widgets).status == 404)
    }

    @Test func `a definition cannot take the place of a kind that is there`() async throws {
        let harness = try await Harness()
        var definition = Sample.widgets
        definition["metadata", "name"] = "nodegroups.sluice.dev"
        definition["spec", "group"] = "sluice.dev"
        definition["spec", "names"] = ["plural": "nodegroups", "singular": "nodegroup", "kind": "NodeGroup"]
        #expect(await harness.send("POST", Paths.definitions, definition).status == 422)
        #expect(await harness.send("GET", "/apis/sluice.dev/v1alpha1/nodegroups").status == 200)
    }

    @Test func `objects written in one version are read in another`() async throws {
        let harness = try await Harness()
        var definition = Sample.widgets
        var versions = definition["spec", "versions"]?.array ?? []
        var older = versions[0]
        older["name"] = "v1beta1"
        older["storage"] = false
        versions.append(older)
        definition["spec", "versions"] = .array(versions)
        await harness.make(Paths.definitions, definition)
        await harness.make(Paths.widgets, Sample.widget("w"))
        let beta = "/apis/example.com/v1beta1/namespaces/default/widgets"
        var widget = Sample.widget("x")
        widget["apiVersion"] = "example.com/v1beta1"
        #expect(await harness.make(beta, widget)["apiVersion"] == "example.com/v1beta1")
        #expect(await harness.send("GET", "\(beta)/w")["apiVersion"] == "example.com/v1beta1")
        #expect(await harness.send("GET", "\(Paths.widgets)/x")["apiVersion"] == "example.com/v1")
        let items = await harness.send("GET", Paths.widgets)["items"]?.array ?? []
        #expect(items.map { $0["apiVersion"] } == ["example.com/v1", "example.com/v1"])
        #expect(await harness.patch("\(beta)/w", ["spec": ["size": 9]])["apiVersion"] == "example.com/v1beta1")
        let watch = try await harness.watch("\(beta)?watch=1")
        #expect(try await watch.next()?["object", "apiVersion"] == "example.com/v1beta1")
        watch.cancel()
    }

    @Test func `a cluster-scoped kind has no namespaced paths`() async throws {
        let harness = try await Harness()
        var definition = Sample.widgets
        definition["spec", "scope"] = "Cluster"
        await harness.make(Paths.definitions, definition)
        #expect(await harness.send("POST", Paths.widgets, Sample.widget("w")).status == 404)
        let made = await harness.make("/apis/example.com/v1/widgets", Sample.widget("w"))
        #expect(made["metadata", "namespace"] == nil)
    }
}
