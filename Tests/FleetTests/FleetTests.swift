import Fleet
import Objects
import Testing

private func node(_ name: String, _ amounts: [String: Int64] = ["cpu": 4_000, "memory": 8 << 30, "pods": 10]) -> Node {
    Node(name: name, labels: ["kubernetes.io/hostname": name], taints: [], allocatable: ResourceList(amounts))
}

private func pod(_ name: String, cpu: Int64 = 1_000, on node: String = "", phase: String? = nil) -> Pod {
    var pod = Pod(["metadata": ["name": .string(name), "namespace": "default"]])
    pod.requirements = PodRequirements(requests: ResourceList(["cpu": cpu]))
    pod.nodeName = node
    pod.phase = phase ?? (node.isEmpty ? "Pending" : "Running")
    return pod
}

private func key(_ name: String) -> ObjectKey { ObjectKey(namespace: "default", name: name) }

private func host(_ name: String, claim: HostClaim? = nil) -> BareMetalHost {
    var object: JSON = [
        "metadata": ["name": .string(name), "namespace": "sluice-hosts"],
        "status": [
            "provisioning": ["state": "available"], "operationalStatus": "OK", "hardware": ["cpu": ["count": 64], "ramMebibytes": 1_024],
        ],
    ]
    if let claim { object["spec", "consumerRef"] = claim.json }
    return BareMetalHost(object)
}

struct FleetTests {
    private func freeCPU(_ fleet: Fleet, _ name: String) -> Int64? {
        fleet.nodeSlot(name).map { fleet.free(Column.cpu, onNode: $0) }
    }

    @Test("Only pods that have not ended hold resources")
    func countsPods() {
        var fleet = Fleet([.node(node("a")), .pod(pod("p", on: "a")), .pod(pod("q", on: "a", phase: "Failed"))])
        #expect(freeCPU(fleet, "a") == 3_000)
        fleet.apply(.pod(pod("p", on: "a", phase: "Succeeded")))
        #expect(freeCPU(fleet, "a") == 4_000)
        #expect(fleet.pods(onNode: "a").isEmpty)
        #expect(fleet.pod(key("p"))?.phase == "Succeeded")
    }

    @Test("A pod bound to an unknown node holds its room as soon as the node appears, and gives it back when it goes")
    func knowsPodsBeforeNodes() {
        var fleet = Fleet([.pod(pod("p", on: "late"))])
        #expect(fleet.nodeNames.isEmpty)
        #expect(fleet.pendingPods.isEmpty)
        fleet.apply(.node(node("late")))
        #expect(freeCPU(fleet, "late") == 3_000)
        fleet.apply(.nodeRemoved("late"))
        #expect(fleet.node("late") == nil)
        fleet.apply(.podRemoved(key("p")))
        fleet.apply(.node(node("late")))
        #expect(freeCPU(fleet, "late") == 4_000)
        #expect(fleet.violations().isEmpty)
    }

    @Test("An assumed placement holds room until the binding arrives or is dropped")
    func assumesBindings() {
        var fleet = Fleet([.node(node("a")), .pod(pod("p"))])
        fleet.apply(.assumed(pod: key("p"), node: "a"))
        #expect(freeCPU(fleet, "a") == 3_000 && fleet.pendingPods.isEmpty)
        fleet.apply(.pod(pod("p")))
        #expect(fleet.assumedNode(key("p")) == "a", "an older event does not end the assumption")
        fleet.apply(.assumptionDropped(pod: key("p")))
        #expect(freeCPU(fleet, "a") == 4_000 && fleet.pendingPods.count == 1)
        fleet.apply(.assumed(pod: key("p"), node: "a"))
        fleet.apply(.pod(pod("p", on: "a")))
        #expect(freeCPU(fleet, "a") == 3_000 && fleet.assumedNode(key("p")) == nil)
    }

    @Test("A pod whose request changed counts with the new one")
    func followsResizes() {
        var fleet = Fleet([.node(node("a")), .pod(pod("p", cpu: 1_000, on: "a"))])
        fleet.apply(.pod(pod("p", cpu: 2_500, on: "a")))
        #expect(freeCPU(fleet, "a") == 1_500)
        #expect(fleet.violations().isEmpty)
    }

