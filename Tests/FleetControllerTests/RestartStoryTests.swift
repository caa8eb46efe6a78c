import Controllers
import Fleet
import KubeClient
import Objects
import Simulation
import Testing

@Suite struct RestartStoryTests {
    /// When the controllers crash, counted from the moment pods are made.
    static let moments: [Duration] = [.milliseconds(300), .seconds(2), .seconds(15), .seconds(40), .seconds(60)]

    @Test(arguments: moments) func aCrashWhileGrowingLosesNothing(_ moment: Duration) throws {
        let plane = try Plane(hosts: [Plane.group(4)])
        try plane.start()
        _ = try plane.reaches { plane.availableCount == 4 }
        try plane.makeGroup()
        try plane.makeInstance("db1")
        try plane.makePods("web", 60, milli: 2_000)
        try plane.world.run(for: moment)
        let next = Self.replace(plane)
        let isRunning = try plane.reaches { next.environment.informers.pods.objects().count { $0.phase == "Running" } == 60 }
        #expect(isRunning)
        #expect(next.environment.informers.nodes.count == 2)
        #expect(next.ledger.withFleet { $0.violations() } == [])
        try plane.world.stop()
    }

    @Test(arguments: moments) func aCrashWhileShrinkingLosesNothing(_ moment: Duration) throws {
        let plane = try Plane(hosts: [Plane.group(3)])
        try plane.start()
        try plane.makeGroup()
        try plane.makePods("web", 60, milli: 2_000)
        _ = try plane.reaches { plane.runningCount == 60 }
        try plane.scale("web", to: 10)
        try plane.world.run(for: .seconds(75) + moment)
        let next = Self.replace(plane)
        let isPacked = try plane.reaches {
            let hosts = next.environment.informers.hosts.objects()
            return next.environment.informers.nodes.count == 1 && hosts.count(where: \.isClaimable) == 2
                && next.environment.informers.pods.objects().count { $0.phase == "Running" } == 10
        }
        #expect(isPacked)
        #expect(next.environment.informers.nodes.objects().allSatisfy { !$0.isUnschedulable && $0.taints.isEmpty })
        try plane.world.stop()
    }

    @Test func `two control planes at once never give a host to two`() throws {
        let plane = try Plane(hosts: [Plane.group(6)])
        try plane.start()
        let second = ControllerSet(plane.client, plane.world, plane.rack, seed: 99)
        plane.world.start { await second.run() }
        _ = try plane.reaches { plane.availableCount == 6 }
        try plane.makeGroup("containers", min: 2)
        for name in ["a", "b", "c"] { try plane.makeInstance(name) }
        // Who claims twice gives the second host back; nobody ever takes a held one.
        var seen: [String: HostClaim] = [:]
        var stolen: [String] = []
        let isSettled = try plane.reaches {
            for host in plane.hosts {
                let before = seen[host.metadata.name]
                if let before, let claim = host.consumer, claim != before { stolen.append(host.metadata.name) }
                seen[host.metadata.name] = host.consumer
            }
            let instances = plane.environment.informers.bareMetalInstances.objects()
            return plane.nodes.count { $0.isReady } >= 2 && instances.allSatisfy { $0.phase == "Running" }
        }
        #expect(isSettled && stolen.isEmpty)
        second.stop()
        let isClean = try plane.reaches { Set(plane.hosts.compactMap(\.consumer)).count == 4 }
        #expect(isClean)
        try plane.world.stop()
    }

    /// Ends the controllers and starts new ones that know nothing.
    private static func replace(_ plane: Plane) -> ControllerSet {
        plane.controllers.stop()
        let next = ControllerSet(plane.client, plane.world, plane.rack, seed: 2)
        plane.world.start { await next.run() }
        return next
    }
}
