import APIMessages
import APIServer
import Objects
import Store
import Testing

@Suite struct WriteTests {
    @Test func `a created object carries what the server stamps, and a get returns the same bytes`() async throws {
        let harness = try await Harness()
        let created = await harness.send("POST", Paths.deployments, Sample.deployment("web"))
        #expect(created.status == 201)
        let metadata = created["metadata"]
        #expect(metadata?["uid"]?.string?.count == 36)
        #expect(metadata?["creationTimestamp"] == "2026-01-01T00:00:00Z")
        #expect(metadata?["generation"] == 1)
        #expect(metadata?["namespace"] == "default")
        #expect(created["spec", "strategy", "rollingUpdate", "maxSurge"] == "25%")
        let read = await harness.send("GET", "\(Paths.deployments)/web")
        #expect(read.status == 200)
        #expect(read.json == created.json)
    }

    @Test func `what a client says of server-side metadata is not believed`() async throws {
        let harness = try await Harness()
        var object = Sample.configMap("a")
        object["metadata", "uid"] = "mine"
        object["metadata", "creationTimestamp"] = "1999-01-01T00:00:00Z"
        object["metadata", "deletionTimestamp"] = "1999-01-01T00:00:00Z"
        object["metadata", "generation"] = 99
        let made = await harness.make(Paths.configMaps, object)
        #expect(made["metadata", "uid"] != "mine")
        #expect(made["metadata", "creationTimestamp"] == "2026-01-01T00:00:00Z")
        #expect(made["metadata", "deletionTimestamp"] == nil)
        #expect(made["metadata", "generation"] == nil)
    }

    @Test func `generateName draws names until one is free`() async throws {
        let harness = try await Harness()
        var object = Sample.configMap("x")
        object["metadata", "name"] = nil
        object["metadata", "generateName"] = "job-"
        var names: Set<String> = []
        for _ in 0..<50 {
            let name = await harness.make(Paths.configMaps, object)["metadata", "name"]?.string ?? ""
            #expect(name.hasPrefix("job-") && name.count == 9)
            names.insert(name)
        }
        #expect(names.count == 50)
    }

    @Test func `the same seed gives the same names`() async throws {
        var object = Sample.configMap("x")
        object["metadata", "name"] = nil
        object["metadata", "generateName"] = "job-"
        let first = await (try Harness(seed: 3)).make(Paths.configMaps, object)
        let second = await (try Harness(seed: 3)).make(Paths.configMaps, object)
        #expect(first == second)
    }