    @Test("New resource names widen the vectors and keep what was counted")
    func widens() {
        var fleet = Fleet([.node(node("a")), .pod(pod("p", on: "a"))])
        var amounts: [String: Int64] = ["cpu": 4_000, "memory": 1, "pods": 10]
        for index in 0..<20 { amounts["example.com/r\(index)"] = Int64(index) }
        fleet.apply(.node(node("b", amounts)))
        #expect(freeCPU(fleet, "a") == 3_000 && freeCPU(fleet, "b") == 4_000)
        #expect(fleet.columns.count == 23)
        #expect(fleet.violations().isEmpty)
    }

    @Test("A claim counts from the moment it is decided; a host event with a consumer confirms it")
    func assumesClaims() {
        let claim = HostClaim(kind: .nodeGroup, name: "g")
        let hostKey = ObjectKey(namespace: "sluice-hosts", name: "h1")
        var fleet = Fleet([.host(host("h2")), .host(host("h1"))])
        #expect(fleet.hosts.claimable.map(\.host.metadata.name) == ["h1", "h2"])
        fleet.apply(.claimAssumed(host: hostKey, claim: claim))
        #expect(fleet.hosts.claimable.map(\.host.metadata.name) == ["h2"])
        #expect(fleet.hosts.keys(claimedBy: claim) == [hostKey])
        fleet.apply(.host(host("h1")))
        #expect(fleet.hosts.count(claimedBy: claim) == 1, "an older event does not end the assumption")
        fleet.apply(.claimAssumptionDropped(host: hostKey))
        #expect(fleet.hosts.count(claimedBy: claim) == 0 && fleet.hosts.claimable.count == 2)
        fleet.apply(.host(host("h1", claim: claim)))
        #expect(fleet.hosts[hostKey]?.claim == claim)
        fleet.apply(.hostRemoved(hostKey))
        #expect(fleet.hosts.count(claimedBy: claim) == 0 && fleet.hosts.key(named: "h1") == nil)
    }

