import APIMessages
import KubeClient
import Objects
import Synchronization

/// Somebody else who takes hosts by hand: always the very host that a NodeGroup is about to claim, a moment before.
///
/// The claim then has to fail, and nobody may take the host from the rival until it gives it back.
final class ClaimRival: APITransport {
    /// What the rival holds, over all planes of a run.
    final class Holdings: Sendable {
        fileprivate let state: Mutex<(wanted: Int, held: [ObjectKey])>

        /// - Parameter wanted: how many hosts to take.
        init(wanted: Int) { state = Mutex((wanted, [])) }

        var held: [ObjectKey] { state.withLock { $0.held } }

        /// Forgets what is held, and wants no more.
        func end() { state.withLock { $0 = (0, []) } }
    }

    static let consumer: JSON = [
        "apiVersion": "infrastructure.cluster.x-k8s.io/v1beta1", "kind": "Metal3Machine", "name": "rival", "namespace": "default",
    ]

    private let base: any APITransport
    private let holdings: Holdings

    init(_ base: any APITransport, holdings: Holdings) {
        self.base = base
        self.holdings = holdings
    }

    func send(_ request: APIRequest) async throws -> APIResponse {
        let parts = request.path.split(separator: "/")
        if request.method == "PATCH", parts.count == 7, parts[5] == "baremetalhosts",
            (try? JSON(parsing: request.body))?["spec", "consumerRef", "kind"]?.string == "NodeGroup",
            holdings.state.withLock({ $0.held.count < $0.wanted })
        {
            try await take(ObjectKey(namespace: String(parts[4]), name: String(parts[6])))
        }
        return try await base.send(request)
    }

    private func take(_ key: ObjectKey) async throws {
        let client = KubeClient(transport: base)
        guard let host = try await client.get(BareMetalHost.self, key), host.isClaimable else { return }
        do {
            try await client.patch(
                BareMetalHost.resource, key,
                ["metadata": ["resourceVersion": .string(host.metadata.resourceVersion)], "spec": ["consumerRef": ClaimRival.consumer]])
            holdings.state.withLock { $0.held.append(key) }
        } catch {
            guard error.isConflict else { throw error }
        }
    }
}
