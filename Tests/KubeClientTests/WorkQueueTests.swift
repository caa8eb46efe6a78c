internal import KubeClient
internal import Objects
internal import Ports
internal import Testing

private struct Failed: Error {}

@Suite struct WorkQueueTests {
    private let world = World()
    private let started = Recorded<[String]>([])
    private let ended = Recorded<[String]>([])

    private func queue(first: Duration = .milliseconds(50), longest: Duration = .seconds(60)) -> WorkQueue<String> {
        WorkQueue(time: world.time, firstPause: first, longestPause: longest)
    }

    /// Works on each key for a second.
    private func run(_ queue: WorkQueue<String>, workers: Int = 1) -> Task<Void, Never> {
        world.start { [world, started, ended] in
            await queue.run(workers: workers) { key in
                started.change { $0.append(key) }
                try await world.time.sleep(for: .seconds(1))
                ended.change { $0.append(key) }
                return nil
            }
        }
    }

    private func stop(_ task: Task<Void, Never>) {
        task.cancel()
        world.settle()
    }

    @Test func worksOnEachKeyOnceInOrder() {
        let queue = queue()
        for key in ["b", "a", "b", "c", "a"] { queue.add(key) }
        #expect(queue.depth == 3)
        let task = run(queue)
        world.advance(by: .seconds(10))
        #expect(ended.value == ["b", "a", "c"])
        #expect(queue.depth == 0)
        stop(task)
    }

    @Test func worksOnDifferentKeysAtOnce() {
        let queue = queue()
        let task = run(queue, workers: 2)
        world.settle()
        for key in ["a", "b", "c"] { queue.add(key) }
        world.settle()
        #expect(started.value == ["a", "b"])
        world.advance(by: .seconds(1))
        #expect(started.value == ["a", "b", "c"])
        stop(task)
    }

    @Test func neverGivesAKeyToTwoWorkers() {
        let queue = queue()
        let task = run(queue, workers: 4)
        queue.add("a")
        world.settle()
        for _ in 0..<5 { queue.add("a") }
        world.settle()
        #expect(started.value == ["a"], "another worker is free, but the key is taken")
        world.advance(by: .milliseconds(999))
        #expect(started.value == ["a"])
        world.advance(by: .milliseconds(1))
        #expect(started.value == ["a", "a"], "once more, however often it was added")
        world.advance(by: .seconds(10))
        #expect(ended.value == ["a", "a"])
        stop(task)
    }

    @Test func pausesGrowWithFailuresUpToALimit() {
        let queue = queue(first: .seconds(1), longest: .seconds(5))
        let times = Recorded<[Int64]>([])
        let task = world.start { [world] in
            await queue.run { _ in
                let count = times.change { times in
                    times.append(world.time.now().seconds - 1_000)
                    return times.count
                }
                if count != 6 { throw Failed() }
                return nil
            }
        }
        queue.add("a")
        world.advance(by: .seconds(100))
        #expect(times.value == [0, 1, 3, 7, 12, 17], "pauses of 1, 2, 4, 5 and 5 seconds")
        queue.add("a")
        world.advance(by: .seconds(1))
        #expect(times.value.suffix(2) == [100, 101], "after a success the pauses start anew")
        stop(task)
    }

    @Test func oneKeysFailuresDoNotDelayAnother() {
        let queue = queue(first: .seconds(10))
        let worked = Recorded<[String]>([])
        let task = world.start {
            await queue.run { key in
                worked.change { $0.append(key) }
                if key == "bad" { throw Failed() }
                return nil
            }
        }
        queue.add("bad")
        queue.add("good")
        world.settle()
        queue.add("good")
        world.advance(by: .seconds(1))
        #expect(worked.value == ["bad", "good", "good"])
        stop(task)
    }

    @Test func anAddedKeyDoesNotWaitForItsPause() {
        let queue = queue(first: .seconds(60))
        let count = Recorded(0)
        let task = world.start {
            await queue.run { _ in
                if count.change({ count in
                    count += 1
                    return count
                }) == 1 {
                    throw Failed()
                }
                return nil
            }
        }
        queue.add("a")
        world.settle()
        queue.add("a")
        world.advance(by: .seconds(600))
        #expect(count.value == 2, "at once, and not a third time when the pause is over")
        stop(task)
    }

    @Test func looksAgainWhenTheWorkWantsIt() {
        let queue = queue()
        let times = Recorded<[Int64]>([])
        let task = world.start { [world] in
            await queue.run { _ in
                times.change { $0.append(world.time.now().seconds - 1_000) }
                return .seconds(30)
            }
        }
        queue.add("a")
        world.advance(by: .seconds(100))
        #expect(times.value == [0, 30, 60, 90])
        stop(task)
    }

    @Test(arguments: [[10, 5, 20], [5, 10, 20], [20, 10, 5]])
    func theEarliestDelayWins(seconds: [Int]) {
        let queue = queue()
        let times = Recorded<[Int64]>([])
        let task = world.start { [world] in
            await queue.run { _ in
                times.change { $0.append(world.time.now().seconds - 1_000) }
                return nil
            }
        }
        for pause in seconds { queue.add("a", after: .seconds(pause)) }
        world.advance(by: .seconds(100))
        #expect(times.value == [5], "and it is worked on once")
        stop(task)
    }

    @Test func anEarlierDeadlineOfAnotherKeyWakesTheTimer() {
        let queue = queue()
        let task = run(queue, workers: 3)
        queue.add("late", after: .seconds(60))
        world.settle()
        queue.add("soon", after: .seconds(5))
        queue.add("now", after: .zero)
        world.settle()
        #expect(started.value == ["now"])
        world.advance(by: .seconds(5))
        #expect(started.value == ["now", "soon"])
        world.advance(by: .seconds(55))
        #expect(started.value == ["now", "soon", "late"])
        stop(task)
    }

    @Test func keysAddedTogetherComeInOrder() {
        let queue = queue()
        let task = run(queue, workers: 9)
        for key in ["c", "a", "b"] { queue.add(key, after: .seconds(1)) }
        world.advance(by: .seconds(1))
        #expect(started.value == ["a", "b", "c"])
        stop(task)
    }

    @Test func cancellationEndsRunAndItMayBeginAgain() {
        let queue = queue()
        let first = run(queue, workers: 2)
        queue.add("a")
        queue.add("b", after: .seconds(3_600))
        world.settle()
        let isOver = Recorded(false)
        world.start {
            await first.value
            isOver.change { $0 = true }
        }
        world.settle()
        #expect(!isOver.value)
        first.cancel()
        world.settle()
        #expect(isOver.value, "idle workers, the timer and the work have ended")
        #expect(ended.value == [], "the work was cancelled")
        queue.add("c")
        let second = run(queue)
        world.advance(by: .seconds(3_600))
        #expect(ended.value.first == "c")
        #expect(started.value.contains("b"), "what was delayed is still known")
        stop(second)
    }
}
