internal import KubeClient
internal import Objects
internal import Ports

/// Runs each VirtualMachineInstance in a launcher pod, and ends the pod with the instance.
public final class MachineInstanceController: Controller {
    public let name = "virtualmachineinstance"
    private let environment: ControllerEnvironment
    private let loop: ReconcileLoop<ObjectKey>
    private let instances: Informer<VirtualMachineInstance>
    private let podsByController: InformerIndex<Pod>
    private let pending = PendingWrites<String>()
    private let names: NameGenerator
    private let recorder: EventRecorder
    private let launcherImage: String

    /// - Parameter launcherImage: of the `compute` container; what it does is the host's agent's business.
    public init(_ environment: ControllerEnvironment, launcherImage: String = "quay.io/kubevirt/virt-launcher:v1.6.0") {
        self.environment = environment
        self.launcherImage = launcherImage
        loop = ReconcileLoop(name: name, environment: environment)
        instances = environment.informers.virtualMachineInstances
        podsByController = environment.informers.podsByController
        names = environment.names(for: name)
        recorder = environment.recorder(component: "virtualmachineinstance-controller")
        instances.onEvent { [loop] event in loop.add(event.object.key) }
        environment.informers.pods.onEvent { [self] event in take(event) }
    }

    public func run() async {
        await loop.run(workers: 5, initial: instances.objects().map(\.key)) { [self] key in try await sync(key) }
    }

    private func take(_ event: InformerEvent<Pod>) {
        let pod = event.object
        guard let controller = pod.metadata.controller, controller.kind == VirtualMachineInstance.resource.kind else { return }
        if case .deleted = event { pending.deleted(uid: pod.metadata.uid) } else { pending.created(pod.key) }
        if pod.metadata.isDeleting { pending.deleted(uid: pod.metadata.uid) }
        loop.add(ObjectKey(namespace: pod.metadata.namespace, name: controller.name))
    }

    // MARK: - One pass

    private func sync(_ key: ObjectKey) async throws -> Duration? {
        guard let instance = instances.object(key) else { return nil }
        let now = environment.time.now()
        guard pending.isSeen(instance.metadata.uid, now: now) else { return .seconds(1) }
        let launchers = podsByController.objects(instance.metadata.uid)
        let plan = MachineInstancePlanner.plan(instance, launchers: launchers, now: now)
        if !instance.metadata.isDeleting, !instance.metadata.finalizers.contains(MachineInstancePlanner.finalizer) {
            try await write(instance, finalizers: instance.metadata.finalizers + [MachineInstancePlanner.finalizer])
            return nil
        }
        // Informers of different kinds do not keep step: only the server knows that a pod is gone.
        if plan.isLauncherLost, try await isLauncherPresent(instance) { return .seconds(1) }
        for launcher in launchers where plan.deletions.contains(launcher.key) { try await end(launcher, instance) }
        if plan.removesFinalizer {
            try await write(instance, finalizers: instance.metadata.finalizers.filter { $0 != MachineInstancePlanner.finalizer })
            return nil
        }
        if let status = plan.status { try await write(instance, status) }
        if plan.createsLauncher { try await start(instance) }
        return nil
    }

    private func isLauncherPresent(_ instance: VirtualMachineInstance) async throws(KubeError) -> Bool {
        let selector = "\(Names.kubevirtCreatedByLabel)=\(instance.metadata.uid)"
        return try await !environment.client.list(
            Pod.resource, namespace: instance.metadata.namespace, labelSelector: selector
        ).items.isEmpty
    }

    private func start(_ instance: VirtualMachineInstance) async throws(KubeError) {
        let name = names.name("virt-launcher-\(instance.metadata.name)-")
        let key = ObjectKey(namespace: instance.metadata.namespace, name: name)
        pending.willCreate(key, for: instance.metadata.uid, now: environment.time.now())
        do {
            let pod = LauncherPod.pod(for: instance, name: name, image: launcherImage)
            try await environment.client.create(Pod.resource, namespace: key.namespace, pod)
            await recorder.record(instance, reason: "SuccessfulCreate", message: "Created virtual machine pod \(name)")
        } catch {
            pending.created(key)
            let message = "Error creating pod: \(error)"
            await recorder.record(instance, .warning, reason: "FailedCreate", message: message)
            var conditions = [Condition](status: instance.status)
            conditions.set(
                Condition(type: "Synchronized", status: "False", reason: "FailedCreate", message: message),
                now: environment.time.now())
            if conditions != [Condition](status: instance.status) {
                // The creation's own error is what the pass reports.
                try? await write(instance, ["conditions": conditions.json])
            }
            throw error
        }
    }

    private func end(_ launcher: Pod, _ instance: VirtualMachineInstance) async throws(KubeError) {
        pending.willDelete(
            launcher.key, uid: launcher.metadata.uid, for: instance.metadata.uid, now: environment.time.now())
        do {
            try await environment.client.delete(Pod.resource, launcher.key, uid: launcher.metadata.uid)
            await recorder.record(
                instance, reason: "SuccessfulDelete", message: "Deleted virtual machine pod \(launcher.metadata.name)")
        } catch {
            pending.deleted(uid: launcher.metadata.uid)
            // Another pod of that name: ours is gone already.
            if !error.isConflict { throw error }
        }
    }

    // MARK: - Writing

    /// VirtualMachineInstances have no `status` sub-resource, so the whole object is patched.
    private func write(_ instance: VirtualMachineInstance, _ status: JSON) async throws(KubeError) {
        try await patch(instance, ["metadata": metadata(instance), "status": status])
    }

    private func write(_ instance: VirtualMachineInstance, finalizers: [String]) async throws(KubeError) {
        var metadata = metadata(instance)
        metadata["finalizers"] = finalizers.isEmpty ? .null : .array(finalizers.map(JSON.string))
        try await patch(instance, ["metadata": metadata])
    }

    private func metadata(_ instance: VirtualMachineInstance) -> JSON {
        ["uid": .string(instance.metadata.uid), "resourceVersion": .string(instance.metadata.resourceVersion)]
    }

    private func patch(_ instance: VirtualMachineInstance, _ patch: JSON) async throws(KubeError) {
        do {
            try await environment.client.patch(VirtualMachineInstance.resource, instance.key, patch)
        } catch {
            // Gone meanwhile: its launcher goes with it.
            if !error.isNotFound { throw error }
        }
    }
}
