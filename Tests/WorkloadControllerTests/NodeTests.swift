import Controllers
import Objects
import Simulation
import Testing

private let now = Timestamp(seconds: 1_000_000)

private func node(
    _ name: String = "n1", ready: String = "True", taints: [Taint] = [], unschedulable: Bool = false, pressure: Bool = false
) -> Node {
    var conditions: [JSON] = [["type": "Ready", "status": .string(ready)]]
    if pressure { conditions.append(["type": "MemoryPressure", "status": "True"]) }
    return Node([
        "metadata": ["name": .string(name), "uid": .string(name)],
        "spec": ["unschedulable": .bool(unschedulable), "taints": .array(taints.map(\.json))],
        "status": ["conditions": .array(conditions)],
    ])
}

private let unreachable = "node.kubernetes.io/unreachable"
private let notReady = "node.kubernetes.io/not-ready"

@Suite("Nodes")
struct NodeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var node: Node
        var silentFor: Int64 = 0
        var isHeard = true
        var mayDriveOut = true
        /// Conditions that become unknown.
        var silenced: [String] = []
        /// `key:effect`, sorted; `nil` where taints stay as they are.
        var taints: [String]?
    }

    @Test(
        "A node's taints follow its state",
        arguments: [
            Case(testDescription: "well", node: node(), silentFor: 39),
            Case(
                testDescription: "silent too long", node: node(pressure: false), silentFor: 40, silenced: ["Ready"],
                taints: ["\(unreachable):NoExecute", "\(unreachable):NoSchedule"]),
            Case(testDescription: "not heard of yet: longer grace", node: node(), silentFor: 59, isHeard: false),
            Case(
                testDescription: "not heard of at all", node: node(), silentFor: 60, isHeard: false, silenced: ["Ready"],
                taints: ["\(unreachable):NoExecute", "\(unreachable):NoSchedule"]),
            Case(
                testDescription: "says it is not ready", node: node(ready: "False"),
                taints: ["\(notReady):NoExecute", "\(notReady):NoSchedule"]),
            Case(
                testDescription: "many are out: no eviction begins", node: node(ready: "Unknown"), silentFor: 100, mayDriveOut: false,
                taints: ["\(unreachable):NoSchedule"]),
            Case(
                testDescription: "many are out: a begun eviction goes on",
                node: node(
                    ready: "Unknown",
                    taints: [Taint(key: unreachable, effect: "NoExecute"), Taint(key: unreachable, effect: "NoSchedule")]),
                silentFor: 100, mayDriveOut: false),
            Case(
                testDescription: "back again: foreign taints stay",
                node: node(taints: [Taint(key: unreachable, effect: "NoExecute"), Taint(key: "mine", effect: "NoSchedule")]),
                taints: ["mine:NoSchedule"]),
            Case(
                testDescription: "cordoned", node: node(unschedulable: true),
                taints: ["node.kubernetes.io/unschedulable:NoSchedule"]),
            Case(
                testDescription: "uncordoned",
                node: node(taints: [Taint(key: "node.kubernetes.io/unschedulable", effect: "NoSchedule")]), taints: []),
            Case(
                testDescription: "under memory pressure", node: node(pressure: true),
                taints: ["node.kubernetes.io/memory-pressure:NoSchedule"]),
        ])
    func judges(_ wanted: Case) {
        let pulse = NodePulse(lastSeen: now - .seconds(wanted.silentFor), isHeard: wanted.isHeard)
        let plan = NodePlanner.plan(
            wanted.node, pulse: pulse, mayDriveOut: wanted.mayDriveOut, options: NodeLifecycleOptions(), now: now)
        #expect(plan.conditions.map(\.type) == wanted.silenced)
        #expect(plan.conditions.allSatisfy { $0.reason == "NodeStatusUnknown" })
        #expect(plan.taints?.map { "\($0.key):\($0.effect)" }.sorted() == wanted.taints)
    }

    @Test("Eviction stops where most nodes are out, not where one of two is")
    func disruption() {
        let options = NodeLifecycleOptions()
        #expect(NodePlanner.isDisrupted(ready: 0, total: 3, options: options))
        #expect(NodePlanner.isDisrupted(ready: 4, total: 10, options: options))
        #expect(!NodePlanner.isDisrupted(ready: 5, total: 10, options: options))
        #expect(!NodePlanner.isDisrupted(ready: 0, total: 2, options: options))
        #expect(!NodePlanner.isDisrupted(ready: 0, total: 0, options: options))
    }

    private func tolerating(_ tolerations: [JSON]) -> Pod {
        Pod(["metadata": ["name": "p"], "spec": ["tolerations": .array(tolerations), "nodeName": "n1"]])
    }

    @Test("A pod leaves when its tolerations are used up")
    func verdicts() {
        let taint = Taint(key: unreachable, effect: "NoExecute", timeAdded: now)
        let other = Taint(key: notReady, effect: "NoExecute", timeAdded: now + .seconds(10))
        let harmless = Taint(key: "x", effect: "NoSchedule")
        func toleration(_ key: String, _ seconds: Int64?) -> JSON {
            var json: JSON = ["key": .string(key), "operator": "Exists", "effect": "NoExecute"]
            if let seconds { json["tolerationSeconds"] = .integer(seconds) }
            return json
        }
        func verdict(_ tolerations: [JSON], _ taints: [Taint]) -> TaintEviction.Verdict {
            TaintEviction.verdict(tolerating(tolerations), taints: taints, now: now)
        }
        #expect(verdict([], [harmless]) == .stays)
        #expect(verdict([], [taint]) == .leaves(at: now))
        #expect(verdict([toleration(unreachable, nil)], [taint]) == .stays)
        #expect(verdict([toleration(unreachable, 300)], [taint]) == .leaves(at: now + .seconds(300)))
        #expect(verdict([toleration(unreachable, 0)], [taint]) == .leaves(at: now))
        #expect(verdict([toleration(unreachable, 300)], [taint, other]) == .leaves(at: now))
        #expect(
            verdict([toleration(unreachable, 300), toleration(notReady, 60)], [taint, other]) == .leaves(at: now + .seconds(70)))
        #expect(verdict([["operator": "Exists"]], [taint, other]) == .stays)
    }

    @Test("Pods that nobody will end are collected, the oldest ended ones first")
    func collects() {
        var options = PodCollectorOptions()
        options.terminatedPodThreshold = 2
        let pods = [
            pod("lost", node: "gone"), pod("kept"), pod("unbound", node: "", phase: "Pending", deleting: true),
            pod("old", phase: "Succeeded", age: 900), pod("mid", phase: "Failed", age: 500), pod("new", phase: "Succeeded", age: 100),
        ]
        let plan = PodCollectorPlanner.plan(pods, options: options) { $0 == "gone" }
        #expect(plan.map(\.key.name) == ["lost", "unbound", "old"])
        #expect(plan.map(\.cause) == [.orphaned, .neverBound, .surplus])
    }

    // MARK: - Stories

    private func createNode(_ plane: TestPlane, _ name: String) throws {
        try plane.create(Node.self, ["metadata": ["name": .string(name)], "spec": [:]])
        try plane.patch(
            Node.self, name,
            ["status": ["conditions": [["type": "Ready", "status": "True", "lastHeartbeatTime": "2026-01-01T00:00:00Z"]]]],
            subresource: "status")
        try plane.create(
            Lease.self, ["metadata": ["name": .string(name)], "spec": ["leaseDurationSeconds": 40]], namespace: "kube-node-lease")
    }

    private func renew(_ plane: TestPlane, _ name: String) throws {
        try plane.patch(
            Lease.self, name, ["spec": ["renewTime": .string(plane.world.time.now().rfc3339Micro)]], namespace: "kube-node-lease")
    }

    private func createPod(_ plane: TestPlane, _ name: String, node: String, tolerates seconds: Int64) throws {
        let toleration: JSON = [
            "key": .string(unreachable), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": .integer(seconds),
        ]
        try plane.create(
            Pod.self,
            [
                "metadata": ["name": .string(name)],
                "spec": ["nodeName": .string(node), "tolerations": [toleration], "containers": []],
            ])
        try plane.patch(
            Pod.self, name, ["status": ["phase": "Running", "conditions": [["type": "Ready", "status": "True"]]]],
            subresource: "status")
    }

    @Test("A silent node loses its pods in time, a renewing one keeps them, and what comes back is clean again")
    func silence() throws {
        let plane = TestPlane { [NodeLifecycleController($0), TaintEvictionController($0)] }
        try createNode(plane, "quiet")
        try createNode(plane, "lively")
        try createPod(plane, "a", node: "quiet", tolerates: 300)
        try createPod(plane, "b", node: "lively", tolerates: 300)
        func live(_ seconds: Int64) throws {
            for _ in 0..<(seconds / 10) {
                try renew(plane, "lively")
                try plane.run(seconds: 10)
            }
        }
        try renew(plane, "quiet")
        try live(30)
        #expect(plane.object(Node.self, "quiet")?.isReady == true)
        try live(20)
        let lost = try #require(plane.object(Node.self, "quiet"))
        #expect(lost.conditions["Ready"]?.status == "Unknown")
        #expect(lost.conditions["Ready"]?.message == "Kubelet stopped posting node status.")
        #expect(lost.taints.map(\.effect).sorted() == ["NoExecute", "NoSchedule"])
        #expect(plane.object(Pod.self, "a")?.isReady == false)
        let raw = plane.api.object(Node.resource, "quiet")?["status", "conditions"]?.array?.first
        #expect(raw?["lastHeartbeatTime"]?.string == "2026-01-01T00:00:00Z")
        try live(270)
        #expect(plane.object(Pod.self, "a")?.metadata.isDeleting == false)
        try live(50)
        #expect(plane.object(Pod.self, "a")?.metadata.isDeleting == true)
        #expect(plane.object(Pod.self, "a")?.conditions["DisruptionTarget"]?.reason == "DeletionByTaintManager")
        #expect(plane.object(Pod.self, "b")?.metadata.isDeleting == false)
        #expect(plane.object(Node.self, "lively")?.taints.isEmpty == true)
        try renew(plane, "quiet")
        try plane.patch(
            Node.self, "quiet", ["status": ["conditions": [["type": "Ready", "status": "True"]]]], subresource: "status")
        #expect(try plane.reaches(within: .seconds(30)) { plane.object(Node.self, "quiet")?.taints.isEmpty == true })
    }

    @Test("Pods of a node that is gone are removed, even those that were being deleted")
    func vanishedNode() throws {
        let plane = TestPlane { [NodeLifecycleController($0), TaintEvictionController($0), PodCollectorController($0)] }
        try createNode(plane, "gone")
        try createNode(plane, "here")
        try createPod(plane, "a", node: "gone", tolerates: 300)
        try createPod(plane, "b", node: "gone", tolerates: 300)
        try createPod(plane, "c", node: "here", tolerates: 300)
        try plane.delete(Pod.self, "b")
        try plane.delete(Node.self, "gone")
        try plane.run(seconds: 35)
        #expect(plane.objects(Pod.self).count == 3)
        try plane.run(seconds: 30)
        #expect(plane.objects(Pod.self).map(\.metadata.name) == ["c"])
    }
}
