import APIMessages
import KubeClient
import Objects
import Ports
import Simulation
import Testing

@Suite struct AgentFaultTests {
    @Test func anAgentThatRestartsStartsNothingTwice() throws {
        let fixture = RackFixture()
        try fixture.startNode(pods: 5)
        let before = try (0..<5).map { try fixture.podObject("pod-\($0)")?["status"] }
        for _ in 0..<3 {
            fixture.rack.inject(.agentRestart, on: "small-001")
            try fixture.world.run(for: .seconds(1))
            try fixture.createPod("late-\(fixture.api.requests.count)", on: "small-001", cpu: "100m")
            try fixture.world.run(for: .seconds(30))
        }
        #expect(try (0..<5).map { try fixture.podObject("pod-\($0)")?["status"] } == before)
        #expect(fixture.rack.observation(of: "small-001")?.runningPods.count == 8)
        #expect(fixture.api.requests.filter { $0 == "POST /api/v1/nodes" }.count == 4)
        try fixture.world.stop()
    }

    @Test func aPodDeletedWhileTheAgentIsAwayStopsWhenItIsBack() throws {
        let fixture = RackFixture { $0.latencies.agentRestart = LatencyRange(.seconds(20), .seconds(20)) }
        try fixture.startNode(pods: 2)
        fixture.rack.inject(.agentRestart, on: "small-001")
        try fixture.world.run(for: .milliseconds(1))
        try fixture.delete("pod-0")
        try fixture.delete("pod-1", grace: 0)
        try fixture.world.run(for: .seconds(15))
        #expect(try fixture.pod("pod-0")?.metadata.isDeleting == true)
        #expect(fixture.rack.observation(of: "small-001")?.runningPods.count == 2)
        try fixture.world.run(for: .seconds(15))
        #expect(try fixture.pod("pod-0") == nil)
        #expect(fixture.rack.observation(of: "small-001")?.runningPods == [])
        try fixture.world.stop()
    }