    @Test("Over-commitment, double claims and ports given twice are violations")
    func reportsViolations() {
        var greedy = pod("r", cpu: 0, on: "b")
        greedy.requirements.hostPorts = [HostPort(port: 80)]
        var other = greedy
        other.metadata.name = "s"
        var instance = BareMetalInstance(["metadata": ["name": "db", "namespace": "t"], "status": ["hostName": "h1"]])
        instance.hostName = "h1"
        let fleet = Fleet([
            .node(node("a")), .node(node("b")), .pod(pod("p", cpu: 3_000, on: "a")), .pod(pod("q", cpu: 3_000, on: "a")), .pod(greedy),
            .pod(other), .host(host("h1", claim: HostClaim(kind: .nodeGroup, name: "g"))), .instance(instance),
        ])
        #expect(
            fleet.violations() == [
                "node a is over-committed: cpu requested 6000, allocatable 4000", "node b gives port 80/TCP twice",
                "host h1 has two claims: BareMetalInstance t/db, NodeGroup g",
            ])
    }

    @Test("Slices share a device, whole devices do not, and a node that lost devices is reported")
    func countsDevices() {
        func slice(_ name: String, _ milli: Int64) -> Pod {
            var pod = pod(name, cpu: 0, on: "g")
            pod.requirements = PodRequirements(requests: ResourceList(["sluice.dev/gpu-milli": milli]))
            return pod
        }
        var whole = pod("whole", cpu: 0, on: "g")
        whole.requirements = PodRequirements(requests: ResourceList(["nvidia.com/gpu": 1]))
        let amounts: [String: Int64] = ["cpu": 1_000, "pods": 10, "nvidia.com/gpu": 2, "sluice.dev/gpu-milli": 2_000]
        var fleet = Fleet([.node(node("g", amounts)), .pod(slice("x", 600)), .pod(slice("y", 400)), .pod(whole)])
        let slot = fleet.nodeSlot("g") ?? 0
        #expect(Array(fleet.nodes.deviceFree[(slot * fleet.nodes.deviceStride)...].prefix(2)) == [0, 0])
        #expect(fleet.violations().isEmpty)
        fleet.apply(.podRemoved(key("x")))
        #expect(fleet.nodes.deviceFree[slot * fleet.nodes.deviceStride] == 600)
        fleet.apply(.node(node("g", ["cpu": 1_000, "pods": 10, "nvidia.com/gpu": 1, "sluice.dev/gpu-milli": 1_000])))
        #expect(fleet.violations() == ["pod default/y has no device on node g"], "the whole device comes first by name")
    }

    @Test("Undoing an attempt restores every count", arguments: 0..<30)
    func rollsBack(_ seed: Int) {
        var generator = SeededNumbers(state: UInt64(seed) &+ 1)
        var fleet = Fleet()
        for index in 0..<6 { fleet.apply(.node(node("n\(index)", ["cpu": 64_000, "memory": 1 << 40, "pods": 100]))) }
        for index in 0..<30 {
            fleet.apply(
                .pod(pod("p\(index)", cpu: Int64.random(in: 1...900, using: &generator), on: index % 2 == 0 ? "n\(index % 6)" : "")))
        }
        let before = fleet
        let outer = fleet.mark()
        for step in 0..<60 {
            if step % 7 == 0 { _ = fleet.imagine(node("imagined/\(step)")) }
            let inner = fleet.mark()
            let nodes = fleet.nodes.ordered
            let target = Int.random(in: -1..<nodes.count, using: &generator)
            let pod = Int32(Int.random(in: 0..<30, using: &generator))
            fleet.move(pod: pod, to: target < 0 ? -1 : nodes[target])
            if Bool.random(using: &generator) { fleet.rollback(to: inner) } else { fleet.keep(inner) }
        }
        #expect(fleet != before)
        fleet.rollback(to: outer)
        #expect(fleet == before, "seed \(seed)")
        #expect(fleet.violations().isEmpty, "seed \(seed)")
        fleet.apply(.podRemoved(key("p0")))
        #expect(fleet.violations().isEmpty, "changes go on after an attempt")
    }

    @Test("Random events in any order leave the sums that a fresh fleet has", arguments: 0..<30)
    func equalsAFreshFleet(_ seed: Int) {
        var generator = SeededNumbers(state: UInt64(seed) &+ 99)
        var fleet = Fleet()
        var nodes: [String: Node] = [:]
        var pods: [String: Pod] = [:]
        for _ in 0..<200 {
            let name = "n\(Int.random(in: 0..<5, using: &generator))"
            let podName = "p\(Int.random(in: 0..<20, using: &generator))"
            switch Int.random(in: 0..<5, using: &generator) {
            case 0:
                let value = node(name, ["cpu": Int64.random(in: 1...64, using: &generator) * 1_000, "memory": 1, "pods": 100])
                nodes[name] = value
                fleet.apply(.node(value))
            case 1:
                nodes[name] = nil
                fleet.apply(.nodeRemoved(name))
            case 2:
                pods[podName] = nil
                fleet.apply(.podRemoved(key(podName)))
            default:
                let phase = Int.random(in: 0..<6, using: &generator) == 0 ? "Failed" : nil
                let target = Bool.random(using: &generator) ? name : ""
                let value = pod(podName, cpu: Int64.random(in: 1...5, using: &generator) * 100, on: target, phase: phase)
                pods[podName] = value
                fleet.apply(.pod(value))
            }
        }
        let fresh = Fleet(
            nodes.sorted { $0.key < $1.key }.map { .node($0.value) } + pods.sorted { $0.key < $1.key }.map { .pod($0.value) })
        #expect(fleet == fresh, "seed \(seed)")
        #expect(fleet.nodeNames == nodes.keys.sorted(), "seed \(seed)")
        #expect(Set(fleet.pendingPods.map(\.key)) == Set(fresh.pendingPods.map(\.key)), "seed \(seed)")
    }
}

/// SplitMix64: random numbers that a seed repeats.
private struct SeededNumbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
