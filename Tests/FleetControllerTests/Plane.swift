import APIMessages
import APIServer
import Controllers
import Fleet
import Identity
import Kinds
import KubeClient
import Lifecycles
import Logging
import Objects
import Planning
import Ports
import Simulation
import Store

/// The controllers of the fleet as one process runs them.
final class ControllerSet: Sendable {
    let environment: ControllerEnvironment
    let ledger: FleetLedger
    private let controllers: [any Controller]
    private let (stopped, stopper) = AsyncStream.makeStream(of: Never.self)

    init(_ client: KubeClient, _ world: SimulatedWorld, _ rack: SimulatedRack, seed: UInt64) {
        environment = ControllerEnvironment(
            client: client, time: world.time, seed: seed, logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        ledger = FleetLedger(environment)
        let records = DecisionRecords()
        let autoscaler = AutoscalerController(environment, ledger: ledger, records: records)
        controllers = [
            SchedulerController(environment, ledger: ledger, records: records) { autoscaler.podsWait() },
            HostController(environment, baseboard: rack, dataProcessing: rack),
            InstanceController(environment, ledger: ledger, records: records), autoscaler, ReplicaSetController(environment),
            DisruptionBudgetController(environment), UserDataSweeper(environment),
        ]
    }

    /// Runs until cancelled or stopped, as by a crash: whatever is under way is cut off.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in await ControllerRunner(environment: environment, controllers: controllers).run() }
            group.addTask { [self] in for await _ in stopped {} }
            await group.next()
            group.cancelAll()
        }
    }

    func stop() { stopper.finish() }
}

/// The real API server over a store in memory, the controllers of the fleet and a simulated rack, in virtual time.
final class Plane: Sendable {
    let world: SimulatedWorld
    let rack: SimulatedRack
    let server: APIServer
    let client: KubeClient
    let controllers: ControllerSet
    var environment: ControllerEnvironment { controllers.environment }
    var ledger: FleetLedger { controllers.ledger }

    static let operatorUser = UserInfo(name: "system:sluice", groups: ["system:masters"])

    init(
        seed: UInt64 = 1, hosts: [FleetSpecification.Group] = [Plane.group()], faults: FleetFaults = FleetFaults(),
        messages: MessageFaults? = nil
    ) throws {
        let world = SimulatedWorld(seed: seed)
        self.world = world
        rack = SimulatedRack(FleetSpecification(name: "test", groups: hosts, faults: faults, seed: seed), time: world.time)
        server = APIServer(
            store: MemoryStore(), kinds: try KindRegistry.builtIn(), time: world.time, authenticator: Authenticator(),
            authorizer: AuthorizerChain.standard, randomness: world.generator.fork("api"))
        client = KubeClient(transport: InProcessTransport(handler: server, user: Plane.operatorUser))
        var transport: any APITransport = InProcessTransport(handler: server, user: Plane.operatorUser)
        if let messages {
            transport = FaultyTransport(transport, time: world.time, generator: world.generator.fork("messages"), faults: messages)
        }
        controllers = ControllerSet(KubeClient(transport: transport), world, rack, seed: seed)
    }

    static func group(_ count: Int = 4, prefix: String = "r64-", model: String = "r64", cores: Int64 = 64) -> FleetSpecification.Group {
        FleetSpecification.Group(namePrefix: prefix, count: count, model: model, cores: cores, memoryBytes: 256 << 30)
    }

    /// Starts everything; the hosts are registered and most of them soon available.
    func start() throws {
        let (server, rack, client, controllers) = (server, rack, client, controllers)
        try world.perform {
            try await server.start()
            try await client.create(Namespace.resource, ["metadata": ["name": .string(Names.hostNamespace)]])
            for var manifest in rack.hostManifests() {
                // Metal3 demands the field; these controllers ask for no credentials.
                manifest["spec", "bmc", "credentialsName"] = ""
                try await client.create(BareMetalHost.resource, namespace: Names.hostNamespace, manifest)
            }
        }
        world.start { await controllers.run() }
        world.start {
            await rack.run(watching: client) { name in
                InProcessTransport(handler: server, user: UserInfo(name: "system:node:\(name)", groups: ["system:nodes"]))
            }
        }
    }

