public import APIMessages
public import APIServer
public import Controllers
public import Identity
public import Kinds
public import KubeClient
public import Logging
public import Ports
public import Store

/// The API server and the controllers in one process, joined without a socket: what `sluice up` runs and what whole-plane
/// simulations run.
///
/// The same parts in the same arrangement, whatever clock, store and hosts they are given.
public final class ControlPlane: Sendable {
    public let server: APIServer
    /// The controllers' own view of the API, as `system:sluice`.
    public let client: KubeClient
    public let environment: ControllerEnvironment
    public let records: DecisionRecords
    private let controllers: [any Controller]

    /// Who the controllers are to the API server.
    public static let user = UserInfo(name: "system:sluice", groups: ["system:masters"])

    /// - Parameters:
    ///   - seed: what the controllers choose by chance follows from it.
    ///   - randomness: for uids and generated names of the API server.
    ///   - rootCertificate: PEM; every namespace gets it in `kube-root-ca.crt`.
    ///   - transport: what the controllers' requests go through, given the server's own; for faults in simulations.
    public init(
        store: any Store, kinds: KindRegistry, time: any TimeSource, seed: UInt64, authenticator: Authenticator,
        authorizer: any Authorizer, randomness: any RandomNumberGenerator & Sendable, baseboard: any BaseboardManagement,
        dataProcessing: any DataProcessingUnit, rootCertificate: String, version: String, logger: Logger,
        transport: (any APITransport) -> any APITransport = { $0 }
    ) {
        server = APIServer(
            store: store, kinds: kinds, time: time, authenticator: authenticator, authorizer: authorizer, randomness: randomness,
            options: APIServerOptions(versionText: version))
        client = KubeClient(transport: transport(InProcessTransport(handler: server, user: ControlPlane.user)))
        environment = ControllerEnvironment(client: client, time: time, seed: seed, logger: logger)
        records = DecisionRecords()
        controllers = StandardControllers.make(
            environment, baseboard: baseboard, dataProcessing: dataProcessing, records: records, rootCertificate: rootCertificate)
    }

    /// Makes what every cluster has; repeating it changes nothing.
    public func start() async throws(APIFailure) { try await server.start() }

    /// Runs the controllers until the task is cancelled.
    public func run() async { await ControllerRunner(environment: environment, controllers: controllers).run() }
}
