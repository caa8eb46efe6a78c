import Foundation
import Objects
import Ports
import Replay

/// The replay of a trace, by default one made here from a seed.
struct ReplayBench {
    let folder: String?

    func run() throws {
        let trace: ReplayTrace
        var name = "made trace"
        if let folder {
            let nodes = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/packing/nodes_all_1523.csv"))
            let pods = try Data(contentsOf: URL(fileURLWithPath: "\(folder)/series/openb_replay.csv"))
            trace = try ReplayTrace(nodes: Array(nodes), pods: Array(pods))
            name = "openb"
        } else {
            trace = try ReplayBench.made()
        }
        let start = Measurement.ownCPU()
        let report = Replay.run(trace)
        let used = Measurement.ownCPU() - start
        Measurement.print(
            "replay",
            [
                Row(
                    name: "\(name): \(report.pods) pods, \(report.hosts) hosts, \(report.seconds / 86_400) days",
                    value: "\(Measurement.decimal(used, 2)) CPU s", cpu: "",
                    baseline: "real time: \(Measurement.grouped(Double(report.seconds) / used))x")
            ])
    }

    /// 8,000 pods over 30 days on 1,500 hosts, written as the tables that a trace is read from.
    private static func made() throws -> ReplayTrace {
        var random = SeededGenerator(seed: 1)
        var nodes = "sn,cpu_milli,memory_mib,gpu,model\n"
        for number in 0..<1_500 { nodes += "host-\(number),64000,262144,0,\n" }
        var pods = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,creation_time,deletion_time\n"
        for number in 0..<8_000 {
            let creation = Int.random(in: 0..<(30 * 86_400), using: &random)
            let deletion = creation + Int.random(in: 600...172_800, using: &random)
            let cores = Int.random(in: 1...32, using: &random)
            let memory = Int.random(in: 1...64, using: &random)
            pods += "pod-\(number),\(cores)000,\(memory * 1_024),0,0,\(creation),\(deletion)\n"
        }
        return try ReplayTrace(nodes: Array(nodes.utf8), pods: Array(pods.utf8))
    }
}
