public import Objects

/// A host with its claim. Copies are cheap: the object itself is shared.
public struct HostRow: Sendable {
    /// What does not change between two events of a host.
    private final class Facts: Sendable {
        let host: BareMetalHost
        let resources: ResourceList
        let hardware: Int32

        init(host: BareMetalHost, resources: ResourceList, hardware: Int32) {
            self.host = host
            self.resources = resources
            self.hardware = hardware
        }
    }

    private let facts: Facts
    /// A claim that was decided but is not yet in the API.
    public internal(set) var assumedClaim: HostClaim?

    init(host: BareMetalHost, resources: ResourceList, hardware: Int32) {
        facts = Facts(host: host, resources: resources, hardware: hardware)
    }

    public var host: BareMetalHost { facts.host }
    /// What inspection found, see ``Objects/BareMetalHost/inspectedResources``.
    public var resources: ResourceList { facts.resources }
    /// The same number for hosts with equal ``resources``.
    public var hardware: Int32 { facts.hardware }

    /// The row as it is once a claim was sent to the API.
    public func assuming(_ claim: HostClaim) -> HostRow {
        var row = self
        row.assumedClaim = claim
        return row
    }

    /// The claim in force: the API's, or the assumed one.
    public var claim: HostClaim? { host.consumer ?? assumedClaim }
    /// Whether somebody holds the host, be it somebody Sluice does not know.
    public var isClaimed: Bool { host.hasConsumer || assumedClaim != nil }
    /// Whether anybody may claim the host now.
    public var isClaimable: Bool { assumedClaim == nil && host.isClaimable }
}

extension BareMetalHost {
    /// JSON list of `{resource, model, count, memoryBytes}`, written by inspection.
    public static let acceleratorsAnnotation = "sluice.dev/accelerators"

    /// CPU and memory from `status.hardware`, devices from the accelerators annotation.
    public var inspectedResources: ResourceList {
        var list = ResourceList()
        list[ResourceNames.cpu] = (hardware?["cpu", "count"]?.integer ?? 0) * 1_000
        list[ResourceNames.memory] = (hardware?["ramMebibytes"]?.integer ?? 0) << 20
        let accelerators = metadata.annotations[BareMetalHost.acceleratorsAnnotation].flatMap { try? JSON(parsing: $0) }
        for accelerator in accelerators?.array ?? [] {
            guard let resource = accelerator["resource"]?.string, let count = accelerator["count"]?.integer else { continue }
            list[resource] += count
        }
        return list
    }
}

/// The hosts of a fleet, with an index by claim.
public struct HostTable: Sendable {
    public private(set) var rows: [ObjectKey: HostRow] = [:]
    /// Hosts that anybody may claim now, in ascending order of name, then namespace.
    public private(set) var claimable: [HostRow] = []
    private var claimed: [HostClaim: Set<ObjectKey>] = [:]
    private var keysByName: [String: Set<ObjectKey>] = [:]
    private var hardwareNumbers: [ResourceList: Int32] = [:]

    public subscript(key: ObjectKey) -> HostRow? { rows[key] }

    /// The hosts that a claim holds, in ascending order.
    public func keys(claimedBy claim: HostClaim) -> [ObjectKey] { (claimed[claim] ?? []).sorted() }

    /// How many hosts a claim holds.
    public func count(claimedBy claim: HostClaim) -> Int { claimed[claim]?.count ?? 0 }

    /// The host with that name; the first in order of the namespaces where several have it.
    public func key(named name: String) -> ObjectKey? { keysByName[name]?.min() }

    mutating func set(_ host: BareMetalHost) {
        let before = rows[host.key]
        if let before { unindex(before) }
        let annotation = BareMetalHost.acceleratorsAnnotation
        var resources = before?.resources ?? ResourceList()
        var hardware = before?.hardware ?? -1
        let isSame =
            before != nil && before?.host.hardware == host.hardware
            && before?.host.metadata.annotations[annotation] == host.metadata.annotations[annotation]
        if !isSame {
            resources = host.inspectedResources
            hardware = hardwareNumbers[resources] ?? Int32(hardwareNumbers.count)
            hardwareNumbers[resources] = hardware
        }
        var row = HostRow(host: host, resources: resources, hardware: hardware)
        row.assumedClaim = host.hasConsumer ? nil : before?.assumedClaim
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
        if row.isClaimable { claimable.insert(row, at: place(of: key)) }
        keysByName[key.name, default: []].insert(key)
    }

    private mutating func unindex(_ row: HostRow) {
        let key = row.host.key
        if let claim = row.claim {
            claimed[claim]?.remove(key)
            if claimed[claim]?.isEmpty == true { claimed[claim] = nil }
        }
        if row.isClaimable {
            let place = place(of: key)
            if place < claimable.count, claimable[place].host.key == key { claimable.remove(at: place) }
        }
        keysByName[key.name]?.remove(key)
        if keysByName[key.name]?.isEmpty == true { keysByName[key.name] = nil }
    }

    private func place(of key: ObjectKey) -> Int {
        var low = 0
        var high = claimable.count
        while low < high {
            let middle = (low + high) / 2
            let other = claimable[middle].host.metadata
            if (other.name, other.namespace) < (key.name, key.namespace) {
                low = middle + 1
            } else {
                high = middle
            }
        }
        return low
    }
}
