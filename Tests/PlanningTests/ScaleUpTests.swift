import Fleet
import Objects
import Planning
import Testing

struct ScaleUpTests {
    private func hosts(_ prefix: String, _ count: Int, cores: Int64 = 64, racks: Int = 1, labels: [String: String] = [:]) -> [FleetChange] {
        (0..<count).map { index in
            var all = labels
            all[Names.rackLabel] = "rack\(index % racks)"
            return .host(host("\(prefix)\(index)", cores: cores, labels: all))
        }
    }

    private func pods(_ count: Int, cpu: Int64 = 2_000, memory: Int64 = 4 * gibibyte) -> [FleetChange] {
        (0..<count).map { .pod(pod("p\($0)", cpu: cpu, memory: memory, created: Int64($0))) }
    }

    @Test("200 pods of 2 CPU and 4 GiB need seven hosts of 64 cores")
    func claimsWhatIsNeeded() {
        var fleet = Fleet([.nodeGroup(nodeGroup("containers"))] + hosts("h", 20) + pods(200))
        let before = fleet
        let plan = ScaleUp.plan(&fleet)
        #expect(plan.claims.count == 7 && plan.refusals.isEmpty)
        #expect(plan.claims.allSatisfy { $0.claim == HostClaim(kind: .nodeGroup, name: "containers") })
        #expect(fleet == before)
    }

    @Test("Hosts on their way are counted before new ones, assumed claims among them")
    func countsComingHosts() {
        var fleet = Fleet([.nodeGroup(nodeGroup("containers"))] + hosts("h", 20) + pods(64))
        for (host, claim) in ScaleUp.plan(&fleet).claims { fleet.apply(.claimAssumed(host: host, claim: claim)) }
        #expect(fleet.hosts.count(claimedBy: HostClaim(kind: .nodeGroup, name: "containers")) == 2)
        #expect(ScaleUp.plan(&fleet).actions.isEmpty)
        let failed = host(
            "h0", claim: HostClaim(kind: .nodeGroup, name: "containers"), state: "provisioning", status: "error", error: "no boot")
        fleet.apply(.host(failed))
        #expect(ScaleUp.plan(&fleet).claims.count == 1, "a host in error is not on its way")
    }

    @Test("A registered node is used before any claim")
    func usesNodes() {
        var fleet = Fleet(
            [.nodeGroup(nodeGroup("g")), .node(node("n", cpu: 64_000, memory: 256 * gibibyte, group: "g"))] + hosts("h", 2) + pods(10))
        #expect(ScaleUp.plan(&fleet).actions.isEmpty)
    }

    @Test("A node that has registered and is starting counts as on its way, but not for ever")
    func waitsForStartingNodes() {
        var starting = node(
            "h0", cpu: 64_000, memory: 256 * gibibyte, taints: [Taint(key: Names.notReadyTaint, effect: "NoSchedule")], group: "g",
            ready: false)
        starting.metadata.creationTimestamp = start
        var fleet = Fleet([.nodeGroup(nodeGroup("g")), .node(starting)] + hosts("h", 3) + pods(10))
        fleet.apply(.host(host("h0", claim: HostClaim(kind: .nodeGroup, name: "g"), state: "provisioned")))
        #expect(ScaleUp.plan(&fleet, now: start + .seconds(60)).actions.isEmpty)
        #expect(ScaleUp.plan(&fleet, now: start + .seconds(900)).claims.count == 1)
        starting.conditions = [Condition(type: "Ready", status: "False", lastTransitionTime: start + .seconds(500))]
        fleet.apply(.node(starting))
        #expect(ScaleUp.plan(&fleet, now: start + .seconds(600)).claims.count == 1, "a node that was ready and failed is not starting")
    }

