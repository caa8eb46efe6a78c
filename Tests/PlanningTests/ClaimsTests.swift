import Fleet
import Objects
import Planning
import Testing

struct ClaimsTests {
    @Test("The smallest host that matches is taken, and one that no group wants before others")
    func fitsBest() {
        let fleet = Fleet([
            .nodeGroup(nodeGroup("g", selector: ["pool": "shared"])),
            .host(host("a-large", cores: 128, labels: ["m": "x"])), .host(host("b-shared", labels: ["m": "x", "pool": "shared"])),
            .host(host("c-spare", labels: ["m": "x"])), .instance(instance("db1", selector: ["m": "x"])),
            .instance(instance("db2", selector: ["m": "x"])), .instance(instance("db3", selector: ["m": "x"])),
        ])
        let plan = Claims.plan(fleet)
        #expect(plan.claims.map { "\($0.claim.name)=\($0.host.name)" } == ["db1=c-spare", "db2=b-shared", "db3=a-large"])
    }

    @Test("An instance that holds a host asks for no other")
    func keepsHost() {
        let claim = HostClaim(kind: .bareMetalInstance, namespace: "tenant-a", name: "db1")
        let fleet = Fleet([.host(host("a", claim: claim)), .host(host("b")), .instance(instance("db1", selector: [:]))])
        #expect(Claims.plan(fleet).actions.isEmpty)
    }

    @Test("A refusal counts who holds the hosts that match, this plan included")
    func namesHolders() throws {
        let containers = HostClaim(kind: .nodeGroup, name: "containers")
        let fleet = Fleet(
            (0..<8).map { .host(host("h\($0)", labels: ["m": "x"], claim: containers, state: "provisioned")) }
                + [
                    .host(host("h8", labels: ["m": "x"], status: "error", error: "fan")), .host(host("h9", labels: ["m": "x"])),
                    .instance(instance("db1", selector: ["m": "x"])), .instance(instance("db2", selector: ["m": "x"])),
                ])
        let refusal = try #require(Claims.plan(fleet).refusals.first)
        #expect(
            refusal.message == "10 hosts match the selector: 8 claimed by NodeGroup containers, "
                + "1 claimed by BareMetalInstance tenant-a/db1, 1 in error (fan)")
    }

    @Test("Where no host matches, the nearest one is named with what it lacks")
    func namesNearest() throws {
        let fleet = Fleet([
            .host(host("h", labels: ["m": "y", "zone": "1"])), .instance(instance("db", selector: ["m": "x", "zone": "1"])),
        ])
        let refusal = try #require(Claims.plan(fleet).refusals.first)
        #expect(refusal.message == "none of 1 hosts matches the selector")
        #expect(refusal.remedy == "host h comes nearest: m must be In [x] and has y")
    }
}

struct ExplainTests {
    private func key(_ name: String) -> ObjectKey { ObjectKey(namespace: "default", name: name) }

    @Test("A pod is explained from bound to hopeless")
    func explainsPods() throws {
        var fleet = Fleet([
            .node(node("n", cpu: 4_000)), .nodeGroup(nodeGroup("g", max: 1)), .host(host("h", cores: 16)),
            .pod(pod("bound", cpu: 1_000, on: "n")), .pod(pod("small", cpu: 1_000)), .pod(pod("large", cpu: 8_000)),
            .pod(pod("huge", cpu: 32_000)),
        ])
        #expect(Explain.pod(key("bound"), in: &fleet)?.state == .running)
        #expect(Explain.pod(key("small"), in: &fleet)?.node == "n")
        let large = try #require(Explain.pod(key("large"), in: &fleet))
        #expect(large.state == .triggersScaleUp && large.words.contains("h for g"))
        let huge = try #require(Explain.pod(key("huge"), in: &fleet))
        #expect(huge.state == .unschedulable)
        #expect(huge.words.contains("0/1 nodes are available: 1 Insufficient cpu."))
        #expect(huge.words.contains("lower the pod's request of cpu from 32 to 16"))
        #expect(huge.json["scaleUp", "code"]?.string == "NotTriggerScaleUp")
        #expect(Explain.pod(key("nobody"), in: &fleet) == nil)
        fleet.apply(.claimAssumed(host: ObjectKey(namespace: "sluice-hosts", name: "h"), claim: HostClaim(kind: .nodeGroup, name: "g")))
        #expect(Explain.pod(key("large"), in: &fleet)?.state == .waitsForNode)
    }

    @Test("A node says what keeps it, in words and as JSON")
    func explainsNodes() throws {
        var fleet = Fleet([
            .nodeGroup(nodeGroup("g")), .node(node("n", group: "g")), .node(node("foreign")), .pod(pod("p", cpu: 100, on: "n", owner: nil)),
        ])
        let explanation = try #require(Explain.node("n", in: &fleet, now: start))
        #expect(explanation.words.hasPrefix("node n: BlockedByPod (NotReplicated): pod default/p has no controller"))
        #expect(explanation.json["blockingPod"]?.string == "default/p")
        #expect(Explain.node("foreign", in: &fleet, now: start)?.removability.reason == .notAutoscaled)
        #expect(Explain.node("nothing", in: &fleet, now: start) == nil)
    }
}
