internal import KubeClient
internal import Logging
internal import Objects
internal import Ports
internal import Synchronization

/// Notices nodes that fall silent, taints them, and marks their pods as not ready.
///
/// Life signs are timed by this process's own clock from when it sees them, so that neither wrong clocks on hosts nor a
/// restart of the control plane make nodes look lost.
public final class NodeLifecycleController: Controller {
    public let name = "node-lifecycle"
    private let environment: ControllerEnvironment
    private let options: NodeLifecycleOptions
    private let loop: ReconcileLoop<ObjectKey>
    private let nodes: Informer<Node>
    private let podsByNode: InformerIndex<Pod>
    private let recorder: EventRecorder
    private let pulses = Mutex<[String: NodePulse]>([:])

    public init(_ environment: ControllerEnvironment, options: NodeLifecycleOptions = NodeLifecycleOptions()) {
        self.environment = environment
        self.options = options
        loop = ReconcileLoop(name: name, environment: environment)
        nodes = environment.informers.nodes
        podsByNode = environment.informers.podsByNode
        recorder = environment.recorder(component: "node-controller")
        nodes.onEvent { [self] event in take(event) }
        environment.informers.leases.onEvent { [self] event in take(event) }
    }

    public func run() async {
        // Whatever was seen before this run may be old: every node has its grace period again.
        let now = environment.time.now()
        pulses.withLock { pulses in
            for name in pulses.keys { pulses[name] = NodePulse(lastSeen: now, isHeard: pulses[name]?.isHeard ?? false) }
        }
        await loop.run(workers: 2, initial: nodes.objects().map(\.key)) { [self] key in try await sync(key) }
    }

    // MARK: - Events

    private func take(_ event: InformerEvent<Node>) {
        let node = event.object
        let name = node.metadata.name
        switch event {
        case .added: pulses.withLock { $0[name] = $0[name] ?? NodePulse(lastSeen: environment.time.now(), isHeard: false) }
        case .modified(let old, let new):
            if old.metadata.uid != new.metadata.uid { forget(name) }
            // We set Unknown ourselves; anything else comes from the node.
            let isOwnWord = new.conditions["Ready"].map { $0.status != "Unknown" } ?? false
            if isOwnWord, old.conditions["Ready"] != new.conditions["Ready"] { hear(name) }
        case .deleted: pulses.withLock { $0[name] = nil }
        }
        loop.add(node.key)
    }

    private func take(_ event: InformerEvent<Lease>) {
        let lease = event.object
        guard lease.metadata.namespace == Names.leaseNamespace else { return }
        switch event {
        case .added: hear(lease.metadata.name, isRenewal: lease.isFresh(at: environment.time.now()))
        case .modified(let old, let new): if old.renewTime != new.renewTime { hear(lease.metadata.name) }
        case .deleted: break
        }
    }

    private func forget(_ name: String) {
        let now = environment.time.now()
        pulses.withLock { $0[name] = NodePulse(lastSeen: now, isHeard: false) }
    }

    /// Notes a life sign; what a list shows may be long past unless it says otherwise.
    private func hear(_ name: String, isRenewal: Bool = true) {
        let now = environment.time.now()
        pulses.withLock { pulses in
            pulses[name] = NodePulse(lastSeen: now, isHeard: isRenewal || pulses[name]?.isHeard ?? false)
        }
    }

    // MARK: - One pass

    private func sync(_ key: ObjectKey) async throws -> Duration? {
        guard let node = nodes.object(key) else { return nil }
        let now = environment.time.now()
        let pulse = pulses.withLock { $0[key.name] } ?? NodePulse(lastSeen: now, isHeard: false)
        let all = nodes.objects()
        let isDisrupted = NodePlanner.isDisrupted(
            ready: all.count { $0.isReady }, total: all.count, options: options)
        let plan = NodePlanner.plan(node, pulse: pulse, mayDriveOut: !isDisrupted, options: options, now: now)
        if !plan.conditions.isEmpty { try await silence(node, plan.conditions) }
        if let taints = plan.taints { try await write(taints, to: node) }
        if plan.marksPodsNotReady { try await markPods(of: node) }
        // While many nodes are out, look again whether that is over.
        let isHeldBack = isDisrupted && !node.isReady
        return isHeldBack ? min(plan.nextLook ?? .seconds(10), .seconds(10)) : plan.nextLook
    }

    private func silence(_ node: Node, _ conditions: [Condition]) async throws(KubeError) {
        environment.logger.warning("node fell silent", metadata: ["node": "\(node.metadata.name)"])
        // Strategic merge knows conditions by their type: the others stay untouched.
        try await environment.client.patch(
            Node.resource, node.key, ["status": ["conditions": conditions.json]], subresource: "status", as: .strategic)
        await recorder.record(
            node, reason: "NodeNotReady", message: "Node \(node.metadata.name) status is now: NodeNotReady")
    }

    private func write(_ taints: [Taint], to node: Node) async throws(KubeError) {
        let list: JSON = taints.isEmpty ? .null : .array(taints.map(\.json))
        let live = try await environment.client.get(Node.self, node.key)
        // The status we wrote a moment ago moved the version on; taints are what must not have changed.
        guard let live, live.metadata.uid == node.metadata.uid else { return }
        guard live.taints == node.taints else {
            throw .status(code: 409, reason: "Conflict", message: "taints of node \(node.metadata.name) changed meanwhile")
        }
        try await environment.client.patch(
            Node.resource, node.key,
            ["metadata": ["resourceVersion": .string(live.metadata.resourceVersion)], "spec": ["taints": list]])
    }

    /// Services and workloads must not count on pods that nobody hears of.
    private func markPods(of node: Node) async throws(KubeError) {
        for pod in podsByNode.objects(node.metadata.name) where pod.isReady {
            let condition = Condition(
                type: "Ready", status: "False", reason: "NodeNotReady", message: "Node is not ready",
                lastTransitionTime: environment.time.now())
            do {
                try await environment.client.patch(
                    Pod.resource, pod.key,
                    ["metadata": ["uid": .string(pod.metadata.uid)], "status": ["conditions": [condition.json]]],
                    subresource: "status", as: .strategic)
            } catch {
                if error.isNotFound || error.isConflict { continue }
                throw error
            }
            await recorder.record(pod, .warning, reason: "NodeNotReady", message: "Node is not ready")
        }
    }
}

extension Lease {
    /// Whether the holder can be taken at its word that it lives.
    fileprivate func isFresh(at now: Timestamp) -> Bool {
        renewTime.map { $0 + .seconds(durationSeconds) > now } ?? false
    }
}
