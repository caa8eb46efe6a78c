import Controllers
import Objects
import Testing

private let now = Timestamp(seconds: 1_000_000)

@Suite("Disruption budgets")
struct DisruptionBudgetTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var spec: JSON
        var healthy: Int
        var sick: Int
        var expected: Int64
        /// Expected pods, desired healthy, allowed disruptions.
        var result: [Int64]

        init(_ name: String, _ spec: JSON, healthy: Int, sick: Int = 0, expected: Int64, _ result: [Int64]) {
            testDescription = name
            self.spec = spec
            self.healthy = healthy
            self.sick = sick
            self.expected = expected
            self.result = result
        }
    }

    @Test(
        "Disruptions are allowed down to the goal",
        arguments: [
            Case("minAvailable 2 of 3", ["minAvailable": 2], healthy: 3, expected: 3, [3, 2, 1]),
            Case("minAvailable counts pods that exist", ["minAvailable": 2], healthy: 3, sick: 1, expected: 10, [4, 2, 1]),
            Case("minAvailable 50% of 5 rounds up", ["minAvailable": "50%"], healthy: 5, expected: 5, [5, 3, 2]),
            Case("maxUnavailable 1 of 3", ["maxUnavailable": 1], healthy: 3, expected: 3, [3, 2, 1]),
            Case("maxUnavailable 30% of 5 rounds up", ["maxUnavailable": "30%"], healthy: 5, expected: 5, [5, 3, 2]),
            Case("a sick pod uses the budget up", ["maxUnavailable": 1], healthy: 2, sick: 1, expected: 3, [3, 2, 0]),
            Case("more unavailable than pods", ["maxUnavailable": 9], healthy: 3, expected: 3, [3, 0, 3]),
            Case("no pods, nothing allowed", ["minAvailable": 0], healthy: 0, expected: 0, [0, 0, 0]),
            Case("unreadable minimum protects all", ["minAvailable": "x"], healthy: 3, expected: 3, [3, 3, 0]),
        ])
    func allows(_ wanted: Case) {
        var spec = wanted.spec
        spec["selector"] = ["matchLabels": ["app": "web"]]
        let budget = PodDisruptionBudget(["metadata": ["name": "b", "namespace": "default"], "spec": spec])
        let pods = (0..<wanted.healthy).map { pod("h\($0)") } + (0..<wanted.sick).map { pod("s\($0)", ready: false) }
        let status = DisruptionBudgetPlanner.status(budget, pods: pods, expected: wanted.expected, now: now)
        #expect([status.expectedPods, status.desiredHealthy, status.disruptionsAllowed] == wanted.result)
    }

    @Test("A granted eviction counts until the pod goes, or for two minutes")
    func disruptedPods() {
        let budget = PodDisruptionBudget([
            "metadata": ["name": "b", "namespace": "default"],
            "spec": ["minAvailable": 1, "selector": ["matchLabels": ["app": "web"]]],
            "status": [
                "disruptedPods": [
                    "going": .string((now - .seconds(20)).rfc3339), "stuck": .string((now - .seconds(200)).rfc3339),
                    "gone": .string(now.rfc3339), "leaving": .string(now.rfc3339),
                ]
            ],
        ])
        let pods = [pod("going"), pod("stuck"), pod("leaving", deleting: true), pod("other")]
        let status = DisruptionBudgetPlanner.status(budget, pods: pods, expected: 4, now: now)
        #expect(status.disruptedPods.keys.sorted() == ["going"])
        #expect(status.lapsed == ["stuck"])
        #expect(status.currentHealthy == 2)
        #expect(status.disruptionsAllowed == 1)
        #expect(status.nextLook == .seconds(101))
    }

    @Test("The status follows pods and replicas of the Deployment")
    func story() throws {
        let plane = TestPlane {
            [DeploymentController($0), ReplicaSetController($0), DisruptionBudgetController($0), FakeHosts($0)]
        }
        try plane.create(
            PodDisruptionBudget.self,
            [
                "metadata": ["name": "b"],
                "spec": ["maxUnavailable": "50%", "selector": ["matchLabels": ["app": "web"]]],
            ])
        try plane.create(
            Deployment.self,
            [
                "metadata": ["name": "web"],
                "spec": [
                    "replicas": 4, "selector": ["matchLabels": ["app": "web"]],
                    "template": ["metadata": ["labels": ["app": "web"]], "spec": ["containers": []]],
                ],
            ])
        #expect(try plane.reaches { plane.object(PodDisruptionBudget.self, "b")?.disruptionsAllowed == 2 })
        try plane.patch(Deployment.self, "web", ["spec": ["replicas": 8]])
        #expect(try plane.reaches { plane.object(PodDisruptionBudget.self, "b")?.disruptionsAllowed == 4 })
        let budget = try #require(plane.object(PodDisruptionBudget.self, "b"))
        #expect(budget.observedGeneration == budget.metadata.generation)
        #expect([Condition](status: budget.status)["DisruptionAllowed"]?.reason == "SufficientPods")
    }

    @Test("Pods of an unknown controller make the budget fail safe")
    func unknownController() throws {
        let plane = TestPlane { [DisruptionBudgetController($0)] }
        let owner = OwnerReference(apiVersion: "x/v1", kind: "Strange", name: "s", uid: "s").json
        try plane.create(
            Pod.self,
            ["metadata": ["name": "p", "labels": ["app": "web"], "ownerReferences": [owner]], "spec": ["containers": []]])
        try plane.create(
            PodDisruptionBudget.self,
            ["metadata": ["name": "b"], "spec": ["maxUnavailable": 1, "selector": ["matchLabels": ["app": "web"]]]])
        #expect(
            try plane.reaches {
                [Condition](status: plane.object(PodDisruptionBudget.self, "b")?.status)["DisruptionAllowed"]?.reason == "SyncFailed"
            })
    }
}
