import Controllers
import Objects
import Testing

private let now = Timestamp(seconds: 2_000_000)

private func template(_ image: String) -> JSON {
    ["metadata": ["labels": ["app": "web"]], "spec": ["containers": [["name": "c", "image": .string(image)]]]]
}

private func deploymentJSON(
    _ replicas: Int64, image: String = "i:1", surge: JSON = "25%", unavailable: JSON = "25%", strategy: String = "RollingUpdate",
    paused: Bool = false, extra: JSON = [:]
) -> JSON {
    var spec: JSON = [
        "replicas": .integer(replicas), "selector": ["matchLabels": ["app": "web"]], "template": template(image),
        "strategy": ["type": .string(strategy)],
    ]
    if strategy == "RollingUpdate" { spec["strategy", "rollingUpdate"] = ["maxSurge": surge, "maxUnavailable": unavailable] }
    if paused { spec["paused"] = true }
    for member in extra.object ?? JSONObject() { spec[member.key] = member.value }
    return ["metadata": ["name": "web", "namespace": "default", "uid": "d", "generation": 1], "spec": spec]
}

private func setJSON(
    _ name: String, image: String, replicas: Int64, available: Int64, revision: Int64, desired: Int64, maximum: Int64, age: Int64
) -> ReplicaSet {
    ReplicaSet([
        "metadata": [
            "name": .string(name), "namespace": "default", "uid": .string(name), "generation": 1,
            "creationTimestamp": .string((now - .seconds(age)).rfc3339),
            "annotations": [
                "deployment.kubernetes.io/revision": .string(String(revision)),
                "deployment.kubernetes.io/desired-replicas": .string(String(desired)),
                "deployment.kubernetes.io/max-replicas": .string(String(maximum)),
            ],
        ],
        "spec": ["replicas": .integer(replicas), "selector": [:], "template": template(image)],
        "status": [
            "replicas": .integer(replicas), "readyReplicas": .integer(available), "availableReplicas": .integer(available),
            "observedGeneration": 1,
        ],
    ])
}

private func plan(_ deployment: JSON, _ sets: [ReplicaSet]) -> DeploymentPlan {
    DeploymentPlanner.plan(
        DeploymentObservation(deployment: Deployment(deployment), replicaSets: sets, populated: [], now: now))
}

/// `name from→to` of each change of size.
private func scalings(_ plan: DeploymentPlan) -> [String] {
    plan.actions.compactMap { action in
        if case .scale(let name, let from, let to, _, _) = action { "\(name) \(from)→\(to)" } else { nil }
    }
}

