public import Fleet
public import Objects

/// What keeps a pod on its node; the words of the Cluster Autoscaler.
public enum BlockingReason: String, Sendable, Hashable, CaseIterable {
    case controllerNotFound = "ControllerNotFound"
    case minReplicasReached = "MinReplicasReached"
    case notReplicated = "NotReplicated"
    case localStorageRequested = "LocalStorageRequested"
    case notSafeToEvict = "NotSafeToEvictAnnotation"
    case unmovableSystemPod = "UnmovableKubeSystemPod"
    case notEnoughBudget = "NotEnoughPdb"
}

/// Controllers that were looked up, for the rules about their replicas.
public struct KnownControllers: Sendable {
    /// Replicas by kind, namespace and name.
    public struct Key: Sendable, Hashable {
        public var kind: String
        public var namespace: String
        public var name: String

        public init(kind: String, namespace: String, name: String) {
            self.kind = kind
            self.namespace = namespace
            self.name = name
        }
    }

    public var replicas: [Key: Int64]

    public init(replicas: [Key: Int64] = [:]) { self.replicas = replicas }
}

/// What a drain does with a pod.
public enum DrainOutcome: Sendable, Hashable {
    /// It is not the drain's business: mirrored from a host's own files, or all but gone.
    case ignored
    /// It belongs to the node and goes with it.
    case daemonSet
    /// The drain waits until it has ended (`safe-to-evict: on-completion`).
    case waits
    /// It is evicted and comes back elsewhere.
    case moves
    case blocked(BlockingReason)
}

/// What a drain of some pods would do, up to the first that blocks.
public struct DrainList: Sendable {
    public var moving: [ObjectKey] = []
    public var daemonSet: [ObjectKey] = []
    public var waiting: [ObjectKey] = []
    public var blocking: (pod: ObjectKey, reason: BlockingReason)?

    /// Notes a pod; false where it blocks.
    mutating func add(_ pod: Pod, _ outcome: DrainOutcome) -> Bool {
        switch outcome {
        case .ignored: break
        case .daemonSet: daemonSet.append(pod.key)
        case .waits: waiting.append(pod.key)
        case .moves: moving.append(pod.key)
        case .blocked(let reason):
            blocking = (pod.key, reason)
            return false
        }
        return true
    }
}

/// The rules of the Cluster Autoscaler about which pods keep a node.
public enum Drain {
    private static let daemonSetAnnotation = "cluster-autoscaler.kubernetes.io/daemonset-pod"
    /// A terminating pod is ignored this long after its grace period has ended.
    private static let terminationSlack: Duration = .seconds(30)

    /// Judges pods of one node in the order given and stops at the first that blocks.
    ///
    /// - Parameter budgets: the budgets that cover a pod.
    public static func list(
        _ pods: [Pod], budgets: (Pod) -> [PodDisruptionBudget], options: DrainOptions, controllers: KnownControllers? = nil,
        now: Timestamp
    ) -> DrainList {
        var list = DrainList()
        for pod in pods {
            let outcome = outcome(pod, budgets: budgets(pod), options: options, controllers: controllers, now: now)
            if !list.add(pod, outcome) { break }
        }
        return list
    }

    /// What a drain of an existing node would do.
    public static func list(
        onNode name: String, in fleet: borrowing Fleet, options: DrainOptions = DrainOptions(), now: Timestamp
    ) -> DrainList {
        var list = DrainList()
        let hasBudgets = !fleet.budgets.isEmpty
        for pod in fleet.pods(onNode: name) {
            let budgets = hasBudgets ? fleet.budgets(covering: pod) : []
            if !list.add(pod, outcome(pod, budgets: budgets, options: options, controllers: nil, now: now)) { break }
        }
        return list
    }

