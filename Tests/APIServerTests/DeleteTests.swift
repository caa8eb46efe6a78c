import APIMessages
import APIServer
import Objects
import Store
import Testing

@Suite struct DeleteTests {
    @Test func `a deleted object is gone, and the answer is a receipt`() async throws {
        let harness = try await Harness()
        let made = await harness.make(Paths.configMaps, Sample.configMap("a"))
        let answer = await harness.send("DELETE", "\(Paths.configMaps)/a")
        #expect(answer.status == 200)
        #expect(answer["status"] == "Success")
        #expect(answer["details", "kind"] == "configmaps")
        #expect(answer["details", "uid"] == made["metadata", "uid"])
        #expect(await harness.send("GET", "\(Paths.configMaps)/a").status == 404)
        #expect(await harness.send("DELETE", "\(Paths.configMaps)/a").status == 404)
    }

    @Test func `finalizers hold an object until the last has gone`() async throws {
        let harness = try await Harness()
        var object = Sample.configMap("a")
        object["metadata", "finalizers"] = ["example.com/one", "example.com/two"]
        await harness.make(Paths.configMaps, object)
        let path = "\(Paths.configMaps)/a"
        let deleted = await harness.send("DELETE", path)
        #expect(deleted["metadata", "deletionTimestamp"] == "2026-01-01T00:00:00Z")
        let again = await harness.send("POST", Paths.configMaps, object)
        #expect(again.status == 409)
        #expect(again.message == "object is being deleted: configmaps \"a\" already exists")
        let added = await harness.patch(path, ["metadata": ["finalizers": ["example.com/one", "example.com/three"]]])
        #expect(added.status == 422)
        #expect(await harness.patch(path, ["metadata": ["finalizers": ["example.com/two"]]]).status == 200)
        #expect(await harness.send("GET", path).status == 200)
        let last = await harness.patch(path, ["metadata": ["finalizers": nil]])
        #expect(last.status == 200)
        #expect(await harness.send("GET", path).status == 404)
    }

    @Test(arguments: [("Foreground", "foregroundDeletion"), ("Orphan", "orphan")])
    func `a propagation policy becomes a finalizer`(_ policy: String, _ finalizer: String) async throws {
        let harness = try await Harness()
        await harness.make(Paths.configMaps, Sample.configMap("a"))
        let body: JSON = ["apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": .string(policy)]
        let answer = await harness.send("DELETE", "\(Paths.configMaps)/a", body)
        #expect(answer["metadata", "finalizers"] == [.string(finalizer)])
        #expect(await harness.send("DELETE", "\(Paths.configMaps)/a?propagationPolicy=Sometimes").status == 422)
    }

    @Test func `preconditions name the object that is meant`() async throws {
        let harness = try await Harness()
        let made = await harness.make(Paths.configMaps, Sample.configMap("a"))
        let path = "\(Paths.configMaps)/a"
        for preconditions: JSON in [["uid": "other"], ["resourceVersion": "1"]] {
            let refused = await harness.send("DELETE", path, ["preconditions": preconditions])
            #expect(refused.status == 409)
        }
        let right: JSON = [
            "uid": made["metadata", "uid"] ?? nil, "resourceVersion": made["metadata", "resourceVersion"] ?? nil,
        ]
        #expect(await harness.send("DELETE", path, ["preconditions": right]).status == 200)
    }

    @Test func `a collection is deleted by its selectors`() async throws {
        let harness = try await Harness()
        for index in 0..<6 {
            await harness.make(Paths.configMaps, Sample.configMap("m\(index)", labels: ["tier": index < 4 ? "front" : "back"]))
        }
        let answer = await harness.send("DELETE", "\(Paths.configMaps)?labelSelector=tier=front")
        #expect(answer.names == ["m0", "m1", "m2", "m3"])
        #expect(await harness.send("GET", Paths.configMaps).names == ["m4", "m5"])
        #expect(await harness.send("DELETE", "/api/v1/configmaps").status == 405)
    }

