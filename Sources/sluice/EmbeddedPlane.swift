import APIMessages
import APIServer
import ControlPlane
import Controllers
import FleetFile
import Glibc
import HTTPServer
import Identity
import Kinds
import KubeClient
import Logging
import Objects
import Ports
import SQLiteStore
import Simulation
import Store

/// The whole control plane in this process: store, API over HTTPS, controllers and the simulated fleet.
struct EmbeddedPlane: Sendable {
    struct Settings: Sendable {
        var directory: String
        var host: String
        var port: Int
        /// A file, a built-in name or `none`.
        var fleet: String
        var tokenFile: String?
        var logLevel: Logger.Level
    }

    let address: String
    let kubeconfigPath: String
    let fleetText: String
    let plane: ControlPlane
    private let store: SQLiteStore
    private let listener: HTTPServer
    private let rack: SimulatedRack?
    /// Where the simulated servers' state is kept: they outlive a restart as real ones do.
    private let rackFile: String
    private let logger: Logger

    /// Opens everything and binds the address; nothing runs yet.
    ///
    /// - Throws: ``CommandFailure`` with the remedy.
    static func start(_ settings: Settings) async throws -> EmbeddedPlane {
        let time = SystemTime()
        let logger = makeLogger(settings.logLevel)
        let fleet = try readFleet(settings.fleet)
        let tokens = try remedied { try settings.tokenFile.map { try StaticTokenFile(path: $0) } }
        for warning in tokens?.warnings ?? [] { logger.warning("\(warning)") }
        let directory = absolute(settings.directory)
        let store = try remedied { try SQLiteStore.open(directory: directory) }
        let certificates = try remedied {
            try PublicKeyInfrastructure.loadOrCreate(directory: "\(directory)/pki", now: time.now(), serverNames: [settings.host])
        }
        let rack = fleet.map { SimulatedRack($0, time: time) }
        let rackFile = "\(directory)/simulated-rack.json"
        if let rack { try restore(rack, from: rackFile) }
        let hardware: any BaseboardManagement & DataProcessingUnit = rack ?? NoHardware()
        let plane = try remedied {
            ControlPlane(
                store: store, kinds: try KindRegistry.builtIn(), time: time, seed: UInt64.random(in: 0...UInt64.max),
                authenticator: Authenticator(tokens: tokens), authorizer: AuthorizerChain.standard,
                randomness: SystemRandomNumberGenerator(), baseboard: hardware, dataProcessing: hardware,
                rootCertificate: certificates.authority.certificatePEM, version: ProductVersion.text, logger: logger)
        }
        do { try await plane.start() } catch { throw CommandFailure("\(error)") }
        var configuration = HTTPServer.Configuration(
            host: settings.host, port: settings.port, certificatePEM: certificates.server.certificatePEM,
            privateKeyPEM: certificates.server.privateKeyPEM, clientAuthorityPEM: certificates.authority.certificatePEM)
        configuration.now = { time.now() }
        let listener: HTTPServer
        do { listener = try await HTTPServer.bind(configuration, handler: plane.server) } catch { throw CommandFailure("\(error)") }
        let reachable = settings.host == "0.0.0.0" ? "127.0.0.1" : settings.host == "::" ? "::1" : settings.host
        let address = "https://\(reachable.contains(":") ? "[\(reachable)]" : reachable):\(listener.port)"
        let kubeconfig = Kubeconfig(
            server: address, authorityPEM: certificates.authority.certificatePEM,
            clientCertificatePEM: certificates.administrator.certificatePEM, clientKeyPEM: certificates.administrator.privateKeyPEM)
        let path = "\(directory)/kubeconfig"
        try remedied { try kubeconfig.write(to: path) }
        let fleetText = fleet.map { "simulated fleet \($0.name): \($0.hostCount) diskless hosts (emulated BMCs, DPUs and agents)" }
        return EmbeddedPlane(
            address: address, kubeconfigPath: path, fleetText: fleetText ?? "no simulated fleet", plane: plane, store: store,
            listener: listener, rack: rack, rackFile: rackFile, logger: logger)
    }

