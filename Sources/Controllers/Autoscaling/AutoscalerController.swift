internal import Fleet
internal import KubeClient
internal import Logging
internal import Objects
internal import Planning
internal import Ports
internal import Synchronization

/// Claims hosts for NodeGroups when pods wait, and gives them back when nobody needs them: the cluster autoscaler.
///
/// One pass at a time, every ten seconds and soon after something happened that may change a plan. A pass reads the
/// ledger, plans, and drives everything that is under way one step on; what is under way stands in the API (claims on
/// hosts, taints on nodes), so that a crash loses nothing but waiting times.
public final class AutoscalerController: Controller {
    public let name = "autoscaler"
    private static let pass = "all"

    private let environment: ControllerEnvironment
    private let ledger: FleetLedger
    private let records: DecisionRecords
    private let options: AutoscalerOptions
    private let loop: ReconcileLoop<String>
    private let writes = WriteBehind()
    private let claims: NodeClaims
    private let remover: NodeRemover
    private let notices: AutoscalerNotices
    private let status: AutoscalerStatus
    private let memory = Mutex(AutoscalerMemory())

    public init(
        _ environment: ControllerEnvironment, ledger: FleetLedger, records: DecisionRecords,
        options: AutoscalerOptions = AutoscalerOptions()
    ) {
        self.environment = environment
        self.ledger = ledger
        self.records = records
        self.options = options
        let loop = ReconcileLoop<String>(name: name, environment: environment)
        self.loop = loop
        let recorder = environment.recorder(component: "cluster-autoscaler")
        claims = NodeClaims(environment: environment, ledger: ledger, options: options, recorder: recorder)
        remover = NodeRemover(
            environment: environment, ledger: ledger, options: options, recorder: recorder, writes: writes, claims: claims)
        notices = AutoscalerNotices(recorder: recorder, writes: writes)
        status = AutoscalerStatus(environment: environment, ledger: ledger, records: records, writes: writes)
        let wake: @Sendable () -> Void = { loop.add(AutoscalerController.pass, after: options.gatherTime) }
        environment.informers.nodeGroups.onEvent { event in
            if case .modified(let old, let new) = event, old.metadata.generation == new.metadata.generation { return }
            wake()
        }
        environment.informers.hosts.onEvent { event in
            guard case .modified(let old, let new) = event else { return wake() }
            // Names and powers come and go; these decide who may have the host.
            if old.state != new.state || old.consumer != new.consumer || old.isClaimable != new.isClaimable { wake() }
        }
        environment.informers.nodes.onEvent { event in
            guard case .modified(let old, let new) = event else { return wake() }
            if old.isReady != new.isReady || old.isBeingRemoved != new.isBeingRemoved { wake() }
        }
        environment.informers.pods.onEvent { [ledger] event in
            // The last pod of a node that is being removed has gone.
            guard case .deleted(let pod) = event, !pod.nodeName.isEmpty else { return }
            if ledger.withFleet({ $0.node(pod.nodeName)?.isBeingRemoved ?? false }) { wake() }
        }
    }

    /// Asks for a pass soon: pods wait that no node takes.
    public func podsWait() { loop.add(AutoscalerController.pass, after: options.gatherTime) }

