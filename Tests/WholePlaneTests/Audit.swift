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
    var groups: [NodeGroup] = []
    /// The images of each pod's containers.
    var images: [ObjectKey: [String]] = [:]
    /// What the hosts really do, by name.
    private(set) var truths: [String: HostObservation] = [:]

    /// Reads everything; `nil` while the server is away.
    static func read(_ plane: PlaneWorld) throws -> Audit? {
        let read: Audit? = try plane.world.perform {
            var audit = Audit()
            do {
                audit.hosts = try await plane.client.list(BareMetalHost.resource).items.map { BareMetalHost($0) }
                audit.nodes = try await plane.client.list(Node.resource).items.map { Node($0) }
                for object in try await plane.client.list(Pod.resource).items {
                    let pod = Pod(object)
                    audit.pods.append(pod)
                    audit.images[pod.key] = (object["spec", "containers"]?.array ?? []).compactMap { $0["image"]?.string }
                }
                audit.instances = try await plane.client.list(BareMetalInstance.resource).items.map { BareMetalInstance($0) }
                audit.groups = try await plane.client.list(NodeGroup.resource).items.map { NodeGroup($0) }
            } catch let error as KubeError where error.code == 0 {
                return nil
            }
            return audit
        }
        guard var audit = read else { return nil }
        for host in audit.hosts { audit.truths[host.metadata.name] = plane.rack.observation(of: host.metadata.name) }
        return audit
    }

    // MARK: - At every moment

    /// Broken promises in words; empty when all hold.
    func violations() -> [String] {
        var fleet = Fleet()
        for host in hosts { fleet.apply(.host(host)) }
        for node in nodes { fleet.apply(.node(node)) }
        for pod in pods { fleet.apply(.pod(pod)) }
        for instance in instances { fleet.apply(.instance(instance)) }
        return fleet.violations() + claimViolations() + hostViolations() + podViolations() + sizeViolations()
    }

    private func claimViolations() -> [String] {
        var found: [String] = []
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
        return found
    }

    /// Hosts that do something else than what they are claimed for.
    private func hostViolations() -> [String] {
        var found: [String] = []
        for host in hosts {
            let name = host.metadata.name
            guard let truth = truths[name] else { continue }
            if truth.leaks > 0 { found.append("host \(name) booted on what another had left") }
            let group = truth.running?.userData["nodeGroup"]?.string
            switch host.consumer {
            case nil:
                if truth.running != nil { found.append("host \(name) runs \(group ?? "a tenant's system") though nobody holds it") }
                if host.isClaimable, truth.attached != nil || truth.residue != nil {
                    found.append("host \(name) is in the pool and not clean")
                }
            case let claim? where claim.kind == .nodeGroup:
                if truth.running != nil, group != claim.name {
                    found.append("host \(name) runs for \(group ?? "a tenant") while \(claim.name) holds it")
                }
            case let claim?:
                if let running = truth.running, group != nil || running.userData["nodeName"] != nil {
                    found.append("host \(name) runs an agent while \(claim.name), a tenant, holds it")
                }
                if !truth.runningPods.isEmpty { found.append("host \(name) runs pods while \(claim.name), a tenant, holds it") }
            }
        }
        return found
    }

    /// Pods where they should not be, and more of them than there is room for; counted without the fleet's own sums.
    private func podViolations() -> [String] {
        var found: [String] = []
        var places: [ObjectKey: String] = [:]
        var machines: [Substring: String] = [:]
        for (name, truth) in truths.sorted(by: { $0.key < $1.key }) {
            for key in truth.runningPods {
                if let other = places.updateValue(name, forKey: key) { found.append("pod \(key) runs on \(other) and \(name)") }
                guard let machine = Audit.machine(key.name) else { continue }
                if let other = machines.updateValue(name, forKey: machine) {
                    found.append("virtual machine \(machine) runs on \(other) and \(name)")
                }
            }
        }
        for pod in pods {
            if let place = places[pod.key], place != pod.nodeName { found.append("pod \(pod.key) of \(pod.nodeName) runs on \(place)") }
        }
        for node in nodes {
            var asked = ResourceList(["pods": 0])
            for pod in pods where pod.nodeName == node.metadata.name && !pod.isTerminated {
                asked["pods"] += 1
                for name in pod.requirements.requests.names where name != "pods" { asked[name] += pod.requirements.requests[name] }
            }
            for name in asked.names where asked[name] > node.allocatable[name] && !node.allocatable.names.isEmpty {
                found.append("node \(node.metadata.name) has \(node.allocatable[name]) of \(name), its pods ask for \(asked[name])")
            }
        }
        return found
    }

    /// The virtual machine whose launcher has that name: `virt-launcher-NAME-xxxxx`.
    private static func machine(_ pod: String) -> Substring? {
        pod.hasPrefix("virt-launcher-") ? pod.dropFirst("virt-launcher-".count).prefix { $0 != "-" } : nil
    }

    private func sizeViolations() -> [String] {
        let leaving = Set(nodes.filter { $0.taints.contains { $0.key == Names.toBeDeletedTaint } }.map(\.metadata.name))
        return groups.compactMap { group in
            let members = hosts.filter { host in
                host.consumer == group.claim && host.image != nil
                    && !leaving.contains(host.metadata.name)
            }
            return members.count > group.maxSize ? "NodeGroup \(group.metadata.name) has \(members.count) of \(group.maxSize)" : nil
        }
    }

    // MARK: - When all is quiet

    var available: Int { hosts.filter(\.isClaimable).count }

    /// Pods of an app that should run, do, and do so on the host where the API says.
    func running(_ prefix: String) -> Int {
        pods.count { pod in
            pod.metadata.name.hasPrefix(prefix) && pod.phase == "Running" && pod.isReady && !pod.metadata.isDeleting
                && truths[pod.nodeName]?.runningPods.contains(pod.key) == true
        }
    }

    func count(_ prefix: String) -> Int { pods.count { $0.metadata.name.hasPrefix(prefix) } }

    /// Tenants whose own image a powered-on host of theirs has; whether their system came up, nobody but they can see.
    var tenantsServed: Int {
        instances.count { instance in
            guard instance.phase == "Running", let truth = truths[instance.hostName] else { return false }
            return truth.isPoweredOn && truth.attached?.image == instance.image
        }
    }

    /// What is left over though nothing should change any more.
    var remains: [String] {
        var found: [String] = []
        for node in nodes {
            let host = hosts.first { $0.metadata.name == node.metadata.name }
            let isHeld = host?.consumer == HostClaim(kind: .nodeGroup, name: node.nodeGroup)
            if !isHeld { found.append("node \(node.metadata.name) stands on a host that \(node.nodeGroup) does not hold") }
        }
        for (name, truth) in truths.sorted(by: { $0.key < $1.key }) {
            for key in truth.runningPods where !pods.contains(where: { $0.key == key && $0.nodeName == name }) {
                found.append("host \(name) still runs \(key)")
            }
        }
        for group in groups where !group.metadata.isDeleting {
            let ready = nodes.count { $0.nodeGroup == group.metadata.name && $0.isReady }
            if ready < group.minSize { found.append("NodeGroup \(group.metadata.name) has \(ready) of at least \(group.minSize) nodes") }
        }
        return found
    }

    /// What has not settled, for messages.
    var summary: String {
        let states = hosts.map {
            "\($0.metadata.name)=\($0.state.rawValue)\($0.errorMessage.isEmpty ? "" : "!")\($0.consumer.map { ":\($0.name)" } ?? "")"
        }
        let pending = pods.filter { $0.phase != "Running" || $0.metadata.isDeleting }
            .map { "\($0.metadata.name)=\($0.phase)\($0.metadata.isDeleting ? "-" : "")@\($0.nodeName)" }
        let nodeStates = nodes.map { "\($0.metadata.name)\($0.isReady ? "" : "!")\($0.taints.map(\.key))" }
        let tenants = instances.map { "\($0.metadata.name)=\($0.phase)@\($0.hostName)" }
        return "hosts \(states) nodes \(nodeStates) pods \(pending.prefix(12)) of \(pods.count) instances \(tenants) \(remains)"
    }
}

/// Objects that nothing needs any more when everything is withdrawn.
enum Leftovers {
    private static let secret = ResourceName(group: "", version: "v1", kind: "Secret", plural: "secrets", isNamespaced: true)

    /// Their names; empty when all is clean, `nil` while the server is away.
    static func read(_ plane: PlaneWorld) throws -> [String]? {
        try plane.world.perform {
            var found: [String] = []
            do {
                for lease in try await plane.client.list(Lease.resource, namespace: Names.leaseNamespace).items {
                    found.append("Lease \(ObjectMeta(lease["metadata"]).name)")
                }
                for object in try await plane.client.list(secret, namespace: Names.hostNamespace).items {
                    let name = ObjectMeta(object["metadata"]).name
                    if name.contains("-user-data-") { found.append("Secret \(name)") }
                }
                for resource in [ReplicaSet.resource, VirtualMachineInstance.resource, NodeGroup.resource] {
                    for object in try await plane.client.list(resource).items {
                        found.append("\(resource.kind) \(ObjectMeta(object["metadata"]).name)")
                    }
                }
            } catch let error as KubeError where error.code == 0 {
                return nil
            }
            return found
        }
    }
}
