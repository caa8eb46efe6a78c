public import Objects

/// A host with its claim.
public struct HostRow: Sendable {
    public var host: BareMetalHost
    /// A claim that was decided but is not yet in the API.
    public internal(set) var assumedClaim: HostClaim?

    /// The claim in force: the API's, or the assumed one.
    public var claim: HostClaim? { host.consumer ?? assumedClaim }
    /// Whether somebody holds the host, be it somebody Sluice does not know.
    public var isClaimed: Bool { host.hasConsumer || assumedClaim != nil }
    /// Whether anybody may claim the host now.
    public var isClaimable: Bool { assumedClaim == nil && host.isClaimable }
}

/// The hosts of a fleet, with an index by claim.
public struct HostTable: Sendable {
    public private(set) var rows: [ObjectKey: HostRow] = [:]
    private var claimed: [HostClaim: Set<ObjectKey>] = [:]
    /// Hosts that anybody may claim now; sort before use where order matters.
    public private(set) var claimable: Set<ObjectKey> = []
    private var keysByName: [String: Set<ObjectKey>] = [:]

    public subscript(key: ObjectKey) -> HostRow? { rows[key] }

    /// The hosts that a claim holds, in ascending order.
    public func keys(claimedBy claim: HostClaim) -> [ObjectKey] { (claimed[claim] ?? []).sorted() }

    /// How many hosts a claim holds.
    public func count(claimedBy claim: HostClaim) -> Int { claimed[claim]?.count ?? 0 }

    /// The host with that name; the first in order of the namespaces where several have it.
    public func key(named name: String) -> ObjectKey? { keysByName[name]?.min() }

    mutating func set(_ host: BareMetalHost) {
        var row = rows[host.key] ?? HostRow(host: host)
        unindex(row)
        row.host = host
        if host.hasConsumer { row.assumedClaim = nil }
        index(row)
    }

    mutating func remove(_ key: ObjectKey) {
        guard let row = rows[key] else { return }
        unindex(row)
        rows[key] = nil
    }

    mutating func assume(_ key: ObjectKey, _ claim: HostClaim?) {
        guard var row = rows[key] else { return }
        unindex(row)
        row.assumedClaim = row.host.hasConsumer ? nil : claim
        index(row)
    }

    private mutating func index(_ row: HostRow) {
        let key = row.host.key
        rows[key] = row
        if let claim = row.claim { claimed[claim, default: []].insert(key) }
        if row.isClaimable { claimable.insert(key) }
        keysByName[key.name, default: []].insert(key)
    }

    private mutating func unindex(_ row: HostRow) {
        let key = row.host.key
        if let claim = row.claim {
            claimed[claim]?.remove(key)
            if claimed[claim]?.isEmpty == true { claimed[claim] = nil }
        }
        claimable.remove(key)
        keysByName[key.name]?.remove(key)
        if keysByName[key.name]?.isEmpty == true { keysByName[key.name] = nil }
    }
}
