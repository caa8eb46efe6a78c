internal import Fleet
internal import Objects
internal import Planning

/// The fleet as scale-up is to see it.
enum AutoscalerView {
    /// Changes a copy of the fleet: groups in back-off may not grow, hosts that failed lately count as broken, and nodes
    /// that are just starting count as ready.
    static func adjust(_ fleet: inout Fleet, _ memory: AutoscalerMemory, options: AutoscalerOptions, now: Timestamp) {
        let members = fleet.nodeNamesByGroup()
        for (name, group) in fleet.nodeGroups.sorted(by: { $0.key < $1.key }) {
            for node in (members[name] ?? []).compactMap({ fleet.node($0) }) where isStarting(node, group, now: now) {
                fleet.apply(.node(started(node)))
            }
            guard let backoff = memory.backoffs[name], backoff.until > now else { continue }
            var held = group
            held.maxSize = min(group.maxSize, Int64(fleet.size(of: group, nodeNames: members[name] ?? [])))
            fleet.apply(.nodeGroup(held))
        }
        for row in fleet.hosts.claimable {
            var host = row.host
            guard let failed = failedAt(host), now < failed + options.hostQuarantine else { continue }
            host.operationalStatus = "error"
            host.errorMessage = host.metadata.annotations[AutoscalerNames.failureAnnotation] ?? "did not become a node"
            fleet.apply(.host(host))
        }
    }

    /// When the host last failed to become a node.
    static func failedAt(_ host: BareMetalHost) -> Timestamp? {
        host.metadata.annotations[AutoscalerNames.failedAtAnnotation].flatMap { Timestamp(rfc3339: $0) }
    }

    /// Whether a node has never been ready since it registered.
    static func neverReady(_ node: Node) -> Bool {
        guard let ready = node.conditions["Ready"] else { return true }
        guard ready.status != "True" else { return false }
        guard let changed = ready.lastTransitionTime, let created = node.metadata.creationTimestamp else { return true }
        // A condition that has not changed since registration was never True; times are whole seconds.
        return changed <= created + .seconds(1)
    }

    private static func isStarting(_ node: Node, _ group: NodeGroup, now: Timestamp) -> Bool {
        guard !node.isReady, !node.isBeingRemoved, neverReady(node), let created = node.metadata.creationTimestamp else { return false }
        return now < created + group.maxNodeProvisionTime
    }

    /// The node as it will be: ready, without the taints that Kubernetes puts on nodes that are not.
    private static func started(_ node: Node) -> Node {
        var node = node
        node.taints.removeAll {
            $0.key != Names.unschedulableTaint
                && ($0.key.hasPrefix("node.kubernetes.io/") || $0.key == "node.cloudprovider.kubernetes.io/uninitialized")
        }
        node.conditions = [Condition(type: "Ready", status: "True")]
        return node
    }

    // MARK: - Hosts that do not become nodes

    /// A claimed host to be given back because its node is missing or useless.
    struct Loss: Sendable, Equatable {
        var host: ObjectKey
        var group: String
        var reason: String
        var message: String
        /// Whether the group failed at making a node, rather than losing one.
        var isProvisioningFailure: Bool
        /// Whether the group as a whole is to claim nothing for a while: it failed, and has made no other node since the claim.
        var blamesGroup: Bool
    }

    /// When the newest ready node of each group registered.
    static func newestReady(_ fleet: borrowing Fleet) -> [String: Timestamp] {
        var newest: [String: Timestamp] = [:]
        for name in fleet.nodeNames {
            guard let node = fleet.node(name), node.isReady, !node.nodeGroup.isEmpty, let created = node.metadata.creationTimestamp
            else { continue }
            newest[node.nodeGroup] = max(newest[node.nodeGroup] ?? created, created)
        }
        return newest
    }

    /// Hosts whose nodes are overdue, never became ready, or have been not ready for too long.
    ///
    /// - Parameter newest: of ``newestReady(_:)``.
    static func losses(
        _ fleet: borrowing Fleet, _ memory: AutoscalerMemory, newest: [String: Timestamp], now: Timestamp
    ) -> [Loss] {
        var losses: [Loss] = []
        for (name, group) in fleet.nodeGroups.sorted(by: { $0.key < $1.key }) {
            for key in fleet.hosts.keys(claimedBy: group.claim) {
                guard let row = fleet.hosts[key], row.host.consumer == group.claim, !row.isLeaving else { continue }
                let node = fleet.node(key.name)
                guard let reason = loss(of: row.host, node, group, seen: memory.nodeSeen[key], now: now) else { continue }
                // Hosts of a pool fail one by one. A group that made a node meanwhile can make nodes: the host alone is left aside.
                let isProven = newest[name].map { made in HostClaimer.claimedAt(row.host).map { made >= $0 } ?? false } ?? false
                losses.append(
                    Loss(
                        host: key, group: name, reason: reason.word, message: reason.message,
                        isProvisioningFailure: reason.isFailure, blamesGroup: reason.isFailure && !isProven))
            }
        }
        return losses
    }

    private static func loss(
        of host: BareMetalHost, _ node: Node?, _ group: NodeGroup, seen: Timestamp?, now: Timestamp
    ) -> (word: String, message: String, isFailure: Bool)? {
        let patience = group.maxNodeProvisionTime
        let limit = "\(patience.microseconds / 1_000_000) s"
        guard let node else {
            let claimed = HostClaimer.claimedAt(host) ?? host.metadata.creationTimestamp ?? now
            guard now >= max(claimed, seen ?? claimed) + patience else { return nil }
            let why = host.operationalStatus == "error" ? ": \(host.errorMessage)" : ""
            return seen == nil
                ? ("NodeNotRegistered", "no node registered within \(limit)\(why)", true)
                : ("NodeGone", "the node is gone for \(limit)\(why)", false)
        }
        guard !node.isReady, !node.isBeingRemoved, let created = node.metadata.creationTimestamp else { return nil }
        if neverReady(node) {
            return now >= created + patience ? ("NodeNeverReady", "the node was not ready within \(limit)", true) : nil
        }
        guard let changed = node.conditions["Ready"]?.lastTransitionTime, now >= changed + group.scaleDownUnreadyTime else { return nil }
        return ("NodeUnready", "the node is not ready since \(changed.rfc3339)", false)
    }

    /// Nodes that stand on hosts which their NodeGroup no longer holds: the host is off, so nothing runs there.
    static func orphans(_ fleet: borrowing Fleet) -> [Node] {
        fleet.nodeNames.compactMap { fleet.node($0) }.filter { node in
            guard !node.nodeGroup.isEmpty, let key = fleet.hostKey(of: node), let row = fleet.hosts[key] else { return false }
            let isHeld = row.host.consumer == HostClaim(kind: .nodeGroup, name: node.nodeGroup) && !row.isLeaving
            return !isHeld && !row.host.isPoweredOn && row.host.provisionedImage == nil
        }
    }
}