    /// The rules in the peer's order: whoever speaks first decides.
    ///
    /// - Parameter budgets: those that cover the pod.
    public static func outcome(
        _ pod: Pod, budgets: [PodDisruptionBudget], options: DrainOptions, controllers: KnownControllers?,
        now: Timestamp
    ) -> DrainOutcome {
        let annotations = pod.metadata.annotations
        if pod.isMirror || isAllButGone(pod, now: now) { return .ignored }
        if options.skipNodesWithCustomControllerPods, let controllers,
            let reason = controllerReason(pod, controllers: controllers, options: options)
        {
            return .blocked(reason)
        }
        if pod.isOwnedByDaemonSet || annotations[daemonSetAnnotation] == "true" { return .daemonSet }
        if annotations[Names.safeToEvict] == "true" || pod.isTerminated { return .moves }
        if annotations[Names.safeToEvict] == "on-completion" { return .waits }
        if !isReplicated(pod, options: options) { return .blocked(.notReplicated) }
        if options.skipNodesWithSystemPods, pod.metadata.namespace == Names.systemNamespace, budgets.isEmpty {
            // A system pod blocks while it is young, or of unknown age; after that nothing else is asked.
            guard let created = pod.metadata.creationTimestamp, now - created >= options.blockingSystemPodDisruptionTimeout else {
                return .blocked(.unmovableSystemPod)
            }
            return .moves
        }
        if annotations[Names.safeToEvict] == "false" { return .blocked(.notSafeToEvict) }
        if options.skipNodesWithLocalStorage, hasBlockingStorage(pod) { return .blocked(.localStorageRequested) }
        if budgets.contains(where: { $0.disruptionsAllowed < 1 }) { return .blocked(.notEnoughBudget) }
        return .moves
    }

    private static func isAllButGone(_ pod: Pod, now: Timestamp) -> Bool {
        guard let deleted = pod.metadata.deletionTimestamp else { return false }
        return deleted + .seconds(pod.terminationGracePeriodSeconds) + terminationSlack < now
    }

    private static func isReplicated(_ pod: Pod, options: DrainOptions) -> Bool {
        guard let controller = pod.metadata.controller else { return false }
        if !options.skipNodesWithCustomControllerPods { return true }
        return replicatingKinds.contains(controller.kind)
    }

    /// Kinds that make a pod again elsewhere. A VirtualMachineInstance's launcher is made again by its VirtualMachine.
    private static let replicatingKinds: Set<String> = [
        "ReplicaSet", "ReplicationController", "StatefulSet", "Job", "VirtualMachineInstance",
    ]

    private static let groupsOfKinds = [
        "ReplicationController": "v1", "ReplicaSet": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "Job": "batch/v1",
    ]

    private static func controllerReason(_ pod: Pod, controllers: KnownControllers, options: DrainOptions) -> BlockingReason? {
        guard let owner = pod.metadata.controller, groupsOfKinds[owner.kind] == owner.apiVersion else { return nil }
        let key = KnownControllers.Key(kind: owner.kind, namespace: pod.metadata.namespace, name: owner.name)
        guard let replicas = controllers.replicas[key] else { return .controllerNotFound }
        let counts = owner.kind == "ReplicaSet" || owner.kind == "ReplicationController"
        return counts && replicas < options.minReplicaCount ? .minReplicasReached : nil
    }

    private static func hasBlockingStorage(_ pod: Pod) -> Bool {
        // The peer splits at commas and trims nothing, so "e, f" names the volumes "e" and " f".
        let text = pod.metadata.annotations[Names.safeToEvictLocalVolumes] ?? ""
        let allowed = Set(text.split(separator: ",", omittingEmptySubsequences: false).map(String.init))
        return pod.localVolumes.contains { !allowed.contains($0) }
    }
}

extension BlockingReason {
    /// What the owner of the pod can do about it.
    func remedy(_ pod: ObjectKey) -> String {
        switch self {
        case .controllerNotFound: "delete pod \(pod): its controller is gone"
        case .minReplicasReached: "scale up the controller of pod \(pod)"
        case .notReplicated: "give pod \(pod) a controller, annotate it \(Names.safeToEvict)=true, or delete it"
        case .localStorageRequested:
            "annotate pod \(pod) \(Names.safeToEvict)=true, or name its volumes in \(Names.safeToEvictLocalVolumes)"
        case .notSafeToEvict: "remove the annotation \(Names.safeToEvict)=false from pod \(pod)"
        case .unmovableSystemPod: "give pod \(pod) a PodDisruptionBudget that allows a disruption"
        case .notEnoughBudget: "raise the PodDisruptionBudget of pod \(pod), or wait until more of its pods are healthy"
        }
    }

    /// The reason in words.
    func text(_ pod: ObjectKey) -> String {
        switch self {
        case .controllerNotFound: "the controller of pod \(pod) does not exist"
        case .minReplicasReached: "the controller of pod \(pod) has too few replicas"
        case .notReplicated: "pod \(pod) has no controller that would make it again"
        case .localStorageRequested: "pod \(pod) has local storage"
        case .notSafeToEvict: "pod \(pod) is annotated as not safe to evict"
        case .unmovableSystemPod: "pod \(pod) is a kube-system pod without a PodDisruptionBudget"
        case .notEnoughBudget: "a PodDisruptionBudget of pod \(pod) allows no disruption"
        }
    }
}
