import Controllers
import KubeClient
import Objects
import Ports
import Simulation
import Testing

@Suite struct ClaimStoryTests {
    @Test func `an instance gets a host, runs, and gives it back clean before it goes`() throws {
        let plane = try Plane(hosts: [Plane.group(2)])
        try plane.start()
        _ = try plane.reaches { plane.availableCount == 2 }
        try plane.makeInstance("db1")
        func instance() -> BareMetalInstance? { plane.environment.informers.bareMetalInstances.objects().first }
        let isRunning = try plane.reaches { instance()?.phase == "Running" }
        #expect(isRunning && instance()?.conditions["Ready"]?.isTrue == true)
        let name = try #require(instance()?.hostName)
        #expect(plane.hosts.first { $0.metadata.name == name }?.consumer == instance()?.claim)
        #expect(plane.rack.observation(of: name)?.attached?.image.url == "http://images.example/debian12.qcow2")
        try plane.delete(BareMetalInstance.resource, ObjectKey(namespace: "default", name: "db1"))
        let isGone = try plane.reaches {
            // The instance may only be gone when nothing of it is left on the host.
            guard instance() == nil else { return false }
            let observation = plane.rack.observation(of: name)
            return observation?.attached == nil && observation?.residue == nil && observation?.isPoweredOn == false
        }
        #expect(isGone)
        let isBack = try plane.reaches { plane.availableCount == 2 }
        #expect(isBack)
        try plane.world.stop()
    }

    @Test func `more claimers than hosts: each host has one, and who waits knows why`() throws {
        let plane = try Plane(hosts: [Plane.group(2)])
        try plane.start()
        _ = try plane.reaches { plane.availableCount == 2 }
        for name in ["a", "b", "c"] { try plane.makeInstance(name) }
        func instances() -> [BareMetalInstance] { plane.environment.informers.bareMetalInstances.objects() }
        let isSettled = try plane.reaches {
            instances().count { $0.phase == "Running" } == 2 && instances().contains { $0.conditions["Ready"]?.reason == "NoHostAvailable" }
        }
        #expect(isSettled)
        #expect(Set(plane.hosts.compactMap(\.consumer)).count == 2)
        let waiting = try #require(instances().first { $0.phase == "Pending" })
        #expect(waiting.conditions["Ready"]?.message.contains("2 hosts match") == true)
        let running = try #require(instances().first { $0.phase == "Running" })
        try plane.delete(BareMetalInstance.resource, running.key)
        let isServed = try plane.reaches { instances().count == 2 && instances().allSatisfy { $0.phase == "Running" } }
        #expect(isServed)
        try plane.world.stop()
    }

    @Test func `a wish that no host can meet names the nearest miss`() throws {
        let plane = try Plane(hosts: [Plane.group(1)])
        try plane.start()
        _ = try plane.reaches { plane.availableCount == 1 }
        try plane.makeInstance("big", model: "r128")
        func instance() -> BareMetalInstance? { plane.environment.informers.bareMetalInstances.objects().first }
        let isRefused = try plane.reaches { instance()?.conditions["Ready"]?.reason == "NoHostAvailable" }
        #expect(isRefused && instance()?.conditions["Ready"]?.message.contains("r64-001 comes nearest") == true)
        try plane.world.stop()
    }

    @Test func `user data of a claim that did not come to be is swept away, that of a claim stays`() throws {
        let plane = try Plane(hosts: [Plane.group(2)])
        try plane.start()
        _ = try plane.reaches { plane.availableCount == 2 }
        let secrets = ResourceName(group: "", version: "v1", kind: "Secret", plural: "secrets", isNamespaced: true)
        let host = try #require(plane.hosts.first { $0.metadata.name == "r64-002" })
        try plane.create(
            secrets, namespace: "sluice-hosts",
            [
                "metadata": [
                    "name": "r64-002-user-data-x", "namespace": "sluice-hosts", "labels": ["sluice.dev/user-data": "true"],
                    "ownerReferences": [host.ownerReference.json],
                ],
                "data": ["userData": "e30="],
            ])
        try plane.makeGroup("containers", min: 1, max: 1)
        _ = try plane.reaches { plane.nodes.count { $0.isReady } == 1 }
        let client = plane.client
        func names() throws -> [String] {
            try plane.world.perform { try await client.list(secrets, labelSelector: "sluice.dev/user-data").items }
                .compactMap { $0["metadata", "name"]?.string }
        }
        #expect(try names().count == 2)
        try plane.world.run(for: .seconds(660))
        let left = try names()
        #expect(left.count == 1 && left.first?.hasPrefix("r64-001-user-data-") == true, "\(left)")
        try plane.world.stop()
    }

    @Test func `a tenant cannot name a Secret of another namespace`() throws {
        let plane = try Plane(hosts: [Plane.group(1)])
        try plane.start()
        _ = try plane.reaches { plane.availableCount == 1 }
        let thief: JSON = [
            "metadata": ["name": "thief", "namespace": "default"],
            "spec": ["image": ["url": "http://a/x"], "userData": ["name": "bmc", "namespace": "kube-system"]],
        ]
        let error = #expect(throws: KubeError.self) { try plane.create(BareMetalInstance.resource, namespace: "default", thief) }
        #expect(error?.code == 422)
        #expect(plane.hosts.allSatisfy { !$0.hasConsumer })
        try plane.world.stop()
    }
}
