import Glibc
import Testing

/// The whole control plane in virtual time under faults. A failure names its seed; run one again with
/// `SIMULATION_SEEDS=17 swift test --filter WholePlaneTests`, or more with `SIMULATION_SEEDS=1-2000`.
struct WholePlaneTests {
    static let seeds: [UInt64] = {
        let text = getenv("SIMULATION_SEEDS").map { String(cString: $0) } ?? "1-200"
        let bounds = text.split(separator: "-").compactMap { UInt64($0) }
        guard let first = bounds.first, let last = bounds.last, first <= last else { return [] }
        return Array(first...last)
    }()

    /// Seeds that found something once, each with what it was.
    static let pinnedSeeds: [UInt64] = [
        1771,  // hosts that failed to boot held their group back though it made other nodes meanwhile
        2102,  // the same
    ]

    @Test(arguments: seeds)
    func keepsItsPromisesUnderFaults(seed: UInt64) throws {
        try Run(Scenario(seed: seed)).play()
    }

    @Test(arguments: pinnedSeeds)
    func keepsWhatItOnceBroke(seed: UInt64) throws {
        try Run(Scenario(seed: seed)).play()
    }

    @Test func theSameSeedGivesTheSameRun() throws {
        func trace(_ seed: UInt64) throws -> [String] {
            let run = try Run(Scenario(seed: seed))
            try run.play()
            return run.states
        }
        let first = try trace(7)
        #expect(!first.isEmpty)
        #expect(try trace(7) == first)
    }
}
