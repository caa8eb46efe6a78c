internal import Fleet
internal import KubeClient
internal import Logging
internal import Objects
internal import Planning
internal import Ports

/// Writes what the autoscaler knows into the API: the status of NodeGroups, the condition `Removable` of nodes, and the
/// ConfigMap `kube-system/sluice-autoscaler-status`.
///
/// The ConfigMap's key `status` is JSON, at most about 700 KB:
/// `time` (RFC 3339), `nodeGroups` (name → `backoffUntil`), `pending` and `scaleUp` and `claims` (lists of refusals as
/// `Refusal.json`: `code`, `message`, `pods`|`node`|`nodeGroup`|`instance`, `reasons`, `nearestMiss`, `remedy`; at most 100,
/// each with at most 100 pods and then `podCount`), `nodes` (name → `Removability.json`, at most 1,000), `recent` (plans that
/// did something, the newest last, at most 32). A pod that is not listed finds its refusal in its condition
/// `PodScheduled`; a node that is not listed finds its in its condition `Removable`.
struct AutoscalerStatus: Sendable {
    let environment: ControllerEnvironment
    let ledger: FleetLedger
    let records: DecisionRecords
    let writes: WriteBehind

    private static let longestNodeList = 1_000
    /// A condition whose words alone changed is written again after this time.
    private static let conditionPause: Duration = .seconds(60)

    func write(_ memory: inout AutoscalerMemory) async {
        let now = environment.time.now()
        let known = memory
        let (groups, nodes) = ledger.withFleet { fleet in
            (
                fleet.nodeGroups.values.sorted { $0.key < $1.key }.map { ($0, AutoscalerStatus.status(of: $0, fleet, known, now: now)) },
                known.removability.keys.sorted().compactMap { fleet.node($0) }
            )
        }
        for (group, status) in groups where status != AutoscalerStatus.comparable(group.status, like: status) {
            await attempt("status of NodeGroup \(group.metadata.name)") {
                try await environment.client.patch(NodeGroup.resource, group.key, ["status": status], subresource: "status")
            }
        }
        for node in nodes {
            guard let verdict = memory.removability[node.metadata.name] else { continue }
            tell(node, verdict, &memory, now: now)
        }
        memory.removableWritten = memory.removableWritten.filter { known.removability[$0.key] != nil }
        await report(&memory, now: now)
    }

    // MARK: - NodeGroups

    static func status(of group: NodeGroup, _ fleet: borrowing Fleet, _ memory: AutoscalerMemory, now: Timestamp) -> JSON {
        let name = group.metadata.name
        var size = 0
        var ready = 0
        var provisioning = 0
        var deleting = 0
        for key in fleet.hosts.keys(claimedBy: group.claim) {
            guard let row = fleet.hosts[key] else { continue }
            let node = fleet.node(key.name)
            if row.isLeaving || node?.isBeingRemoved == true {
                deleting += 1
                continue
            }
            size += 1
            if node?.isReady == true { ready += 1 } else { provisioning += 1 }
        }
        var conditions = [Condition](status: group.status)
        let backoff = memory.backoffs[name].flatMap { $0.until > now ? $0 : nil }
        let canGrow: Condition
        if let backoff {
            canGrow = Condition(
                type: "CanScaleUp", status: "False", reason: "Backoff",
                message: "in backoff after failed scale-up until \(backoff.until.rfc3339)")
        } else if size >= group.maxSize {
            canGrow = Condition(
                type: "CanScaleUp", status: "False", reason: "MaxSizeReached", message: "the group has as many hosts as it may")
        } else {
            canGrow = Condition(type: "CanScaleUp", status: "True", reason: "Healthy", message: "the group may claim hosts")
        }
        conditions.set(canGrow, now: now)
        func time(_ known: Timestamp?, _ field: String) -> JSON {
            known.map { .string($0.rfc3339) } ?? group.status[field] ?? .null
        }
        return [
            "observedGeneration": .integer(group.metadata.generation), "size": .integer(Int64(size)), "ready": .integer(Int64(ready)),
            "provisioning": .integer(Int64(provisioning)), "deleting": .integer(Int64(deleting)), "targetSize": .integer(Int64(size)),
            "lastScaleUp": time(memory.lastScaleUp[name], "lastScaleUp"),
            "lastScaleDown": time(memory.lastScaleDown[name], "lastScaleDown"), "conditions": conditions.json,
        ]
    }

