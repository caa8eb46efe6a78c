public import APIMessages
public import KubeClient
public import Objects
public import Ports
internal import Synchronization

/// A fleet of simulated servers: their management controllers, their DPUs, and the agents of those that are nodes.
///
/// The ports work as soon as the rack exists; ``run(watching:transports:)`` lets hosts run their agents and scripted faults
/// happen.
public final class SimulatedRack: Sendable {
    public let fleet: FleetSpecification
    let time: any TimeSource
    let hosts: [SimulatedHost]
    private let places: [String: Int]

    public init(_ fleet: FleetSpecification, time: any TimeSource) {
        self.fleet = fleet
        self.time = time
        hosts = fleet.hosts.map { SimulatedHost($0, fleet: fleet, time: time) }
        places = Dictionary(hosts.enumerated().map { ($0.element.specification.address, $0.offset) }) { first, _ in first }
    }

    func host(address: String) throws(PortError) -> SimulatedHost {
        guard let place = places[address] else {
            throw PortError(.unknownDevice, "the simulated fleet \(fleet.name) has no host at \(address)")
        }
        return hosts[place]
    }

    private func host(named name: String) -> SimulatedHost? { try? host(address: "sim://\(fleet.name)/\(name)") }

    // MARK: - Looking and meddling

    /// What a host does now; `nil` when there is no such host.
    public func observation(of hostName: String) -> HostObservation? {
        host(named: hostName)?.withMachine { machine, now in
            let stage = machine.stage(now)
            return HostObservation(
                stage: stage, isPoweredOn: machine.isPoweredOn(now), attached: machine.attached,
                running: stage == .running ? machine.boot?.configuration : nil, residue: machine.residue?.image,
                leaks: machine.leaks, boots: machine.bootCount, refusedWrites: machine.refusedWrites,
                runningPods: stage == .running ? machine.pods.runningKeys : [])
        }
    }

    /// Lets something go wrong with a host now; unknown hosts are left alone.
    public func inject(_ fault: HostFault, on hostName: String) { host(named: hostName)?.inject(fault) }

    // MARK: - Hosts as objects

    /// The BareMetalHost of every server, as an operator would write it.
    public func hostManifests() -> [JSON] {
        hosts.map { host in
            [
                "apiVersion": .string(BareMetalHost.resource.apiVersion), "kind": .string(BareMetalHost.resource.kind),
                "metadata": ["name": .string(host.specification.name), "namespace": .string(Names.hostNamespace)],
                "spec": [
                    "online": false, "bootMode": "UEFI", "bootMACAddress": .string(host.specification.bootMACAddress),
                    "bmc": ["address": .string(host.specification.address), "credentialsName": ""],
                ],
            ]
        }
    }

    /// Creates the hosts' namespace and those BareMetalHosts that are not there; changes none that is.
    public func registerHosts(_ client: KubeClient) async throws(KubeError) {
        do {
            try await client.create(Namespace.resource, ["metadata": ["name": .string(Names.hostNamespace)]])
        } catch let error where error.alreadyExists {}
        var present: Set<String> = []
        var token = ""
        repeat {
            let page = try await client.list(
                BareMetalHost.resource, namespace: Names.hostNamespace, limit: 500, continueToken: token)
            for item in page.items { if let name = item["metadata", "name"]?.string { present.insert(name) } }
            token = page.continueToken
        } while !token.isEmpty
        for manifest in hostManifests() {
            guard let name = manifest["metadata", "name"]?.string, !present.contains(name) else { continue }
            do {
                try await client.create(BareMetalHost.resource, namespace: Names.hostNamespace, manifest)
            } catch let error where error.alreadyExists {}
        }
    }

    // MARK: - Running

    /// Lets the hosts live until the task is cancelled.
    ///
    /// - Parameters:
    ///   - client: reads pods and nodes for all agents at once.
    ///   - transports: the way to the API of the agent of a node, with the identity `system:node:NAME`; what goes wrong with
    ///     its messages is added here.
    public func run(watching client: KubeClient, transports: @escaping @Sendable (_ nodeName: String) -> any APITransport) async {
        let pods = PodDispatcher(client: client, time: time)
        let nodes = Informer<Node>(client: client, time: time)
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await pods.run() }
            group.addTask { await nodes.run() }
            group.addTask { await self.playScript() }
            for host in hosts {
                let owner = HostOwner(host: host, pods: pods, nodes: nodes, transports: transports)
                group.addTask { await owner.run() }
            }
        }
    }

    private func playScript() async {
        let start = time.now()
        let script = fleet.faults.script.enumerated().sorted { ($0.element.after, $0.offset) < ($1.element.after, $1.offset) }
        for (_, entry) in script {
            do { try await time.sleep(until: start + entry.after) } catch { return }
            inject(entry.fault, on: entry.hostName)
        }
    }
}
