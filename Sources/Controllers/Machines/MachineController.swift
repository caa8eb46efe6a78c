internal import KubeClient
internal import Objects
internal import Ports

/// Starts and stops the instances of VirtualMachines.
public final class MachineController: Controller {
    public let name = "virtualmachine"
    private let environment: ControllerEnvironment
    private let loop: ReconcileLoop<ObjectKey>
    private let machines: Informer<VirtualMachine>
    private let instances: Informer<VirtualMachineInstance>
    private let recorder: EventRecorder

    public init(_ environment: ControllerEnvironment) {
        self.environment = environment
        loop = ReconcileLoop(name: name, environment: environment)
        machines = environment.informers.virtualMachines
        instances = environment.informers.virtualMachineInstances
        recorder = environment.recorder(component: "virtualmachine-controller")
        machines.onEvent { [loop] event in loop.add(event.object.key) }
        // An instance has its machine's name.
        instances.onEvent { [loop] event in
            if event.object.metadata.controller?.kind == VirtualMachine.resource.kind { loop.add(event.object.key) }
        }
    }

    public func run() async {
        await loop.run(workers: 5, initial: machines.objects().map(\.key)) { [self] key in try await sync(key) }
    }

    // MARK: - One pass

    private func sync(_ key: ObjectKey) async throws -> Duration? {
        guard let machine = machines.object(key) else { return nil }
        let found = instances.object(key)
        let own = found.flatMap { $0.metadata.controller?.uid == machine.metadata.uid ? $0 : nil }
        let plan = MachinePlanner.plan(machine, instance: own, now: environment.time.now())
        for action in plan.actions { try await carryOut(action, machine) }
        if let status = plan.status { try await writeStatus(machine, status) }
        return plan.nextLook
    }

    private func carryOut(_ action: MachinePlan.Action, _ machine: VirtualMachine) async throws(KubeError) {
        let finalizer = MachinePlanner.finalizer
        switch action {
        case .start: try await start(machine)
        case .stop(let uid):
            do {
                try await environment.client.delete(VirtualMachineInstance.resource, machine.key, uid: uid)
            } catch {
                // Another instance of that name: the one we meant is gone.
                if !error.isConflict { throw error }
                return
            }
            await recorder.record(
                machine, reason: "SuccessfulDelete",
                message:
                    "Stopped the virtual machine by deleting the virtual machine instance \(machine.metadata.name) with UID \(uid)")
        case .addFinalizer: try await write(machine, finalizers: machine.metadata.finalizers + [finalizer])
        case .removeFinalizer:
            try await write(machine, finalizers: machine.metadata.finalizers.filter { $0 != finalizer })
        }
    }

    private func start(_ machine: VirtualMachine) async throws(KubeError) {
        do {
            try await environment.client.create(
                VirtualMachineInstance.resource, namespace: machine.metadata.namespace, MachineController.instance(of: machine))
        } catch  where error.alreadyExists {
            // Ours, which the informer has not shown yet; somebody else's is in the way until it goes.
            let present = try await environment.client.get(VirtualMachineInstance.self, machine.key)
            if present?.metadata.controller?.uid == machine.metadata.uid { return }
            await tellFailure(error, machine)
            throw error
        } catch {
            await tellFailure(error, machine)
            throw error
        }
        await recorder.record(
            machine, reason: "SuccessfulCreate",
            message: "Started the virtual machine by creating the new virtual machine instance \(machine.metadata.name)")
    }

    private func tellFailure(_ error: KubeError, _ machine: VirtualMachine) async {
        await recorder.record(
            machine, .warning, reason: "FailedCreate", message: "Error creating virtual machine instance: \(error)")
    }

    private static func instance(of machine: VirtualMachine) -> JSON {
        var metadata: JSON = [
            "name": .string(machine.metadata.name), "namespace": .string(machine.metadata.namespace),
            "ownerReferences": [machine.ownerReference.json], "finalizers": [.string(MachineInstancePlanner.finalizer)],
        ]
        for field in ["labels", "annotations"] {
            if let value = machine.template["metadata", field], !value.isNull { metadata[field] = value }
        }
        return ["metadata": metadata, "spec": machine.template["spec"] ?? [:]]
    }

    // MARK: - Writing

    private func writeStatus(_ machine: VirtualMachine, _ status: JSON) async throws(KubeError) {
        do {
            try await environment.client.patchStatus(of: machine, status)
        } catch {
            // A machine whose last finalizer was just removed has no status to keep.
            if !error.isNotFound { throw error }
        }
    }

    private func write(_ machine: VirtualMachine, finalizers: [String]) async throws(KubeError) {
        let list: JSON = finalizers.isEmpty ? .null : .array(finalizers.map(JSON.string))
        let metadata: JSON = [
            "uid": .string(machine.metadata.uid), "resourceVersion": .string(machine.metadata.resourceVersion),
            "finalizers": list,
        ]
        do {
            try await environment.client.patch(VirtualMachine.resource, machine.key, ["metadata": metadata])
        } catch {
            if !error.isNotFound { throw error }
        }
    }
}
