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
            trace = ReplayBench.made()
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

    /// 8,000 pods over 30 days on 1,500 hosts.
    private static func made() -> ReplayTrace {
        var random = SeededGenerator(seed: 1)
        let hosts = (0..<1_500).map {
            ReplayHost(name: "host-\($0)", cpuMilli: 64_000, memoryMebibytes: 262_144, gpus: 0, model: "")
        }
        let pods = (0..<8_000).map { number in
            let creation = Int64.random(in: 0..<(30 * 86_400), using: &random)
            return ReplayPod(
                name: "pod-\(number)", cpuMilli: Int64.random(in: 1...32, using: &random) * 1_000,
                memoryMebibytes: Int64.random(in: 1...64, using: &random) * 1_024, gpus: 0, gpuMilli: 0, gpuModels: [],
                creation: creation, deletion: creation + Int64.random(in: 600...172_800, using: &random))
        }
        return ReplayTrace(hosts: hosts, pods: pods)
    }
}
