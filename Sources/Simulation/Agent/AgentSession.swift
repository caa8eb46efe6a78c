internal import KubeClient
internal import Objects
internal import Ports
internal import Synchronization

/// One life of a host's agent: registers the Node, keeps its lease, runs its pods. Like a kubelet it keeps nothing of its own:
/// what should run it reads from the API, what runs it asks the container runtime.
final class AgentSession: Sendable {
    /// As the kubelet's defaults.
    private static let leaseInterval = Duration.seconds(10)
    private static let leaseDurationSeconds: Int64 = 40
    private static let statusInterval = Duration.seconds(300)

    private let host: SimulatedHost
    private let boot: Int
    private let client: KubeClient
    private let pods: PodDispatcher
    private let nodes: Informer<Node>
    private let node: NodeReport
    private let generator: SeededGenerator
    private let queue: WorkQueue<ObjectKey>
    /// What was last told of each pod, and the resource version that came back.
    private let told = Mutex<[ObjectKey: (uid: String, signature: PodStatusReport.Signature, version: Int64)]>([:])

    init(
        host: SimulatedHost, boot: Int, client: KubeClient, pods: PodDispatcher, nodes: Informer<Node>, node: NodeReport,
        generator: SeededGenerator
    ) {
        self.host = host
        self.boot = boot
        self.client = client
        self.pods = pods
        self.nodes = nodes
        self.node = node
        self.generator = generator
        queue = WorkQueue(time: host.time, firstPause: .milliseconds(200), longestPause: .seconds(10))
    }

    private var time: any TimeSource { host.time }
    private var nodeKey: ObjectKey { ObjectKey(name: node.nodeName) }

