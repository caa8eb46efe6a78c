internal import KubeClient
internal import Objects
internal import Ports
internal import Synchronization

/// What an agent reads of a pod.
struct AgentPod: ResourceView {
    struct Container: Sendable, Equatable {
        var name: String
        var image: String
        /// An init container that goes on running beside the others.
        var isSidecar: Bool
    }

    /// On pods: after so many seconds the containers end, if the restart policy is not `Always`.
    static let runSecondsAnnotation = "simulation.sluice.dev/run-seconds"
    /// On pods: how they end; 0 unless given.
    static let exitCodeAnnotation = "simulation.sluice.dev/exit-code"

    static let resource = Pod.resource

    var pod: Pod
    var containers: [Container]
    var initContainers: [Container]
    var isOnHostNetwork: Bool
    /// How long the containers run; `nil` for as long as the pod.
    var runTime: Duration?
    var exitCode: Int64
    /// The highest restart count that the API knows.
    var restarts: Int64
    /// Whether the API shows a container that runs.
    var showsRunningContainer: Bool

    var metadata: ObjectMeta { pod.metadata }

    init(_ object: JSON) {
        pod = Pod(object)
        let spec = object["spec"]
        func containers(_ field: String) -> [Container] {
            (spec?[field]?.array ?? []).map { container in
                Container(
                    name: container["name"]?.string ?? "", image: container["image"]?.string ?? "",
                    isSidecar: container["restartPolicy"]?.string == "Always")
            }
        }
        self.containers = containers("containers")
        initContainers = containers("initContainers")
        isOnHostNetwork = spec?["hostNetwork"]?.bool ?? false
        let annotations = pod.metadata.annotations
        runTime = annotations[AgentPod.runSecondsAnnotation].flatMap(Double.init).flatMap { seconds in
            (0...1e9).contains(seconds) ? .microseconds(Int64(seconds * 1_000_000)) : nil
        }
        if pod.restartPolicy == "Always" { runTime = nil }
        exitCode = annotations[AgentPod.exitCodeAnnotation].flatMap(Int64.init) ?? 0
        let statuses = object["status", "containerStatuses"]?.array ?? []
        restarts = statuses.compactMap { $0["restartCount"]?.integer }.max() ?? 0
        showsRunningContainer = statuses.contains { $0["state", "running"] != nil }
    }

    var images: [String] { (initContainers + containers).map(\.image) }
}

/// One watch of all bound pods for a whole rack; tells each node's agent which of its pods changed.
final class PodDispatcher: Sendable {
    private struct State {
        /// The pods of each node; kept also for nodes that nobody runs.
        var keys: [String: Set<ObjectKey>] = [:]
        var queues: [String: WorkQueue<ObjectKey>] = [:]
        var isSynced = false
    }

    private let informer: Informer<AgentPod>
    private let state = Mutex(State())

    init(client: KubeClient, time: any TimeSource) {
        informer = Informer(client: client, time: time, fieldSelector: "spec.nodeName!=")
    }

    func run() async {
        informer.onEvent { [self] event in dispatch(event) }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await self.informer.run() }
            group.addTask {
                await self.informer.waitUntilSynced()
                self.state.withLock { $0.isSynced = true }
            }
        }
    }

    /// Whether all pods are known: before that a pod that is not known may exist all the same.
    var isSynced: Bool { state.withLock { $0.isSynced } }

    func pod(_ key: ObjectKey) -> AgentPod? { informer.object(key) }

    /// From now on `queue` gets the changes of a node's pods, beginning with all that are there.
    func attach(_ queue: WorkQueue<ObjectKey>, to nodeName: String) {
        let keys = state.withLock { state in
            state.queues[nodeName] = queue
            return state.keys[nodeName, default: []].sorted()
        }
        for key in keys { queue.add(key) }
    }

    func detach(_ queue: WorkQueue<ObjectKey>, from nodeName: String) {
        state.withLock { state in
            if state.queues[nodeName] === queue { state.queues[nodeName] = nil }
        }
    }

    private func dispatch(_ event: InformerEvent<AgentPod>) {
        let pod = event.object.pod
        // A pod of that name can have come back on another node between two lists.
        var names = [pod.nodeName]
        if case .modified(let old, _) = event, old.pod.nodeName != pod.nodeName { names.append(old.pod.nodeName) }
        for name in names where !name.isEmpty {
            let queue = state.withLock { state -> WorkQueue<ObjectKey>? in
                if case .deleted = event {
                    state.keys[name]?.remove(pod.metadata.key)
                    if state.keys[name]?.isEmpty == true { state.keys[name] = nil }
                } else if name == pod.nodeName {
                    state.keys[name, default: []].insert(pod.metadata.key)
                } else {
                    state.keys[name]?.remove(pod.metadata.key)
                }
                return state.queues[name]
            }
            queue?.add(pod.metadata.key)
        }
    }
}
