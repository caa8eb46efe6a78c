internal import KubeClient
internal import Logging
internal import Objects

/// Deletes what nobody owns any more: in the background, in the foreground or not at all (`orphan`), as the deletion of
/// the owner asked.
///
/// Collects the kinds it is given; owners may be of any kind the server has.
public final class GarbageCollector: Controller {
    public let name = "garbage-collector"
    private let environment: ControllerEnvironment
    private let loop: ReconcileLoop<String>
    private let graph = OwnershipGraph()
    private let kinds: [GarbageKind]
    private let discovery: ResourceDiscovery

    public init(_ environment: ControllerEnvironment, kinds: [GarbageKind] = GarbageKind.standard) {
        self.environment = environment
        self.kinds = kinds
        loop = ReconcileLoop(name: name, environment: environment)
        discovery = ResourceDiscovery(client: environment.client)
        for kind in kinds {
            kind.observe(environment.informers) { [self] old, new in take(kind.resource, old, new) }
        }
    }

    public func run() async {
        await loop.run(workers: 4, initial: graph.uids) { [self] uid in try await sync(uid) }
    }

    // MARK: - Events

    private func take(_ resource: ResourceName, _ old: ObjectMeta?, _ new: ObjectMeta?) {
        if let old, old.uid != new?.uid {
            graph.remove(old.uid)
            for dependent in graph.dependents(of: old.uid) { loop.add(dependent.metadata.uid) }
            // An owner may wait for exactly this object.
            for owner in old.ownerReferences where graph.knows(owner.uid) { loop.add(owner.uid) }
        }
        guard let new else { return }
        graph.put(OwnershipGraph.Member(resource: resource, metadata: new))
        if new.isDeleting {
            let isOurs = new.finalizers.contains { $0 == GarbageFinalizers.orphan || $0 == GarbageFinalizers.foreground }
            if isOurs { loop.add(new.uid) }
        } else if old?.uid != new.uid || old?.ownerReferences != new.ownerReferences {
            // Known owners tell themselves when they go; others are looked up once.
            if new.ownerReferences.contains(where: { !graph.knows($0.uid) }) { loop.add(new.uid) }
        }
    }

    // MARK: - One object

    private func sync(_ uid: String) async throws -> Duration? {
        guard let member = graph[uid] else { return nil }
        if member.metadata.isDeleting {
            if member.metadata.finalizers.contains(GarbageFinalizers.orphan) {
                try await orphanDependents(of: member)
            } else if member.metadata.finalizers.contains(GarbageFinalizers.foreground) {
                try await waitForDependents(of: member)
            }
            return nil
        }
        let isSuspect = member.metadata.ownerReferences.contains { reference in
            graph[reference.uid].map(isWaiting) ?? true
        }
        guard isSuspect, let live = try await current(member) else { return nil }
        var owners: [GarbageDecision.Owner] = []
        for reference in live.ownerReferences {
            guard let owner = try await state(of: reference, for: member) else {
                environment.logger.warning(
                    "owner of a kind the server does not know: object stays",
                    metadata: ["object": "\(live.key)", "owner": "\(reference.apiVersion)/\(reference.kind) \(reference.name)"])
                return .seconds(300)
            }
            owners.append(owner)
        }
        let hasDependents = !graph.dependents(of: uid).isEmpty
        switch GarbageDecision(live, owners: owners, hasDependents: hasDependents) {
        case .keep: break
        case .forgetOwners(let uids):
            try await write(live.ownerReferences.filter { !uids.contains($0.uid) }, live, member.resource)
        case .delete(let policy):
            environment.logger.debug(
                "collected", metadata: ["kind": "\(member.resource.kind)", "object": "\(live.key)", "policy": "\(policy)"])
            try await environment.client.delete(member.resource, live.key, uid: uid, propagationPolicy: policy)
        }
        return nil
    }

    private func isWaiting(_ owner: OwnershipGraph.Member) -> Bool {
        owner.metadata.isDeleting && owner.metadata.finalizers.contains(GarbageFinalizers.foreground)
    }

