public import KubeClient
public import Objects
internal import Ports
internal import Synchronization

/// The informers of a process: one for each kind that some controller asked for, made at the first request.
///
/// Kinds nobody asks for are neither listed nor watched, so that controllers run against servers that lack them.
public final class SharedInformers: Sendable {
    /// An informer without its type.
    struct Entry: Sendable {
        var resource: ResourceName
        var fieldSelector: String
        var informer: any Sendable
        var run: @Sendable () async -> Void
        var waitUntilSynced: @Sendable () async -> Void
    }

    private struct State {
        var entries: [Entry] = []
        var indexes: [String: any Sendable] = [:]
    }

    private let client: KubeClient
    private let time: any TimeSource
    private let state = Mutex(State())

    init(client: KubeClient, time: any TimeSource) {
        self.client = client
        self.time = time
    }

    /// The informer of a kind, over all namespaces. Ask in a controller's `init`: the runner runs those known at its start.
    ///
    /// - Parameter fieldSelector: only those objects; an informer of its own for each selector.
    public func informer<View: ResourceView>(_ view: View.Type = View.self, fieldSelector: String = "") -> Informer<View> {
        state.withLock { informer(view, fieldSelector, &$0) }
    }

    private func informer<View: ResourceView>(
        _ view: View.Type, _ fieldSelector: String, _ state: inout State
    ) -> Informer<View> {
        for entry in state.entries where entry.resource == View.resource && entry.fieldSelector == fieldSelector {
            if let present = entry.informer as? Informer<View> { return present }
        }
        let informer = Informer<View>(client: client, time: time, fieldSelector: fieldSelector)
        state.entries.append(
            Entry(
                resource: View.resource, fieldSelector: fieldSelector, informer: informer, run: { await informer.run() },
                waitUntilSynced: { await informer.waitUntilSynced() }))
        return informer
    }

    /// An index over the informer of a kind, shared by name; ask in a controller's `init`.
    ///
    /// - Parameters:
    ///   - name: the same name must always come with the same `keys`.
    ///   - keys: under which words an object is found.
    public func index<View: ResourceView>(
        _ view: View.Type = View.self, named name: String, keys: @escaping @Sendable (View) -> [String]
    ) -> InformerIndex<View> {
        state.withLock { state in
            let full = "\(View.resource.plural).\(View.resource.group)/\(name)"
            if let present = state.indexes[full] as? InformerIndex<View> { return present }
            let index = InformerIndex(informer(view, "", &state), keys: keys)
            state.indexes[full] = index
            return index
        }
    }

    /// In the order in which they were asked for.
    var entries: [Entry] { state.withLock { $0.entries } }
}

// MARK: - The usual ones

extension SharedInformers {
    public var pods: Informer<Pod> { informer() }
    public var nodes: Informer<Node> { informer() }
    public var replicaSets: Informer<ReplicaSet> { informer() }
    public var deployments: Informer<Deployment> { informer() }
    public var virtualMachines: Informer<VirtualMachine> { informer() }
    public var virtualMachineInstances: Informer<VirtualMachineInstance> { informer() }
    public var disruptionBudgets: Informer<PodDisruptionBudget> { informer() }
    public var namespaces: Informer<Namespace> { informer() }
    public var leases: Informer<Lease> { informer() }
    public var hosts: Informer<BareMetalHost> { informer() }
    public var nodeGroups: Informer<NodeGroup> { informer() }
    public var bareMetalInstances: Informer<BareMetalInstance> { informer() }

    /// Pods by the uid of their managing owner.
    public var podsByController: InformerIndex<Pod> {
        index(named: "controller") { pod in pod.metadata.controller.map { [$0.uid] } ?? [] }
    }

    /// Pods by the name of the node they are bound to.
    public var podsByNode: InformerIndex<Pod> { index(named: "node") { $0.nodeName.isEmpty ? [] : [$0.nodeName] } }

    /// Pods without a managing owner, by namespace.
    public var orphanedPods: InformerIndex<Pod> {
        index(named: "orphan") { $0.metadata.controller == nil ? [$0.metadata.namespace] : [] }
    }

    /// ReplicaSets by the uid of their managing owner.
    public var replicaSetsByController: InformerIndex<ReplicaSet> {
        index(named: "controller") { set in set.metadata.controller.map { [$0.uid] } ?? [] }
    }

    /// Pods by namespace.
    public var podsByNamespace: InformerIndex<Pod> { index(named: "namespace") { [$0.metadata.namespace] } }
}