    /// The present status with the same fields, absent ones as null, so that the two can be compared.
    private static func comparable(_ present: JSON, like wanted: JSON) -> JSON {
        var result: JSON = [:]
        for key in wanted.object?.keys ?? [] { result[key] = present[key] ?? .null }
        result["conditions"] = [Condition](status: present).json
        return result
    }

    // MARK: - Nodes

    private func tell(_ node: Node, _ verdict: Removability, _ memory: inout AutoscalerMemory, now: Timestamp) {
        let name = node.metadata.name
        let present = node.conditions[AutoscalerNames.removableCondition]
        var condition = Condition(
            type: AutoscalerNames.removableCondition, status: verdict.isLeaving ? "True" : "False", reason: verdict.reason.rawValue,
            message: verdict.remedy.isEmpty ? verdict.message : "\(verdict.message); \(verdict.remedy)")
        if let present, present.status == condition.status, present.reason == condition.reason {
            if present.message == condition.message { return }
            if let last = memory.removableWritten[name], now - last < AutoscalerStatus.conditionPause { return }
        }
        condition.lastTransitionTime = present?.status == condition.status ? present?.lastTransitionTime ?? now : now
        memory.removableWritten[name] = now
        let patch: JSON = ["status": ["conditions": [condition.json]]]
        writes.add { [environment] in
            // A node that has gone needs no condition; a failed write is made again when the words change.
            _ = try? await environment.client.patch(Node.resource, node.key, patch, subresource: "status", as: .strategic)
        }
    }

    // MARK: - The ConfigMap

    private func report(_ memory: inout AutoscalerMemory, now: Timestamp) async {
        var nodes = JSONObject()
        for name in memory.removability.keys.sorted().prefix(AutoscalerStatus.longestNodeList) {
            nodes[name] = memory.removability[name]?.json
        }
        var groups = JSONObject()
        for (name, backoff) in memory.backoffs.sorted(by: { $0.key < $1.key }) where backoff.until > now {
            groups[name] = ["backoffUntil": .string(backoff.until.rfc3339)]
        }
        let content: JSON = [
            "nodeGroups": .object(groups), "pending": records.refusalsJSON(.scheduler), "scaleUp": records.refusalsJSON(.scaleUp),
            "claims": records.refusalsJSON(.claims), "nodes": .object(nodes), "recent": records.recentJSON,
        ]
        if content == memory.reported { return }
        var whole = content
        whole["time"] = .string(now.rfc3339)
        let key = AutoscalerNames.statusConfigMap
        let data: JSON = ["data": ["status": .string(whole.text)]]
        await attempt("ConfigMap \(key)") {
            try await put(key, data)
            memory.reported = content
        }
    }

    private func put(_ key: ObjectKey, _ data: JSON) async throws(KubeError) {
        do {
            try await environment.client.patch(AutoscalerNames.configMap, key, data)
        } catch let error where error.isNotFound {
            var object = data
            object["metadata"] = ["name": .string(key.name), "namespace": .string(key.namespace)]
            try await environment.client.create(AutoscalerNames.configMap, namespace: key.namespace, object)
        }
    }

    private func attempt(_ what: String, _ work: () async throws -> Void) async {
        do {
            try await work()
        } catch {
            environment.logger.debug("not written, will be tried again", metadata: ["what": "\(what)", "error": "\(error)"])
        }
    }
}