    /// The object as the server has it; `nil` where it is gone or another one of that name.
    private func current(_ member: OwnershipGraph.Member) async throws(KubeError) -> ObjectMeta? {
        let live = try await environment.client.get(member.resource, member.metadata.key).map { ObjectMeta($0["metadata"]) }
        guard let live, live.uid == member.metadata.uid else { return nil }
        return live
    }

    /// How an owner is doing: as informers know it, or else as the server says; `nil` where its kind is unknown.
    private func state(
        of reference: OwnerReference, for member: OwnershipGraph.Member
    ) async throws(KubeError) -> GarbageDecision.Owner? {
        if let known = graph[reference.uid] { return isWaiting(known) ? .waiting : .present }
        guard let resource = try await resource(of: reference) else { return nil }
        // A namespaced owner of a cluster-scoped object cannot be found by name: never collect because of it.
        if resource.isNamespaced, member.metadata.namespace.isEmpty { return .present }
        let key = ObjectKey(namespace: resource.isNamespaced ? member.metadata.namespace : "", name: reference.name)
        guard let owner = try await environment.client.get(resource, key), owner["metadata", "uid"]?.string == reference.uid
        else { return .gone }
        let found = OwnershipGraph.Member(resource: resource, metadata: ObjectMeta(owner["metadata"]))
        return isWaiting(found) ? .waiting : .present
    }

    private func resource(of reference: OwnerReference) async throws(KubeError) -> ResourceName? {
        func isMeant(_ resource: ResourceName) -> Bool {
            let group = reference.apiVersion.contains("/") ? String(reference.apiVersion.prefix { $0 != "/" }) : ""
            return resource.group == group && resource.kind == reference.kind
        }
        if let own = kinds.map(\.resource).first(where: isMeant) { return own }
        let discovered = try await discovery.resources()
        if let found = discovered.found.map(\.name).first(where: isMeant) { return found }
        // A group that could not be read may have it.
        if let problem = discovered.unreadable.first { throw .transport("discovery failed: \(problem)") }
        return nil
    }

    // MARK: - Owners that are being deleted

    private func orphanDependents(of owner: OwnershipGraph.Member) async throws(KubeError) {
        let uid = owner.metadata.uid
        for dependent in graph.dependents(of: uid) {
            guard let live = try await current(dependent) else { continue }
            try await write(live.ownerReferences.filter { $0.uid != uid }, live, dependent.resource)
        }
        try await remove(GarbageFinalizers.orphan, from: owner)
    }

    private func waitForDependents(of owner: OwnershipGraph.Member) async throws(KubeError) {
        let uid = owner.metadata.uid
        let dependents = graph.dependents(of: uid)
        for dependent in dependents where !dependent.metadata.isDeleting { loop.add(dependent.metadata.uid) }
        let isBlocked = dependents.contains { dependent in
            dependent.metadata.ownerReferences.contains { $0.uid == uid && $0.blocksOwnerDeletion }
        }
        if !isBlocked { try await remove(GarbageFinalizers.foreground, from: owner) }
    }

    private func write(
        _ references: [OwnerReference], _ object: ObjectMeta, _ resource: ResourceName
    ) async throws(KubeError) {
        let list: JSON = references.isEmpty ? .null : .array(references.map(\.json))
        try await patch(resource, object, ["ownerReferences": list])
    }

    private func remove(_ finalizer: String, from member: OwnershipGraph.Member) async throws(KubeError) {
        guard let live = try await current(member), live.finalizers.contains(finalizer) else { return }
        let rest = live.finalizers.filter { $0 != finalizer }
        let list: JSON = rest.isEmpty ? .null : .array(rest.map(JSON.string))
        try await patch(member.resource, live, ["finalizers": list])
    }

    private func patch(_ resource: ResourceName, _ object: ObjectMeta, _ metadata: JSON) async throws(KubeError) {
        var metadata = metadata
        metadata["uid"] = .string(object.uid)
        metadata["resourceVersion"] = .string(object.resourceVersion)
        do {
            try await environment.client.patch(resource, object.key, ["metadata": metadata])
        } catch {
            // Gone meanwhile is what was wanted.
            if !error.isNotFound { throw error }
        }
    }
}
