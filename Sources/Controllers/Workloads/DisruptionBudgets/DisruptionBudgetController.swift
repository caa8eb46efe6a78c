internal import KubeClient
internal import Objects
internal import Ports

/// Keeps the status of PodDisruptionBudgets, which evictions are granted by.
public final class DisruptionBudgetController: Controller {
    public let name = "disruption"
    private let environment: ControllerEnvironment
    private let loop: ReconcileLoop<ObjectKey>
    private let budgets: InformerIndex<PodDisruptionBudget>
    private let allBudgets: Informer<PodDisruptionBudget>
    private let podsByNamespace: InformerIndex<Pod>
    private let replicaSets: Informer<ReplicaSet>
    private let deployments: Informer<Deployment>
    private let recorder: EventRecorder

    public init(_ environment: ControllerEnvironment) {
        self.environment = environment
        loop = ReconcileLoop(name: name, environment: environment)
        allBudgets = environment.informers.disruptionBudgets
        budgets = environment.informers.index(named: "namespace") { [$0.metadata.namespace] }
        podsByNamespace = environment.informers.podsByNamespace
        replicaSets = environment.informers.replicaSets
        deployments = environment.informers.deployments
        recorder = environment.recorder(component: "controllermanager")
        allBudgets.onEvent { [loop] event in loop.add(event.object.key) }
        environment.informers.pods.onEvent { [self] event in
            if case .modified(let old, let new) = event, old.metadata.labels != new.metadata.labels { addBudgets(of: old) }
            addBudgets(of: event.object)
        }
        // A changed number of replicas changes what a percentage means.
        replicaSets.onEvent { [self] event in
            if case .modified(let old, let new) = event, old.replicas == new.replicas { return }
            addBudgets(namespace: event.object.metadata.namespace)
        }
        deployments.onEvent { [self] event in
            if case .modified(let old, let new) = event, old.replicas == new.replicas { return }
            addBudgets(namespace: event.object.metadata.namespace)
        }
    }

    public func run() async {
        await loop.run(initial: allBudgets.objects().map(\.key)) { [self] key in try await sync(key) }
    }

    private func addBudgets(of pod: Pod) {
        for budget in budgets.objects(pod.metadata.namespace) where budget.covers(pod) { loop.add(budget.key) }
    }

    private func addBudgets(namespace: String) {
        for budget in budgets.objects(namespace) { loop.add(budget.key) }
    }

    // MARK: - One pass

    private func sync(_ key: ObjectKey) async throws -> Duration? {
        guard let budget = allBudgets.object(key) else { return nil }
        let pods = podsByNamespace.objects(key.namespace).filter(budget.covers)
        let now = environment.time.now()
        let (expected, unknown) = expectedReplicas(of: pods)
        let needsControllers =
            budget.maxUnavailable != nil || budget.minAvailable.map(IntegerOrPercent.isPercent) ?? false
        if needsControllers, let unknown {
            try await write(budget, failed: "found no controller of pod \"\(unknown)\" whose scale is known", now)
            return nil
        }
        let status = DisruptionBudgetPlanner.status(budget, pods: pods, expected: expected, now: now)
        try await write(budget, status, now)
        for pod in status.lapsed {
            await recorder.record(
                budget, .warning, reason: "NotDeleted",
                message: "Pod was expected by PDB \(key) to be deleted but it wasn't: \(pod)")
        }
        return status.nextLook
    }

    /// The replicas the pods' controllers ask for; `unknown` is a pod whose controller has no scale we know.
    ///
    /// Pods without a controller count for nothing, as in Kubernetes; a machine's instance asks for its one launcher.
    private func expectedReplicas(of pods: [Pod]) -> (count: Int64, unknown: String?) {
        var counted: Set<String> = []
        var count: Int64 = 0
        var unknown: String?
        for pod in pods {
            guard let controller = pod.metadata.controller else { continue }
            guard let scale = scale(of: controller, namespace: pod.metadata.namespace) else {
                unknown = pod.metadata.name
                continue
            }
            if counted.insert(scale.uid).inserted { count += scale.replicas }
        }
        return (count, unknown)
    }

    private func scale(of controller: OwnerReference, namespace: String) -> (uid: String, replicas: Int64)? {
        switch controller.kind {
        case ReplicaSet.resource.kind:
            let key = ObjectKey(namespace: namespace, name: controller.name)
            guard let set = replicaSets.object(key), set.metadata.uid == controller.uid else { return (controller.uid, 0) }
            if let owner = set.metadata.controller, owner.kind == Deployment.resource.kind,
                let deployment = deployments.object(ObjectKey(namespace: namespace, name: owner.name)),
                deployment.metadata.uid == owner.uid
            {
                return (owner.uid, deployment.replicas)
            }
            return (controller.uid, set.replicas)
        case VirtualMachineInstance.resource.kind: return (controller.uid, 1)
        default: return nil
        }
    }

    // MARK: - Status

    private func write(_ budget: PodDisruptionBudget, _ status: DisruptionBudgetStatus, _ now: Timestamp) async throws {
        var conditions = [Condition](status: budget.status)
        let isAllowed = status.disruptionsAllowed > 0
        conditions.set(
            Condition(
                type: "DisruptionAllowed", status: isAllowed ? "True" : "False",
                reason: isAllowed ? "SufficientPods" : "InsufficientPods", observedGeneration: budget.metadata.generation),
            now: now)
        var disrupted: JSON = [:]
        let before = budget.status["disruptedPods"]?.object ?? JSONObject()
        for name in before.keys { disrupted[name] = .null }
        for (name, time) in status.disruptedPods.sorted(by: { $0.key < $1.key }) { disrupted[name] = .string(time.rfc3339) }
        let isRight =
            budget.status["currentHealthy"]?.integer == status.currentHealthy
            && budget.status["desiredHealthy"]?.integer == status.desiredHealthy
            && budget.status["expectedPods"]?.integer == status.expectedPods
            && budget.status["disruptionsAllowed"]?.integer == status.disruptionsAllowed
            && budget.observedGeneration == budget.metadata.generation && before.count == status.disruptedPods.count
            && conditions == [Condition](status: budget.status)
        guard !isRight else { return }
        // Evictions count disruptions down at the same time: the version must be the one that was read.
        try await environment.client.patchStatus(
            of: budget,
            [
                "currentHealthy": .integer(status.currentHealthy), "desiredHealthy": .integer(status.desiredHealthy),
                "expectedPods": .integer(status.expectedPods), "disruptionsAllowed": .integer(status.disruptionsAllowed),
                "disruptedPods": disrupted, "observedGeneration": .integer(budget.metadata.generation),
                "conditions": conditions.json,
            ], checkingVersion: true)
    }

    /// Fails safe: nothing may be disrupted while nobody knows how many pods there should be.
    private func write(_ budget: PodDisruptionBudget, failed message: String, _ now: Timestamp) async throws {
        var conditions = [Condition](status: budget.status)
        conditions.set(
            Condition(
                type: "DisruptionAllowed", status: "False", reason: "SyncFailed", message: message,
                observedGeneration: budget.metadata.generation), now: now)
        guard conditions != [Condition](status: budget.status) || budget.disruptionsAllowed != 0 else { return }
        await recorder.record(budget, .warning, reason: "CalculateExpectedPodCountFailed", message: message)
        try await environment.client.patchStatus(
            of: budget,
            [
                "disruptionsAllowed": 0, "observedGeneration": .integer(budget.metadata.generation),
                "conditions": conditions.json,
            ], checkingVersion: true)
    }
}
