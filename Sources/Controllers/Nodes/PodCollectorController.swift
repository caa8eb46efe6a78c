internal import KubeClient
internal import Logging
internal import Objects
internal import Ports
internal import Synchronization

/// Removes pods that no host will ever end: of nodes that are gone, deleted before they were bound, and ended long ago.
public final class PodCollectorController: Controller {
    public let name = "pod-garbage-collector"
    private static let key = "all"

    private let environment: ControllerEnvironment
    private let options: PodCollectorOptions
    private let loop: ReconcileLoop<String>
    private let pods: Informer<Pod>
    private let nodes: Informer<Node>
    private let podsByNode: InformerIndex<Pod>
    /// Nodes that pods name and that do not exist: since when.
    private let missing = Mutex<[String: Timestamp]>([:])

    public init(_ environment: ControllerEnvironment, options: PodCollectorOptions = PodCollectorOptions()) {
        self.environment = environment
        self.options = options
        loop = ReconcileLoop(name: name, environment: environment)
        pods = environment.informers.pods
        nodes = environment.informers.nodes
        podsByNode = environment.informers.podsByNode
        nodes.onEvent { [loop] event in
            if case .deleted = event { loop.add(PodCollectorController.key) }
        }
        pods.onEvent { [loop] event in
            // A deleted pod that is not bound waits for nobody.
            if event.object.metadata.isDeleting, event.object.nodeName.isEmpty { loop.add(PodCollectorController.key) }
        }
    }

    public func run() async {
        await loop.run(initial: [PodCollectorController.key]) { [self] _ in try await sync() }
    }

    private func sync() async throws -> Duration? {
        let now = environment.time.now()
        let (lost, nextLoss) = try await lostNodes(now)
        let plan = PodCollectorPlanner.plan(pods.objects(), options: options) { lost.contains($0) }
        for collection in plan { try await collect(collection, now) }
        return min(options.period, nextLoss ?? options.period)
    }

    /// Nodes that have been missing for the whole quarantine, as the server confirms; and when the next one may be.
    private func lostNodes(_ now: Timestamp) async throws(KubeError) -> (lost: Set<String>, next: Duration?) {
        let absent = podsByNode.words.filter { nodes.object(ObjectKey(name: $0)) == nil }
        let since = missing.withLock { missing in
            let before = missing
            missing = [:]
            for name in absent { missing[name] = before[name] ?? now }
            return missing
        }
        var lost: Set<String> = []
        var next: Duration?
        for name in absent {
            let rest = (since[name] ?? now) + options.quarantine - now
            if rest > .zero {
                next = min(next ?? rest, rest)
            } else if try await environment.client.get(Node.resource, ObjectKey(name: name)) == nil {
                lost.insert(name)
            }
        }
        return (lost, next)
    }

    private func collect(_ collection: PodCollection, _ now: Timestamp) async throws(KubeError) {
        guard let pod = pods.object(collection.key), pod.metadata.uid == collection.uid else { return }
        if collection.cause == .orphaned, !pod.isTerminated {
            try await environment.client.markDisrupted(
                pod, reason: "DeletionByPodGC", message: "PodGC: node no longer exists", now: now, phase: "Failed")
        }
        environment.logger.debug(
            "pod collected", metadata: ["pod": "\(collection.key)", "cause": "\(collection.cause)"])
        do {
            try await environment.client.delete(Pod.resource, collection.key, uid: collection.uid, gracePeriodSeconds: 0)
        } catch {
            if !error.isConflict { throw error }
        }
    }
}