@Suite("Deployments")
struct DeploymentTests {
    struct Bounds: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var replicas: Int64
        var surge: JSON
        var unavailable: JSON
        var expected: (surge: Int64, unavailable: Int64)
    }

    @Test(
        "Surge rounds up and unavailability down",
        arguments: [
            Bounds(testDescription: "25% of 10", replicas: 10, surge: "25%", unavailable: "25%", expected: (3, 2)),
            Bounds(testDescription: "25% of 1", replicas: 1, surge: "25%", unavailable: "25%", expected: (1, 0)),
            Bounds(testDescription: "both zero", replicas: 4, surge: 0, unavailable: 0, expected: (0, 1)),
            Bounds(testDescription: "both round to zero", replicas: 3, surge: 0, unavailable: "25%", expected: (0, 1)),
            Bounds(testDescription: "never more than all", replicas: 2, surge: 1, unavailable: 5, expected: (1, 2)),
            Bounds(testDescription: "unreadable text counts as none", replicas: 4, surge: 1, unavailable: "x", expected: (1, 0)),
        ])
    func bounds(_ bounds: Bounds) {
        let deployment = Deployment(deploymentJSON(bounds.replicas, surge: bounds.surge, unavailable: bounds.unavailable))
        #expect(RolloutBounds(deployment).maxSurge == bounds.expected.surge)
        #expect(RolloutBounds(deployment).maxUnavailable == bounds.expected.unavailable)
    }

    @Test("Templates are told apart by meaning, not by order")
    func hashes() throws {
        let one = try JSON(parsing: Array(#"{"metadata":{"labels":{"a":"1"}},"spec":{"x":1,"y":null}}"#.utf8))
        let same = try JSON(
            parsing: Array(#"{"spec":{"x":1},"metadata":{"labels":{"pod-template-hash":"q","a":"1"},"creationTimestamp":null}}"#.utf8))
        let other = try JSON(parsing: Array(#"{"metadata":{"labels":{"a":"1"}},"spec":{"x":2}}"#.utf8))
        #expect(TemplateHash.areEqual(one, same))
        #expect(TemplateHash.hash(one, collisions: 0) == TemplateHash.hash(same, collisions: 0))
        #expect(TemplateHash.hash(one, collisions: 0) != TemplateHash.hash(other, collisions: 0))
        #expect(TemplateHash.hash(one, collisions: 0) != TemplateHash.hash(one, collisions: 1))
    }

    @Test("The first ReplicaSet is created whole, with revision 1")
    func firstReplicaSet() {
        let plan = plan(deploymentJSON(10), [])
        guard case .create(let new)? = plan.actions.first else {
            Issue.record("expected a creation, got \(plan.actions)")
            return
        }
        #expect(new.replicas == 10)
        #expect(new.name == "web-\(new.hash)")
        #expect(new.annotations["deployment.kubernetes.io/revision"] == "1")
        #expect(new.annotations["deployment.kubernetes.io/max-replicas"] == "13")
        #expect(plan.actions.contains(.setRevision("1")))
    }

    struct Step: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var old: (replicas: Int64, available: Int64)
        var new: (replicas: Int64, available: Int64)
        var scalings: [String]
    }

    @Test(
        "A rolling update of 10 (surge 3, unavailable 2) takes one step at a time",
        arguments: [
            Step(testDescription: "room above: grow", old: (10, 10), new: (0, 0), scalings: ["new 0→3"]),
            Step(testDescription: "spare available: shrink old", old: (10, 10), new: (3, 0), scalings: ["old 10→8"]),
            Step(testDescription: "at the minimum: wait", old: (8, 8), new: (5, 0), scalings: []),
            Step(testDescription: "new ones arrive: shrink old", old: (8, 8), new: (5, 5), scalings: ["old 8→3"]),
            Step(testDescription: "unhealthy old ones go first", old: (10, 4), new: (3, 0), scalings: ["old 10→8"]),
            Step(testDescription: "the end", old: (3, 3), new: (10, 10), scalings: ["old 3→0"]),
        ])
    func rolls(_ step: Step) {
        let sets = [
            setJSON(
                "old", image: "i:1", replicas: step.old.replicas, available: step.old.available, revision: 1, desired: 10, maximum: 13,
                age: 100),
            setJSON(
                "new", image: "i:2", replicas: step.new.replicas, available: step.new.available, revision: 2, desired: 10, maximum: 13,
                age: 10),
        ]
        #expect(scalings(plan(deploymentJSON(10, image: "i:2"), sets)) == step.scalings)
    }

    @Test("Scaling in the middle of a rollout shares out by size")
    func proportional() {
        let sets = [
            setJSON("old", image: "i:1", replicas: 8, available: 8, revision: 1, desired: 10, maximum: 13, age: 100),
            setJSON("new", image: "i:2", replicas: 5, available: 0, revision: 2, desired: 10, maximum: 13, age: 10),
        ]
        // From 13 to 25 in all: 8 becomes 15, 5 becomes 10.
        #expect(scalings(plan(deploymentJSON(20, image: "i:2"), sets)).sorted() == ["new 5→10", "old 8→15"])
        // Down to none.
        #expect(scalings(plan(deploymentJSON(0, image: "i:2"), sets)).sorted() == ["new 5→0", "old 8→0"])
    }

    @Test("Recreate ends the old pods before it starts new ones")
    func recreates() {
        let old = setJSON("old", image: "i:1", replicas: 3, available: 3, revision: 1, desired: 3, maximum: 3, age: 100)
        let first = plan(deploymentJSON(3, image: "i:2", strategy: "Recreate"), [old])
        #expect(scalings(first) == ["old 3→0"])
        #expect(first.actions.count == 1)
        let empty = setJSON("old", image: "i:1", replicas: 0, available: 0, revision: 1, desired: 3, maximum: 3, age: 100)
        let waiting = DeploymentPlanner.plan(
            DeploymentObservation(
                deployment: Deployment(deploymentJSON(3, image: "i:2", strategy: "Recreate")), replicaSets: [empty],
                populated: ["old"], now: now))
        #expect(waiting.actions.isEmpty)
        let second = plan(deploymentJSON(3, image: "i:2", strategy: "Recreate"), [empty])
        #expect(second.actions.contains { if case .create(let new) = $0 { new.replicas == 3 } else { false } })
    }

    @Test("A paused Deployment scales but does not roll")
    func paused() {
        let old = setJSON("old", image: "i:1", replicas: 3, available: 3, revision: 1, desired: 3, maximum: 4, age: 100)
        let plan = plan(deploymentJSON(5, image: "i:2", paused: true), [old])
        #expect(scalings(plan) == ["old 3→5"])
        #expect(plan.status?["conditions"]?.array?.contains { $0["reason"]?.string == "DeploymentPaused" } == true)
    }

    @Test("Going back to a former template gives it the newest revision")
    func undo() {
        let sets = [
            setJSON("first", image: "i:1", replicas: 0, available: 0, revision: 1, desired: 3, maximum: 4, age: 100),
            setJSON("second", image: "i:2", replicas: 3, available: 3, revision: 2, desired: 3, maximum: 4, age: 10),
        ]
        let plan = plan(deploymentJSON(3, image: "i:1"), sets)
        guard case .annotate(let name, let annotations, _)? = plan.actions.first else {
            Issue.record("expected an annotation, got \(plan.actions)")
            return
        }
        #expect(name == "first")
        #expect(annotations["deployment.kubernetes.io/revision"] == "3")
        #expect(annotations["deployment.kubernetes.io/revision-history"] == "1")
        #expect(plan.actions.contains(.setRevision("3")))
        #expect(scalings(plan) == ["first 0→1"])
    }

    @Test("A rollout that does not move is called late, once")
    func deadline() {
        var deployment = deploymentJSON(2, extra: ["progressDeadlineSeconds": 60])
        deployment["status"] = [
            "observedGeneration": 1, "replicas": 2, "updatedReplicas": 2, "unavailableReplicas": 2,
            "conditions": [
                [
                    "type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated",
                    "lastUpdateTime": .string((now - .seconds(30)).rfc3339),
                ]
            ],
        ]
        let set = setJSON("new", image: "i:1", replicas: 2, available: 0, revision: 1, desired: 2, maximum: 3, age: 100)
        #expect(plan(deployment, [set]).nextLook == .seconds(31))
        deployment["status", "conditions"] = [
            [
                "type": "Progressing", "status": "True", "reason": "ReplicaSetUpdated",
                "lastUpdateTime": .string((now - .seconds(61)).rfc3339),
            ]
        ]
        let late = plan(deployment, [set])
        #expect(late.status?["conditions"]?.array?.contains { $0["reason"]?.string == "ProgressDeadlineExceeded" } == true)
        #expect(late.nextLook == nil)
    }

    // MARK: - Stories

    private func plane(becomesReady: @escaping @Sendable (Pod) -> Bool = { _ in true }) -> TestPlane {
        TestPlane {
            [
                DeploymentController($0), ReplicaSetController($0), GarbageCollector($0),
                FakeHosts($0, becomesReady: becomesReady),
            ]
        }
    }

    /// What `kubectl rollout status` waits for.
    private func isRolledOut(_ plane: TestPlane) -> Bool {
        guard let object = plane.api.object(Deployment.resource, "web") else { return false }
        let deployment = Deployment(object)
        let status = deployment.status
        let isObserved = status["observedGeneration"]?.integer ?? 0 >= deployment.metadata.generation
        return isObserved && status["updatedReplicas"]?.integer ?? 0 == deployment.replicas
            && status["replicas"]?.integer ?? 0 == deployment.replicas
            && status["availableReplicas"]?.integer ?? 0 == deployment.replicas
    }

    @Test("Apply, change, undo and delete, within the bounds all the time")
    func story() throws {
        let plane = plane()
        try plane.create(Deployment.self, deploymentJSON(10))
        #expect(try plane.reaches { isRolledOut(plane) })
        let first = try #require(plane.livePods.first?.metadata.labels["pod-template-hash"])
        try plane.patch(Deployment.self, "web", ["spec": ["template": template("i:2")]])
        var most = 0
        var fewest = 10
        #expect(
            try plane.reaches {
                let live = plane.livePods
                most = max(most, live.count)
                fewest = min(fewest, live.count { $0.isReady })
                return isRolledOut(plane)
            })
        #expect(most <= 13)
        #expect(fewest >= 8)
        #expect(plane.object(Deployment.self, "web")?.metadata.annotations["deployment.kubernetes.io/revision"] == "2")
        #expect(plane.livePods.allSatisfy { $0.metadata.labels["pod-template-hash"] != first })
        try plane.patch(Deployment.self, "web", ["spec": ["template": template("i:1")]])
        #expect(try plane.reaches { isRolledOut(plane) })
        #expect(plane.livePods.allSatisfy { $0.metadata.labels["pod-template-hash"] == first })
        #expect(plane.object(Deployment.self, "web")?.metadata.annotations["deployment.kubernetes.io/revision"] == "3")
        let conditions = [Condition](status: plane.object(Deployment.self, "web")?.status)
        #expect(conditions["Available"]?.reason == "MinimumReplicasAvailable")
        #expect(conditions["Progressing"]?.reason == "NewReplicaSetAvailable")
        #expect(plane.api.events.contains { $0.hasPrefix("ScalingReplicaSet: Scaled up replica set web-") && $0.hasSuffix("from 0 to 10") })
        try plane.delete(Deployment.self, "web")
        #expect(try plane.reaches { plane.objects(ReplicaSet.self).isEmpty && plane.objects(Pod.self).isEmpty })
    }

    @Test("Old ReplicaSets are kept as far as the history limit says")
    func history() throws {
        let plane = plane()
        try plane.create(Deployment.self, deploymentJSON(2, extra: ["revisionHistoryLimit": 1]))
        for number in 2...5 {
            #expect(try plane.reaches { isRolledOut(plane) })
            try plane.patch(Deployment.self, "web", ["spec": ["template": template("i:\(number)")]])
        }
        #expect(try plane.reaches { isRolledOut(plane) && plane.objects(ReplicaSet.self).count == 2 })
    }

    @Test("A bad image stops the rollout with the old pods serving, and the deadline says so")
    func badImage() throws {
        let plane = plane { $0.metadata.labels["bad"] == nil }
        try plane.create(Deployment.self, deploymentJSON(4, extra: ["progressDeadlineSeconds": 60]))
        #expect(try plane.reaches { isRolledOut(plane) })
        try plane.patch(Deployment.self, "web", ["spec": ["template": ["metadata": ["labels": ["bad": "yes"]]]]])
        try plane.run(seconds: 120)
        #expect(plane.livePods.count { $0.isReady } == 3)
        #expect(plane.livePods.count == 5)
        let conditions = [Condition](status: plane.object(Deployment.self, "web")?.status)
        #expect(conditions["Progressing"]?.reason == "ProgressDeadlineExceeded")
        #expect(conditions["Available"]?.isTrue == true)
    }

    @Test(
        "Failures of the API in between do not change the end", arguments: ["POST replicasets", "PATCH replicasets", "PATCH deployments"])
    func survivesFailures(_ request: String) throws {
        let plane = plane()
        plane.api.fail(request, code: 500, count: 3)
        try plane.create(Deployment.self, deploymentJSON(4))
        #expect(try plane.reaches { isRolledOut(plane) })
        try plane.patch(Deployment.self, "web", ["spec": ["template": template("i:2"), "paused": true]])
        plane.api.fail(request, code: 500, count: 3)
        // The user's own request may meet the failure, too.
        while (try? plane.patch(Deployment.self, "web", ["spec": ["paused": nil]])) == nil {}
        #expect(try plane.reaches { isRolledOut(plane) })
        #expect(plane.livePods.count == 4)
        #expect(plane.objects(ReplicaSet.self).count == 2)
    }
}
