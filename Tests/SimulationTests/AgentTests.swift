import KubeClient
import Objects
import Ports
import Simulation
import Testing

@Suite struct AgentTests {
    @Test func aBootedNodeRegistersItself() throws {
        let fixture = RackFixture()
        fixture.start()
        let taints: JSON = [["key": "dedicated", "value": "x", "effect": "NoSchedule"]]
        try fixture.makeNode("big-001", data: ["labels": ["role": "gpu"], "annotations": ["note": "1"], "taints": taints])
        let start = fixture.world.time.now()
        #expect(try fixture.node("big-001") == nil)
        #expect(try fixture.wait { try fixture.node("big-001")?.isReady == true })
        // Power on 1–3 s, boot 20–40 s, registration 1–3 s.
        #expect((Duration.seconds(22)...(.seconds(48))).contains(fixture.world.time.now() - start))
        let node = try #require(try fixture.node("big-001"))
        #expect(node.metadata.labels["role"] == "gpu")
        #expect(node.metadata.labels[Names.modelLabel] == "big")
        #expect(node.metadata.labels[Names.hostnameLabel] == "big-001")
        #expect(node.metadata.labels[Names.architectureLabel] == "amd64")
        #expect(node.nodeGroup == "containers")
        #expect(node.metadata.annotations["note"] == "1")
        #expect(node.taints == [Taint(key: "dedicated", value: "x", effect: "NoSchedule")])
        #expect(node.providerID == "sim://test/big-001")
        #expect(node.allocatable["cpu"] == 16_000)
        #expect(node.allocatable["memory"] == 64 << 30)
        #expect(node.allocatable["nvidia.com/gpu"] == 4)
        #expect(node.allocatable["pods"] == 250)
        #expect(node.capacity == node.allocatable)
        try fixture.world.stop()
    }

    @Test func theLeaseIsRenewedEveryTenSecondsAndStopsWithThePower() throws {
        let fixture = RackFixture()
        try fixture.startNode()
        try fixture.world.run(for: .seconds(60))
        for _ in 0..<5 {
            let renewed = try #require(try fixture.lease("small-001")?.renewTime)
            #expect(fixture.world.time.now() - renewed <= .seconds(10))
            try fixture.world.run(for: .seconds(10))
        }
        try fixture.setPower("small-001", on: false)
        let last = try fixture.lease("small-001")?.renewTime
        try fixture.world.run(for: .seconds(120))
        #expect(try fixture.lease("small-001")?.renewTime == last)
        #expect(try fixture.node("small-001")?.isReady == true, "others must notice that the node is gone")
        try fixture.world.stop()
    }

    @Test func aPodIsStartedAndReportedWithAddressesAndConditions() throws {
        let fixture = RackFixture()
        try fixture.startNode()
        try fixture.createPod("web", on: "small-001") { pod in
            pod["spec", "initContainers"] = [["name": "setup", "image": "setup:1"]]
        }
        try fixture.world.run(for: .milliseconds(100))
        let starting = try #require(try fixture.podObject("web"))
        #expect(starting["status", "phase"] == "Pending")
        #expect(starting["status", "containerStatuses"]?.array?.first?["state", "waiting", "reason"] == "PodInitializing")
        #expect(try fixture.wait(.seconds(10)) { try fixture.pod("web")?.isReady == true })
        let object = try #require(try fixture.podObject("web"))
        let pod = Pod(object)
        #expect(pod.phase == "Running")
        #expect(pod.podIP == "10.0.1.1")
        #expect(object["status", "hostIP"] == "172.16.0.1")
        #expect(pod.startTime != nil)
        for type in ["PodScheduled", "Initialized", "ContainersReady", "Ready", "PodReadyToStartContainers"] {
            #expect(pod.conditions[type]?.isTrue == true, "\(type)")
        }
        let container = object["status", "containerStatuses"]?.array?.first
        #expect(container?["ready"] == true)
        #expect(container?["restartCount"] == 0)
        #expect(container?["state", "running", "startedAt"] != nil)
        let setup = object["status", "initContainerStatuses"]?.array?.first
        #expect(setup?["state", "terminated", "exitCode"] == 0)
        try fixture.world.stop()
    }

    @Test func podsOfOneHostHaveAddressesOfTheirOwnAndGiveThemBack() throws {
        let fixture = RackFixture()
        try fixture.startNode(pods: 3)
        let addresses = try (0..<3).map { try fixture.pod("pod-\($0)")?.podIP }
        #expect(Set(addresses).count == 3)
        try fixture.delete("pod-1")
        #expect(try fixture.wait { try fixture.pod("pod-1") == nil })
        try fixture.createPod("next", on: "small-001")
        #expect(try fixture.wait { try fixture.pod("next")?.isReady == true })
        #expect(try fixture.pod("next")?.podIP == addresses[1])
        try fixture.createPod("system", on: "small-001") { $0["spec", "hostNetwork"] = true }
        #expect(try fixture.wait { try fixture.pod("system")?.isReady == true })
        #expect(try fixture.pod("system")?.podIP == "172.16.0.1")
        try fixture.world.stop()
    }

