import KubeClient
import Objects
import Ports
import Simulation
import Testing

@Suite struct LargeFleetTests {
    @Test func aThousandHostsRegisterAndRunTheirPodsInVirtualTime() throws {
        let fixture = RackFixture { fleet in
            fleet.groups = [.init(namePrefix: "h-", count: 1_000, model: "r64", cores: 64, memoryBytes: 256 << 30)]
        }
        fixture.start()
        try fixture.world.perform { [rack = fixture.rack, client = fixture.client] in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for host in rack.fleet.hosts {
                    group.addTask {
                        let endpoint = HostEndpoint(address: host.address)
                        let data: JSON = ["nodeName": .string(host.name), "nodeGroup": "all"]
                        let boot = BootConfiguration(image: RackFixture.image, userData: data)
                        try await rack.attach(boot, to: endpoint, generation: 1)
                        try await rack.setPower(endpoint, on: true)
                        for index in 0..<3 {
                            let pod: JSON = [
                                "metadata": ["name": .string("\(host.name)-\(index)")],
                                "spec": ["nodeName": .string(host.name), "containers": [["name": "main", "image": "app:1"]]],
                            ]
                            try await client.create(Pod.resource, namespace: "default", pod)
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
        try fixture.world.run(for: .seconds(300))
        let (nodes, pods) = try fixture.world.perform { [client = fixture.client] in
            (try await client.list(Node.resource).items.map { Node($0) }, try await client.list(Pod.resource).items.map { Pod($0) })
        }
        #expect(nodes.count { $0.isReady } == 1_000)
        #expect(pods.count { $0.isReady } == 3_000)
        #expect(Set(pods.map(\.podIP)).count == 3_000)
        try fixture.world.stop()
    }
}
