import Controllers
import Fleet
import KubeClient
import Objects
import Ports
import Simulation
import Testing

@Suite struct AutoscalingStoryTests {
    @Test func `pods draw hosts from the pool and give them back`() throws {
        let plane = try Plane(hosts: [Plane.group(5)])
        try plane.start()
        _ = try plane.reaches { plane.availableCount == 5 }
        try plane.makeGroup()
        try plane.makeInstance("db1")
        try plane.makePods("web", 90, milli: 2_000)
        let isRunning = try plane.reaches { plane.runningCount == 90 }
        #expect(isRunning)
        #expect(plane.nodes.count == 3, "90 pods of 2 cores fill 3 hosts of 64")
        #expect(plane.ledger.withFleet { $0.violations() } == [])
        let reasons = try plane.reasons(about: plane.pods[0].metadata.name)
        #expect(reasons.isSuperset(of: ["FailedScheduling", "TriggeredScaleUp", "Scheduled"]))
        try plane.scale("web", to: 0)
        let isBack = try plane.reaches { plane.nodes.isEmpty && plane.availableCount == 4 }
        #expect(isBack, "all but the tenant's host return")
        let group = try #require(try plane.get(NodeGroup.resource, ObjectKey(name: "containers")))
        let isWritten = try plane.reaches(within: .seconds(60)) {
            plane.environment.informers.nodeGroups.objects().first?.status["size"]?.integer == 0
        }
        #expect(isWritten && group["status", "lastScaleUp"]?.string != nil)
        let instances = plane.environment.informers.bareMetalInstances.objects()
        #expect(instances.map(\.phase) == ["Running"])
        for host in plane.hosts { #expect(plane.rack.observation(of: host.metadata.name)?.leaks == 0) }
        try plane.world.stop()
    }

    @Test func `half empty nodes are drained one by one and the pods run on`() throws {
        let plane = try Plane(hosts: [Plane.group(4)])
        try plane.start()
        try plane.makeGroup()
        try plane.makePods("web", 60, milli: 2_000)
        _ = try plane.reaches { plane.runningCount == 60 }
        #expect(plane.nodes.count == 2)
        try plane.scale("web", to: 20)
        let isPacked = try plane.reaches { plane.nodes.count == 1 && plane.runningCount == 20 && plane.availableCount == 3 }
        #expect(isPacked)
        #expect(plane.nodes.allSatisfy { !$0.isUnschedulable && $0.taints.isEmpty })
        try plane.world.stop()
    }

    @Test func `a disruption budget that allows nothing keeps the node, and the reason can be read`() throws {
        let plane = try Plane(hosts: [Plane.group(2)])
        try plane.start()
        try plane.makeGroup()
        try plane.makePods("web", 4, milli: 2_000)
        try plane.create(
            PodDisruptionBudget.resource, namespace: "default",
            [
                "metadata": ["name": "web", "namespace": "default"],
                "spec": ["minAvailable": 4, "selector": ["matchLabels": ["app": "web"]]],
            ])
        _ = try plane.reaches { plane.runningCount == 4 }
        try plane.world.run(for: .seconds(600))
        #expect(plane.nodes.count == 1)
        let condition = try #require(plane.nodes[0].conditions["Removable"])
        #expect(condition.status == "False" && condition.reason == "BlockedByPod")
        let key = ObjectKey(namespace: "kube-system", name: "sluice-autoscaler-status")
        let maps = ResourceName(group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true)
        let text = try #require(try plane.get(maps, key)?["data", "status"]?.string)
        let status = try JSON(parsing: text)
        #expect(status["nodes", plane.nodes[0].metadata.name, "blockingReason"]?.string == "NotEnoughPdb")
        try plane.world.stop()
    }

    @Test func `pods that no host can take are refused with words, and no host is claimed`() throws {
        let plane = try Plane(hosts: [Plane.group(2)])
        try plane.start()
        _ = try plane.reaches { plane.availableCount == 2 }
        try plane.makeGroup()
        try plane.makePods("huge", 1, milli: 100_000)
        let isTold = try plane.reaches(within: .seconds(120)) { plane.pods.first?.conditions["PodScheduled"]?.reason == "Unschedulable" }
        #expect(isTold)
        try plane.world.run(for: .seconds(60))
        let reasons = try plane.reasons(about: plane.pods[0].metadata.name)
        #expect(reasons.isSuperset(of: ["FailedScheduling", "NotTriggerScaleUp"]))
        #expect(plane.availableCount == 2)
        try plane.world.stop()
    }

    @Test func `a host that never becomes a node is replaced by another one`() throws {
        let plane = try Plane(hosts: [Plane.group(2)])
        plane.rack.inject(.bootFailures(100), on: "r64-001")
        try plane.start()
        _ = try plane.reaches { plane.availableCount == 2 }
        try plane.makeGroup("containers", min: 0, max: 10, ["maxNodeProvisionTime": "5m"])
        try plane.makePods("web", 2, milli: 2_000)
        let isRunning = try plane.reaches { plane.runningCount == 2 }
        #expect(isRunning && plane.nodes.map(\.metadata.name) == ["r64-002"])
        #expect(try plane.reasons(about: "r64-001").contains("NodeNotRegistered"))
        #expect(try plane.reasons(about: "sluice-autoscaler-status").contains("ScaleUpTimedOut"))
        let isBack = try plane.reaches { plane.availableCount == 1 }
        #expect(isBack, "the failed host returns to the pool")
        try plane.world.stop()
    }

    @Test func `a host that fails beside others that serve does not keep the group from claiming the next`() throws {
        let plane = try Plane(hosts: [Plane.group(4)])
        plane.rack.inject(.bootFailures(100), on: "r64-001")
        plane.rack.inject(.bootFailures(100), on: "r64-002")
        try plane.start()
        _ = try plane.reaches { plane.availableCount == 4 }
        try plane.makeGroup("containers", min: 0, max: 10, ["maxNodeProvisionTime": "5m"])
        try plane.makePods("web", 90, milli: 2_000)
        let isHalf = try plane.reaches { plane.nodes.map(\.metadata.name) == ["r64-003"] && plane.runningCount == 32 }
        #expect(isHalf, "of the three hosts claimed one serves")
        // Five minutes until the two are given up; a back-off would be five more.
        let isMore = try plane.reaches(within: .seconds(450)) { plane.runningCount == 64 }
        #expect(isMore)
        #expect(try plane.reasons(about: "r64-001").contains("NodeNotRegistered"))
        try plane.world.stop()
    }

    @Test func `a deleted group gives every host back`() throws {
        let plane = try Plane(hosts: [Plane.group(2)])
        try plane.start()
        try plane.makeGroup("containers", min: 2)
        _ = try plane.reaches { plane.nodes.count { $0.isReady } == 2 }
        try plane.makePods("web", 4, milli: 2_000)
        _ = try plane.reaches { plane.runningCount == 4 }
        try plane.delete(NodeGroup.resource, ObjectKey(name: "containers"))
        let isGone = try plane.reaches { plane.environment.informers.nodeGroups.count == 0 }
        #expect(isGone && plane.nodes.isEmpty)
        let isBack = try plane.reaches { plane.availableCount == 2 }
        #expect(isBack)
        try plane.world.stop()
    }

    @Test func `scheduling gates and other schedulers are respected`() throws {
        let plane = try Plane(hosts: [Plane.group(1)])
        try plane.start()
        try plane.makeGroup("containers", min: 1)
        _ = try plane.reaches { plane.nodes.count { $0.isReady } == 1 }
        try plane.makePods("gated", 1, milli: 100, ["schedulingGates": [["name": "wait"]]])
        try plane.makePods("other", 1, milli: 100, ["schedulerName": "another"])
        try plane.makePods("ours", 1, milli: 100)
        let isRunning = try plane.reaches { plane.runningCount == 1 }
        #expect(isRunning)
        try plane.world.run(for: .seconds(60))
        #expect(plane.pods.filter { !$0.nodeName.isEmpty }.map { $0.metadata.labels["app"] } == ["ours"])
        try plane.world.stop()
    }

    @Test(arguments: 1...6) func faultsDoNotStopThePool(_ seed: Int) throws {
        var faults = FleetFaults()
        faults.managementUnreachable = 0.05
        faults.bootFailure = 0.1
        var messages = MessageFaults()
        messages.lost = 0.01
        messages.answerLost = 0.01
        messages.delayed = 0.02
        let plane = try Plane(seed: UInt64(seed), hosts: [Plane.group(5)], faults: faults, messages: messages)
        try plane.start()
        try plane.makeGroup("containers", min: 0, max: 10, ["maxNodeProvisionTime": "5m"])
        try plane.makeInstance("db1")
        try plane.makePods("web", 60, milli: 2_000)
        let isRunning = try plane.reaches(within: .seconds(14_400)) { plane.runningCount == 60 }
        #expect(isRunning, "seed \(seed)")
        #expect(plane.ledger.withFleet { $0.violations() } == [], "seed \(seed)")
        try plane.scale("web", to: 0)
        let isBack = try plane.reaches(within: .seconds(14_400)) { plane.nodes.isEmpty && plane.availableCount == 4 }
        #expect(isBack, "seed \(seed)")
        let counts = Dictionary(grouping: plane.hosts.compactMap(\.consumer), by: \.self).mapValues(\.count)
        #expect(counts.count == 1 && counts.values.allSatisfy { $0 == 1 }, "seed \(seed)")
        try plane.world.stop()
    }
}
