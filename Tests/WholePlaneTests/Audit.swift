import Fleet
import KubeClient
import Objects
import Ports
import Simulation

/// What must hold at every moment, read from the API and from the hosts themselves.
struct Audit {
    var hosts: [BareMetalHost] = []
    var nodes: [Node] = []
    var pods: [Pod] = []
    var instances: [BareMetalInstance] = []

    /// Reads everything; `nil` while the server is away.
    static func read(_ plane: PlaneWorld) throws -> Audit? {
        try plane.world.perform {
            var audit = Audit()
            do {
                audit.hosts = try await plane.client.list(BareMetalHost.resource).items.map { BareMetalHost($0) }
                audit.nodes = try await plane.client.list(Node.resource).items.map { Node($0) }
                audit.pods = try await plane.client.list(Pod.resource).items.map { Pod($0) }
                audit.instances = try await plane.client.list(BareMetalInstance.resource).items.map { BareMetalInstance($0) }
            } catch let error as KubeError where error.code == 0 {
                return nil
            }
            return audit
        }
    }

    /// Broken promises in words; empty when all hold.
    func violations(_ rack: SimulatedRack) -> [String] {
        var fleet = Fleet()
        for host in hosts { fleet.apply(.host(host)) }
        for node in nodes { fleet.apply(.node(node)) }
        for pod in pods { fleet.apply(.pod(pod)) }
        for instance in instances { fleet.apply(.instance(instance)) }
        var found = fleet.violations()
        var holders: [String: String] = [:]
        for instance in instances where !instance.hostName.isEmpty && instance.phase == "Running" {
            if let other = holders.updateValue("\(instance.key)", forKey: instance.hostName) {
                found.append("host \(instance.hostName) serves \(other) and \(instance.key)")
            }
            let host = hosts.first { $0.metadata.name == instance.hostName }
            if host?.consumer != instance.claim {
                found.append("\(instance.key) says it has \(instance.hostName), which is not claimed by it")
            }
        }
        for host in hosts {
            guard let truth = rack.observation(of: host.metadata.name) else { continue }
            if truth.leaks > 0 { found.append("host \(host.metadata.name) booted on what another had left") }
            let runs = truth.running?.userData["nodeGroup"]?.string
            if let runs, truth.stage == .running, let claim = host.consumer, claim.kind == .nodeGroup, claim.name != runs {
                found.append("host \(host.metadata.name) runs for \(runs) while \(claim.name) holds it")
            }
        }
        return found
    }

    var available: Int { hosts.filter(\.isClaimable).count }
    /// Pods that should run, and do.
    var running: Int { pods.filter { $0.phase == "Running" && $0.isReady && !$0.metadata.isDeleting }.count }

    /// What has not settled, for messages.
    var summary: String {
        let states = hosts.map {
            "\($0.metadata.name)=\($0.state.rawValue)\($0.errorMessage.isEmpty ? "" : "!")\($0.consumer.map { ":\($0.name)" } ?? "")"
        }
        let pending = pods.filter { $0.phase != "Running" || $0.metadata.isDeleting }
            .map { "\($0.metadata.name)=\($0.phase)\($0.metadata.isDeleting ? "-" : "")@\($0.nodeName)" }
        let nodeStates = nodes.map { "\($0.metadata.name)\($0.isReady ? "" : "!")\($0.taints.map(\.key))" }
        let tenants = instances.map { "\($0.metadata.name)=\($0.phase)@\($0.hostName)" }
        return "hosts \(states) nodes \(nodeStates) pods \(pending.prefix(12)) of \(pods.count) instances \(tenants)"
    }
}
