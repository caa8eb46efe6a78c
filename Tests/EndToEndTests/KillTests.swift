import Foundation
import Glibc
import KubeClient
import KubeHTTP
import Objects
import Ports
import Synchronization
import Testing

/// The program killed in the middle of a load, over and over.
struct KillTests {
    private static let map = ResourceName(group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true)

    /// Writes that were answered with success: names with their resource versions.
    private final class Acknowledged: Sendable {
        private let versions = Mutex<[String: String]>([:])
        private let serial = Mutex(0)

        var count: Int { versions.withLock { $0.count } }
        var all: [String: String] { versions.withLock { $0 } }
        func nextName() -> String {
            "map-"
                + String(
                    serial.withLock { serial in
                        serial += 1
                        return serial
                    })
        }
        func add(_ name: String, _ version: String) { versions.withLock { $0[name] = version } }
    }

    @Test func everyAcknowledgedWriteSurvivesTenKills() async throws {
        let seed = UInt64.random(in: 0...UInt64.max)
        var random = SeededGenerator(seed: seed)
        let acknowledged = Acknowledged()
        var directory: String?
        for round in 0..<10 {
            let plane = try RunningPlane(fleet: "rack40", directory: directory)
            directory = plane.directory
            let transport = try HTTPSTransport(try ClientConfiguration(kubeconfig: plane.kubeconfig))
            let client = KubeClient(transport: transport)
            let kept = try await client.list(KillTests.map, namespace: "default").items.map { ObjectMeta($0["metadata"]) }
            let found = Dictionary(uniqueKeysWithValues: kept.map { ($0.name, $0.resourceVersion) })
            let lost = acknowledged.all.filter { found[$0.key] != $0.value }
            #expect(lost.isEmpty, "seed \(seed), round \(round): lost \(lost)")
            let goal = acknowledged.count + Int.random(in: 20...400, using: &random)
            let process = plane.identifier
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        while true {
                            let name = acknowledged.nextName()
                            guard
                                let answer = try? await client.create(
                                    KillTests.map, namespace: "default",
                                    ["metadata": ["name": .string(name)], "data": ["of": .string(name)]])
                            else { return }
                            acknowledged.add(name, answer["metadata", "resourceVersion"]?.string ?? "")
                            // In the middle of the load, wherever the other writers are.
                            if acknowledged.count == goal { kill(process, SIGKILL) }
                        }
                    }
                }
            }
            plane.wait()
            try await transport.shutdown()
        }
        #expect(acknowledged.count >= 200)
        if let directory { try? FileManager.default.removeItem(atPath: directory) }
    }
}
