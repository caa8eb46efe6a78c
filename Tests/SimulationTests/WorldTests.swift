import Glibc
import Objects
import Ports
import Simulation
import Synchronization
import Testing

/// Which threads ran, and in which order things happened.
private final class Witness: Sendable {
    private let state = Mutex<(threads: Set<UInt>, lines: [String])>(([], []))

    func see(_ line: String) {
        let thread = UInt(pthread_self())
        state.withLock { state in
            state.threads.insert(thread)
            state.lines.append(line)
        }
    }

    var threads: Set<UInt> { state.withLock { $0.threads } }
    var lines: [String] { state.withLock { $0.lines } }
}

private actor Counter {
    private var total = 0

    /// Suspends in the middle, so that calls of several tasks interleave.
    func add(_ amount: Int, _ witness: Witness, _ time: ManualTime) async -> Int {
        witness.see("actor before \(amount)")
        total += amount
        try? await time.sleep(for: .milliseconds(5))
        witness.see("actor after \(amount)")
        return total
    }

    func look(_ witness: Witness) -> Int {
        witness.see("actor looks at \(total)")
        return total
    }
}

@Suite struct WorldTests {
    /// Actors, groups, streams, continuations, cancellation and random pauses at once.
    private static func mixedWorkload(_ world: SimulatedWorld, _ witness: Witness) async {
        let counter = Counter()
        let (stream, feed) = AsyncStream.makeStream(of: Int.self)
        await withTaskGroup(of: Void.self) { group in
            for index in 0..<20 {
                group.addTask {
                    var generator = world.generator.fork("worker-\(index)")
                    for round in 0..<10 {
                        try? await world.time.sleep(for: .milliseconds(Int.random(in: 0...20, using: &generator)))
                        let sum = await counter.add(round, witness, world.time)
                        world.record("worker \(index) round \(round) sum \(sum)")
                        feed.yield(index)
                    }
                }
            }
            group.addTask {
                var seen = 0
                for await index in stream {
                    witness.see("stream \(index)")
                    _ = await counter.look(witness)
                    seen += 1
                    if seen == 200 { break }
                }
            }
            group.addTask {
                async let left = counter.look(witness)
                async let right = withCheckedContinuation { (continuation: CheckedContinuation<Int, Never>) in
                    witness.see("continuation")
                    continuation.resume(returning: 7)
                }
                world.record("async let \(await left + right)")
                await withTaskGroup(of: Void.self) { inner in
                    inner.addTask { try? await world.time.sleep(for: .seconds(3_600)) }
                    inner.addTask { witness.see("short") }
                    await inner.next()
                    inner.cancelAll()
                }
                witness.see("cancelled sleeper is gone")
            }
        }
    }

    @Test func everythingStaysOnTheCallersThread() throws {
        let world = SimulatedWorld(seed: 1)
        let witness = Witness()
        witness.see("caller")
        try world.perform { await WorldTests.mixedWorkload(world, witness) }
        #expect(witness.threads.count == 1)
        #expect(witness.lines.filter { $0.hasPrefix("stream") }.count == 200)
        #expect(world.time.sleeperCount == 0)
    }

    @Test func oneSeedGivesByteIdenticalTracesAndAnotherSeedOthers() throws {
        func run(_ seed: UInt64) throws -> [String] {
            let world = SimulatedWorld(seed: seed)
            let witness = Witness()
            try world.perform { await WorldTests.mixedWorkload(world, witness) }
            return world.trace + witness.lines
        }
        let first = try run(7)
        #expect(first.count > 400)
        for _ in 0..<5 { #expect(try run(7) == first) }
        #expect(try run(8) != first)
    }

    @Test func runForEndsExactlyAfterTheDuration() throws {
        let world = SimulatedWorld(seed: 1)
        let start = world.time.now()
        let witness = Witness()
        world.start {
            for tick in 0..<10 {
                do { try await world.time.sleep(for: .seconds(10)) } catch { return }
                witness.see("tick \(tick)")
            }
        }
        try world.run(for: .seconds(35))
        #expect(world.time.now() - start == .seconds(35))
        #expect(witness.lines == ["tick 0", "tick 1", "tick 2"])
        try world.stop()
        #expect(world.time.sleeperCount == 0)
        #expect(witness.lines.count == 3)
    }

    @Test func runUntilStopsAtTheConditionOrAtTheLimit() throws {
        let world = SimulatedWorld(seed: 1)
        let start = world.time.now()
        let witness = Witness()
        world.start {
            for tick in 0..<10 {
                do { try await world.time.sleep(for: .seconds(10)) } catch { return }
                witness.see("tick \(tick)")
            }
        }
        #expect(try world.run(until: { witness.lines.count == 2 }))
        #expect(world.time.now() - start == .seconds(20))
        #expect(try !world.run(until: { false }, limit: .seconds(15)))
        #expect(world.time.now() - start == .seconds(30))
        try world.stop()
    }

    @Test func anOperationThatNeverEndsIsReportedWithItsSeed() throws {
        let world = SimulatedWorld(seed: 42)
        let error = #expect(throws: SimulationError.self) {
            try world.perform(limit: .seconds(60)) { try await world.time.sleep(for: .seconds(3_600)) }
        }
        #expect(error?.description.contains("seed 42") == true)
    }

    @Test func aLoopThatNeverSleepsIsReported() throws {
        let world = SimulatedWorld(seed: 1, busyLimit: 10_000)
        let error = #expect(throws: SimulationError.self) {
            try world.perform { while !Task.isCancelled { await Task.yield() } }
        }
        #expect(error?.description.contains("without ever sleeping") == true)
    }

    @Test func performHandsErrorsOn() {
        struct Odd: Error {}
        let world = SimulatedWorld(seed: 1)
        #expect(throws: Odd.self) { try world.perform { throw Odd() } }
    }
}
