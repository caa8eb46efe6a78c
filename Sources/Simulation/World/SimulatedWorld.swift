public import Objects
public import Ports
internal import Synchronization

/// Why a simulation did not get to where it was driven.
public struct SimulationError: Error, Sendable, CustomStringConvertible {
    public var description: String

    init(_ description: String) { self.description = description }
}

/// A world with a clock and a processor of its own: what is started in it runs in one thread, in virtual time, and the
/// same seed gives the same run.
///
/// Drive it from one thread only. Whoever starts tasks ends them with ``stop()``.
public final class SimulatedWorld: Sendable {
    public let seed: UInt64
    public let time: ManualTime
    public let executor = SimulationExecutor()
    /// For ``SeededGenerator/fork(_:)``: one generator for each part of the world.
    public let generator: SeededGenerator

    private struct State {
        var tasks: [Task<Void, Never>] = []
        var trace: [String] = []
    }

    private let state = Mutex(State())
    private let busyLimit: Int

    /// - Parameters:
    ///   - start: where the clock stands first; 2026-01-01T00:00:00Z unless given.
    ///   - busyLimit: how many jobs may run at one moment of virtual time before the world calls it a loop.
    public init(seed: UInt64, start: Timestamp = Timestamp(seconds: 1_767_225_600), busyLimit: Int = 20_000_000) {
        self.seed = seed
        self.busyLimit = busyLimit
        time = ManualTime(start: start)
        generator = SeededGenerator(seed: seed)
    }

    // MARK: - Starting and ending

    /// Starts a part of the world; it runs when the world is driven, and is cancelled by ``stop()``.
    public func start(_ operation: @escaping @Sendable () async -> Void) {
        // The one place with unstructured tasks: this is the root of everything that runs in the world. One priority for
        // all, whatever the caller's, because actors order their work by it.
        let task = Task(executorPreference: executor, priority: .medium) { await operation() }
        state.withLock { $0.tasks.append(task) }
    }

    /// Cancels all that was started and runs until it has ended, if need be into the future.
    ///
    /// - Throws: ``SimulationError`` when something has not ended after an hour of virtual time.
    public func stop() throws(SimulationError) {
        let tasks = state.withLock { state in
            defer { state.tasks = [] }
            return state.tasks
        }
        for task in tasks { task.cancel() }
        try execute(limit: .seconds(3_600)) {
            for task in tasks { await task.value }
        }
    }

    // MARK: - Driving

    /// Lets `duration` of virtual time pass.
    public func run(for duration: Duration) throws(SimulationError) {
        let end = time.now() + duration
        _ = try drive(to: end) { false }
        let rest = end - time.now()
        time.advance(by: rest)
        try settle()
    }

    /// Drives until `condition` holds, looked at whenever nothing is runnable; `false` when it did not within `limit`
    /// of virtual time.
    @discardableResult
    public func run(until condition: () -> Bool, limit: Duration = .seconds(3_600)) throws(SimulationError) -> Bool {
        try drive(to: time.now() + limit, until: condition)
    }

    /// Runs an operation in the world, drives until it has returned, and hands its result on.
    ///
    /// - Throws: what the operation throws, or ``SimulationError`` when it has not ended within `limit` of virtual time.
    @discardableResult
    public func perform<Value: Sendable>(
        limit: Duration = .seconds(3_600), _ operation: @escaping @Sendable () async throws -> Value
    ) throws -> Value {
        let outcome = Outcome<Value>()
        try execute(limit: limit) {
            do { outcome.set(.success(try await operation())) } catch { outcome.set(.failure(error)) }
        }
        guard let result = outcome.result else { throw SimulationError("seed \(seed): the operation left no result") }
        return try result.get()
    }

    private func execute(limit: Duration, _ operation: @escaping @Sendable () async -> Void) throws(SimulationError) {
        let isDone = Outcome<Void>()
        let task = Task(executorPreference: executor, priority: .medium) {
            await operation()
            isDone.set(.success(()))
        }
        guard try drive(to: time.now() + limit, until: { isDone.result != nil }) else {
            task.cancel()
            try settle()
            throw SimulationError(
                "seed \(seed): an operation has not ended after \(limit) at \(time.now()); \(time.sleeperCount) tasks sleep")
        }
    }

    private func drive(to end: Timestamp, until condition: () -> Bool) throws(SimulationError) -> Bool {
        while true {
            try settle()
            if condition() { return true }
            guard time.advanceToNextDeadline(limit: end) else { return false }
        }
    }

    private func settle() throws(SimulationError) {
        guard executor.runUntilIdle(limit: busyLimit) < busyLimit else {
            throw SimulationError("seed \(seed): something runs without ever sleeping at \(time.now())")
        }
    }

    // MARK: - Trace

    /// Writes a line with the time into the trace.
    public func record(_ line: String) {
        let stamped = "\(time.now().rfc3339Micro) \(line)"
        state.withLock { $0.trace.append(stamped) }
    }

    /// What was recorded; the same for the same seed.
    public var trace: [String] { state.withLock { $0.trace } }
}

/// The result of an operation that runs elsewhere.
private final class Outcome<Value: Sendable>: Sendable {
    private let stored = Mutex<Result<Value, any Error>?>(nil)

    var result: Result<Value, any Error>? { stored.withLock { $0 } }
    func set(_ result: Result<Value, any Error>) { stored.withLock { $0 = result } }
}
