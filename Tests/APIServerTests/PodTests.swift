import APIMessages
import APIServer
import Objects
import Store
import Testing

@Suite struct PodTests {
    private func bind(_ harness: Harness, _ pod: String, to node: String) async -> Answer {
        await harness.send(
            "POST", "\(Paths.pods)/\(pod)/binding",
            [
                "apiVersion": "v1", "kind": "Binding", "metadata": ["name": .string(pod)],
                "target": ["kind": "Node", "name": .string(node)],
            ])
    }

    @Test func `a new pod is pending, with what admission gives it`() async throws {
        let harness = try await Harness()
        let pod = await harness.make(Paths.pods, Sample.pod("p"))
        #expect(pod["status", "phase"] == "Pending")
        #expect(pod["status", "qosClass"] == "BestEffort")
        #expect(pod["spec", "serviceAccountName"] == "default")
        #expect(pod["spec", "priority"] == 0)
        #expect(pod["spec", "preemptionPolicy"] == "PreemptLowerPriority")
        #expect(pod["spec", "schedulerName"] == "default-scheduler")
        let tolerations = pod["spec", "tolerations"]?.array ?? []
        #expect(
            tolerations.compactMap { $0["key"]?.string } == ["node.kubernetes.io/not-ready", "node.kubernetes.io/unreachable"])
        #expect(tolerations.allSatisfy { $0["tolerationSeconds"] == 300 })
        let mounts = pod["spec", "containers"]?.array?.first?["volumeMounts"]?.array ?? []
        #expect(mounts.first?["mountPath"] == "/var/run/secrets/kubernetes.io/serviceaccount")
        #expect(mounts.first?["name"] == pod["spec", "volumes"]?.array?.first?["name"])
    }

    @Test func `own tolerations and the refusal of a token are respected`() async throws {
        let harness = try await Harness()
        var pod = Sample.pod("p")
        pod["spec", "tolerations"] = [["operator": "Exists"]]
        pod["spec", "automountServiceAccountToken"] = false
        let made = await harness.make(Paths.pods, pod)
        #expect(made["spec", "tolerations"]?.array?.count == 1)
        #expect(made["spec", "volumes"] == nil)
        await harness.make(
            "/api/v1/namespaces/default/serviceaccounts",
            ["metadata": ["name": "quiet"], "automountServiceAccountToken": false, "imagePullSecrets": [["name": "pull"]]])
        pod = Sample.pod("q")
        pod["spec", "serviceAccountName"] = "quiet"
        let quiet = await harness.make(Paths.pods, pod)
        #expect(quiet["spec", "volumes"] == nil)
        #expect(quiet["spec", "imagePullSecrets"] == [["name": "pull"]])
    }

    struct QualityCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var resources: JSON
        var expected: String
    }

    @Test(arguments: [
        QualityCase(testDescription: "nothing asked for", resources: [:], expected: "BestEffort"),
        QualityCase(testDescription: "a request alone", resources: ["requests": ["cpu": "1"]], expected: "Burstable"),
        QualityCase(
            testDescription: "a request below its limit", resources: ["requests": ["cpu": "1"], "limits": ["cpu": "2", "memory": "1Gi"]],
            expected: "Burstable"),
        QualityCase(testDescription: "limits alone", resources: ["limits": ["cpu": "1", "memory": "1Gi"]], expected: "Guaranteed"),
        QualityCase(
            testDescription: "equal amounts in other words",
            resources: ["requests": ["cpu": "1000m"], "limits": ["cpu": "1", "memory": "1Gi"]], expected: "Guaranteed"),
    ])
    func `the quality of service follows requests and limits`(_ test: QualityCase) async throws {
        let harness = try await Harness()
        var pod = Sample.pod("p")
        pod["spec", "containers"] = [["name": "main", "image": "web:1", "resources": test.resources]]
        #expect(await harness.make(Paths.pods, pod)["status", "qosClass"]?.string == test.expected)
    }

    @Test func `a pod's priority is its class's`() async throws {
        let harness = try await Harness()
        let classes = "/apis/scheduling.k8s.io/v1/priorityclasses"
        await harness.make(classes, ["metadata": ["name": "high"], "value": 1_000_000, "preemptionPolicy": "Never"])
        var pod = Sample.pod("p")
        pod["spec", "priorityClassName"] = "high"
        let made = await harness.make(Paths.pods, pod)
        #expect(made["spec", "priority"] == 1_000_000)
        #expect(made["spec", "preemptionPolicy"] == "Never")
        pod["metadata", "name"] = "q"
        pod["spec", "priority"] = 7
        #expect(await harness.send("POST", Paths.pods, pod).status == 403)
        pod["spec", "priority"] = nil
        pod["spec", "priorityClassName"] = "absent"
        let refused = await harness.send("POST", Paths.pods, pod)
        #expect(refused.message == "pods \"q\" is forbidden: no PriorityClass with name absent was found")
        await harness.make(classes, ["metadata": ["name": "usual"], "value": 5, "globalDefault": true])
        let usual = await harness.make(Paths.pods, Sample.pod("r"))
        #expect(usual["spec", "priority"] == 5)
        #expect(usual["spec", "priorityClassName"] == "usual")
    }

    @Test func `a binding assigns a pod once`() async throws {
        let harness = try await Harness()
        await harness.make(Paths.pods, Sample.pod("p"))
        #expect(await bind(harness, "p", to: "n1").status == 201)
        let pod = await harness.send("GET", "\(Paths.pods)/p")
        #expect(pod["spec", "nodeName"] == "n1")
        #expect(pod["status", "conditions"]?.array?.first?["type"] == "PodScheduled")
        let again = await bind(harness, "p", to: "n2")
        #expect(again.status == 409)
        #expect(
            again.message == "Operation cannot be fulfilled on pods/binding \"p\": pod p is already assigned to node \"n1\"")
        #expect(await bind(harness, "absent", to: "n1").status == 404)
        #expect(await bind(harness, "p", to: "").status == 500)
    }

    @Test func `a gated pod cannot be bound before its gates are gone`() async throws {
        let harness = try await Harness()
        var pod = Sample.pod("p")
        pod["spec", "schedulingGates"] = [["name": "example.com/wait"]]
        let made = await harness.make(Paths.pods, pod)
        #expect(made["status", "conditions"]?.array?.first?["reason"] == "SchedulingGated")
        #expect(await bind(harness, "p", to: "n1").status == 409)
        #expect(await harness.patch("\(Paths.pods)/p", ["spec": ["nodeSelector": ["role": "late"]]]).status == 200)
        let opened = await harness.patch("\(Paths.pods)/p", ["spec": ["schedulingGates": nil]])
        #expect(opened.status == 200, "\(opened.text)")
        #expect(await bind(harness, "p", to: "n1").status == 201)
    }

    @Test func `the older bindings collection binds too`() async throws {
        let harness = try await Harness()
        await harness.make(Paths.pods, Sample.pod("p"))
        let answer = await harness.send(
            "POST", "/api/v1/namespaces/default/bindings", ["metadata": ["name": "p"], "target": ["kind": "Node", "name": "n1"]])
        #expect(answer.status == 201)
        #expect(await harness.send("GET", "\(Paths.pods)/p")["spec", "nodeName"] == "n1")
    }

    @Test func `a pod's spec is fixed but for image, deadlines and added tolerations`() async throws {
        let harness = try await Harness()
        await harness.make(Paths.pods, Sample.pod("p"))
        let path = "\(Paths.pods)/p"
        let image: JSON = ["spec": ["containers": [["name": "main", "image": "web:2"]]]]
        #expect(await harness.patch(path, image, "strategic-merge-patch").status == 200)
        #expect(await harness.patch(path, ["spec": ["activeDeadlineSeconds": 60]]).status == 200)
        let refused = await harness.patch(path, ["spec": ["nodeName": "n1"]])
        #expect(refused.status == 422)
        #expect(refused.fields == ["spec"])
        #expect(await harness.patch(path, ["spec": ["tolerations": []]]).status == 422)
        #expect(await harness.patch(path, ["spec": ["schedulingGates": [["name": "example.com/late"]]]]).status == 422)
    }

    // MARK: - Eviction

    private func budget(_ allowed: Int64, observed: Int64 = 1) -> JSON {
        [
            "status": [
                "observedGeneration": .integer(observed), "disruptionsAllowed": .integer(allowed), "currentHealthy": 100,
                "desiredHealthy": .integer(100 - allowed), "expectedPods": 100,
            ]
        ]
    }

    private func evict(_ harness: Harness, _ pod: String) async -> Answer {
        await harness.send(
            "POST", "\(Paths.pods)/\(pod)/eviction",
            ["apiVersion": "policy/v1", "kind": "Eviction", "metadata": ["name": .string(pod)]])
    }

    private func running(_ count: Int, budget allowed: Int64?) async throws -> Harness {
        let harness = try await Harness()
        for index in 0..<count {
            await harness.make(Paths.pods, Sample.pod("p\(index)", node: "n1"))
            _ = await harness.patch("\(Paths.pods)/p\(index)/status", ["status": ["phase": "Running"]])
        }
        if let allowed {
            await harness.make(
                Paths.budgets, ["metadata": ["name": "web"], "spec": ["selector": ["matchLabels": ["app": "web"]], "minAvailable": 1]])
            _ = await harness.patch("\(Paths.budgets)/web/status", budget(allowed))
        }
        return harness
    }

    @Test func `of a hundred parallel evictions under a budget of ten exactly ten succeed`() async throws {
        let harness = try await running(100, budget: 10)
        let statuses = await withTaskGroup(of: Int.self) { group in
            for index in 0..<100 { group.addTask { await evict(harness, "p\(index)").status } }
            var statuses: [Int: Int] = [:]
            for await status in group { statuses[status, default: 0] += 1 }
            return statuses
        }
        #expect(statuses == [201: 10, 429: 90])
        let budget = await harness.send("GET", "\(Paths.budgets)/web")
        #expect(budget["status", "disruptionsAllowed"] == 0)
        #expect(budget["status", "disruptedPods"]?.object?.count == 10)
        let pods = await harness.send("GET", Paths.pods)
        #expect((pods["items"]?.array ?? []).count { $0["metadata", "deletionTimestamp"] != nil } == 10)
    }

    @Test func `an eviction against the budget is refused with the numbers`() async throws {
        let harness = try await running(1, budget: 0)
        let refused = await evict(harness, "p0")
        #expect(refused.status == 429)
        #expect(refused.reason == "TooManyRequests")
        #expect(refused.message == "Cannot evict pod as it would violate the pod's disruption budget.")
        #expect(
            refused["details", "causes"]?.array?.first?["message"]
                == "The disruption budget web needs 100 healthy pods and has 100 currently")
    }

    @Test func `a budget that its controller has not seen allows nothing yet`() async throws {
        let harness = try await running(1, budget: 5)
        _ = await harness.patch("\(Paths.budgets)/web", ["spec": ["minAvailable": 2]])
        let refused = await evict(harness, "p0")
        #expect(refused.status == 429)
        #expect(refused.header("retry-after") == "10")
    }

    @Test func `pods without a budget or without work are evicted freely`() async throws {
        let harness = try await running(1, budget: nil)
        #expect(await evict(harness, "p0").status == 201)
        #expect(await harness.send("GET", "\(Paths.pods)/p0")["metadata", "deletionTimestamp"] != nil)
        let guarded = try await running(1, budget: 0)
        _ = await guarded.patch("\(Paths.pods)/p0/status", ["status": ["phase": "Succeeded"]])
        #expect(await evict(guarded, "p0").status == 201)
        #expect(await evict(guarded, "absent").status == 404)
    }

    @Test func `a pod under two budgets cannot be evicted`() async throws {
        let harness = try await running(1, budget: 5)
        await harness.make(
            Paths.budgets, ["metadata": ["name": "two"], "spec": ["selector": ["matchLabels": ["app": "web"]], "maxUnavailable": 1]])
        let refused = await evict(harness, "p0")
        #expect(refused.status == 500)
        #expect(refused.message.contains("more than one PodDisruptionBudget"))
    }

    @Test func `a rehearsed eviction spends nothing`() async throws {
        let harness = try await running(1, budget: 1)
        let before = try await harness.store.currentRevision()
        let answer = await harness.send(
            "POST", "\(Paths.pods)/p0/eviction", ["apiVersion": "policy/v1", "kind": "Eviction", "deleteOptions": ["dryRun": ["All"]]])
        #expect(answer.status == 201)
        #expect(try await harness.store.currentRevision() == before)
    }
}
