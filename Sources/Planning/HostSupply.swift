internal import Fleet
internal import Objects

/// The hosts that a pass may still claim.
struct HostSupply {
    /// Hosts that make equal nodes, as far as the waiting pods can tell.
    struct Shape: Hashable {
        /// ``HostRow/hardware``
        var hardware: Int32
        /// Values of the labels that waiting pods ask for, in one order.
        var labels: [String?]
    }

    /// In ascending order of the names.
    private(set) var free: [HostRow]
    private var racks: [String: [String: Int]] = [:]

    init(_ fleet: borrowing Fleet) {
        free = fleet.hosts.claimable
    }

    /// Free hosts that match a NodeGroup.
    func matching(_ group: NodeGroup) -> [HostRow] {
        guard let selector = group.hostSelector else { return [] }
        if selector.isEmpty { return free }
        return free.filter { selector.matches($0.host.metadata.labels) }
    }

    /// Takes hosts for a group: from the rack where the group has fewest, then by rack and host name.
    mutating func take(_ count: Int, of candidates: [HostRow], for group: NodeGroup, fleet: borrowing Fleet) -> [HostRow] {
        let name = group.metadata.name
        if racks[name] == nil {
            racks[name] = [:]
            for key in fleet.hosts.keys(claimedBy: group.claim) {
                racks[name]?[HostSupply.rack(fleet.hosts[key]), default: 0] += 1
            }
        }
        var byRack: [String: ArraySlice<HostRow>] = [:]
        for host in candidates { byRack[HostSupply.rack(host), default: []].append(host) }
        var taken: [HostRow] = []
        while taken.count < count {
            let rack = byRack.keys.min { (racks[name]?[$0] ?? 0, $0) < (racks[name]?[$1] ?? 0, $1) }
            guard let rack, let host = byRack[rack]?.popFirst() else { break }
            if byRack[rack]?.isEmpty == true { byRack[rack] = nil }
            racks[name]?[rack, default: 0] += 1
            taken.append(host)
        }
        let keys = Set(taken.map(\.host.key))
        free.removeAll { keys.contains($0.host.key) }
        return taken
    }

    private static func rack(_ row: HostRow?) -> String { row?.host.metadata.labels[Names.rackLabel] ?? "" }

    /// Why no host is free, by what holds the hosts that match, such as `8 claimed by NodeGroup containers, 2 in error`.
    static func holders(_ rows: [HostRow]) -> String {
        var counts: [String: Int] = [:]
        for row in rows { counts[HostSupply.holder(row), default: 0] += 1 }
        return counts.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "\($0.value) \($0.key)" }.joined(separator: ", ")
    }

    private static func holder(_ row: HostRow) -> String {
        if let claim = row.claim {
            let name = claim.namespace.isEmpty ? claim.name : "\(claim.namespace)/\(claim.name)"
            return "claimed by \(claim.kind.rawValue) \(name)"
        }
        if row.host.hasConsumer { return "claimed by others" }
        if row.host.operationalStatus == "error" {
            return row.host.errorMessage.isEmpty ? "in error" : "in error (\(row.host.errorMessage))"
        }
        if row.host.metadata.isDeleting { return "being deleted" }
        if row.host.state == .available { return row.host.image == nil ? "free" : "with an image of its own" }
        return row.host.state == .none ? "not yet registered" : row.host.state.rawValue
    }
}
