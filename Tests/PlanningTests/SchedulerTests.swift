import Fleet
import Objects
import Planning
import Testing

struct SchedulerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var nodes: [Node]
        var bound: [Pod] = []
        var pod: Pod
        /// The node that takes the pod, or the message.
        var expected: String

        init(_ name: String, nodes: [Node], bound: [Pod] = [], pod: Pod, expected: String) {
            testDescription = name
            self.nodes = nodes
            self.bound = bound
            self.pod = pod
            self.expected = expected
        }
    }

    static let gpuTaint = Taint(key: "gpu", value: "yes", effect: "NoSchedule")

    static let cases = [
        Case(
            "the fuller node is packed first", nodes: [node("a"), node("b")], bound: [pod("x", cpu: 2_000, memory: 8 * gibibyte, on: "b")],
            pod: pod("p", cpu: 1_000, memory: 4 * gibibyte), expected: "b"),
        Case("equal scores fall to the lower name", nodes: [node("b"), node("a")], pod: pod("p", cpu: 100), expected: "a"),
        Case(
            "no node has enough CPU", nodes: [node("a"), node("b")], pod: pod("p", cpu: 9_000),
            expected: "0/2 nodes are available: 2 Insufficient cpu."),
        Case(
            "every missing resource is told", nodes: [node("a", cpu: 1_000, memory: gibibyte)],
            pod: pod("p", cpu: 2_000, memory: 2 * gibibyte),
            expected: "0/1 nodes are available: 1 Insufficient cpu, 1 Insufficient memory."),
        Case(
            "the number of pods counts", nodes: [node("a", pods: 1)], bound: [pod("x", on: "a")], pod: pod("p"),
            expected: "0/1 nodes are available: 1 Too many pods."),
        Case(
            "a pod that ended holds nothing", nodes: [node("a", pods: 1)], bound: [pod("x", on: "a", phase: "Succeeded")], pod: pod("p"),
            expected: "a"),
        Case(
            "a taint keeps off", nodes: [node("a", taints: [gpuTaint]), node("b", cpu: 100)], pod: pod("p", cpu: 500),
            expected: "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s)."),
        Case(
            "a tolerated taint does not", nodes: [node("a", taints: [gpuTaint])],
            pod: pod("p") { $0.tolerations = [Toleration(key: "gpu", existsOperator: true)] }, expected: "a"),
        Case(
            "a taint that prefers not loses", nodes: [node("a", taints: [Taint(key: "k", effect: "PreferNoSchedule")]), node("b")],
            pod: pod("p", cpu: 100), expected: "b"),
        Case(
            "a cordoned node takes nothing", nodes: [node("a", cordoned: true)], pod: pod("p"),
            expected: "0/1 nodes are available: 1 node(s) were unschedulable."),
        Case(
            "unless that is tolerated", nodes: [node("a", cordoned: true)],
            pod: pod("p") { $0.tolerations = [Toleration(key: Names.unschedulableTaint, existsOperator: true)] }, expected: "a"),
        Case(
            "a node selector chooses", nodes: [node("a"), node("b", labels: ["disk": "ssd"])],
            pod: pod("p") { $0.nodeSelector = ["disk": "ssd"] },
            expected: "b"),
        Case(
            "Gt compares numbers", nodes: [node("a", labels: ["gen": "9"]), node("b", labels: ["gen": "10"])],
            pod: pod("p") {
                $0.requiredNodeTerms = [
                    NodeSelectorTerm(expressions: [LabelRequirement(key: "gen", comparison: .greaterThan, values: ["9"])])
                ]
            }, expected: "b"),
        Case(
            "fields name the node", nodes: [node("a"), node("b")],
            pod: pod("p") {
                $0.requiredNodeTerms = [
                    NodeSelectorTerm(fields: [LabelRequirement(key: "metadata.name", comparison: .isIn, values: ["b"])])
                ]
            }, expected: "b"),
        Case(
            "a preference decides among nodes that fit", nodes: [node("a"), node("b", labels: ["disk": "ssd"])],
            pod: pod("p") {
                $0.preferredNodeTerms = [
                    PreferredNodeTerm(weight: 1, term: NodeSelectorTerm(expressions: [LabelRequirement(key: "disk", comparison: .exists)]))
                ]
            }, expected: "b"),
        Case(
            "a host port is given once", nodes: [node("a")],
            bound: [pod("x", on: "a") { $0.hostPorts = [HostPort(address: "10.0.0.1", port: 80)] }],
            pod: pod("p") { $0.hostPorts = [HostPort(port: 80)] },
            expected: "0/1 nodes are available: 1 node(s) didn't have free ports for the requested pod ports."),
        Case(
            "two addresses may share a port", nodes: [node("a")],
            bound: [pod("x", on: "a") { $0.hostPorts = [HostPort(address: "10.0.0.1", port: 80)] }],
            pod: pod("p") { $0.hostPorts = [HostPort(address: "10.0.0.2", port: 80)] }, expected: "a"),
        Case(
            "a slice fits only on one device", nodes: [node("a", extra: ["nvidia.com/gpu": 2, "sluice.dev/gpu-milli": 2_000])],
            bound: ["x", "y"].map { pod($0, on: "a", extra: ["sluice.dev/gpu-milli": 600]) },
            pod: pod("p", extra: ["sluice.dev/gpu-milli": 700]),
            expected: "0/1 nodes are available: 1 Insufficient sluice.dev/gpu-milli."),
        Case("no nodes at all", nodes: [], pod: pod("p"), expected: "no nodes available to schedule pods"),
    ]

    @Test("One pod is placed or refused as kube-scheduler would", arguments: cases)
    func placesOnePod(_ item: Case) {
        var fleet = Fleet(item.nodes.map(FleetChange.node) + item.bound.map(FleetChange.pod) + [.pod(item.pod)])
        let before = fleet
        let plan = Scheduler.plan(&fleet)
        #expect((plan.bindings.first?.node ?? plan.refusals.first?.message) == item.expected)
        #expect(fleet == before, "planning leaves the fleet as it was")
        #expect(plan.basis == fleet.revision)
    }

    @Test("Higher priority goes first, then the older pod, then the lower name")
    func ordersPods() {
        let fleet = Fleet([
            .pod(pod("young", created: 5)), .pod(pod("b", created: 1)), .pod(pod("a", created: 1)),
            .pod(pod("important", priority: 5, created: 9)),
        ])
        #expect(fleet.pendingPods.map(\.metadata.name) == ["important", "a", "b", "young"])
    }

    @Test("Gated pods and pods of other schedulers are left alone; a limit ends the plan")
    func leavesOthersAlone() {
        var gated = pod("gated")
        gated.hasSchedulingGates = true
        var foreign = pod("foreign")
        foreign.schedulerName = "other"
        var fleet = Fleet([.node(node("a")), .pod(gated), .pod(foreign), .pod(pod("p")), .pod(pod("q"))])
        #expect(Scheduler.plan(&fleet).bindings.map(\.pod.name) == ["p", "q"])
        #expect(Scheduler.plan(&fleet, limit: 1).bindings.map(\.pod.name) == ["p"])
    }

    @Test("A refusal names the nearest miss, the numbers and the smallest change")
    func explainsItself() throws {
        var fleet = Fleet([
            .node(node("small", cpu: 1_000, group: "g")), .node(node("large", cpu: 3_500, group: "g")),
            .node(node("tainted", taints: [Self.gpuTaint])), .pod(pod("p", cpu: 4_000)), .pod(pod("q", cpu: 4_000)),
        ])
        let refusal = try #require(Scheduler.plan(&fleet).refusals.first)
        #expect(refusal.subject == .pods([ObjectKey(namespace: "default", name: "p"), ObjectKey(namespace: "default", name: "q")]))
        #expect(refusal.nearestMiss?.name == "node large")
        #expect(refusal.nearestMiss?.lacks == [NearestMiss.Lack(resource: "cpu", wanted: 4_000, free: 3_500)])
        #expect(refusal.remedy == "free 500m of cpu on node large, or lower the pod's request from 4 to 3500m")
        #expect(
            refusal.reasons == [
                ReasonCount(group: "", reason: .untoleratedTaint, count: 1),
                ReasonCount(group: "g", reason: .insufficient(resource: "cpu"), count: 2),
            ])
        #expect(refusal.json["nearestMiss", "lacks"]?.array?.first?["lacking"]?.string == "500m")
    }

    @Test("What one pod takes in a plan is not offered to the next")
    func neverOverCommits() {
        var fleet = Fleet([.node(node("a", cpu: 3_000))] + (0..<5).map { .pod(pod("p\($0)", cpu: 1_000)) })
        let plan = Scheduler.plan(&fleet)
        #expect(plan.bindings.map(\.pod.name) == ["p0", "p1", "p2"])
        #expect(plan.refusals.first?.message == "0/1 nodes are available: 1 Insufficient cpu.")
    }
}