    public func run() async {
        memory.withLock { $0 = AutoscalerMemory() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in await writes.run() }
            group.addTask { [self] in
                await loop.run(initial: [AutoscalerController.pass]) { [self] _ in await plan() }
            }
            await group.waitForAll()
        }
    }

    // MARK: - A pass

    private func plan() async -> Duration? {
        // Only this loop's one worker touches the memory while it runs.
        var memory = memory.withLock { $0 }
        defer { self.memory.withLock { $0 = memory } }
        memory.unverified = await claims.verify(memory.unverified)
        await claims.finishReleases()
        await tendGroups()
        await repair(&memory)
        await scaleUp(&memory)
        let deadline = await scaleDown(&memory)
        let isBusy = await driveRemovals(&memory)
        await status.write(&memory)
        var pause = options.scanInterval
        if let deadline { pause = min(pause, max(deadline - environment.time.now(), options.gatherTime)) }
        return isBusy ? min(pause, .seconds(2)) : pause
    }

    /// Keeps a group until its hosts are back in the pool.
    private func tendGroups() async {
        let groups = ledger.withFleet { fleet in
            fleet.nodeGroups.values.sorted { $0.key < $1.key }.map { group in
                (group: group, isEmpty: fleet.hosts.keys(claimedBy: group.claim).isEmpty)
            }
        }
        for (group, isEmpty) in groups {
            let isHeld = group.metadata.finalizers.contains(Names.nodeGroupFinalizer)
            var finalizers = group.metadata.finalizers
            if group.metadata.isDeleting {
                guard isHeld, isEmpty else { continue }
                finalizers.removeAll { $0 == Names.nodeGroupFinalizer }
            } else {
                guard !isHeld else { continue }
                finalizers.append(Names.nodeGroupFinalizer)
            }
            let patch: JSON = ["metadata": ["finalizers": .array(finalizers.map { .string($0) })]]
            await attempt("finalizers of NodeGroup \(group.metadata.name)") { [environment] in
                try await environment.client.patch(NodeGroup.resource, group.key, HostPatches.guarded(group, patch))
            }
        }
    }

    /// Gives back hosts whose nodes are overdue or lost, and deletes nodes whose hosts are gone.
    private func repair(_ memory: inout AutoscalerMemory) async {
        let now = environment.time.now()
        let known = memory
        let (newest, losses, orphans, present) = ledger.withFleet { fleet in
            let present = fleet.hosts.rows.keys.filter { fleet.node($0.name) != nil }
            let newest = AutoscalerView.newestReady(fleet)
            return (newest, AutoscalerView.losses(fleet, known, newest: newest, now: now), AutoscalerView.orphans(fleet), present)
        }
        for key in present { memory.nodeSeen[key] = now }
        // A node that came since the last failure ends the back-off, and the next one is short again.
        memory.backoffs = memory.backoffs.filter { name, backoff in newest[name].map { $0 <= backoff.lastFailure } ?? true }
        for loss in losses {
            if loss.isProvisioningFailure {
                if loss.blamesGroup {
                    memory.backoffs[loss.group] = GroupBackoff.after(memory.backoffs[loss.group], now: now, options: options)
                }
                notices.timedOut(loss)
            }
            await attempt("release host \(loss.host)") { [claims] in
                try await claims.release(loss.host, of: loss.group, failure: loss)
            }
        }
        for node in orphans {
            await attempt("delete node \(node.metadata.name)") { [environment] in
                try await environment.client.delete(Node.resource, node.key, uid: node.metadata.uid)
            }
        }
        memory.nodeSeen = memory.nodeSeen.filter { now - $0.value < .seconds(86_400) }
    }

    private func scaleUp(_ memory: inout AutoscalerMemory) async {
        let now = environment.time.now()
        var fleet = ledger.snapshot()
        AutoscalerView.adjust(&fleet, memory, options: options, now: now)
        var plan = ScaleUp.plan(&fleet, options: options.scaleUp)
        plan.refusals = plan.refusals.map { AutoscalerNotices.withBackoff($0, memory.backoffs, now: now) }
        records.record(.scaleUp, plan, at: now)
        let outcomes = plan.claims.isEmpty ? [] : await claims.claim(plan.claims)
        for outcome in outcomes {
            if outcome.result == .unknown { memory.unverified.insert(outcome.host) }
            guard outcome.result != .lost else { continue }
            memory.lastScaleUp[outcome.group] = now
            memory.scaleDown.recordAdd(group: outcome.group, at: now)
            memory.nodeSeen[outcome.host] = nil
        }
        notices.tell(plan, outcomes, fleet, &memory, now: now)
        environment.reports.update(name) { report in
            report.lastPlan = "\(outcomes.count) hosts claimed, \(plan.refusals.count) refusals"
            report.refusals = [:]
            for refusal in plan.refusals { report.refusals[refusal.code.rawValue, default: 0] += 1 }
        }
    }

    /// Marks the nodes that nobody needs; returns when the next one may be due.
    private func scaleDown(_ memory: inout AutoscalerMemory) async -> Timestamp? {
        let now = environment.time.now()
        var fleet = ledger.snapshot()
        let result = ScaleDown.plan(&fleet, memory: memory.scaleDown, options: options.scaleDown, now: now)
        memory.scaleDown = result.memory
        memory.removability = result.removability
        records.record(.scaleDown, result.plan, at: now)
        for action in result.plan.actions {
            switch action {
            case .removeEmpty(let node, let group):
                await mark(node, of: group, "marked the node as toBeDeleted/unschedulable: it is empty")
                notices.removesEmpty(node)
            case .drainAndRemove(let node, let group, let moves):
                await mark(node, of: group, "marked the node as toBeDeleted/unschedulable: \(moves.count) pods fit elsewhere")
            case .bind, .claim, .release:
                // Hosts that did not become nodes are given back by `repair`, which also knows them after a restart.
                continue
            }
        }
        for group in fleet.nodeGroups.values.sorted(by: { $0.key < $1.key }) where group.metadata.isDeleting {
            let names = fleet.nodeNames.filter {
                fleet.node($0)?.nodeGroup == group.metadata.name && fleet.node($0)?.isBeingRemoved == false
            }
            for name in names { await mark(name, of: group.metadata.name, "NodeGroup \(group.metadata.name) is being deleted") }
            for row in fleet.unregisteredHosts(of: group, nodeNames: names) {
                await attempt("release host \(row.host.key)") { [claims] in
                    try await claims.release(row.host.key, of: group.metadata.name)
                }
            }
        }
        return result.nextDeadline
    }

    private func mark(_ node: String, of group: String, _ message: String) async {
        await attempt("mark node \(node)") { [remover] in _ = try await remover.begin(node, message: message) }
    }

    /// Drives every removal one step on; true while some are under way.
    private func driveRemovals(_ memory: inout AutoscalerMemory) async -> Bool {
        let marked = ledger.withFleet { fleet in
            fleet.nodeNames.compactMap { fleet.node($0) }.filter { $0.isBeingRemoved && !$0.nodeGroup.isEmpty }
                .map { (node: $0, group: fleet.nodeGroups[$0.nodeGroup]) }
        }
        var isBusy = false
        for (node, group) in marked {
            var outcome = NodeRemover.Outcome.waiting
            await attempt("remove node \(node.metadata.name)") { [remover] in
                outcome = try await remover.drive(node, group, isForced: group?.metadata.isDeleting ?? true)
            }
            let now = environment.time.now()
            switch outcome {
            case .waiting: isBusy = true
            case .removed:
                memory.lastScaleDown[node.nodeGroup] = now
                memory.scaleDown.recordDelete(group: node.nodeGroup, at: now)
            case .givenUp: memory.scaleDown.recordFailure(group: node.nodeGroup, at: now)
            }
        }
        return isBusy
    }

    /// One effect of a pass: what fails is logged and tried again in the next pass, and does not stop the others.
    private func attempt(_ what: String, _ work: () async throws -> Void) async {
        do {
            try await work()
        } catch {
            let isConflict = (error as? KubeError)?.isConflict ?? false
            environment.logger.log(
                level: isConflict ? .debug : .warning, "will be tried again", metadata: ["what": "\(what)", "error": "\(error)"])
        }
    }
}
