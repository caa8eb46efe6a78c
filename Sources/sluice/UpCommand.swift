import ArgumentParser
import ControlPlane
import Glibc
import Logging
import Objects

struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up",
        abstract: "Start the control plane on this machine, with a simulated fleet or without one.",
        discussion: """
            The data directory holds everything: the store, the certificates, the kubeconfig. SIGTERM or Ctrl-C ends it cleanly.

            EXAMPLES
              sluice up
              sluice up --data /var/lib/sluice --listen 0.0.0.0:6443 --fleet none
              sluice up --fleet my-rack.yaml --token-auth-file tokens.csv
            """)

    @Option(help: "Directory for the store, certificates and kubeconfig; made where it does not exist.")
    var data = ".sluice"

    @Option(help: "HOST:PORT the API is served on.")
    var listen = "127.0.0.1:7443"

    @Option(help: "The simulated fleet: a fleet file, a built-in name (rack40), or none.")
    var fleet = "rack40"

    @Option(help: "Static tokens, as kube-apiserver takes them: lines of token,user,uid,\"group1,group2\".")
    var tokenAuthFile: String?

    @Option(help: "How much is logged to stderr: error, warning, notice, info, debug.")
    var logLevel = "warning"

    func validate() throws {
        _ = try listenAddress()
        guard Logger.Level(rawValue: logLevel) != nil else {
            throw ValidationError("--log-level \(logLevel) is unknown: use error, warning, notice, info or debug")
        }
    }

    func run() async throws {
        let (host, port) = try listenAddress()
        let settings = EmbeddedPlane.Settings(
            directory: data, host: host, port: port, fleet: fleet, tokenFile: tokenAuthFile,
            logLevel: Logger.Level(rawValue: logLevel) ?? .warning)
        let signals = Signals.termination()
        let plane = try await EmbeddedPlane.start(settings)
        announce(plane)
        await plane.run(until: signals)
    }

    private func announce(_ plane: EmbeddedPlane) {
        print(
            """
            Sluice \(ProductVersion.text) serves the Kubernetes API at \(plane.address)
            \(plane.fleetText)
            kubeconfig: \(plane.kubeconfigPath)

            Try:
              export KUBECONFIG=\(plane.kubeconfigPath)
              kubectl get baremetalhosts -A
              kubectl apply -f examples/quickstart.yaml && kubectl get pods,nodes -w
            """)
        // All streams: whoever reads from a pipe waits for these lines.
        fflush(nil)
    }

    private func listenAddress() throws -> (host: String, port: Int) {
        guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]), (0...65_535).contains(port)
        else { throw ValidationError("--listen \(listen) is no HOST:PORT, such as 127.0.0.1:7443") }
        var host = String(listen[..<colon])
        if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
        return (host.isEmpty ? "0.0.0.0" : host, port)
    }
}
