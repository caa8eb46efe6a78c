internal import KubeClient
internal import Objects
internal import Ports

/// Empties namespaces that are being deleted, then lets them go.
public final class NamespaceController: Controller {
    public let name = "namespace"
    /// While pods end gracefully there is nothing to do but to look again.
    private static let pause = Duration.seconds(2)

    private let environment: ControllerEnvironment
    private let loop: ReconcileLoop<ObjectKey>
    private let namespaces: Informer<Namespace>
    private let discovery: ResourceDiscovery

    public init(_ environment: ControllerEnvironment) {
        self.environment = environment
        loop = ReconcileLoop(name: name, environment: environment)
        namespaces = environment.informers.namespaces
        discovery = ResourceDiscovery(client: environment.client)
        namespaces.onEvent { [loop] event in
            if event.object.metadata.isDeleting { loop.add(event.object.key) }
        }
    }

    public func run() async {
        let leaving = namespaces.objects { $0.metadata.isDeleting }
        await loop.run(workers: 5, initial: leaving.map(\.key)) { [self] key in try await sync(key) }
    }

    /// What was found on one walk through a namespace.
    private struct Content {
        /// Such as `pods: 3`.
        var remaining: [String] = []
        var finalizers: [String: Int] = [:]
        var failures: [String] = []
        var isEmpty: Bool { remaining.isEmpty && failures.isEmpty }
    }

    private func sync(_ key: ObjectKey) async throws -> Duration? {
        guard let namespace = namespaces.object(key), namespace.metadata.isDeleting else { return nil }
        guard let raw = try await environment.client.get(Namespace.resource, key),
            raw["metadata", "uid"]?.string == namespace.metadata.uid
        else { return nil }
        let finalizers = (raw["spec", "finalizers"]?.array ?? []).compactMap(\.string)
        guard finalizers.contains("kubernetes") else { return nil }
        let (resources, unreadable) = try await discovery.resources()
        var content = Content()
        for resource in resources where resource.name.isNamespaced { await empty(key.name, of: resource, &content) }
        try await writeStatus(namespace, raw, content, unreadable)
        guard content.isEmpty, unreadable.isEmpty else { return NamespaceController.pause }
        var final = raw
        let rest = finalizers.filter { $0 != "kubernetes" }
        final["spec", "finalizers"] = .array(rest.map(JSON.string))
        // The status just written moved the version on; the uid is what guards this call.
        final["metadata", "resourceVersion"] = nil
        do {
            try await environment.client.update(Namespace.resource, key, final, subresource: "finalize")
        } catch {
            if !error.isNotFound { throw error }
        }
        return nil
    }

    /// Deletes all objects of one resource and notes what is still there.
    private func empty(_ namespace: String, of resource: DiscoveredResource, _ content: inout Content) async {
        guard resource.verbs.contains("list"), resource.verbs.contains("delete") else { return }
        do {
            let items = try await environment.client.list(resource.name, namespace: namespace).items
            guard !items.isEmpty else { return }
            for item in items {
                let metadata = ObjectMeta(item["metadata"])
                guard !metadata.isDeleting else { continue }
                try await environment.client.delete(
                    resource.name, metadata.key, uid: metadata.uid, propagationPolicy: "Background")
            }
            let left = try await environment.client.list(resource.name, namespace: namespace).items
            guard !left.isEmpty else { return }
            let group = resource.name.group.isEmpty ? "" : ".\(resource.name.group)"
            content.remaining.append("\(resource.name.plural)\(group): \(left.count)")
            for item in left {
                for finalizer in ObjectMeta(item["metadata"]).finalizers { content.finalizers[finalizer, default: 0] += 1 }
            }
        } catch {
            // The resource may go away with its definition meanwhile.
            if error.code != 404, error.code != 405 { content.failures.append("\(resource.name.plural): \(error)") }
        }
    }

    private func writeStatus(_ namespace: Namespace, _ raw: JSON, _ content: Content, _ unreadable: [String]) async throws {
        var conditions = [Condition](status: raw["status"])
        let now = environment.time.now()
        func set(_ type: String, _ isTrue: Bool, _ reasons: (yes: String, no: String), _ message: String) {
            conditions.set(
                Condition(
                    type: type, status: isTrue ? "True" : "False", reason: isTrue ? reasons.yes : reasons.no, message: message),
                now: now)
        }
        set(
            "NamespaceDeletionDiscoveryFailure", !unreadable.isEmpty, ("DiscoveryFailed", "ResourcesDiscovered"),
            unreadable.isEmpty ? "All resources successfully discovered" : unreadable.joined(separator: "; "))
        set(
            "NamespaceDeletionContentFailure", !content.failures.isEmpty, ("ContentDeletionFailed", "ContentDeleted"),
            content.failures.isEmpty
                ? "All content successfully deleted, may be waiting on finalization" : content.failures.joined(separator: "; "))
        set(
            "NamespaceContentRemaining", !content.remaining.isEmpty, ("SomeResourcesRemain", "ContentRemoved"),
            content.remaining.isEmpty
                ? "All content successfully removed" : "Some resources are remaining: \(content.remaining.joined(separator: ", "))")
        let finalizers = content.finalizers.sorted { $0.key < $1.key }.map { "\($0.key) in \($0.value) resource instances" }
        set(
            "NamespaceFinalizersRemaining", !finalizers.isEmpty, ("SomeFinalizersRemain", "ContentHasNoFinalizers"),
            finalizers.isEmpty
                ? "All content-preserving finalizers finished"
                : "Some content in the namespace has finalizers remaining: \(finalizers.joined(separator: ", "))")
        guard conditions != [Condition](status: raw["status"]) else { return }
        try await environment.client.patchStatus(
            of: namespace, ["phase": "Terminating", "conditions": conditions.json])
    }
}