    @Test("Racks are spread, then names decide")
    func spreadsRacks() {
        var fleet = Fleet([.nodeGroup(nodeGroup("g", min: 4))] + hosts("h", 9, racks: 3))
        #expect(ScaleUp.plan(&fleet).claims.map(\.host.name) == ["h0", "h1", "h2", "h3"])
        fleet = Fleet([.nodeGroup(nodeGroup("g", min: 3))] + hosts("h", 9, racks: 3))
        let claim = HostClaim(kind: .nodeGroup, name: "g")
        fleet.apply(.host(host("z", labels: [Names.rackLabel: "rack0"], claim: claim, state: "provisioned")))
        #expect(ScaleUp.plan(&fleet).claims.map(\.host.name) == ["h1", "h2"])
    }

    @Test("The maximum is never passed, and the refusal says by how much to raise it")
    func keepsMaximum() throws {
        var fleet = Fleet([.nodeGroup(nodeGroup("g", max: 2))] + hosts("h", 20) + pods(200))
        let plan = ScaleUp.plan(&fleet)
        #expect(plan.claims.count == 2)
        let refusal = try #require(plan.refusals.first)
        #expect(refusal.message == "pod didn't trigger scale-up: 1 max node group size reached")
        #expect(refusal.reasons == [ReasonCount(group: "g", reason: .maxSizeReached(max: 2), count: 1)])
        #expect(refusal.remedy == "raise maxSize of NodeGroup g from 2 to 7")
        guard case .pods(let keys) = refusal.subject else {
            Issue.record("the refusal is about pods")
            return
        }
        #expect(keys.count == 200 - 64)
    }