    /// Runs until a signal arrives (or the task is cancelled), then ends cleanly within five seconds.
    func run(until signals: AsyncStream<Int32>) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await listener.run() }
            group.addTask { await plane.run() }
            if let rack {
                group.addTask { await runRack(rack) }
            }
            for await _ in signals { break }
            await listener.stop()
            group.cancelAll()
        }
        await store.close()
    }

    private func runRack(_ rack: SimulatedRack) async {
        do {
            try await rack.registerHosts(plane.client)
        } catch {
            logger.error("the simulated hosts cannot be registered", metadata: ["error": "\(error)"])
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                await rack.run(watching: plane.client) { name in
                    InProcessTransport(handler: plane.server, user: UserInfo(name: "system:node:\(name)", groups: ["system:nodes"]))
                }
            }
            group.addTask {
                await rack.keepState { state in
                    if TextFile.replace(rackFile, by: state.encoded) { return }
                    logger.error("the state of the simulated hosts cannot be kept", metadata: ["file": "\(rackFile)"])
                }
            }
        }
    }

    /// Takes up what the simulated servers were doing when the plane ended; nothing where it starts for the first time.
    private static func restore(_ rack: SimulatedRack, from path: String) throws {
        guard let bytes = TextFile.bytes(path) else { return }
        do {
            rack.restore(try JSON(parsing: bytes))
        } catch {
            throw CommandFailure(
                "\(path) is damaged (\(error)); move it away to start with all simulated hosts switched off, it was left as it is")
        }
    }

    private static func readFleet(_ name: String) throws -> FleetSpecification? {
        if name == "none" { return nil }
        if let text = FleetFile.text(named: name) { return try remedied { try FleetFile.read(text) } }
        guard let text = TextFile.read(name) else {
            throw CommandFailure(
                "there is no fleet file or built-in fleet \(name); built-in are \(FleetFile.names.joined(separator: ", ")), or say none")
        }
        return try remedied { try FleetFile.read(text) }
    }

    private static func absolute(_ path: String) -> String {
        if path.hasPrefix("/") { return path }
        guard let buffer = getcwd(nil, 0) else { return path }
        defer { free(buffer) }
        return "\(String(cString: buffer))/\(path)"
    }

    private static func makeLogger(_ level: Logger.Level) -> Logger {
        var logger = Logger(label: "sluice") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level
        return logger
    }

    /// Turns any error with a description into the command's own.
    private static func remedied<Value>(_ body: () throws -> Value) throws -> Value {
        do { return try body() } catch { throw CommandFailure("\(error)") }
    }
}

/// Stands where no servers are attached: every call says so.
private struct NoHardware: BaseboardManagement, DataProcessingUnit {
    private static let refusal = PortError(
        .unsupported, "this control plane has no driver for the host's address; start it with --fleet to simulate hosts")

    func register(_ host: HostEndpoint) async throws(PortError) { throw NoHardware.refusal }
    func inspect(_ host: HostEndpoint) async throws(PortError) -> HardwareDetails { throw NoHardware.refusal }
    func isPoweredOn(_ host: HostEndpoint) async throws(PortError) -> Bool { throw NoHardware.refusal }
    func setPower(_ host: HostEndpoint, on: Bool) async throws(PortError) { throw NoHardware.refusal }
    func attach(_ boot: BootConfiguration, to host: HostEndpoint, generation: UInt64) async throws(PortError) { throw NoHardware.refusal }
    func detach(_ host: HostEndpoint, generation: UInt64) async throws(PortError) { throw NoHardware.refusal }
    func erase(_ host: HostEndpoint, generation: UInt64) async throws(PortError) { throw NoHardware.refusal }
    func attached(_ host: HostEndpoint) async throws(PortError) -> BootConfiguration? { throw NoHardware.refusal }
}
