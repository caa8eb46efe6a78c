internal import KubeClient
internal import Objects
internal import Ports

/// Takes hosts out of the pool and gives them back; the only code that writes `consumerRef`.
///
/// A claim is one guarded patch of one host: the server applies it only if the host is still as it was when it was read
/// as claimable, so two claimers can never both win. A release has two phases: first the image, the user data and the
/// power go while the consumer stays, and the host controller cleans the host; when it is available again the consumer
/// goes, and only then may anybody else claim it.
struct HostClaimer: Sendable {
    /// When the host was claimed (RFC 3339): from then on a NodeGroup waits for the node.
    static let claimedAtAnnotation = "sluice.dev/claimed-at"

    private let client: KubeClient
    private let time: any TimeSource

    init(_ environment: ControllerEnvironment) {
        client = environment.client
        time = environment.time
    }

    /// What a claim asks of the host.
    struct Order: Sendable {
        var claim: HostClaim
        var image: HostImage?
        var isOnline: Bool
        /// For the booting system; `nil` without any.
        var userData: [UInt8]?
    }

    /// Claims a host; false where somebody else was faster.
    func claim(_ host: BareMetalHost, _ order: Order) async throws(KubeError) -> Bool {
        guard host.isClaimable else { return false }
        var spec: JSON = ["consumerRef": order.claim.json, "online": .bool(order.isOnline)]
        if let image = order.image { spec["image"] = HostPatches.image(image) }
        let secret = HostClaimer.secretKey(host, order.claim)
        if let userData = order.userData {
            try await write(userData, to: secret, of: host)
            spec["userData"] = ["namespace": .string(secret.namespace), "name": .string(secret.name)]
        }
        let label: JSON = order.claim.kind == .nodeGroup ? .string(order.claim.name) : .null
        let patch: JSON = [
            "metadata": [
                "labels": [Names.nodeGroupLabel: label],
                "annotations": [HostClaimer.claimedAtAnnotation: .string(time.now().rfc3339)],
            ],
            "spec": spec,
        ]
        do {
            try await client.patch(BareMetalHost.resource, host.key, HostPatches.guarded(host, patch))
            return true
        } catch let error where error.isConflict || error.isNotFound {
            // Perhaps another process claimed it for the same consumer: then the claim and its Secret stand.
            if try await client.get(BareMetalHost.self, host.key)?.consumer == order.claim { return true }
            if order.userData != nil { try await client.delete(HostNames.secret, secret) }
            return false
        }
    }

    /// First phase: lets the host controller take the host back from its consumer. Repeating it changes nothing.
    func release(_ host: BareMetalHost) async throws(KubeError) {
        guard host.image != nil || host.isOnline else { return }
        try await client.patch(
            BareMetalHost.resource, host.key, HostPatches.guarded(host, HostClaimer.emptySpec(keepConsumer: true)))
    }

    /// Second phase, for a host for which ``isClean(_:)`` holds: back into the pool.
    func finishRelease(_ host: BareMetalHost) async throws(KubeError) {
        if let claim = host.consumer { try await client.delete(HostNames.secret, HostClaimer.secretKey(host, claim)) }
        try await client.patch(
            BareMetalHost.resource, host.key, HostPatches.guarded(host, HostClaimer.emptySpec(keepConsumer: false)))
    }

    /// Whether nothing of the consumer is left on a released host.
    static func isClean(_ host: BareMetalHost) -> Bool {
        host.image == nil && host.provisionedImage == nil && host.state != .deprovisioning && host.state != .provisioned
            && host.state != .provisioning
    }

    /// The patch that takes everything off a host that a claim put there.
    static func emptySpec(keepConsumer: Bool) -> JSON {
        var patch: JSON = ["spec": ["image": nil, "userData": nil, "online": false]]
        if !keepConsumer {
            patch["spec", "consumerRef"] = .null
            patch["metadata", "labels"] = [Names.nodeGroupLabel: nil]
            patch["metadata", "annotations"] = [HostClaimer.claimedAtAnnotation: nil]
        }
        return patch
    }

    /// When the host was claimed; `nil` where nothing tells.
    static func claimedAt(_ host: BareMetalHost) -> Timestamp? {
        host.metadata.annotations[claimedAtAnnotation].flatMap { Timestamp(rfc3339: $0) }
    }

    /// One Secret for each pair of host and claim: who loses the race does not touch the winner's.
    private static func secretKey(_ host: BareMetalHost, _ claim: HostClaim) -> ObjectKey {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in claim.word.utf8 { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        let name = "\(host.metadata.name.prefix(200))-user-data-\(String(hash, radix: 36))"
        return ObjectKey(namespace: host.metadata.namespace, name: name)
    }

    private func write(_ userData: [UInt8], to key: ObjectKey, of host: BareMetalHost) async throws(KubeError) {
        let data: JSON = [HostNames.userDataKey: .string(Base64.encode(userData))]
        var owner = host.ownerReference
        owner.isController = false
        owner.blocksOwnerDeletion = false
        let secret: JSON = [
            "metadata": [
                "name": .string(key.name), "namespace": .string(key.namespace), "ownerReferences": [owner.json],
                "labels": [HostNames.userDataLabel: "true"], "annotations": [HostClaimer.claimedAtAnnotation: .string(time.now().rfc3339)],
            ],
            "type": "Opaque", "data": data,
        ]
        do {
            try await client.create(HostNames.secret, namespace: key.namespace, secret)
        } catch let error where error.alreadyExists {
            // One of an earlier attempt; its time tells who sweeps such ones away that it is wanted again.
            let metadata: JSON = ["labels": secret["metadata", "labels"] ?? [:], "annotations": secret["metadata", "annotations"] ?? [:]]
            try await client.patch(HostNames.secret, key, ["metadata": metadata, "data": data])
        }
    }
}