    @Test("Without a free host the refusal says who holds them")
    func namesHolders() throws {
        let claim = HostClaim(kind: .bareMetalInstance, namespace: "t", name: "db")
        var fleet = Fleet([
            .nodeGroup(nodeGroup("g")), .pod(pod("p", cpu: 100)), .host(host("a", claim: claim, state: "provisioned")),
            .host(host("b", status: "error", error: "power supply")), .host(host("c", state: "inspecting")),
        ])
        let refusal = try #require(ScaleUp.plan(&fleet).refusals.first)
        #expect(refusal.message == "pod didn't trigger scale-up: 1 no host is free for the node group")
        #expect(
            refusal.nearestMiss?.name
                == "NodeGroup g (3 hosts match: 1 claimed by BareMetalInstance t/db, 1 in error (power supply), 1 inspecting)")
    }

    struct MisfitCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var group: NodeGroup
        var pod: Pod
        var message: String
        var remedy: String
    }

    static let misfits = [
        MisfitCase(
            testDescription: "too large", group: nodeGroup("g"), pod: pod("p", cpu: 65_000), message: "1 Insufficient cpu",
            remedy: "lower the pod's request of cpu from 65 to 64, or let the NodeGroup select larger hosts"),
        MisfitCase(
            testDescription: "no devices", group: nodeGroup("g"), pod: pod("p", extra: ["nvidia.com/gpu": 1]),
            message: "1 Insufficient nvidia.com/gpu", remedy: "let the NodeGroup select hosts with 1 of nvidia.com/gpu"),
        MisfitCase(
            testDescription: "tainted template", group: nodeGroup("g", taints: [Taint(key: "vm", value: "only", effect: "NoSchedule")]),
            pod: pod("p"), message: "1 node(s) had untolerated taint(s)",
            remedy: "tolerate vm=only:NoSchedule in the pod, or remove that taint from a new node of NodeGroup g (host h0)"),
        MisfitCase(
            testDescription: "other labels", group: nodeGroup("g"), pod: pod("p") { $0.nodeSelector = ["role": "vms"] },
            message: "1 node(s) didn't match Pod's node affinity/selector",
            remedy: "label a new node of NodeGroup g (host h0) with role=vms, or drop that from the pod's nodeSelector"),
        MisfitCase(
            testDescription: "no host matches", group: nodeGroup("g", selector: ["sluice.dev/model": "none"]), pod: pod("p"),
            message: "1 no host matches the node group's selector",
            remedy: "give hosts the labels that the hostSelector of NodeGroup g asks for, or change the selector"),
    ]

    @Test("A pod that no group can take is told why and what would help", arguments: misfits)
    func explainsMisfits(_ item: MisfitCase) {
        var fleet = Fleet([.nodeGroup(item.group), .pod(item.pod)] + hosts("h", 3))
        let plan = ScaleUp.plan(&fleet)
        #expect(plan.actions.isEmpty)
        #expect(plan.refusals.first?.message == "pod didn't trigger scale-up: \(item.message)")
        #expect(plan.refusals.first?.remedy == item.remedy)
    }

    @Test("Each group takes the pods that are meant for it, in one pass")
    func servesSeveralGroups() {
        var changes: [FleetChange] = [
            .nodeGroup(nodeGroup("containers", selector: ["model": "r64"])),
            .nodeGroup(
                nodeGroup("vms", selector: ["model": "r128"], labels: ["role": "vms"], taints: [Taint(key: "vms", effect: "NoSchedule")])),
        ]
        changes += hosts("a", 4, labels: ["model": "r64"]) + hosts("b", 4, cores: 128, labels: ["model": "r128"])
        changes += pods(64)
        changes.append(
            .pod(
                pod("vm", cpu: 1_000) {
                    $0.nodeSelector = ["role": "vms"]
                    $0.tolerations = [Toleration(key: "vms", existsOperator: true)]
                }))
        var fleet = Fleet(changes)
        let claims = ScaleUp.plan(&fleet).claims.map { "\($0.host.name):\($0.claim.name)" }
        #expect(claims.sorted() == ["a0:containers", "a1:containers", "b0:vms"])
    }

    @Test("Least waste keeps plain pods off hosts with devices")
    func sparesDevices() {
        var fleet = Fleet([
            .nodeGroup(nodeGroup("g")), .host(host("gpu", cores: 64, gpus: 8)), .host(host("plain", cores: 64)),
            .pod(pod("p", cpu: 32_000)),
        ])
        #expect(ScaleUp.plan(&fleet).claims.map(\.host.name) == ["plain"])
    }

    @Test(
        "Expanders choose as their names say",
        arguments: [
            (NodeGroup.Expander.mostPods, 1), (.leastWaste, 0),
        ])
    func expands(_ expander: NodeGroup.Expander, _ expected: Int) {
        let options = [
            ScaleUpOption(group: "a", nodes: 1, podsPlaced: 3, waste: 0.1), ScaleUpOption(group: "b", nodes: 2, podsPlaced: 9, waste: 0.4),
            ScaleUpOption(group: "c", nodes: 2, podsPlaced: 9, waste: 0.1),
        ]
        var state: UInt64 = 1
        #expect(Expander.choose(options, by: expander, state: &state) == expected)
        #expect(Expander.choose([], by: expander, state: &state) == nil)
    }

    @Test("The random expander repeats with its seed and reaches every option")
    func repeatsRandom() {
        let options = (0..<3).map { ScaleUpOption(group: "g\($0)", nodes: 1, podsPlaced: 1, waste: 0) }
        func draw(_ seed: UInt64) -> [Int?] {
            var state = seed
            return (0..<20).map { _ in Expander.choose(options, by: .random, state: &state) }
        }
        #expect(draw(7) == draw(7))
        #expect(Set(draw(7)) == [0, 1, 2])
    }

    @Test("A group below its minimum claims up to it, and says what is missing")
    func keepsMinimum() {
        var fleet = Fleet([.nodeGroup(nodeGroup("g", min: 3))] + hosts("h", 2))
        let plan = ScaleUp.plan(&fleet)
        #expect(plan.claims.count == 2)
        #expect(plan.refusals.first?.code == .belowMinimum)
        #expect(plan.refusals.first?.remedy == "add 1 hosts that match, or lower minSize to 2")
    }
}
