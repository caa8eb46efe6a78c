internal import Objects
public import Ports
internal import Synchronization

/// Keys that need work: each once, never two workers on the same key, failures later and later.
///
/// The rules are client-go's: a key added while a worker has it is worked on again afterwards.
public final class WorkQueue<Key: Hashable & Comparable & Sendable>: Sendable {
    private struct State {
        var ready: [Key] = []
        var readySet: Set<Key> = []
        var working: Set<Key> = []
        /// Added again while working.
        var again: Set<Key> = []
        var delayed: [Key: Timestamp] = [:]
        var failures: [Key: Int] = [:]
        var waitingWorkers: [CheckedContinuation<Void, Never>] = []
        var waitingTimer: CheckedContinuation<Void, Never>?
        var timerMoved = false
        var isClosed = false
    }

    private let time: any TimeSource
    private let firstPause: Duration
    private let longestPause: Duration
    private let state = Mutex(State())

    /// - Parameters:
    ///   - firstPause: before the first retry of a failed key; doubles with each failure.
    ///   - longestPause: where doubling stops.
    public init(time: any TimeSource, firstPause: Duration = .milliseconds(50), longestPause: Duration = .seconds(60)) {
        self.time = time
        self.firstPause = firstPause
        self.longestPause = longestPause
    }

    /// Asks for work on a key as soon as possible.
    public func add(_ key: Key) {
        let worker = state.withLock { state -> CheckedContinuation<Void, Never>? in
            state.delayed[key] = nil
            if state.working.contains(key) {
                state.again.insert(key)
                return nil
            }
            guard state.readySet.insert(key).inserted else { return nil }
            state.ready.append(key)
            return state.waitingWorkers.isEmpty ? nil : state.waitingWorkers.removeFirst()
        }
        worker?.resume()
    }

    /// Asks for work on a key after a pause; an earlier request stands.
    public func add(_ key: Key, after pause: Duration) {
        guard pause > .zero else { return add(key) }
        let deadline = time.now() + pause
        let timer = state.withLock { state -> CheckedContinuation<Void, Never>? in
            if let present = state.delayed[key], present <= deadline { return nil }
            state.delayed[key] = deadline
            state.timerMoved = true
            defer { state.waitingTimer = nil }
            return state.waitingTimer
        }
        timer?.resume()
    }

    /// How many keys are ready or worked on.
    public var depth: Int { state.withLock { $0.ready.count + $0.working.count } }

    /// Works on keys until the task is cancelled; may be called again afterwards.
    ///
    /// - Parameter work: returns after which pause the key wants to be looked at again (`nil`: when it is added);
    ///   where it throws, the key is retried with growing pauses.
    public func run(workers: Int = 1, _ work: @escaping @Sendable (Key) async throws -> Duration?) async {
        state.withLock { $0.isClosed = false }
        await withTaskCancellationHandler {
            await withTaskGroup(of: Void.self) { group in
                for _ in 0..<workers { group.addTask { await self.workLoop(work) } }
                group.addTask { await self.timerLoop() }
            }
        } onCancel: {
            close()
        }
    }

    private func workLoop(_ work: @Sendable (Key) async throws -> Duration?) async {
        while let key = await next() {
            do {
                let pause = try await work(key)
                finish(key, failed: false)
                if let pause { add(key, after: pause) }
            } catch is CancellationError {
                finish(key, failed: false)
            } catch {
                add(key, after: finish(key, failed: true))
            }
        }
    }

    private func next() async -> Key? {
        while true {
            let (key, isClosed) = state.withLock { state -> (Key?, Bool) in
                if state.isClosed || state.ready.isEmpty { return (nil, state.isClosed) }
                let key = state.ready.removeFirst()
                state.readySet.remove(key)
                state.working.insert(key)
                return (key, false)
            }
            if isClosed { return nil }
            if let key { return key }
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if state.isClosed || !state.ready.isEmpty { return true }
                    state.waitingWorkers.append(continuation)
                    return false
                }
                if isDue { continuation.resume() }
            }
        }
    }

    /// Gives a key back; returns the pause before its retry.
    @discardableResult
    private func finish(_ key: Key, failed: Bool) -> Duration {
        let (isWantedAgain, failures) = state.withLock { state in
            state.working.remove(key)
            state.failures[key] = failed ? (state.failures[key] ?? 0) + 1 : nil
            return (state.again.remove(key) != nil, state.failures[key] ?? 0)
        }
        if isWantedAgain { add(key) }
        return min(longestPause, firstPause * (1 << min(max(0, failures - 1), 20)))
    }

    /// Moves delayed keys to the ready ones when their time has come.
    private func timerLoop() async {
        while true {
            let (due, deadline, isClosed) = state.withLock { state -> ([Key], Timestamp?, Bool) in
                state.timerMoved = false
                let now = time.now()
                let due = state.delayed.filter { $0.value <= now }.keys.sorted()
                for key in due { state.delayed[key] = nil }
                return (due, state.delayed.values.min(), state.isClosed)
            }
            if isClosed { return }
            for key in due { add(key) }
            if let deadline {
                await withTaskGroup(of: Void.self) { group in
                    group.addTask { try? await self.time.sleep(until: deadline) }
                    group.addTask { await self.timerMoved() }
                    await group.next()
                    group.cancelAll()
                }
            } else {
                await timerMoved()
            }
        }
    }

    /// Waits until an earlier deadline may have come in.
    private func timerMoved() async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isDue = state.withLock { state in
                    if state.timerMoved || state.isClosed || Task.isCancelled { return true }
                    state.waitingTimer = continuation
                    return false
                }
                if isDue { continuation.resume() }
            }
        } onCancel: {
            wakeTimer()
        }
    }

    private func wakeTimer() {
        let timer = state.withLock { state in
            defer { state.waitingTimer = nil }
            return state.waitingTimer
        }
        timer?.resume()
    }

    private func close() {
        let (workers, timer) = state.withLock { state in
            state.isClosed = true
            defer {
                state.waitingWorkers = []
                state.waitingTimer = nil
            }
            return (state.waitingWorkers, state.waitingTimer)
        }
        for worker in workers { worker.resume() }
        timer?.resume()
    }
}
