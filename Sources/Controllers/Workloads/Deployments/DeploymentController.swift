internal import KubeClient
internal import Objects
internal import Ports

/// Carries Deployments out through ReplicaSets.
public final class DeploymentController: Controller {
    public let name = "deployment"
    private let environment: ControllerEnvironment
    private let loop: ReconcileLoop<ObjectKey>
    private let deployments: Informer<Deployment>
    private let replicaSets: Informer<ReplicaSet>
    private let owned: InformerIndex<ReplicaSet>
    private let orphans: InformerIndex<ReplicaSet>
    private let podsByController: InformerIndex<Pod>
    private let ownership: OwnershipWriter
    private let recorder: EventRecorder

    public init(_ environment: ControllerEnvironment) {
        self.environment = environment
        loop = ReconcileLoop(name: name, environment: environment)
        deployments = environment.informers.deployments
        replicaSets = environment.informers.replicaSets
        owned = environment.informers.replicaSetsByController
        orphans = environment.informers.index(named: "orphan") { set in
            set.metadata.controller == nil ? [set.metadata.namespace] : []
        }
        podsByController = environment.informers.podsByController
        ownership = OwnershipWriter(client: environment.client)
        recorder = environment.recorder(component: "deployment-controller")
        deployments.onEvent { [loop] event in loop.add(event.object.key) }
        replicaSets.onEvent { [self] event in take(event) }
        environment.informers.pods.onEvent { [self] event in take(event) }
    }

    public func run() async {
        await loop.run(workers: 5, initial: deployments.objects().map(\.key)) { [self] key in try await sync(key) }
    }

    // MARK: - Events

    private func take(_ event: InformerEvent<ReplicaSet>) {
        let replicaSet = event.object
        if case .modified(let old, _) = event, old.metadata.controller != replicaSet.metadata.controller { addOwner(of: old) }
        if replicaSet.metadata.controller != nil {
            addOwner(of: replicaSet)
            return
        }
        for deployment in deployments.objects(where: { $0.metadata.namespace == replicaSet.metadata.namespace })
        where deployment.selector?.matches(replicaSet.metadata.labels) ?? false {
            loop.add(deployment.key)
        }
    }

    /// Only `Recreate` waits for pods: the last old one must be gone before the first new one comes.
    private func take(_ event: InformerEvent<Pod>) {
        guard let controller = event.object.metadata.controller, controller.kind == ReplicaSet.resource.kind else { return }
        let isOver: Bool
        if case .deleted = event { isOver = true } else { isOver = event.object.isTerminated }
        let key = ObjectKey(namespace: event.object.metadata.namespace, name: controller.name)
        if isOver, let replicaSet = replicaSets.object(key) { addOwner(of: replicaSet) }
    }

    private func addOwner(of replicaSet: ReplicaSet) {
        guard let controller = replicaSet.metadata.controller, controller.kind == Deployment.resource.kind else { return }
        loop.add(ObjectKey(namespace: replicaSet.metadata.namespace, name: controller.name))
    }

    // MARK: - One pass

    private func sync(_ key: ObjectKey) async throws -> Duration? {
        guard let deployment = deployments.object(key), let selector = deployment.selector else { return nil }
        let candidates = owned.objects(deployment.metadata.uid) + orphans.objects(key.namespace)
        let claims = OwnershipClaims(candidates, owner: deployment.metadata, selector: selector)
        let sets = try await ownership.settle(claims, owner: deployment)
        let populated = sets.filter { set in
            podsByController.objects(set.metadata.uid).contains { !$0.isTerminated }
        }
        let plan = DeploymentPlanner.plan(
            DeploymentObservation(
                deployment: deployment, replicaSets: sets, populated: Set(populated.map(\.metadata.name)),
                now: environment.time.now()))
        // Each change moves a ReplicaSet's version on; the next change of the same pass must name the new one.
        var versions = Dictionary(uniqueKeysWithValues: sets.map { ($0.metadata.name, $0.metadata.resourceVersion) })
        for action in plan.actions { try await carryOut(action, deployment, &versions) }
        if let status = plan.status { try await environment.client.patchStatus(of: deployment, status) }
        return plan.nextLook
    }

    private func carryOut(
        _ action: DeploymentAction, _ deployment: Deployment, _ versions: inout [String: String]
    ) async throws(KubeError) {
        let namespace = deployment.metadata.namespace
        switch action {
        case .create(let new): try await create(new, deployment)
        case .scale(let name, let from, let to, let desired, let maximum):
            let annotations: JSON = [
                DeploymentNames.desiredReplicas: .string(String(desired)),
                DeploymentNames.maxReplicas: .string(String(maximum)),
            ]
            let key = ObjectKey(namespace: namespace, name: name)
            try await change(key, annotations, ["replicas": .integer(to)], &versions)
            if from != to { await tellScaled(deployment, name, from, to) }
        case .annotate(let name, let annotations, let minReadySeconds):
            let key = ObjectKey(namespace: namespace, name: name)
            try await change(key, JSON(annotations), ["minReadySeconds": .integer(minReadySeconds)], &versions)
        case .setRevision(let revision):
            try await environment.client.patch(
                Deployment.resource, deployment.key,
                ["metadata": ["annotations": [DeploymentNames.revision: .string(revision)]]])
        case .delete(let name, let uid):
            try await environment.client.delete(ReplicaSet.resource, ObjectKey(namespace: namespace, name: name), uid: uid)
        }
    }

