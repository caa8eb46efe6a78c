import APIMessages
import ControlPlane
import Identity
import Kinds
import KubeClient
import Logging
import Objects
import Ports
import Simulation
import Store
import Synchronization

/// A whole control plane with its hosts in virtual time: one thread, one clock, one seed.
final class PlaneWorld: Sendable {
    let world: SimulatedWorld
    let rack: SimulatedRack
    let address = Address()
    /// An administrator's client, without faults but for the server being away.
    let client: KubeClient
    /// What was found about evictions.
    let findings = EvictionWatch.Findings()
    /// What another claimer holds.
    let rival: ClaimRival.Holdings
    private let budgets: [EvictionWatch.Rule]
    private let store: MemoryStore
    private let kinds: KindRegistry
    private let controllerFaults: MessageFaults
    /// When the plane is restarted, and for how long it is away.
    private let restarts: [(after: Duration, away: Duration)]

    init(
        seed: UInt64, fleet: FleetSpecification, controllerFaults: MessageFaults = MessageFaults(),
        restarts: [(after: Duration, away: Duration)] = [], budgets: [EvictionWatch.Rule] = [],
        rivalClaims: Int = 0
    ) throws {
        world = SimulatedWorld(seed: seed)
        rack = SimulatedRack(fleet, time: world.time)
        store = MemoryStore()
        kinds = try KindRegistry.builtIn()
        self.controllerFaults = controllerFaults
        self.restarts = restarts
        self.budgets = budgets
        rival = ClaimRival.Holdings(wanted: rivalClaims)
        client = KubeClient(transport: address.transport(ControlPlane.user))
    }

    /// Starts plane and rack; they run when the world is driven.
    func start() {
        world.start { await self.runPlanes() }
        world.start {
            while !Task.isCancelled {
                if (try? await self.rack.registerHosts(self.client)) != nil { break }
                try? await self.world.time.sleep(for: .milliseconds(500))
            }
            await self.rack.run(watching: self.client) { name in
                self.address.transport(UserInfo(name: "system:node:\(name)", groups: ["system:nodes"]))
            }
        }
    }

    /// One plane after the other over the same store.
    private func runPlanes() async {
        let start = world.time.now()
        for generation in 0...restarts.count {
            let plane = makePlane(generation)
            guard (try? await plane.start()) != nil else { return }
            address.serve(plane.server)
            let end = generation < restarts.count ? start + restarts[generation].after : nil
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await plane.run() }
                if let end {
                    group.addTask { try? await self.world.time.sleep(until: end) }
                    await group.next()
                    group.cancelAll()
                } else {
                    await group.waitForAll()
                }
            }
            guard !Task.isCancelled, generation < restarts.count else { return }
            address.serve(nil)
            try? await world.time.sleep(for: restarts[generation].away)
        }
    }

    private func makePlane(_ generation: Int) -> ControlPlane {
        let generator = world.generator.fork("plane \(generation)")
        let (time, faults, budgets, findings, rival) = (world.time, controllerFaults, budgets, findings, rival)
        return ControlPlane(
            store: store, kinds: kinds, time: time, seed: world.seed &+ UInt64(generation), authenticator: Authenticator(),
            authorizer: AuthorizerChain.standard, randomness: generator.fork("names"), baseboard: rack, dataProcessing: rack,
            rootCertificate: "", version: "test", logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        ) { base in
            let watch = EvictionWatch(base, time: time, rules: budgets, findings: findings)
            return FaultyTransport(ClaimRival(watch, holdings: rival), time: time, generator: generator.fork("faults"), faults: faults)
        }
    }

    /// Repeats a request until the server has taken it.
    func request(_ body: @escaping @Sendable (KubeClient) async throws -> Void) throws {
        try world.perform {
            while true {
                do {
                    return try await body(self.client)
                } catch let error as KubeError where error.code == 0 {
                    try await self.world.time.sleep(for: .milliseconds(250))
                }
            }
        }
    }

    func create(_ resource: ResourceName, namespace: String? = nil, _ object: JSON) throws {
        try request { client in
            do {
                try await client.create(resource, namespace: namespace, object)
            } catch let error as KubeError where error.alreadyExists {
                return
            }
        }
    }
}
