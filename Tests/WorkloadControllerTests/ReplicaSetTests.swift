import Controllers
import Objects
import Testing

private let now = Timestamp(seconds: 1_000_000)

/// A pod as far as the rules look at it.
func pod(
    _ name: String, node: String = "n1", phase: String = "Running", ready: Bool = true, readyFor: Int64 = 100, age: Int64 = 200,
    cost: String? = nil, labels: JSON = ["app": "web"], owner: JSON? = nil, deleting: Bool = false
) -> Pod {
    var object: JSON = [
        "metadata": [
            "name": .string(name), "namespace": "default", "uid": .string(name), "labels": labels,
            "creationTimestamp": .string((now - .seconds(age)).rfc3339),
        ], "spec": [:],
        "status": [
            "phase": .string(phase),
            "conditions": [
                [
                    "type": "Ready", "status": ready ? "True" : "False",
                    "lastTransitionTime": .string((now - .seconds(readyFor)).rfc3339),
                ]
            ],
        ],
    ]
    if !node.isEmpty { object["spec", "nodeName"] = .string(node) }
    if let cost { object["metadata", "annotations"] = ["controller.kubernetes.io/pod-deletion-cost": .string(cost)] }
    if let owner { object["metadata", "ownerReferences"] = [owner] }
    if deleting { object["metadata", "deletionTimestamp"] = .string(now.rfc3339) }
    return Pod(object)
}

func replicaSetJSON(_ name: String, replicas: Int64, minReady: Int64 = 0) -> JSON {
    [
        "metadata": ["name": .string(name), "namespace": "default", "uid": .string(name), "generation": 3],
        "spec": [
            "replicas": .integer(replicas), "minReadySeconds": .integer(minReady), "selector": ["matchLabels": ["app": "web"]],
            "template": ["metadata": ["labels": ["app": "web"]], "spec": ["containers": [["name": "c", "image": "i"]]]],
        ],
    ]
}

@Suite("ReplicaSets")
struct ReplicaSetTests {
    struct Ranking: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var pods: [Pod]
        var first: String

