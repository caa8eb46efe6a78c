import ArgumentParser
import Glibc
import Objects
import Replay

struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Run a recorded demand in virtual time through the planner and autoscaler, and say what it would have taken.",
        discussion: """
            Nodes are read from a CSV with the columns sn,cpu_milli,memory_mib,gpu,model; pods from one with
            name,cpu_milli,memory_mib,num_gpu,gpu_milli and creation_time,deletion_time in seconds (others are ignored).
            Hosts rest in the pool, are claimed on demand, boot, fill, and are given back when they idle.

            EXAMPLES
              sluice replay --nodes nodes.csv --pods pods.csv
              sluice replay --nodes nodes.csv --pods pods.csv --out report    writes report/report.json and report/report.html
            """)

    @Option(help: "The hosts.")
    var nodes: String

    @Option(help: "The demand.")
    var pods: String

    @Option(help: "A directory for report.json and report.html; made where it does not exist.")
    var out: String?

    @Option(help: "Seconds from a claim until the host takes pods.")
    var bootSeconds: Int64 = 300

    @Option(help: "Seconds a host must be unneeded before it is given back.")
    var unneededSeconds: Int64 = 600

    @Option(name: .shortAndLong, help: "table or json.")
    var output = OutputFormat.table

    func validate() throws {
        guard bootSeconds >= 0, unneededSeconds >= 0 else {
            throw ValidationError("--boot-seconds and --unneeded-seconds must not be negative")
        }
    }

    func run() async throws {
        let trace: ReplayTrace
        do {
            trace = try ReplayTrace(nodes: try ReplayCommand.read(nodes), pods: try ReplayCommand.read(pods))
        } catch let error as ReplayError {
            throw CommandFailure("\(error)")
        }
        var options = ReplayOptions()
        options.bootLatency = bootSeconds
        options.scaleDownUnneededTime = unneededSeconds
        let start = ContinuousClock.now
        let report = Replay.run(trace, options: options)
        let seconds = (ContinuousClock.now - start).inSeconds
        switch output {
        case .json: print(report.json.text)
        case .yaml: print(YAMLText.text(report.json))
        case .table, .wide:
            print(report.summary)
            print("replayed \(report.pods) pods on \(report.hosts) hosts in \((seconds * 100).rounded() / 100) s")
        }
        if let out { try write(report, to: out) }
        guard report.isBalanced, report.violations.isEmpty else {
            throw CommandFailure("the replay's figures do not add up: \(report.violations.first ?? "placed + lost is not requested")")
        }
    }

    private func write(_ report: ReplayReport, to directory: String) throws {
        if mkdir(directory, 0o755) != 0, errno != EEXIST {
            throw CommandFailure("\(directory) cannot be made: \(String(cString: strerror(errno)))")
        }
        for (name, bytes) in [("report.json", report.json.encoded), ("report.html", report.html)] {
            guard TextFile.write(bytes, to: "\(directory)/\(name)") else {
                throw CommandFailure("\(directory)/\(name) cannot be written: \(String(cString: strerror(errno)))")
            }
            print("wrote \(directory)/\(name)")
        }
    }

    private static func read(_ path: String) throws -> [UInt8] {
        guard let bytes = TextFile.bytes(path) else {
            throw CommandFailure("\(path) cannot be read: \(String(cString: strerror(errno)))")
        }
        return bytes
    }
}
