internal import KubeClient
internal import Objects
internal import Ports
internal import Synchronization

/// Keeps as many pods as each ReplicaSet asks for.
public final class ReplicaSetController: Controller {
    /// Pods change in crowds, and each pass walks all of them: news of a moment are taken together.
    private static let gathering = Duration.milliseconds(20)

    public let name = "replicaset"
    private let environment: ControllerEnvironment
    private let loop: ReconcileLoop<ObjectKey>
    private let replicaSets: Informer<ReplicaSet>
    private let siblings: InformerIndex<ReplicaSet>
    private let podsByController: InformerIndex<Pod>
    private let orphans: InformerIndex<Pod>
    private let pending = PendingWrites<String>()
    private let pods: PodWriter
    private let ownership: OwnershipWriter
    /// By uid: why the last creation or deletion failed.
    private let failures = Mutex<[String: String]>([:])

    public init(_ environment: ControllerEnvironment) {
        self.environment = environment
        loop = ReconcileLoop(name: name, environment: environment)
        replicaSets = environment.informers.replicaSets
        siblings = environment.informers.replicaSetsByController
        podsByController = environment.informers.podsByController
        orphans = environment.informers.orphanedPods
        ownership = OwnershipWriter(client: environment.client)
        pods = PodWriter(environment, component: "replicaset-controller", pending: pending)
        replicaSets.onEvent { [self] event in take(event) }
        environment.informers.pods.onEvent { [self] event in take(event) }
    }

    public func run() async {
        await loop.run(workers: 5, initial: replicaSets.objects().map(\.key)) { [self] key in try await sync(key) }
    }

    // MARK: - Events

    private func take(_ event: InformerEvent<ReplicaSet>) {
        if case .deleted(let gone) = event { failures.withLock { $0[gone.metadata.uid] = nil } }
        loop.add(event.object.key)
    }

    private func take(_ event: InformerEvent<Pod>) {
        let pod = event.object
        switch event {
        case .added: pending.created(pod.key)
        case .modified(let old, _):
            if old.metadata.uid != pod.metadata.uid {
                pending.deleted(uid: old.metadata.uid)
                pending.created(pod.key)
            }
            if pod.metadata.isDeleting { pending.deleted(uid: pod.metadata.uid) }
            if old.metadata.controller != pod.metadata.controller { addOwner(of: old) }
        case .deleted: pending.deleted(uid: pod.metadata.uid)
        }
        if pod.metadata.controller != nil {
            addOwner(of: pod)
        } else if !pod.metadata.isDeleting {
            // Whoever selects the orphan may want to adopt it.
            for key in replicaSets.objects(where: { $0.metadata.namespace == pod.metadata.namespace })
            where key.selector?.matches(pod.metadata.labels) ?? false {
                loop.add(key.key)
            }
        }
    }

    private func addOwner(of pod: Pod) {
        guard let controller = pod.metadata.controller, controller.kind == ReplicaSet.resource.kind else { return }
        let key = ObjectKey(namespace: pod.metadata.namespace, name: controller.name)
        loop.add(key, after: ReplicaSetController.gathering)
    }

    // MARK: - One pass

    private func sync(_ key: ObjectKey) async throws -> Duration? {
        guard let replicaSet = replicaSets.object(key), let selector = replicaSet.selector else { return nil }
        let uid = replicaSet.metadata.uid
        // Asked before the pods are listed: what is seen by then is in the list.
        let mayAct = pending.isSeen(uid, now: environment.time.now())
        let candidates = podsByController.objects(uid) + orphans.objects(key.namespace)
        let claims = OwnershipClaims(candidates.filter(\.isActive), owner: replicaSet.metadata, selector: selector)
        let active = try await ownership.settle(claims, owner: replicaSet)
        let now = environment.time.now()
        var failure: KubeError?
        if mayAct {
            let plan = ReplicaSetPlanner.plan(replicaSet, active: active, related: related(to: replicaSet), now: now)
            failure = await pods.create(plan.creations, from: replicaSet.template, for: replicaSet)
            failure = await pods.delete(plan.deletions, for: replicaSet) ?? failure
        }
        try await writeStatus(replicaSet, ReplicaSetPlanner.status(replicaSet, active: active, now: now), failure, mayAct)
        if let failure { throw failure }
        return ReplicaSetPlanner.nextAvailability(replicaSet, active: active, now: now)
    }

    /// Active pods of the whole Deployment, or of the ReplicaSet alone where it has none.
    private func related(to replicaSet: ReplicaSet) -> [Pod] {
        let family = replicaSet.metadata.controller.map { siblings.objects($0.uid) } ?? [replicaSet]
        return family.flatMap { podsByController.objects($0.metadata.uid) }.filter(\.isActive)
    }

    private func writeStatus(
        _ replicaSet: ReplicaSet, _ status: ReplicaSetStatus, _ failure: KubeError?, _ didAct: Bool
    ) async throws {
        let uid = replicaSet.metadata.uid
        let message = failure.map { "\($0)" }
        let known = failures.withLock { failures in
            defer { if didAct { failures[uid] = message } }
            return failures[uid]
        }
        let isFailureNew = didAct && known != message
        guard status != replicaSet.status || isFailureNew else { return }
        var conditions: [Condition] = []
        if let message = didAct ? message : known {
            conditions.set(
                Condition(type: "ReplicaFailure", status: "True", reason: "FailedCreate", message: message),
                now: environment.time.now())
        }
        try await environment.client.patchStatus(
            of: replicaSet,
            [
                "replicas": .integer(status.replicas), "fullyLabeledReplicas": .integer(status.fullyLabeledReplicas),
                "readyReplicas": .integer(status.readyReplicas), "availableReplicas": .integer(status.availableReplicas),
                "observedGeneration": .integer(status.observedGeneration),
                "conditions": conditions.isEmpty ? nil : conditions.json,
            ])
    }
}
