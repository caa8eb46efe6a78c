internal import KubeClient
internal import Objects
internal import Ports

/// Creates and deletes the pods of workloads, remembers what informers have not shown yet, and tells of it in Events.
struct PodWriter: Sendable {
    private let client: KubeClient
    private let time: any TimeSource
    private let names: NameGenerator
    private let recorder: EventRecorder
    private let pending: PendingWrites<String>

    init(_ environment: ControllerEnvironment, component: String, pending: PendingWrites<String>) {
        client = environment.client
        time = environment.time
        names = environment.names(for: component)
        recorder = environment.recorder(component: component)
        self.pending = pending
    }

    /// Creates pods in batches of 1, 2, 4 …, so that what cannot work (a quota, a bad template) fails once and not
    /// hundreds of times; returns the failure that stopped it.
    func create<Owner: ResourceView>(_ count: Int, from template: JSON, for owner: Owner) async -> KubeError? {
        var rest = count
        var batch = 1
        while rest > 0 {
            let size = min(batch, rest)
            let batchNames = (0..<size).map { _ in names.name("\(owner.metadata.name)-") }
            let failure = await withTaskGroup(of: KubeError?.self) { group in
                for name in batchNames { group.addTask { await createOne(name, template, owner) } }
                return await group.reduce(nil) { $0 ?? $1 }
            }
            if let failure { return failure }
            rest -= size
            batch *= 2
        }
        return nil
    }

    private func createOne<Owner: ResourceView>(_ name: String, _ template: JSON, _ owner: Owner) async -> KubeError? {
        let key = ObjectKey(namespace: owner.metadata.namespace, name: name)
        pending.willCreate(key, for: owner.metadata.uid, now: time.now())
        do {
            let pod = PodTemplates.pod(from: template, name: name, namespace: key.namespace, owner: owner.ownerReference)
            try await client.create(Pod.resource, namespace: key.namespace, pod)
            await recorder.record(owner, reason: "SuccessfulCreate", message: "Created pod: \(name)")
            return nil
        } catch {
            // Without an answer the pod may exist after all: then there is one too many for a moment, which the next pass ends.
            pending.created(key)
            // A namespace on its way out refuses every pod; that is no news.
            if !error.description.contains("being terminated") {
                await recorder.record(owner, .warning, reason: "FailedCreate", message: "Error creating: \(error)")
            }
            return error
        }
    }

    /// Deletes pods at once; returns one of the failures.
    func delete<Owner: ResourceView>(_ pods: [Pod], for owner: Owner) async -> KubeError? {
        await withTaskGroup(of: KubeError?.self) { group in
            for pod in pods { group.addTask { await deleteOne(pod, owner) } }
            return await group.reduce(nil) { $0 ?? $1 }
        }
    }

    private func deleteOne<Owner: ResourceView>(_ pod: Pod, _ owner: Owner) async -> KubeError? {
        pending.willDelete(pod.key, uid: pod.metadata.uid, for: owner.metadata.uid, now: time.now())
        do {
            try await client.delete(Pod.resource, pod.key, uid: pod.metadata.uid)
            await recorder.record(owner, reason: "SuccessfulDelete", message: "Deleted pod: \(pod.metadata.name)")
            return nil
        } catch {
            pending.deleted(uid: pod.metadata.uid)
            // Another pod of that name: ours is gone already.
            if error.isConflict { return nil }
            await recorder.record(owner, .warning, reason: "FailedDelete", message: "Error deleting: \(error)")
            return error
        }
    }
}
