public import Fleet
public import Objects

/// The nodes that hosts would become.
public enum NodeTemplates {
    /// What a host offers by its inspected hardware: `status.hardware` for CPU and memory, the accelerators annotation
    /// for devices.
    ///
    /// - Parameter podsPerNode: the number of pods a node takes.
    public static func capacity(of host: BareMetalHost, podsPerNode: Int64 = 110) -> ResourceList {
        var list = host.inspectedResources
        list[ResourceNames.pods] = podsPerNode
        return list
    }

    /// One label of the node that a host becomes.
    static func label(_ key: String, for host: BareMetalHost, group: NodeGroup) -> String? {
        if key == Names.nodeGroupLabel { return group.metadata.name }
        if let value = group.labels[key] { return value }
        if key == Names.hostnameLabel { return host.metadata.name }
        if key == Names.operatingSystemLabel { return "linux" }
        return host.metadata.labels[key] ?? (key == Names.architectureLabel ? "amd64" : nil)
    }

    /// The labels of the node that a host becomes: the host's, then Kubernetes' own, then the NodeGroup's template.
    public static func labels(for host: BareMetalHost, group: NodeGroup) -> [String: String] {
        var labels = host.metadata.labels
        labels[Names.hostnameLabel] = host.metadata.name
        labels[Names.architectureLabel] = labels[Names.architectureLabel] ?? "amd64"
        labels[Names.operatingSystemLabel] = "linux"
        labels.merge(group.labels) { _, new in new }
        labels[Names.nodeGroupLabel] = group.metadata.name
        return labels
    }

    /// The node that a host becomes when a NodeGroup claims it.
    ///
    /// - Parameter allocatable: what a node of the same hardware really offers; `nil`: the capacity by inspection.
    public static func node(for host: BareMetalHost, group: NodeGroup, allocatable: ResourceList? = nil) -> Node {
        Node(
            name: host.metadata.name, labels: labels(for: host, group: group), taints: group.taints,
            allocatable: allocatable ?? capacity(of: host))
    }
}

// MARK: - Hosts and nodes

extension HostRow {
    /// Whether the host is on its way back to the pool: its claim only waits for deprovisioning.
    public var isLeaving: Bool {
        host.metadata.isDeleting || host.state == .deprovisioning || host.state == .deleting
            || (host.hasConsumer && !host.isOnline && host.image == nil)
    }

    /// Whether a claimed host can still become a node.
    public var isComing: Bool { isClaimed && !isLeaving && host.operationalStatus != "error" }
}

extension Fleet {
    /// The host a node runs on: by `spec.providerID` (`metal3://NAMESPACE/HOST…`), else the host of the same name.
    public func hostKey(of node: Node) -> ObjectKey? {
        let scheme = "metal3://"
        if node.providerID.hasPrefix(scheme) {
            let parts = node.providerID.dropFirst(scheme.count).split(separator: "/")
            if parts.count >= 2 {
                let key = ObjectKey(namespace: String(parts[0]), name: String(parts[1]))
                if hosts[key] != nil { return key }
            }
        }
        return hosts.key(named: node.metadata.name)
    }

    /// Names of the nodes of each NodeGroup, ascending; imagined ones left out. A walk over the nodes.
    public func nodeNamesByGroup() -> [String: [String]] {
        var names: [String: [String]] = [:]
        for slot in nodes.ordered.map(Int.init) where !nodes.flags[slot].contains(.imagined) && nodes.group[slot] != 0 {
            names[texts[nodes.group[slot]], default: []].append(nodes.names[slot])
        }
        return names
    }

    /// Hosts that a NodeGroup holds and whose node has not registered, leaving ones left out, in ascending order.
    public func unregisteredHosts(of group: NodeGroup, nodeNames: [String]) -> [HostRow] {
        let registered = Set(nodeNames.compactMap { node($0).flatMap(hostKey(of:)) })
        return hosts.keys(claimedBy: group.claim).compactMap { hosts[$0] }
            .filter { !$0.isLeaving && !registered.contains($0.host.key) && node($0.host.metadata.name) == nil }
    }

    /// How many hosts a NodeGroup holds or will hold: its claims without those that are leaving, and its nodes that stand
    /// on no known host.
    public func size(of group: NodeGroup, nodeNames: [String]) -> Int {
        let claimed = hosts.keys(claimedBy: group.claim).count { hosts[$0]?.isLeaving == false }
        return claimed + nodeNames.count { node($0).flatMap(hostKey(of:)) == nil }
    }
}

extension Node {
    /// Whether the autoscaler is removing this node.
    public var isBeingRemoved: Bool { taints.contains { $0.key == Names.toBeDeletedTaint } }

    /// Taints that go when a node has started.
    static let startupTaints: Set<String> = [
        Names.notReadyTaint, Names.unreachableTaint, "node.kubernetes.io/network-unavailable",
        "node.cloudprovider.kubernetes.io/uninitialized",
    ]

    /// Whether the node has registered, was never ready and may still become so.
    ///
    /// A Ready condition that has not changed within the first minute of the node's life has never been true.
    func isStarting(limit: Duration, now: Timestamp?) -> Bool {
        if isReady || isBeingRemoved { return false }
        guard let created = metadata.creationTimestamp else { return now == nil }
        if let changed = conditions["Ready"]?.lastTransitionTime, changed > created + .seconds(60) { return false }
        return now.map { $0 - created < limit } ?? true
    }
}
