public import Fleet
internal import Objects

/// Gives hosts of the pool to tenants.
public enum Claims {
    /// One claim for every BareMetalInstance that holds no host, in order of creation; the fleet is not changed.
    ///
    /// The smallest host that matches is taken (devices, then CPU, then memory), among equal ones the one that fewest
    /// NodeGroups could use, then the lowest name.
    public static func plan(_ fleet: Fleet) -> Plan {
        var plan = Plan(basis: fleet.revision)
        let waiting = fleet.instances.values
            .filter { !$0.metadata.isDeleting && fleet.hosts.count(claimedBy: $0.claim) == 0 }
            .sorted { (created($0), $0.key) < (created($1), $1.key) }
        if waiting.isEmpty { return plan }
        var free = fleet.hosts.claimable.map { Candidate($0, fleet: fleet) }.sorted { $0.isBefore($1) }
        for instance in waiting {
            let place = free.firstIndex { instance.hostSelector?.matches($0.row.host.metadata.labels) ?? false }
            if let place {
                plan.actions.append(.claim(host: free[place].row.host.key, claim: instance.claim))
                free.remove(at: place)
            } else {
                plan.refusals.append(refusal(instance, plan: plan, fleet: fleet))
            }
        }
        return plan
    }

    private static func created(_ instance: BareMetalInstance) -> Timestamp {
        instance.metadata.creationTimestamp ?? Timestamp(seconds: 0)
    }

    private struct Candidate {
        var row: HostRow
        var size: [Int64]
        var groups: Int

        init(_ row: HostRow, fleet: Fleet) {
            self.row = row
            let capacity = row.resources
            let extended = capacity.names.filter { $0 != ResourceNames.cpu && $0 != ResourceNames.memory }
            size = [extended.reduce(0) { $0 + capacity[$1] }, capacity[ResourceNames.cpu], capacity[ResourceNames.memory]]
            groups = fleet.nodeGroups.values.count { $0.hostSelector?.matches(row.host.metadata.labels) ?? false }
        }

        func isBefore(_ other: Candidate) -> Bool {
            if size != other.size { return size.lexicographicallyPrecedes(other.size) }
            if groups != other.groups { return groups < other.groups }
            return (row.host.metadata.name, row.host.key) < (other.row.host.metadata.name, other.row.host.key)
        }
    }

    private static func refusal(_ instance: BareMetalInstance, plan: Plan, fleet: Fleet) -> Refusal {
        guard let selector = instance.hostSelector else {
            return Refusal(
                code: .noHost, subject: .instance(instance.key), message: "the hostSelector cannot be read",
                remedy: "use In, NotIn, Exists or DoesNotExist as operators")
        }
        var rows = fleet.hosts.rows.values.filter { selector.matches($0.host.metadata.labels) }
        // Hosts that this very plan gives away are no longer free.
        for (host, claim) in plan.claims {
            if let place = rows.firstIndex(where: { $0.host.key == host }) { rows[place] = rows[place].assuming(claim) }
        }
        if rows.isEmpty { return mismatch(instance, selector, fleet) }
        let verb = rows.count == 1 ? "host matches" : "hosts match"
        let message = "\(rows.count) \(verb) the selector: \(HostSupply.holders(rows))"
        let coming = rows.count {
            [.registering, .inspecting, .none, .deprovisioning].contains($0.host.state) && $0.host.operationalStatus != "error"
        }
        return Refusal(
            code: .noHost, subject: .instance(instance.key), message: message,
            reasons: [ReasonCount(group: "", reason: .noHostFree(matching: rows.count), count: rows.count)],
            remedy: coming > 0
                ? "wait: \(coming) of them \(coming == 1 ? "is" : "are") being prepared"
                : "add a host that matches, give one back, or repair those in error")
    }

    /// No host matches: the host that fails the fewest conditions is the nearest miss.
    private static func mismatch(_ instance: BareMetalInstance, _ selector: LabelSelector, _ fleet: Fleet) -> Refusal {
        func failed(_ row: HostRow) -> [LabelRequirement] {
            selector.requirements.filter { !$0.matches(row.host.metadata.labels) }
        }
        let nearest = fleet.hosts.rows.values.min {
            (failed($0).count, $0.isClaimable ? 0 : 1, $0.host.key) < (failed($1).count, $1.isClaimable ? 0 : 1, $1.host.key)
        }
        let missing = nearest.map(failed) ?? []
        let texts = missing.map { requirement in
            let has = nearest?.host.metadata.labels[requirement.key].map { "has \($0)" } ?? "is absent"
            return "\(requirement.key) must be \(requirement.comparison.rawValue) [\(requirement.values.joined(separator: ","))] and \(has)"
        }
        return Refusal(
            code: .noHost, subject: .instance(instance.key),
            message: fleet.hosts.rows.isEmpty ? "there are no hosts" : "none of \(fleet.hosts.rows.count) hosts matches the selector",
            reasons: [ReasonCount(group: "", reason: .noHostMatches, count: fleet.hosts.rows.count)],
            nearestMiss: nearest.map { NearestMiss(name: "host \($0.host.metadata.name)", reasons: [.noHostMatches]) },
            remedy: nearest == nil
                ? "register hosts" : "host \(nearest?.host.metadata.name ?? "") comes nearest: \(texts.joined(separator: "; "))")
    }
}