    private struct Ending: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var policy: String
        var exitCode: String?
        var phase: String
    }

    @Test(arguments: [
        Ending(testDescription: "Never and 0 succeeds", policy: "Never", exitCode: nil, phase: "Succeeded"),
        Ending(testDescription: "Never and 3 fails", policy: "Never", exitCode: "3", phase: "Failed"),
        Ending(testDescription: "OnFailure and 0 succeeds", policy: "OnFailure", exitCode: "0", phase: "Succeeded"),
        Ending(testDescription: "OnFailure and 1 starts again", policy: "OnFailure", exitCode: "1", phase: "Running"),
        Ending(testDescription: "Always goes on", policy: "Always", exitCode: "0", phase: "Running"),
    ])
    private func podsEndAsTheirPolicySays(_ ending: Ending) throws {
        let fixture = RackFixture()
        try fixture.startNode()
        try fixture.createPod("job", on: "small-001") { pod in
            pod["spec", "restartPolicy"] = .string(ending.policy)
            pod["metadata", "annotations"] = ["simulation.sluice.dev/run-seconds": "30"]
            if let code = ending.exitCode { pod["metadata", "annotations", "simulation.sluice.dev/exit-code"] = .string(code) }
        }
        #expect(try fixture.wait(.seconds(10)) { try fixture.pod("job")?.isReady == true })
        try fixture.world.run(for: .seconds(20))
        #expect(try fixture.pod("job")?.phase == "Running")
        try fixture.world.run(for: .seconds(30))
        let job = try #require(try fixture.podObject("job"))
        #expect(job["status", "phase"]?.string == ending.phase)
        let container = job["status", "containerStatuses"]?.array?.first
        switch ending.phase {
        case "Running": #expect(container?["restartCount"] == (ending.policy == "Always" ? 0 : 1))
        default: #expect(container?["state", "terminated", "exitCode"]?.integer == ending.exitCode.flatMap(Int64.init) ?? 0)
        }
        try fixture.world.stop()
    }

    @Test func aHostRefusesPodsForWhichItHasNoRoom() throws {
        let fixture = RackFixture()
        try fixture.startNode(pods: 8)
        try fixture.createPod("ninth", on: "small-001")
        #expect(try fixture.wait { try fixture.pod("ninth")?.phase == "Failed" })
        #expect(try fixture.podObject("ninth")?["status", "reason"] == "OutOfcpu")
        #expect(fixture.rack.observation(of: "small-001")?.runningPods.count == 8)
        try fixture.world.stop()
    }

    @Test func aDeletedPodStopsWithinItsGraceAndLeaves() throws {
        let fixture = RackFixture { $0.latencies.podStop = LatencyRange(.seconds(20), .seconds(20)) }
        try fixture.startNode(pods: 2)
        try fixture.delete("pod-0")
        try fixture.delete("pod-1", grace: 5)
        try fixture.world.run(for: .seconds(4))
        #expect(try fixture.pod("pod-1")?.metadata.isDeleting == true)
        try fixture.world.run(for: .seconds(2))
        #expect(try fixture.pod("pod-1") == nil)
        #expect(try fixture.pod("pod-0")?.metadata.isDeleting == true)
        try fixture.world.run(for: .seconds(15))
        #expect(try fixture.pod("pod-0") == nil)
        #expect(fixture.rack.observation(of: "small-001")?.runningPods == [])
        try fixture.world.stop()
    }

    @Test func aPodWithAFinalizerIsReportedEndedAndNotRemovedTwice() throws {
        let fixture = RackFixture()
        try fixture.startNode()
        try fixture.createPod("held", on: "small-001") { $0["metadata", "finalizers"] = ["example.dev/hold"] }
        #expect(try fixture.wait { try fixture.pod("held")?.isReady == true })
        try fixture.delete("held")
        try fixture.world.run(for: .seconds(60))
        #expect(try fixture.pod("held")?.isTerminated == true)
        #expect(fixture.api.requests.filter { $0 == "DELETE /api/v1/namespaces/default/pods/held" }.count == 2)
        try fixture.world.stop()
    }

    @Test func aForciblyDeletedPodIsKilledAndItsSuccessorStarted() throws {
        let fixture = RackFixture()
        try fixture.startNode(pods: 1)
        let first = try #require(try fixture.pod("pod-0")?.metadata.uid)
        try fixture.delete("pod-0", grace: 0)
        try fixture.createPod("pod-0", on: "small-001", cpu: "8")
        #expect(try fixture.wait { try fixture.pod("pod-0")?.isReady == true })
        #expect(try fixture.pod("pod-0")?.metadata.uid != first)
        try fixture.world.stop()
    }
}