    struct PatchCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var form: String
        var patch: JSON
        var expected: JSON
    }

    @Test(arguments: [
        PatchCase(
            testDescription: "merge patch sets and removes", form: "merge-patch", patch: ["data": ["a": nil, "b": "2"]],
            expected: ["b": "2"]),
        PatchCase(
            testDescription: "JSON patch adds", form: "json-patch",
            patch: [["op": "test", "path": "/data/a", "value": "1"], ["op": "add", "path": "/data/b", "value": "2"]],
            expected: ["a": "1", "b": "2"]),
        PatchCase(
            testDescription: "strategic merge patch merges", form: "strategic-merge-patch", patch: ["data": ["b": "2"]],
            expected: ["a": "1", "b": "2"]),
    ])
    func `patches of every form are applied`(_ test: PatchCase) async throws {
        let harness = try await Harness()
        await harness.make(Paths.configMaps, Sample.configMap("a"))
        let answer = await harness.patch("\(Paths.configMaps)/a", test.patch, test.form)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(answer["data"] == test.expected)
    }

    @Test func `a strategic merge patch merges containers by name`() async throws {
        let harness = try await Harness()
        await harness.make(Paths.deployments, Sample.deployment("web"))
        let patch: JSON = ["spec": ["template": ["spec": ["containers": [["name": "main", "image": "registry.example/web:2"]]]]]]
        let answer = await harness.patch("\(Paths.deployments)/web", patch, "strategic-merge-patch")
        let containers = answer["spec", "template", "spec", "containers"]?.array ?? []
        #expect(containers.count == 1)
        #expect(containers.first?["image"] == "registry.example/web:2")
        #expect(containers.first?["imagePullPolicy"] == "IfNotPresent")
    }

    @Test func `generation counts changes of the spec only`() async throws {
        let harness = try await Harness()
        await harness.make(Paths.deployments, Sample.deployment("web"))
        let path = "\(Paths.deployments)/web"
        #expect(await harness.patch(path, ["metadata": ["labels": ["a": "b"]]])["metadata", "generation"] == 1)
        #expect(await harness.patch(path, ["spec": ["replicas": 3]])["metadata", "generation"] == 2)
        #expect(await harness.patch("\(path)/status", ["status": ["replicas": 3]])["metadata", "generation"] == 2)
    }

    @Test func `a write that changes nothing makes no new version`() async throws {
        let harness = try await Harness()
        let made = await harness.make(Paths.configMaps, Sample.configMap("a"))
        let again = await harness.patch("\(Paths.configMaps)/a", ["data": ["a": "1"]])
        #expect(again["metadata", "resourceVersion"] == made["metadata", "resourceVersion"])
    }

    @Test func `the second of two writers of one version is refused`() async throws {
        let harness = try await Harness()
        let made = await harness.make(Paths.configMaps, Sample.configMap("a"))
        let path = "\(Paths.configMaps)/a"
        var first = made
        first["data", "a"] = "2"
        #expect(await harness.send("PUT", path, first).status == 200)
        var second = made
        second["data", "a"] = "3"
        let refused = await harness.send("PUT", path, second)
        #expect(refused.status == 409)
        #expect(refused.reason == "Conflict")
        #expect(
            refused.message
                == "Operation cannot be fulfilled on configmaps \"a\": the object has been modified; "
                + "please apply your changes to the latest version and try again"
        )
        #expect(await harness.send("GET", path)["data", "a"] == "2")
    }

    @Test func `parallel patches all take effect`() async throws {
        let harness = try await Harness()
        await harness.make(Paths.configMaps, Sample.configMap("a"))
        await withTaskGroup(of: Int.self) { group in
            for index in 0..<10 {
                group.addTask {
                    await harness.patch("\(Paths.configMaps)/a", ["data": .object(.init([.init(key: "k\(index)", value: "v")]))]).status
                }
            }
            for await status in group { #expect(status == 200) }
        }
        #expect(await harness.send("GET", "\(Paths.configMaps)/a")["data"]?.object?.count == 11)
    }

    @Test func `the main resource leaves the status alone, and the other way round`() async throws {
        let harness = try await Harness()
        var object = Sample.deployment("web")
        object["status"] = ["replicas": 9]
        let made = await harness.make(Paths.deployments, object)
        #expect(made["status", "replicas"] == nil)
        let path = "\(Paths.deployments)/web"
        let status = await harness.patch("\(path)/status", ["status": ["replicas": 2], "spec": ["replicas": 7]])
        #expect(status["status", "replicas"] == 2)
        #expect(status["spec", "replicas"] == 1)
        let spec = await harness.patch(path, ["status": ["replicas": 5], "spec": ["replicas": 7]])
        #expect(spec["status", "replicas"] == 2)
        #expect(spec["spec", "replicas"] == 7)
    }

    @Test func `scale reads and writes the replicas`() async throws {
        let harness = try await Harness()
        await harness.make(Paths.deployments, Sample.deployment("web", replicas: 2))
        let path = "\(Paths.deployments)/web/scale"
        let scale = await harness.send("GET", path)
        #expect(scale["kind"] == "Scale")
        #expect(scale["spec", "replicas"] == 2)
        #expect(scale["status", "selector"] == "app=web")
        var wanted = scale.json
        wanted["spec", "replicas"] = 5
        #expect(await harness.send("PUT", path, wanted)["spec", "replicas"] == 5)
        #expect(await harness.send("PUT", path, wanted).status == 409)
        #expect(await harness.patch(path, ["spec": ["replicas": 6]])["spec", "replicas"] == 6)
        #expect(await harness.patch(path, ["spec": ["replicas": -1]]).status == 422)
        #expect(await harness.send("GET", "\(Paths.deployments)/web")["spec", "replicas"] == 6)
    }

    @Test(arguments: ["POST", "PUT", "PATCH", "DELETE"])
    func `a rehearsal answers and writes nothing`(_ method: String) async throws {
        let harness = try await Harness()
        let made = await harness.make(Paths.configMaps, Sample.configMap("a"))
        let before = try await harness.store.currentRevision()
        let path = method == "POST" ? Paths.configMaps : "\(Paths.configMaps)/a"
        let body = Sample.configMap(method == "POST" ? "b" : "a", data: ["a": "2"])
        let answer = await harness.send(
            method, "\(path)?dryRun=All", method == "DELETE" ? JSON?.none : body,
            type: method == "PATCH" ? "application/merge-patch+json" : nil)
        #expect(answer.status == (method == "POST" ? 201 : 200), "\(answer.text)")
        if method == "POST" { #expect(answer["metadata", "resourceVersion"] == nil) }
        #expect(try await harness.store.currentRevision() == before)
        #expect(await harness.send("GET", "\(Paths.configMaps)/a").json == made)
        #expect(await harness.send(method, "\(path)?dryRun=Some", method == "DELETE" ? JSON?.none : body).status == 422)
    }

    @Test func `unknown fields are refused, warned of or passed over as the client wants`() async throws {
        let harness = try await Harness()
        var object = Sample.configMap("a")
        object["datta"] = ["x": "y"]
        let strict = await harness.send("POST", "\(Paths.configMaps)?fieldValidation=Strict", object)
        #expect(strict.status == 400)
        #expect(
            strict.message
                == "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: strict decoding error: unknown field \"datta\"")
        let warned = await harness.send("POST", "\(Paths.configMaps)?fieldValidation=Warn", object)
        #expect(warned.status == 201)
        #expect(warned.header("warning") == #"299 - "unknown field \"datta\"""#)
        #expect(warned["datta"] == nil)
        object["metadata", "name"] = "b"
        let ignored = await harness.send("POST", "\(Paths.configMaps)?fieldValidation=Ignore", object)
        #expect(ignored.status == 201)
        #expect(ignored.header("warning") == nil)
        #expect(await harness.send("POST", "\(Paths.configMaps)?fieldValidation=Loose", object).status == 422)
        let patched = await harness.send(
            "PATCH", "\(Paths.configMaps)/a?fieldValidation=Strict", ["datta": 1], type: "application/merge-patch+json")
        #expect(patched.status == 422)
    }

    @Test func `owner references are kept`() async throws {
        let harness = try await Harness()
        var object = Sample.configMap("a")
        let owner: JSON = ["apiVersion": "v1", "kind": "Node", "name": "n1", "uid": "u-1", "controller": true]
        object["metadata", "ownerReferences"] = [owner]
        await harness.make(Paths.configMaps, object)
        #expect(await harness.send("GET", "\(Paths.configMaps)/a")["metadata", "ownerReferences"] == [owner])
        object["metadata", "name"] = "b"
        object["metadata", "ownerReferences"] = [["apiVersion": "v1", "kind": "Node", "name": "n1", "uid": ""]]
        #expect(await harness.send("POST", Paths.configMaps, object).status == 422)
    }

    @Test func `a secret's stringData ends up in data`() async throws {
        let harness = try await Harness()
        let secret: JSON = [
            "apiVersion": "v1", "kind": "Secret", "metadata": ["name": "s"], "data": ["user": "cm9vdA=="],
            "stringData": ["password": "calvin"],
        ]
        let made = await harness.make("/api/v1/namespaces/default/secrets", secret)
        #expect(made["data", "password"] == "Y2Fsdmlu")
        #expect(made["data", "user"] == "cm9vdA==")
        #expect(made["stringData"] == nil)
        #expect(made["type"] == "Opaque")
    }

    @Test func `status of another object's kind in a body is refused`() async throws {
        let harness = try await Harness()
        await harness.make(Paths.configMaps, Sample.configMap("a"))
        var other = Sample.configMap("b")
        #expect(await harness.send("PUT", "\(Paths.configMaps)/a", other).status == 400)
        other["metadata", "namespace"] = "kube-system"
        #expect(await harness.send("POST", Paths.configMaps, other).status == 400)
        let renamed = await harness.patch("\(Paths.configMaps)/a", ["metadata": ["name": "c"]])
        #expect(renamed.status == 400)
    }
}
