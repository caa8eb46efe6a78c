internal import KubeClient
internal import Objects
internal import Ports

/// Deletes the user data of claims that did not come to be.
///
/// A claimer writes the Secret before the claim that names it, so a claim that is lost, or a crash in between, leaves a
/// Secret that no host names; and what a tenant's system is told at its first boot should not lie about.
public final class UserDataSweeper: Controller {
    public let name = "user-data-sweeper"
    /// How often everything is looked at.
    private static let interval: Duration = .seconds(300)
    /// A claim whose Secret is younger may still be on its way.
    private static let patience: Duration = .seconds(300)

    private let environment: ControllerEnvironment
    private let loop: ReconcileLoop<String>

    public init(_ environment: ControllerEnvironment) {
        self.environment = environment
        loop = ReconcileLoop(name: name, environment: environment)
    }

    public func run() async {
        await loop.run(initial: ["all"]) { [self] _ in
            try await sweep()
            return UserDataSweeper.interval
        }
    }

    private func sweep() async throws {
        let client = environment.client
        let now = environment.time.now()
        let all = try await client.list(HostNames.secret, labelSelector: HostNames.userDataLabel)
        for item in all.items {
            let secret = ObjectMeta(item["metadata"])
            let written = secret.annotations[HostClaimer.claimedAtAnnotation].flatMap { Timestamp(rfc3339: $0) } ?? secret.creationTimestamp
            guard let written, now >= written + UserDataSweeper.patience,
                let owner = secret.ownerReferences.first(where: { $0.kind == BareMetalHost.resource.kind })
            else { continue }
            // The API's own answer: our copy of the host may be older than the claim.
            let host = try await client.get(BareMetalHost.resource, ObjectKey(namespace: secret.namespace, name: owner.name))
            if host?["spec", "userData", "name"]?.string == secret.name { continue }
            try await delete(secret)
        }
    }

    /// Only as it was read: one that a claim has written again meanwhile stays.
    private func delete(_ secret: ObjectMeta) async throws(KubeError) {
        do {
            try await environment.client.delete(
                HostNames.secret, ObjectKey(namespace: secret.namespace, name: secret.name), uid: secret.uid,
                resourceVersion: secret.resourceVersion)
        } catch {
            if !error.isConflict { throw error }
        }
    }
}
