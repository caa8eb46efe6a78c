import ArgumentParser
import Glibc

/// `make bench`: what Sluice costs, each figure with the command that made it.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice-bench",
        abstract: "Measure the API server over HTTPS, the planner and the replay.",
        discussion: """
            The API is measured on a `sluice up --fleet none` of its own (durable, TLS, HTTP/2), the clients in this process on the
            same cores. Baselines: "one at a time" is the same server with one request in flight; "naive" is a scheduler that
            looks at every node for every pod; kube-apiserver 1.36 with etcd 3.6 was measured on two such cores.

            EXAMPLES
              make bench
              .build/release/sluice-bench --only planner
            """)

    @Option(help: "api, planner, replay or all.")
    var only = "all"

    @Option(help: "Pods created by the API part.")
    var pods = 10_000

    @Option(help: "A folder with nodes_all_1523.csv and openb_replay.csv for the replay; a made trace is used without it.")
    var traces: String?

    func run() async throws {
        if only == "all" || only == "api" { try await APIBench(podCount: pods).run() }
        if only == "all" || only == "planner" { PlannerBench().run() }
        if only == "all" || only == "replay" { try ReplayBench(folder: traces).run() }
    }
}
