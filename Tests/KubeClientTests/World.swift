internal import Objects
internal import Ports
internal import Synchronization

/// Tasks on one thread and a clock that moves only when told: every run of a test is the same run.
final class World: Sendable {
    let time = StandingClock()
    private let executor = StepExecutor()

    /// Starts a task; it runs when the test calls ``settle()``.
    @discardableResult
    func start(_ work: @escaping @Sendable () async -> Void) -> Task<Void, Never> {
        Task(executorPreference: executor) { await work() }
    }

    /// Runs every task as far as it gets; `false` where they never came to rest.
    @discardableResult
    func settle() -> Bool { executor.runUntilIdle(limit: 100_000) }

    /// Moves the clock from deadline to deadline; `false` where tasks never came to rest.
    @discardableResult
    func advance(by duration: Duration) -> Bool {
        let end = time.now() + duration
        guard settle() else { return false }
        while time.moveToNextDeadline(notAfter: end) {
            guard settle() else { return false }
        }
        time.move(to: end)
        return settle()
    }
}

/// A clock that stands still until it is moved.
final class StandingClock: TimeSource {
    private struct Sleeper {
        var deadline: Timestamp
        var continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now = Timestamp(seconds: 1_000)
        var serial = 0
        var sleepers: [Int: Sleeper] = [:]
        var pauses: [Duration] = []
    }

    private let state = Mutex(State())

    /// Every pause anybody has asked for, in order.
    var pauses: [Duration] { state.withLock { $0.pauses } }

    func now() -> Timestamp { state.withLock { $0.now } }

    func sleep(until deadline: Timestamp) async throws {
        let serial = state.withLock { state in
            state.serial += 1
            state.pauses.append(deadline - state.now)
            return state.serial
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let outcome = state.withLock { state -> Result<Void, any Error>? in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if deadline <= state.now { return .success(()) }
                    state.sleepers[serial] = Sleeper(deadline: deadline, continuation: continuation)
                    return nil
                }
                if let outcome { continuation.resume(with: outcome) }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: serial) }?.continuation.resume(throwing: CancellationError())
        }
    }

    fileprivate func moveToNextDeadline(notAfter end: Timestamp) -> Bool {
        guard let next = state.withLock({ $0.sleepers.values.map(\.deadline).min() }), next <= end else { return false }
        move(to: next)
        return true
    }

    fileprivate func move(to moment: Timestamp) {
        let due = state.withLock { state in
            state.now = max(state.now, moment)
            let due = state.sleepers.filter { $0.value.deadline <= moment }.sorted { $0.key < $1.key }
            for (serial, _) in due { state.sleepers[serial] = nil }
            return due
        }
        for (_, sleeper) in due { sleeper.continuation.resume() }
    }
}

/// Runs jobs on the thread that asks for it, in the order in which they became runnable.
private final class StepExecutor: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
    }

    func runUntilIdle(limit: Int) -> Bool {
        let executor = asUnownedTaskExecutor()
        for _ in 0..<limit {
            guard let job = jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) else { return true }
            job.runSynchronously(on: executor)
        }
        return false
    }
}

/// A value that tasks of a test write and the test reads.
final class Recorded<Value: Sendable>: Sendable {
    private let stored: Mutex<Value>

    init(_ value: Value) { stored = Mutex(value) }

    var value: Value { stored.withLock { $0 } }

    @discardableResult
    func change<Result: Sendable>(_ work: @Sendable (inout Value) -> Result) -> Result { stored.withLock { work(&$0) } }
}