    @Test func podsOfADeadNodeStayAndAreStartedAnewAfterAReboot() throws {
        let fixture = RackFixture()
        try fixture.startNode(pods: 2)
        try fixture.createPod("once", on: "small-001") { $0["spec", "restartPolicy"] = "Never" }
        #expect(try fixture.wait { try fixture.pod("once")?.isReady == true })
        fixture.rack.inject(.crash, on: "small-001")
        try fixture.world.run(for: .seconds(300))
        #expect(try fixture.pod("pod-0")?.isReady == true, "nobody told the API")
        #expect(fixture.rack.observation(of: "small-001")?.runningPods == [])
        try fixture.setPower("small-001", on: false)
        try fixture.setPower("small-001", on: true)
        #expect(
            try fixture.wait {
                try fixture.podObject("pod-0")?["status", "containerStatuses"]?.array?.first?["restartCount"] == 1
                    && fixture.pod("pod-0")?.isReady == true
            })
        #expect(try fixture.pod("once")?.phase == "Failed")
        #expect(fixture.rack.observation(of: "small-001")?.runningPods.map(\.name) == ["pod-0", "pod-1"])
        try fixture.world.stop()
    }

    @Test func aSilentAgentKeepsItsPodsAndSpeaksAgain() throws {
        let fixture = RackFixture()
        try fixture.startNode(pods: 1)
        fixture.rack.inject(.agentSilence(.seconds(100)), on: "small-001")
        let silent = fixture.world.time.now()
        // What a node controller does with a node that says nothing.
        try fixture.world.run(for: .seconds(60))
        #expect(try #require(try fixture.lease("small-001")?.renewTime) <= silent)
        try fixture.world.perform { [client = fixture.client] in
            try await client.patch(
                Node.resource, ObjectKey(name: "small-001"), ["status": ["conditions": [["type": "Ready", "status": "Unknown"]]]],
                subresource: "status", as: .strategic)
            try await client.patch(
                Pod.resource, ObjectKey(namespace: "default", name: "pod-0"),
                ["status": ["conditions": [["type": "Ready", "status": "False"]]]], subresource: "status", as: .strategic)
        }
        try fixture.world.run(for: .seconds(30))
        #expect(try fixture.node("small-001")?.isReady == false)
        #expect(fixture.rack.observation(of: "small-001")?.runningPods.count == 1)
        try fixture.world.run(for: .seconds(40))
        #expect(try fixture.node("small-001")?.isReady == true)
        #expect(try fixture.pod("pod-0")?.isReady == true)
        #expect(try #require(try fixture.lease("small-001")?.renewTime) > silent + .seconds(90))
        try fixture.world.stop()
    }

    @Test func aDeletedNodeIsNotBroughtBackByARunningAgent() throws {
        let fixture = RackFixture()
        try fixture.startNode()
        try fixture.world.perform { [client = fixture.client] in
            try await client.delete(Node.resource, ObjectKey(name: "small-001"))
        }
        try fixture.world.run(for: .seconds(900))
        #expect(try fixture.node("small-001") == nil)
        fixture.rack.inject(.agentRestart, on: "small-001")
        #expect(try fixture.wait { try fixture.node("small-001")?.isReady == true })
        try fixture.world.stop()
    }

    /// Everything an agent says may get lost, late or doubled: in the end the API knows the truth all the same.
    @Test(arguments: 0..<20)
    func theTruthArrivesInTheEndWhateverHappensToMessages(_ seed: Int) throws {
        let fixture = RackFixture(seed: UInt64(seed)) { fleet in
            fleet.faults.messages.lost = 0.2
            fleet.faults.messages.answerLost = 0.2
            fleet.faults.messages.repeated = 0.1
            fleet.faults.messages.delayed = 0.3
            fleet.faults.agentRestartsPerHour = 60
        }
        fixture.start()
        try fixture.makeNode("small-001")
        for index in 0..<6 { try fixture.createPod("pod-\(index)", on: "small-001") }
        #expect(
            try fixture.wait(.seconds(900)) { try (0..<6).allSatisfy { try fixture.pod("pod-\($0)")?.isReady == true } }, "seed \(seed)")
        for index in 0..<3 { try fixture.delete("pod-\(index)") }
        #expect(try fixture.wait(.seconds(900)) { try (0..<3).allSatisfy { try fixture.pod("pod-\($0)") == nil } }, "seed \(seed)")
        #expect(fixture.rack.observation(of: "small-001")?.runningPods.map(\.name) == ["pod-3", "pod-4", "pod-5"], "seed \(seed)")
        #expect(try fixture.node("small-001")?.isReady == true)
        for index in 3..<6 {
            let status = try fixture.podObject("pod-\(index)")?["status", "containerStatuses"]?.array?.first
            #expect(status?["restartCount"] == 0, "seed \(seed): nothing was started twice")
        }
        try fixture.world.stop()
    }

    @Test func oneSeedGivesTheSameRequestsInTheSameOrder() throws {
        func run(_ seed: UInt64) throws -> [String] {
            let fixture = RackFixture(seed: seed) { fleet in
                fleet.faults.messages.lost = 0.1
                fleet.faults.messages.delayed = 0.3
                fleet.faults.hostCrashesPerHour = 20
                fleet.faults.agentRestartsPerHour = 20
                fleet.faults.bootFailure = 0.2
            }
            fixture.start()
            for host in ["small-001", "small-002", "big-001"] { try fixture.makeNode(host) }
            for index in 0..<12 { try fixture.createPod("pod-\(index)", on: index.isMultiple(of: 2) ? "small-001" : "big-001") }
            for _ in 0..<15 {
                try fixture.world.run(for: .seconds(120))
                for host in ["small-001", "small-002", "big-001"] {
                    guard let stage = fixture.rack.observation(of: host)?.stage, stage == .hung || stage == .crashed else { continue }
                    try fixture.setPower(host, on: false)
                    try fixture.setPower(host, on: true)
                }
            }
            try fixture.world.stop()
            return fixture.api.requests
        }
        let first = try run(11)
        #expect(first.count > 300)
        for _ in 0..<3 { #expect(try run(11) == first) }
        #expect(try run(12) != first)
    }
}
