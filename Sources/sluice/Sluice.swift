import ArgumentParser
import Glibc

/// The command `sluice`: the control plane and the tools around it.
@main
struct Sluice: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "One control plane for a fleet of servers: virtual machines, bare metal and containers from one pool.",
        discussion: """
            EXAMPLES
              sluice up                              start with a simulated rack of 40 servers
              sluice up --fleet none --data /var/lib/sluice --listen 10.0.0.5:6443
              sluice status                          the pool at a glance
              sluice explain pod web-1 -n shop       why a pod is pending or where it runs
              sluice explain node r64-001            why a node is not removed
              sluice replay --nodes nodes.csv --pods pods.csv --out report
            """,
        version: ProductVersion.text,
        subcommands: [UpCommand.self, StatusCommand.self, ExplainCommand.self, ReplayCommand.self, DemoCommand.self, VersionCommand.self])

    static func main() async {
        do {
            var command = try parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            complain(failure.description)
            Glibc.exit(1)
        } catch {
            let text = message(for: error)
            if exitCode(for: error).isSuccess {
                print(text.isEmpty ? fullMessage(for: error) : fullMessage(for: error))
                Glibc.exit(0)
            }
            if let code = error as? ExitCode { Glibc.exit(code.rawValue) }
            // One line and the way out; everything else is in --help.
            complain("\(text.split(separator: "\n").first.map(String.init) ?? "\(error)"); see sluice --help")
            Glibc.exit(2)
        }
    }

    private static func complain(_ text: String) {
        let line = Array("sluice: \(text)\n".utf8)
        _ = write(STDERR_FILENO, line, line.count)
    }
}

/// Why a command did not do its work: one line with the remedy; exit code 1.
struct CommandFailure: Error, CustomStringConvertible {
    var description: String

    init(_ description: String) { self.description = description }
}

/// What this build calls itself.
enum ProductVersion {
    static let text = "0.1.0"
    /// The Kubernetes version whose API is followed.
    static let kubernetes = "1.36"
}

struct VersionCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "version", abstract: "Print the version.")

    func run() { print("sluice \(ProductVersion.text) (Kubernetes API \(ProductVersion.kubernetes))") }
}
