import APIMessages
import KubeClient
import Objects
import Ports
import Simulation
import Testing

/// A world with a rack, a small API, and what tests do with them.
struct RackFixture {
    static let image = HostImage(url: "http://images.example/node.qcow2", checksum: "sha256:00")

    let world: SimulatedWorld
    let rack: SimulatedRack
    let api: FakeAPI
    let client: KubeClient

    /// - Parameter change: of a fleet of two small hosts and one with accelerators, whose boots take 22 to 46 s.
    init(seed: UInt64 = 1, _ change: (inout FleetSpecification) -> Void = { _ in }) {
        var fleet = FleetSpecification(
            name: "test",
            groups: [
                .init(
                    namePrefix: "small-", count: 2, model: "small", cores: 8, memoryBytes: 32 << 30, numaNodes: 2,
                    racks: ["a", "b"], maximumPods: 20),
                .init(
                    namePrefix: "big-", count: 1, model: "big", cores: 16, memoryBytes: 64 << 30,
                    accelerators: .init(model: "T4", count: 4, memoryBytes: 16 << 30)),
            ], seed: seed)
        change(&fleet)
        world = SimulatedWorld(seed: seed)
        rack = SimulatedRack(fleet, time: world.time)
        api = FakeAPI(time: world.time)
        client = api.client
    }

    func start() {
        world.start { [rack, client, api] in await rack.run(watching: client, transports: { _ in api }) }
    }

    func endpoint(_ host: String) -> HostEndpoint { HostEndpoint(address: "sim://test/\(host)") }

    /// What a controller does to make a node of a host.
    func makeNode(_ host: String, generation: UInt64 = 1, data: JSON = [:]) throws {
        var data = data
        data["nodeName"] = .string(host)
        data["nodeGroup"] = "containers"
        let configuration = BootConfiguration(image: RackFixture.image, userData: data)
        try world.perform { [rack, endpoint = endpoint(host)] in
            try await rack.attach(configuration, to: endpoint, generation: generation)
            try await rack.setPower(endpoint, on: true)
        }
    }

    func setPower(_ host: String, on: Bool) throws {
        try world.perform { [rack, endpoint = endpoint(host)] in try await rack.setPower(endpoint, on: on) }
    }

    // MARK: - API

    func createPod(_ name: String, on node: String, cpu: String = "1", _ change: (inout JSON) -> Void = { _ in }) throws {
        var pod: JSON = [
            "metadata": ["name": .string(name), "namespace": "default"],
            "spec": [
                "nodeName": .string(node),
                "containers": [["name": "main", "image": "app:1", "resources": ["requests": ["cpu": .string(cpu)]]]],
            ],
            "status": ["phase": "Pending"],
        ]
        change(&pod)
        let object = pod
        try world.perform { [client] in _ = try await client.create(Pod.resource, namespace: "default", object) }
    }

    func podObject(_ name: String) throws -> JSON? {
        try world.perform { [client] in try await client.get(Pod.resource, ObjectKey(namespace: "default", name: name)) }
    }

    func pod(_ name: String) throws -> Pod? { try podObject(name).map { Pod($0) } }

    func node(_ name: String) throws -> Node? {
        try world.perform { [client] in try await client.get(Node.self, ObjectKey(name: name)) }
    }

    func lease(_ name: String) throws -> Lease? {
        try world.perform { [client] in
            try await client.get(Lease.self, ObjectKey(namespace: Names.leaseNamespace, name: name))
        }
    }

    func delete(_ pod: String, grace: Int64? = nil) throws {
        try world.perform { [client] in
            try await client.delete(Pod.resource, ObjectKey(namespace: "default", name: pod), gracePeriodSeconds: grace)
        }
    }

    /// Lets time pass until the condition holds, looked at each second.
    func wait(_ limit: Duration = .seconds(120), _ condition: () throws -> Bool) throws -> Bool {
        let end = world.time.now() + limit
        while world.time.now() < end {
            if try condition() { return true }
            try world.run(for: .seconds(1))
        }
        return try condition()
    }

    /// A running node with that many running pods named `pod-0` and on.
    func startNode(_ host: String = "small-001", pods: Int = 0) throws {
        start()
        try makeNode(host)
        try #require(try wait { try node(host)?.isReady == true })
        for index in 0..<pods { try createPod("pod-\(index)", on: host) }
        try #require(try wait { try (0..<pods).allSatisfy { try pod("pod-\($0)")?.isReady == true } })
    }
}