    func run() async {
        guard await register() else { return }
        pods.attach(queue, to: node.nodeName)
        // What still runs may have been deleted while the agent was away.
        for key in host.withPods(boot: boot, { runtime, _ in runtime.keys }) ?? [] { queue.add(key) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.keepAlive() }
            group.addTask { await self.queue.run { key in try await self.sync(key) } }
        }
        pods.detach(queue, from: node.nodeName)
    }

    // MARK: - Node

    /// Creates the Node, or takes over the one that is there; tries until it succeeds. `false` when cancelled.
    private func register() async -> Bool {
        var pause = Duration.milliseconds(200)
        while !Task.isCancelled {
            do throws(KubeError) {
                var known: JSON = [:]
                do throws(KubeError) {
                    try await client.create(Node.resource, node.object)
                } catch  where error.alreadyExists {
                    known = try await client.patch(Node.resource, nodeKey, node.adoption)
                }
                try await reportNode(known: Node(known).conditions)
                return true
            } catch {
                do { try await time.sleep(for: pause) } catch { return false }
                pause = min(pause * 2, .seconds(7))
            }
        }
        return false
    }

    private func reportNode(known: [Condition]) async throws(KubeError) {
        try await client.patch(
            Node.resource, nodeKey, node.status(now: time.now(), known: known), subresource: "status", as: .strategic)
    }

    /// Renews the lease every 10 s, and tells the node's status every 5 min or when the API believes the node is not ready.
    private func keepAlive() async {
        var generator = generator.fork("heartbeat")
        // Hosts that boot together would otherwise speak together for ever.
        let first = LatencyRange(.zero, AgentSession.leaseInterval).draw(&generator)
        var nextStatus = time.now() + AgentSession.statusInterval
        var pause = first
        while !Task.isCancelled {
            var isRenewed = false
            do throws(KubeError) { isRenewed = try await renewLease() } catch {}
            let known = nodes.object(nodeKey)
            if time.now() >= nextStatus || known?.isReady == false {
                do throws(KubeError) {
                    try await reportNode(known: known?.conditions ?? [])
                    nextStatus = time.now() + AgentSession.statusInterval
                } catch  where error.isNotFound {
                    // Somebody deleted the Node: like a kubelet, do not bring it back before the next start.
                    nextStatus = time.now() + AgentSession.statusInterval
                } catch {}
            }
            // A lost renewal is tried again soon, as the lease must not run out for one message.
            do { try await time.sleep(for: isRenewed ? pause : .seconds(1)) } catch { return }
            if isRenewed { pause = AgentSession.leaseInterval }
        }
    }

    /// Like a kubelet, makes no lease that its Node does not own: nobody would ever remove it. False where it has to wait for that.
    private func renewLease() async throws(KubeError) -> Bool {
        let key = ObjectKey(namespace: Names.leaseNamespace, name: node.nodeName)
        let spec: JSON = [
            "holderIdentity": .string(node.nodeName), "leaseDurationSeconds": .integer(AgentSession.leaseDurationSeconds),
            "renewTime": .string(time.now().rfc3339Micro),
        ]
        do throws(KubeError) {
            try await client.patch(Lease.resource, key, ["spec": spec])
        } catch  where error.isNotFound {
            guard let owner = nodes.object(nodeKey) else { return false }
            let metadata: JSON = [
                "name": .string(node.nodeName), "namespace": .string(Names.leaseNamespace),
                "ownerReferences": [
                    ["apiVersion": "v1", "kind": "Node", "name": .string(node.nodeName), "uid": .string(owner.metadata.uid)]
                ],
            ]
            try await client.create(Lease.resource, namespace: Names.leaseNamespace, ["metadata": metadata, "spec": spec])
        }
        return true
    }

    // MARK: - Pods

    /// Brings one pod a step on and tells the API; returns when to look again.
    private func sync(_ key: ObjectKey) async throws -> Duration? {
        if let end = host.silenceEnds() { return end - time.now() }
        guard pods.isSynced else { return .seconds(1) }
        let pod = pods.pod(key).flatMap { $0.pod.nodeName == node.nodeName ? $0 : nil }
        let delays = delays(for: key, pod)
        let room = PodRuntime.Room(allocatable: node.resources, maximumPods: node.host.maximumPods)
        guard
            let (entry, next) = host.withPods(
                boot: boot,
                { runtime, now in
                    runtime.step(key, pod, now: now, room: room, delays: delays)
                })
        else { return nil }
        guard let pod, let entry else {
            told.withLock { $0[key] = nil }
            return nil
        }
        try await tell(key, pod, entry)
        return next.map { $0 - time.now() }.map { max($0, .microseconds(1)) }
    }

    private func tell(_ key: ObjectKey, _ pod: AgentPod, _ entry: PodRuntime.Entry) async throws(KubeError) {
        if entry.isRemoved { return }
        if case .stopped = entry.stage {
            // Finalizers keep the object: it must not look as if it ran.
            if !pod.metadata.finalizers.isEmpty, !pod.pod.isTerminated { try await report(key, pod, entry) }
            try await remove(key, entry)
            return
        }
        if case .stopping = entry.stage { return }
        // It had ended before this boot: that was told.
        if pod.pod.isTerminated { return }
        try await report(key, pod, entry)
    }

    private func report(_ key: ObjectKey, _ pod: AgentPod, _ entry: PodRuntime.Entry) async throws(KubeError) {
        let report = PodStatusReport(pod: pod, entry: entry, host: node.host, now: time.now())
        let signature = report.signature
        if report.isKnown() { return }
        let version = Int64(pod.metadata.resourceVersion) ?? 0
        let isTold = told.withLock { told in
            guard let last = told[key], last.uid == entry.uid, last.signature == signature else { return false }
            // Told, and what is seen is not newer than what was told.
            return version <= last.version
        }
        if isTold { return }
        do {
            let answer = try await client.patch(Pod.resource, key, report.patch, subresource: "status", as: .strategic)
            let version = answer["metadata", "resourceVersion"]?.string.flatMap(Int64.init) ?? 0
            told.withLock { $0[key] = (entry.uid, signature, version) }
        } catch let error where error.isNotFound || error.isConflict {
            // Gone, or another of the same name: the watch will tell.
        }
    }

    private func remove(_ key: ObjectKey, _ entry: PodRuntime.Entry) async throws(KubeError) {
        do {
            try await client.delete(Pod.resource, key, uid: entry.uid, gracePeriodSeconds: 0)
        } catch let error where error.isConflict {
            // Another of the same name: this one is gone.
        }
        _ = host.withPods(boot: boot) { runtime, _ in runtime.markRemoved(key, uid: entry.uid) }
    }

    /// Draws follow from the pod's name and the boot alone, so that the order in which pods come does not matter.
    private func delays(for key: ObjectKey, _ pod: AgentPod?) -> PodRuntime.Delays {
        var generator = host.generator.fork("pod-\(boot)-\(key)")
        let latencies = host.fleet.latencies
        return PodRuntime.Delays(
            start: latencies.podStart.draw(&generator), pull: latencies.imagePull.draw(&generator),
            stop: latencies.podStop.draw(&generator))
    }
}
