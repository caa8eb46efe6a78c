public import Objects

extension Fleet {
    /// Every broken invariant in words; empty where the ledger is sound. Costs a walk over everything: for tests and
    /// simulations.
    public func violations() -> [String] {
        nodeViolations() + countViolations() + claimViolations()
    }

    /// Nodes whose pods ask for more than there is.
    private func nodeViolations() -> [String] {
        var found: [String] = []
        for slot in nodes.ordered.map(Int.init) {
            for column in 0..<columns.count where free(column, onNode: slot) < 0 {
                let place = slot * nodes.stride + column
                // A node may shrink below what runs on it; a pod that asks for nothing of it is no culprit.
                if nodes.requested[place] > 0 {
                    found.append(
                        "node \(nodes.names[slot]) is over-committed: \(columns[Int32(column)]) requested \(nodes.requested[place]), "
                            + "allocatable \(nodes.allocatable[place])")
                }
            }
            for device in 0..<Int(nodes.deviceCount[slot]) {
                let free = nodes.deviceFree[slot * nodes.deviceStride + device]
                if free < 0 || free > 1_000 {
                    found.append("node \(nodes.names[slot]) device \(device) has \(free) of 1000 thousandths free")
                }
            }
            for pod in podSlots(onNode: slot) where nodes.deviceCount[slot] > 0 {
                if podClass(pods.classOf[Int(pod)]).usesDevices, pods.devices[Int(pod)] == 0 {
                    found.append("pod \(key(ofPod: pod)) has no device on node \(nodes.names[slot])")
                }
            }
            found += portViolations(slot)
        }
        return found
    }

    private func portViolations(_ slot: Int) -> [String] {
        let ports = nodes.ports[slot]
        guard ports.count > 1 else { return [] }
        var found: [String] = []
        for first in ports.indices {
            for second in ports.indices where second > first && ports[first].conflicts(with: ports[second]) {
                found.append("node \(nodes.names[slot]) gives port \(ports[first].port)/\(ports[first].transport) twice")
            }
        }
        return found
    }

    /// Sums that differ from what their parts add up to.
    private func countViolations() -> [String] {
        var found: [String] = []
        for (name, slot) in nodes.slots.sorted(by: { $0.key < $1.key }) {
            var sums = [Int64](repeating: 0, count: nodes.stride)
            for pod in podSlots(onNode: Int(slot)) {
                for request in podClass(pods.classOf[Int(pod)]).requests { sums[request.column] &+= request.amount }
            }
            for column in 0..<nodes.stride where nodes.requested[Int(slot) * nodes.stride + column] != sums[column] {
                let counted = nodes.requested[Int(slot) * nodes.stride + column]
                found.append("node \(name) counts \(counted) in column \(column), its pods ask \(sums[column])")
            }
        }
        for slot in pods.pending where pods.node[Int(slot)] >= 0 && openAttempts == 0 {
            found.append("pod \(key(ofPod: slot)) waits and has a node")
        }
        return found
    }

    /// Hosts that two parties believe they hold.
    private func claimViolations() -> [String] {
        var found: [String] = []
        var holders: [String: [String]] = [:]
        for instance in instances.values where !instance.hostName.isEmpty && !instance.metadata.isDeleting {
            holders[instance.hostName, default: []].append("BareMetalInstance \(instance.key)")
        }
        for (key, row) in hosts.rows {
            if let claim = row.claim, claim.kind == .nodeGroup { holders[key.name, default: []].append("NodeGroup \(claim.name)") }
            if let claim = row.claim, claim.kind == .bareMetalInstance {
                let holder = "BareMetalInstance \(ObjectKey(namespace: claim.namespace, name: claim.name))"
                if holders[key.name]?.contains(holder) != true { holders[key.name, default: []].append(holder) }
            }
        }
        for (host, names) in holders.sorted(by: { $0.key < $1.key }) where names.count > 1 {
            found.append("host \(host) has two claims: \(names.sorted().joined(separator: ", "))")
        }
        for instance in instances.values.sorted(by: { $0.key < $1.key }) {
            let held = hosts.keys(claimedBy: instance.claim)
            if held.count > 1 {
                found.append("BareMetalInstance \(instance.key) holds \(held.map(\.name).joined(separator: ", "))")
            }
        }
        return found
    }
}

extension HostPort {
    /// Whether two pods on one node cannot both have these ports: same port and transport, and the same address or all
    /// addresses on either side.
    public func conflicts(with other: HostPort) -> Bool {
        port == other.port && transport == other.transport
            && (address == other.address || address == "0.0.0.0" || other.address == "0.0.0.0")
    }
}

// MARK: - Equality

extension Fleet: Equatable {
    /// Whether two fleets say the same about nodes, pods and hosts, whatever happened to them before. A walk over
    /// everything: for tests.
    public static func == (left: Fleet, right: Fleet) -> Bool { left.summary == right.summary }

    /// One line a node, pod and host, in order.
    private var summary: [String] {
        var lines: [String] = []
        for (name, slot) in nodes.slots.sorted(by: { $0.key < $1.key }) {
            let row = Int(slot) * nodes.stride
            var amounts: [String] = []
            for column in 0..<columns.count where nodes.allocatable[row + column] != 0 || nodes.requested[row + column] != 0 {
                amounts.append("\(columns[Int32(column)])=\(nodes.requested[row + column])/\(nodes.allocatable[row + column])")
            }
            let devices = nodes.deviceFree[(Int(slot) * nodes.deviceStride)...].prefix(Int(nodes.deviceCount[Int(slot)]))
            let ports = nodes.ports[Int(slot)].map { "\($0)" }.sorted()
            lines.append(
                "node \(name) \(nodes.flags[Int(slot)].rawValue) \(amounts.sorted()) \(Array(devices)) \(ports) "
                    + "\(nodes.scoringCPU[Int(slot)]) \(nodes.scoringMemory[Int(slot)])")
        }
        for (key, slot) in pods.slots.sorted(by: { $0.key < $1.key }) {
            let node = pods.node[Int(slot)]
            lines.append("pod \(key) on \(node < 0 ? "-" : nodes.names[Int(node)]) \(pods.devices[Int(slot)])")
        }
        for (key, row) in hosts.rows.sorted(by: { $0.key < $1.key }) {
            lines.append("host \(key) \(row.host.state.rawValue) \(row.claim.map { "\($0)" } ?? "-")")
        }
        return lines + pods.pending.map { "pending \(key(ofPod: $0))" }.sorted()
    }
}