        init(_ name: String, _ pods: [Pod], first: String) {
            testDescription = name
            self.pods = pods
            self.first = first
        }
    }

    @Test(
        "The pod that serves least goes first",
        arguments: [
            Ranking("not bound before bound", [pod("a"), pod("b", node: "")], first: "b"),
            Ranking("pending before running", [pod("a"), pod("b", phase: "Pending", ready: false)], first: "b"),
            Ranking("pending before not ready", [pod("a", ready: false), pod("b", phase: "Pending")], first: "b"),
            Ranking("not ready before ready", [pod("a"), pod("b", ready: false)], first: "b"),
            Ranking("not ready before lower cost", [pod("a", cost: "-5"), pod("b", ready: false, cost: "9")], first: "b"),
            Ranking("lower cost first", [pod("a", cost: "10"), pod("b", cost: "-1")], first: "b"),
            Ranking("unreadable cost counts as zero", [pod("a", cost: "1"), pod("b", cost: "x")], first: "b"),
            Ranking("crowded node first", [pod("a", node: "n1"), pod("b", node: "n2"), pod("c", node: "n2")], first: "b"),
            Ranking("ready for less long first", [pod("a", readyFor: 9_000), pod("b", readyFor: 10)], first: "b"),
            Ranking("younger first", [pod("a", age: 90_000), pod("b", age: 150)], first: "b"),
            Ranking("about the same age: lower uid", [pod("b", age: 200), pod("a", age: 210)], first: "a"),
        ])
    func ranks(_ ranking: Ranking) {
        let sorted = PodDeletionOrder.sorted(ranking.pods, related: ranking.pods, now: now)
        #expect(sorted.first?.metadata.name == ranking.first)
    }

    @Test("A pass closes the gap, at most a burst at once", arguments: [(3, 0, 3, 0), (0, 3, 0, 3), (2, 2, 0, 0), (900, 0, 500, 0)])
    func plansCounts(_ wanted: Int64, _ present: Int, _ creations: Int, _ deletions: Int) {
        let pods = (0..<present).map { pod("p\($0)") }
        let set = ReplicaSet(replicaSetJSON("web", replicas: wanted))
        let plan = ReplicaSetPlanner.plan(set, active: pods, related: pods, now: now)
        #expect(plan.creations == creations)
        #expect(plan.deletions.count == deletions)
    }

    @Test("A ReplicaSet that is being deleted does nothing")
    func leavesPodsToTheCollector() {
        var object = replicaSetJSON("web", replicas: 5)
        object["metadata", "deletionTimestamp"] = "2026-01-01T00:00:00Z"
        let plan = ReplicaSetPlanner.plan(ReplicaSet(object), active: [], related: [], now: now)
        #expect(plan.creations == 0)
    }

    @Test("Status counts ready, available and fully labelled pods")
    func countsStatus() {
        let set = ReplicaSet(replicaSetJSON("web", replicas: 4, minReady: 30))
        let pods = [pod("a"), pod("b", readyFor: 10), pod("c", ready: false), pod("d", labels: ["other": "x"])]
        let status = ReplicaSetPlanner.status(set, active: pods, now: now)
        #expect(status.replicas == 4)
        #expect(status.readyReplicas == 3)
        #expect(status.availableReplicas == 2)
        #expect(status.fullyLabeledReplicas == 3)
        #expect(status.observedGeneration == 3)
        #expect(ReplicaSetPlanner.nextAvailability(set, active: pods, now: now) == .seconds(20))
    }

    @Test("Ownership follows selector and uid")
    func claims() {
        let set = ReplicaSet(replicaSetJSON("web", replicas: 1))
        let mine = set.ownerReference.json
        let other = OwnerReference(apiVersion: "apps/v1", kind: "ReplicaSet", name: "x", uid: "x").json
        let claims = OwnershipClaims(
            [
                pod("owned", owner: mine), pod("foreign", owner: other), pod("strayed", labels: [:], owner: mine), pod("orphan"),
                pod("stranger", labels: ["app": "db"]), pod("leaving", deleting: true),
            ], owner: set.metadata, selector: .init([.init(key: "app", comparison: .isIn, values: ["web"])]))
        #expect(claims.owned.map(\.metadata.name) == ["owned"])
        #expect(claims.adoptable.map(\.metadata.name) == ["orphan"])
        #expect(claims.releasable.map(\.metadata.name) == ["strayed"])
    }

    // MARK: - Stories

    private func plane() -> TestPlane {
        TestPlane { [ReplicaSetController($0), GarbageCollector($0), FakeHosts($0)] }
    }

    @Test("Pods come, are replaced and go, never more than wanted")
    func story() throws {
        let plane = plane()
        try plane.create(ReplicaSet.self, replicaSetJSON("web", replicas: 20))
        #expect(try plane.reaches { plane.object(ReplicaSet.self, "web")?.status.availableReplicas == 20 })
        #expect(plane.objects(Pod.self).count == 20)
        let name = try #require(plane.livePods.first?.metadata.name)
        #expect(name.wholeMatch(of: /web-[bcdfghjklmnpqrstvwxz2456789]{5}/) != nil)
        try plane.delete(Pod.self, name)
        #expect(try plane.reaches { plane.livePods.count == 20 && plane.livePods.allSatisfy { $0.metadata.name != name } })
        try plane.patch(ReplicaSet.self, "web", ["spec": ["replicas": 3]])
        #expect(try plane.reaches { plane.objects(Pod.self).count == 3 })
        #expect(try plane.reaches { plane.object(ReplicaSet.self, "web")?.status.replicas == 3 })
        #expect(plane.object(ReplicaSet.self, "web")?.status.observedGeneration == 2)
        #expect(plane.api.events.contains("SuccessfulDelete: Deleted pod: \(name)") == false)
        #expect(plane.api.events.count { $0.hasPrefix("SuccessfulCreate: Created pod: web-") } == 21)
        try plane.delete(ReplicaSet.self, "web")
        #expect(try plane.reaches { plane.objects(Pod.self).isEmpty })
    }

    @Test("An orphan is adopted and a strayed pod released")
    func adopts() throws {
        let plane = plane()
        try plane.create(
            Pod.self, ["metadata": ["name": "lonely", "labels": ["app": "web"]], "spec": ["containers": []]])
        try plane.create(ReplicaSet.self, replicaSetJSON("web", replicas: 2))
        #expect(try plane.reaches { plane.object(ReplicaSet.self, "web")?.status.readyReplicas == 2 })
        #expect(plane.object(Pod.self, "lonely")?.metadata.controller?.name == "web")
        #expect(plane.objects(Pod.self).count == 2)
        try plane.patch(Pod.self, "lonely", ["metadata": ["labels": ["app": "db"]]])
        #expect(try plane.reaches { plane.objects(Pod.self).count == 3 })
        #expect(plane.object(Pod.self, "lonely")?.metadata.controller == nil)
    }

    @Test("What cannot be created is tried once a batch, told of, and tried again later")
    func slowStart() throws {
        let plane = plane()
        plane.api.fail("POST pods", code: 403, count: 3)
        try plane.create(ReplicaSet.self, replicaSetJSON("web", replicas: 50))
        #expect(try plane.reaches { plane.object(ReplicaSet.self, "web")?.status.readyReplicas == 50 })
        #expect(plane.api.events.contains { $0.hasPrefix("FailedCreate: Error creating: injected failure") })
        #expect(plane.api.object(ReplicaSet.resource, "web")?["status", "conditions"] == nil)
        #expect(plane.objects(Pod.self).count == 50)
    }
}
