import ArgumentParser
import ControlPlane
import Foundation
import Glibc
import KubeClient
import Logging
import Objects
import Ports

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Watch a mixed demand draw hosts from one pool and give them back; takes about two minutes.",
        discussion: """
            Starts a control plane of its own with a simulated rack of 40 servers, submits containers, virtual machines and two
            bare-metal tenants, takes them away again, and ends with a summary. Nothing is left behind.

            EXAMPLES
              sluice demo
              sluice demo --data demo-data      keep the data directory, to look at afterwards
            """)

    @Option(help: "Where to keep the data; a temporary directory that is removed where this is not given.")
    var data: String?

    @Option(help: "Give up after so many seconds.")
    var timeout = 600

    func run() async throws {
        let directory = try data ?? temporaryDirectory()
        let settings = EmbeddedPlane.Settings(
            directory: directory, host: "127.0.0.1", port: 0, fleet: "rack40", tokenFile: nil, logLevel: .error)
        let plane = try await EmbeddedPlane.start(settings)
        print("A control plane with 40 simulated hosts runs at \(plane.address); kubeconfig: \(plane.kubeconfigPath)\n")
        let story = DemoStory(client: plane.plane.client, time: SystemTime(), limit: .seconds(timeout))
        let outcome = await withTaskGroup(of: Result<Void, any Error>?.self) { group in
            let (stop, stopped) = AsyncStream<Int32>.makeStream()
            group.addTask {
                await plane.run(until: stop)
                return nil
            }
            group.addTask {
                defer { stopped.finish() }
                do { return .success(try await story.run()) } catch { return .failure(error) }
            }
            group.addTask {
                for await _ in Signals.termination() { return .failure(CommandFailure("interrupted")) }
                return nil
            }
            var outcome: Result<Void, any Error>?
            for await result in group where result != nil && outcome == nil {
                outcome = result
                stopped.finish()
                group.cancelAll()
            }
            return outcome
        }
        if data == nil { removeTemporary(directory) }
        do { try outcome?.get() } catch { throw error as? CommandFailure ?? CommandFailure("\(error)") }
    }

    private func temporaryDirectory() throws -> String {
        var template = Array("/tmp/sluice-demo-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { throw CommandFailure("no temporary directory can be made in /tmp; give one with --data") }
        return String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Removes a directory this process made under /tmp, and nothing else.
    private func removeTemporary(_ directory: String) {
        guard directory.hasPrefix("/tmp/sluice-demo-") else { return }
        try? FileManager.default.removeItem(atPath: directory)
    }
}