    // MARK: - Asking and telling the API

    func create(_ resource: ResourceName, namespace: String? = nil, _ object: JSON) throws {
        let client = client
        _ = try world.perform { try await client.create(resource, namespace: namespace, object) }
    }

    func patch(_ resource: ResourceName, _ key: ObjectKey, _ patch: JSON) throws {
        let client = client
        _ = try world.perform { try await client.patch(resource, key, patch) }
    }

    func delete(_ resource: ResourceName, _ key: ObjectKey) throws {
        let client = client
        try world.perform { try await client.delete(resource, key) }
    }

    func list<View: ResourceView>(_ view: View.Type = View.self) throws -> [View] {
        let client = client
        return try world.perform { try await client.list(View.resource).items.map { View($0) } }
    }

    func get(_ resource: ResourceName, _ key: ObjectKey) throws -> JSON? {
        let client = client
        return try world.perform { try await client.get(resource, key) }
    }

    /// The Event reasons about an object of that name.
    func reasons(about name: String) throws -> Set<String> {
        let events = ResourceName(group: "", version: "v1", kind: "Event", plural: "events", isNamespaced: true)
        let client = client
        let items = try world.perform { try await client.list(events).items }
        return Set(items.filter { $0["involvedObject", "name"]?.string == name }.compactMap { $0["reason"]?.string })
    }

    // MARK: - Things to make

    func makeGroup(_ name: String = "containers", min: Int64 = 0, max: Int64 = 10, _ extra: [String: JSON] = [:]) throws {
        var spec: JSON = [
            "minSize": .integer(min), "maxSize": .integer(max),
            "template": ["labels": ["role": .string(name)]], "scaleDownUnneededTime": "1m", "scaleDownDelayAfterAdd": "1m",
        ]
        for (key, value) in extra.sorted(by: { $0.key < $1.key }) { spec[key] = value }
        try create(NodeGroup.resource, ["metadata": ["name": .string(name)], "spec": spec])
    }

    /// A ReplicaSet of pods that each ask for so many millicores.
    func makePods(_ name: String, _ count: Int64, milli: Int64, _ extra: [String: JSON] = [:]) throws {
        var spec: JSON = [
            "containers": [
                [
                    "name": "main", "image": "example/app:1",
                    "resources": ["requests": ["cpu": .string("\(milli)m"), "memory": "1Gi"]],
                ]
            ]
        ]
        for (key, value) in extra.sorted(by: { $0.key < $1.key }) { spec[key] = value }
        try create(
            ReplicaSet.resource, namespace: "default",
            [
                "metadata": ["name": .string(name), "namespace": "default"],
                "spec": [
                    "replicas": .integer(count), "selector": ["matchLabels": ["app": .string(name)]],
                    "template": ["metadata": ["labels": ["app": .string(name)]], "spec": spec],
                ],
            ])
    }

    func scale(_ name: String, to count: Int64) throws {
        try patch(ReplicaSet.resource, ObjectKey(namespace: "default", name: name), ["spec": ["replicas": .integer(count)]])
    }

    func makeInstance(_ name: String, namespace: String = "default", model: String = "r64") throws {
        try create(
            BareMetalInstance.resource, namespace: namespace,
            [
                "metadata": ["name": .string(name), "namespace": .string(namespace)],
                "spec": [
                    "hostSelector": ["matchLabels": [Names.modelLabel: .string(model)]],
                    "image": ["url": "http://images.example/debian12.qcow2", "checksum": "sha256:aa"],
                ],
            ])
    }

    // MARK: - Looking, from within the world's informers

    var hosts: [BareMetalHost] { environment.informers.hosts.objects() }
    var nodes: [Node] { environment.informers.nodes.objects() }
    var pods: [Pod] { environment.informers.pods.objects() }
    var runningCount: Int { pods.count { $0.phase == "Running" && !$0.metadata.isDeleting } }
    var availableCount: Int { hosts.count { $0.isClaimable } }

    /// Drives until a condition on the informers holds.
    func reaches(within limit: Duration = .seconds(3_600), _ condition: () -> Bool) throws -> Bool {
        try world.run(until: condition, limit: limit)
    }
}
