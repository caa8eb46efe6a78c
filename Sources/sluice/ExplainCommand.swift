import ArgumentParser
import Fleet
import KubeClient
import Objects
import Planning
import Ports

struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain",
        abstract: "Say why: why a pod is pending (with the nearest miss), why a node is not removed.",
        discussion: """
            The answer is worked out from a snapshot of the API by the code that plans; nothing is changed.

            EXAMPLES
              sluice explain pod web-7d4b9 -n shop
              sluice explain node r64-001 -o json
            """)

    enum Subject: String, ExpressibleByArgument, CaseIterable {
        case pod
        case node
    }

    @Argument(help: "pod or node.")
    var subject: Subject

    @Argument(help: "Its name.")
    var name: String

    @Option(name: .shortAndLong, help: "The pod's namespace.")
    var namespace = "default"

    @Option(name: .shortAndLong, help: "table (words), json or yaml.")
    var output = OutputFormat.table

    @OptionGroup var connection: ConnectionOptions

    func run() async throws {
        var fleet = try await connection.withClient { client in try await LedgerReader.read(client) }
        let (words, json) = try explanation(&fleet)
        switch output {
        case .json: print(json.text)
        case .yaml: print(YAMLText.text(json))
        case .table, .wide: print(words)
        }
    }

    private func explanation(_ fleet: inout Fleet) throws -> (String, JSON) {
        switch subject {
        case .pod:
            let key = ObjectKey(namespace: namespace, name: name)
            guard let explanation = Explain.pod(key, in: &fleet) else {
                throw CommandFailure("pod \(key) does not exist; kubectl get pods -A lists them")
            }
            return (explanation.words, explanation.json)
        case .node:
            guard let explanation = Explain.node(name, in: &fleet, now: SystemTime().now()) else {
                throw CommandFailure("node \(name) does not exist; kubectl get nodes lists them")
            }
            return (explanation.words, explanation.json)
        }
    }
}