    @Test func `a running pod gets its grace, and a second deletion can only shorten it`() async throws {
        let harness = try await Harness()
        await harness.make(Paths.pods, Sample.pod("p", node: "n1"))
        let path = "\(Paths.pods)/p"
        let first = await harness.send("DELETE", path)
        #expect(first["metadata", "deletionGracePeriodSeconds"] == 30)
        #expect(first["metadata", "deletionTimestamp"] == "2026-01-01T00:00:30Z")
        #expect(first["metadata", "generation"] == 2)
        let longer = await harness.send("DELETE", "\(path)?gracePeriodSeconds=60")
        #expect(longer["metadata", "deletionGracePeriodSeconds"] == 30)
        let shorter = await harness.send("DELETE", "\(path)?gracePeriodSeconds=5")
        #expect(shorter["metadata", "deletionGracePeriodSeconds"] == 5)
        #expect(await harness.send("GET", path).status == 200)
        #expect(await harness.send("DELETE", "\(path)?gracePeriodSeconds=0").status == 200)
        #expect(await harness.send("GET", path).status == 404)
    }

    @Test(arguments: ["unbound", "Succeeded", "Failed"])
    func `a pod that does not run goes at once`(_ state: String) async throws {
        let harness = try await Harness()
        await harness.make(Paths.pods, Sample.pod("p", node: state == "unbound" ? nil : "n1"))
        if state != "unbound" {
            await harness.send(
                "PATCH", "\(Paths.pods)/p/status", ["status": ["phase": .string(state)]], type: "application/merge-patch+json")
        }
        let answer = await harness.send("DELETE", "\(Paths.pods)/p")
        #expect(answer["kind"] == "Pod")
        #expect(await harness.send("GET", "\(Paths.pods)/p").status == 404)
    }

    @Test func `a namespace goes when its content has been finalized`() async throws {
        let harness = try await Harness()
        let made = await harness.make(Paths.namespaces, ["metadata": ["name": "team"]])
        #expect(made["spec", "finalizers"] == ["kubernetes"])
        #expect(made["metadata", "labels", "kubernetes.io/metadata.name"] == "team")
        let inside = "/api/v1/namespaces/team/configmaps"
        await harness.make(inside, Sample.configMap("a"))
        let deleted = await harness.send("DELETE", "\(Paths.namespaces)/team")
        #expect(deleted["status", "phase"] == "Terminating")
        let refused = await harness.send("POST", inside, Sample.configMap("b"))
        #expect(refused.status == 403)
        #expect(refused["details", "causes"]?.array?.first?["reason"] == "NamespaceTerminating")
        #expect(await harness.patch("\(inside)/a", ["data": ["b": "2"]]).status == 200)
        let finalized = await harness.send(
            "PUT", "\(Paths.namespaces)/team/finalize",
            ["apiVersion": "v1", "kind": "Namespace", "metadata": ["name": "team"], "spec": ["finalizers": []]])
        #expect(finalized.status == 200)
        #expect(await harness.send("GET", "\(Paths.namespaces)/team").status == 404)
        #expect(await harness.send("POST", inside, Sample.configMap("b")).status == 404)
    }

    @Test(arguments: ["default", "kube-system", "kube-public", "kube-node-lease"])
    func `the namespaces of the system cannot be deleted`(_ name: String) async throws {
        let harness = try await Harness()
        let answer = await harness.send("DELETE", "\(Paths.namespaces)/\(name)")
        #expect(answer.status == 403)
        #expect(await harness.send("GET", "\(Paths.namespaces)/\(name)").status == 200)
    }

    @Test func `starting again changes nothing`() async throws {
        let harness = try await Harness()
        let before = try await harness.store.currentRevision()
        try await harness.server.start()
        #expect(try await harness.store.currentRevision() == before)
    }
}
