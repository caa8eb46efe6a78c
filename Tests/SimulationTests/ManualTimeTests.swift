import Objects
import Ports
import Simulation
import Testing

@Suite struct ManualTimeTests {
    private struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        /// Pauses in milliseconds, in the order in which the sleepers lie down.
        var pauses: [Int]
        var order: [Int]

        init(_ name: String, pauses: [Int], order: [Int]) {
            testDescription = name
            self.pauses = pauses
            self.order = order
        }
    }

    @Test(arguments: [
        Case("earlier deadlines first", pauses: [30, 10, 20], order: [1, 2, 0]),
        Case("equal deadlines in the order of lying down", pauses: [10, 10, 10, 10], order: [0, 1, 2, 3]),
        Case("ties among others", pauses: [20, 10, 20, 10, 5], order: [4, 1, 3, 0, 2]),
        Case("a deadline that has passed does not wait", pauses: [5, 0, -3], order: [1, 2, 0]),
    ])
    private func sleepersWakeInOrder(_ testCase: Case) throws {
        let world = SimulatedWorld(seed: 1)
        let time = world.time
        let woken = Recorded<[Int]>([])
        try world.perform {
            await withTaskGroup(of: Void.self) { group in
                for (index, pause) in testCase.pauses.enumerated() {
                    group.addTask {
                        try? await time.sleep(for: .milliseconds(pause))
                        woken.change { $0.append(index) }
                    }
                }
            }
        }
        #expect(woken.value == testCase.order)
    }

    @Test func manySleepersWakeSortedByDeadline() throws {
        let world = SimulatedWorld(seed: 3)
        let time = world.time
        let woken = Recorded<[Timestamp]>([])
        var generator = world.generator
        let pauses = (0..<2_000).map { _ in Int.random(in: 1...500, using: &generator) }
        try world.perform {
            await withTaskGroup(of: Void.self) { group in
                for pause in pauses {
                    group.addTask {
                        try? await time.sleep(for: .milliseconds(pause))
                        let now = time.now()
                        woken.change { $0.append(now) }
                    }
                }
            }
        }
        let times = woken.value
        #expect(times.count == 2_000)
        #expect(times == times.sorted())
    }

    @Test func advanceWakesOnlyThoseWhoAreDue() throws {
        let world = SimulatedWorld(seed: 1)
        let woken = Recorded<[Int]>([])
        for pause in [1, 2, 3] {
            world.start {
                try? await world.time.sleep(for: .seconds(pause))
                woken.change { $0.append(pause) }
            }
        }
        world.executor.runUntilIdle()
        #expect(world.time.sleeperCount == 3)
        world.time.advance(by: .milliseconds(1_999))
        world.executor.runUntilIdle()
        #expect(woken.value == [1])
        world.time.advance(by: .milliseconds(1))
        world.executor.runUntilIdle()
        #expect(woken.value == [1, 2])
        #expect(world.time.advanceToNextDeadline())
        #expect(!world.time.advanceToNextDeadline())
        try world.stop()
    }

    @Test func advanceToNextDeadlineStaysBeforeItsLimit() throws {
        let world = SimulatedWorld(seed: 1)
        world.start { try? await world.time.sleep(for: .seconds(10)) }
        world.executor.runUntilIdle()
        let start = world.time.now()
        #expect(!world.time.advanceToNextDeadline(limit: start + .seconds(9)))
        #expect(world.time.now() == start)
        #expect(world.time.advanceToNextDeadline(limit: start + .seconds(10)))
        #expect(world.time.now() == start + .seconds(10))
        try world.stop()
    }

    @Test func cancelledSleepersThrowAndLeaveNothingBehind() throws {
        let world = SimulatedWorld(seed: 1)
        let time = world.time
        let start = time.now()
        let cancelled = Recorded(0)
        try world.perform {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<1_000 {
                    group.addTask {
                        do {
                            try await time.sleep(for: .seconds(100))
                        } catch is CancellationError {
                            cancelled.change { $0 += 1 }
                        } catch {}
                    }
                }
                try? await time.sleep(for: .seconds(1))
                group.cancelAll()
            }
        }
        #expect(cancelled.value == 1_000)
        #expect(time.sleeperCount == 0)
        #expect(time.nextDeadline == nil)
        #expect(time.now() - start == .seconds(1))
    }

    @Test func aTaskCancelledBeforeItSleepsDoesNotSleep() throws {
        let world = SimulatedWorld(seed: 1)
        let time = world.time
        try world.perform {
            await withTaskGroup(of: Void.self) { group in
                group.cancelAll()
                group.addTask { try? await time.sleep(for: .seconds(100)) }
            }
        }
        #expect(time.nextDeadline == nil)
    }
}
