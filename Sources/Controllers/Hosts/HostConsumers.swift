internal import KubeClient
internal import Objects

/// Knows whether the consumer that a host names still exists.
struct HostConsumers: Sendable {
    private let client: KubeClient
    private let nodeGroups: Informer<NodeGroup>
    private let instances: Informer<BareMetalInstance>
    private let hostsByConsumer: InformerIndex<BareMetalHost>

    init(_ environment: ControllerEnvironment) {
        client = environment.client
        nodeGroups = environment.informers.nodeGroups
        instances = environment.informers.bareMetalInstances
        hostsByConsumer = environment.informers.hostsByConsumer
    }

    /// Calls `handler` with the hosts of a consumer that vanished.
    func onLoss(_ handler: @escaping @Sendable ([ObjectKey]) -> Void) {
        let index = hostsByConsumer
        nodeGroups.onEvent { event in
            if case .deleted(let group) = event { handler(index.objects(group.claim.word).map(\.key)) }
        }
        instances.onEvent { event in
            if case .deleted(let instance) = event { handler(index.objects(instance.claim.word).map(\.key)) }
        }
    }

    /// Whether the consumer certainly does not exist. Consumers of kinds that Sluice does not know are left alone.
    func isGone(_ host: BareMetalHost) async throws -> Bool {
        guard let claim = host.consumer else { return false }
        let key = ObjectKey(namespace: claim.namespace, name: claim.name)
        // An informer may be late: only the API's own answer is proof.
        switch claim.kind {
        case .nodeGroup:
            if nodeGroups.object(key) != nil { return false }
            return try await client.get(NodeGroup.self, key) == nil
        case .bareMetalInstance:
            if instances.object(key) != nil { return false }
            return try await client.get(BareMetalInstance.self, key) == nil
        }
    }
}

extension HostClaim {
    /// The claim as one word, for indexes.
    var word: String { "\(kind.rawValue)/\(namespace)/\(name)" }
}

extension SharedInformers {
    /// Hosts by the word of the claim that their spec names.
    var hostsByConsumer: InformerIndex<BareMetalHost> {
        index(named: "consumer") { host in host.consumer.map { [$0.word] } ?? [] }
    }
}