    private func change(
        _ key: ObjectKey, _ annotations: JSON, _ spec: JSON, _ versions: inout [String: String]
    ) async throws(KubeError) {
        let metadata: JSON = ["resourceVersion": .string(versions[key.name] ?? ""), "annotations": annotations]
        let answer = try await environment.client.patch(ReplicaSet.resource, key, ["metadata": metadata, "spec": spec])
        versions[key.name] = answer["metadata", "resourceVersion"]?.string
    }

    private func tellScaled(_ deployment: Deployment, _ name: String, _ from: Int64, _ to: Int64) async {
        await recorder.record(
            deployment, reason: "ScalingReplicaSet",
            message: "Scaled \(to > from ? "up" : "down") replica set \(name) from \(from) to \(to)")
    }

    /// Creates a ReplicaSet; one that exists already under that name is ours if it says the same, and else moves us to
    /// another hash.
    private func create(_ new: NewReplicaSet, _ deployment: Deployment) async throws(KubeError) {
        let namespace = deployment.metadata.namespace
        do {
            try await environment.client.create(
                ReplicaSet.resource, namespace: namespace, DeploymentController.object(new, deployment))
        } catch let error where error.alreadyExists {
            let key = ObjectKey(namespace: namespace, name: new.name)
            guard let present = try await environment.client.get(ReplicaSet.self, key) else { throw error }
            let isOurs = present.metadata.controller?.uid == deployment.metadata.uid
            if isOurs, TemplateHash.areEqual(present.template, deployment.template) { return }
            let collisions = deployment.status["collisionCount"]?.integer ?? 0
            try await environment.client.patchStatus(of: deployment, ["collisionCount": .integer(collisions + 1)])
            throw error
        } catch {
            await noteFailure(error, new, deployment)
            throw error
        }
        if new.replicas > 0 { await tellScaled(deployment, new.name, 0, new.replicas) }
    }

    private func noteFailure(_ error: KubeError, _ new: NewReplicaSet, _ deployment: Deployment) async {
        let message = "Failed to create new replica set \"\(new.name)\": \(error)"
        var conditions = DeploymentConditions(deployment.status)
        conditions.set(.progressing, "False", "ReplicaSetCreateError", message, deployment, environment.time.now())
        guard conditions != DeploymentConditions(deployment.status) else { return }
        await recorder.record(deployment, .warning, reason: "ReplicaSetCreateError", message: message)
        // The creation's own error is what the pass reports.
        try? await environment.client.patchStatus(of: deployment, ["conditions": conditions.json])
    }

    private static func object(_ new: NewReplicaSet, _ deployment: Deployment) -> JSON {
        var template = deployment.template
        template["metadata", "labels", TemplateHash.label] = .string(new.hash)
        var selector = deployment.selectorJSON
        selector["matchLabels", TemplateHash.label] = .string(new.hash)
        return [
            "metadata": [
                "name": .string(new.name), "namespace": .string(deployment.metadata.namespace),
                "labels": template["metadata", "labels"] ?? [:], "annotations": JSON(new.annotations),
                "ownerReferences": [deployment.ownerReference.json],
            ],
            "spec": [
                "replicas": .integer(new.replicas), "minReadySeconds": .integer(deployment.minReadySeconds),
                "selector": selector, "template": template,
            ],
        ]
    }
}

extension Deployment {
    /// The selector in its object form; conditions of one value become `matchLabels`, which means the same.
    fileprivate var selectorJSON: JSON {
        var labels: [String: String] = [:]
        var expressions: [JSON] = []
        for requirement in selector?.requirements ?? [] {
            if requirement.comparison == .isIn, requirement.values.count == 1, labels[requirement.key] == nil {
                labels[requirement.key] = requirement.values[0]
                continue
            }
            var expression: JSON = [
                "key": .string(requirement.key), "operator": .string(requirement.comparison.rawValue),
            ]
            if !requirement.values.isEmpty { expression["values"] = .array(requirement.values.map(JSON.string)) }
            expressions.append(expression)
        }
        var object: JSON = ["matchLabels": JSON(labels)]
        if !expressions.isEmpty { object["matchExpressions"] = .array(expressions) }
        return object
    }
}
