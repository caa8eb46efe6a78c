internal import KubeClient
internal import Objects
internal import Ports

/// Deletes pods that do not tolerate the `NoExecute` taints of their nodes (any longer).
public final class TaintEvictionController: Controller {
    public let name = "taint-eviction"
    private let environment: ControllerEnvironment
    private let loop: ReconcileLoop<ObjectKey>
    private let nodes: Informer<Node>
    private let pods: Informer<Pod>
    private let podsByNode: InformerIndex<Pod>
    private let recorder: EventRecorder

    public init(_ environment: ControllerEnvironment) {
        self.environment = environment
        loop = ReconcileLoop(name: name, environment: environment)
        nodes = environment.informers.nodes
        pods = environment.informers.pods
        podsByNode = environment.informers.podsByNode
        recorder = environment.recorder(component: "taint-eviction-controller")
        nodes.onEvent { [self] event in take(event) }
        pods.onEvent { [self] event in take(event) }
    }

    public func run() async {
        let tainted = nodes.objects { !TaintEvictionController.driving($0.taints).isEmpty }
        let keys = tainted.flatMap { podsByNode.objects($0.metadata.name) }.map(\.key)
        await loop.run(workers: 4, initial: keys) { [self] key in try await sync(key) }
    }

    private static func driving(_ taints: [Taint]) -> [Taint] { taints.filter { $0.effect == "NoExecute" } }

    private func take(_ event: InformerEvent<Node>) {
        if case .deleted = event { return }
        let taints = TaintEvictionController.driving(event.object.taints)
        if case .modified(let old, _) = event, TaintEvictionController.driving(old.taints) == taints { return }
        for pod in podsByNode.objects(event.object.metadata.name) { loop.add(pod.key) }
    }

    private func take(_ event: InformerEvent<Pod>) {
        let pod = event.object
        guard !pod.nodeName.isEmpty, let node = nodes.object(ObjectKey(name: pod.nodeName)),
            !TaintEvictionController.driving(node.taints).isEmpty
        else { return }
        if case .modified(let old, _) = event, old.nodeName == pod.nodeName, old.requirements.tolerations == pod.requirements.tolerations {
            return
        }
        loop.add(pod.key)
    }

    private func sync(_ key: ObjectKey) async throws -> Duration? {
        guard let pod = pods.object(key), !pod.metadata.isDeleting, !pod.isTerminated, !pod.nodeName.isEmpty,
            let node = nodes.object(ObjectKey(name: pod.nodeName))
        else { return nil }
        let now = environment.time.now()
        switch TaintEviction.verdict(pod, taints: node.taints, now: now) {
        case .stays: return nil
        case .leaves(let moment) where moment > now: return moment - now
        case .leaves:
            await recorder.record(pod, reason: "TaintManagerEviction", message: "Marking for deletion Pod \(key)")
            try await environment.client.markDisrupted(
                pod, reason: "DeletionByTaintManager", message: "Taint manager: deleting due to NoExecute taint", now: now)
            do {
                try await environment.client.delete(Pod.resource, key, uid: pod.metadata.uid)
            } catch {
                // Another pod of that name: the one we meant is gone.
                if !error.isConflict { throw error }
            }
            return nil
        }
    }
}

extension KubeClient {
    /// Writes why a pod is about to be ended, so that its owner can tell a disruption from a failure.
    ///
    /// - Parameter phase: also ends the pod in that phase, where nobody else will.
    func markDisrupted(
        _ pod: Pod, reason: String, message: String, now: Timestamp, phase: String? = nil
    ) async throws(KubeError) {
        let condition = Condition(
            type: "DisruptionTarget", status: "True", reason: reason, message: message, lastTransitionTime: now)
        var status: JSON = ["conditions": [condition.json]]
        if let phase { status["phase"] = .string(phase) }
        do {
            try await patch(
                Pod.resource, pod.key, ["metadata": ["uid": .string(pod.metadata.uid)], "status": status],
                subresource: "status", as: .strategic)
        } catch {
            // Gone, or another pod of that name: nothing to mark.
            if !error.isNotFound, !error.isConflict { throw error }
        }
    }
}
