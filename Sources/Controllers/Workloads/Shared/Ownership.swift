internal import KubeClient
public import Objects

/// Which objects belong to an owner, which should from now on, and which should not any more.
public struct OwnershipClaims<View: ResourceView>: Sendable {
    public var owned: [View] = []
    /// Without a managing owner, but selected: to be adopted.
    public var adoptable: [View] = []
    /// Managed by the owner, but not selected any more: to be released.
    public var releasable: [View] = []

    /// Kubernetes' rules: an owner that is being deleted neither adopts nor releases, and nothing that is being deleted
    /// is adopted.
    public init(_ candidates: [View], owner: ObjectMeta, selector: LabelSelector) {
        for candidate in candidates where candidate.metadata.namespace == owner.namespace {
            let isSelected = selector.matches(candidate.metadata.labels)
            if let controller = candidate.metadata.controller {
                guard controller.uid == owner.uid else { continue }
                if isSelected {
                    owned.append(candidate)
                } else if !owner.isDeleting {
                    releasable.append(candidate)
                }
            } else if isSelected, !owner.isDeleting, !candidate.metadata.isDeleting {
                adoptable.append(candidate)
            }
        }
    }
}

/// Carries claims out.
struct OwnershipWriter: Sendable {
    let client: KubeClient

    /// Adopts and releases; afterwards the claimed objects are all owned.
    ///
    /// The owner is read from the server before the first adoption: an owner that is gone must not adopt.
    func settle<Owner: ResourceView, View: ResourceView>(
        _ claims: OwnershipClaims<View>, owner: Owner
    ) async throws -> [View] {
        for object in claims.releasable {
            let rest = object.metadata.ownerReferences.filter { $0.uid != owner.metadata.uid }
            try await write(rest, to: object)
        }
        guard !claims.adoptable.isEmpty else { return claims.owned }
        let present = try await client.get(Owner.self, owner.key)
        guard let present, present.metadata.uid == owner.metadata.uid, !present.metadata.isDeleting else { return claims.owned }
        var owned = claims.owned
        for object in claims.adoptable {
            try await write(object.metadata.ownerReferences + [owner.ownerReference], to: object)
            owned.append(object)
        }
        return owned.sorted { $0.key < $1.key }
    }

    private func write<View: ResourceView>(_ references: [OwnerReference], to object: View) async throws(KubeError) {
        let list: JSON = references.isEmpty ? .null : .array(references.map(\.json))
        let patch: JSON = [
            "metadata": [
                "uid": .string(object.metadata.uid), "resourceVersion": .string(object.metadata.resourceVersion),
                "ownerReferences": list,
            ]
        ]
        do {
            try await client.patch(View.resource, object.key, patch)
        } catch {
            // Gone meanwhile: nothing left to own.
            if !error.isNotFound { throw error }
        }
    }
}
