internal import Synchronization

/// Writes that nothing waits for (Events, explanations), done beside the main work with bounded concurrency.
///
/// Bounded: what comes in while `capacity` jobs wait is dropped, and its maker learns so.
final class WriteBehind: Sendable {
    typealias Job = @Sendable () async -> Void

    private struct State {
        var jobs: [Job] = []
        var first = 0
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let capacity: Int
    private let workers: Int
    private let state = Mutex(State())

    init(capacity: Int = 20_000, workers: Int = 8) {
        self.capacity = capacity
        self.workers = workers
    }

    /// Hands a job over; false where it was dropped.
    @discardableResult
    func add(_ job: @escaping Job) -> Bool {
        let (isTaken, waiting) = state.withLock { state -> (Bool, CheckedContinuation<Void, Never>?) in
            guard state.jobs.count - state.first < capacity else { return (false, nil) }
            state.jobs.append(job)
            defer { state.waiting = nil }
            return (true, state.waiting)
        }
        waiting?.resume()
        return isTaken
    }

    /// Does jobs until the task is cancelled; those left then are done by the next run.
    func run() async {
        await withTaskCancellationHandler {
            await withTaskGroup(of: Void.self) { group in
                var running = 0
                while !Task.isCancelled {
                    guard let job = take() else {
                        if running > 0 {
                            await group.next()
                            running -= 1
                        } else {
                            await waitForJob()
                        }
                        continue
                    }
                    if running == workers {
                        await group.next()
                        running -= 1
                    }
                    group.addTask { await job() }
                    running += 1
                }
                await group.waitForAll()
            }
        } onCancel: {
            wake()
        }
    }

    private func take() -> Job? {
        state.withLock { state in
            guard state.first < state.jobs.count else { return nil }
            let job = state.jobs[state.first]
            state.first += 1
            // The done ones go in bulk, so that taking one costs the same at any length.
            if state.first == state.jobs.count || state.first > 1_024 {
                state.jobs.removeFirst(state.first)
                state.first = 0
            }
            return job
        }
    }

    private func waitForJob() async {
        await withCheckedContinuation { continuation in
            let isDue = state.withLock { state in
                if state.first < state.jobs.count || Task.isCancelled { return true }
                state.waiting = continuation
                return false
            }
            if isDue { continuation.resume() }
        }
    }

    private func wake() {
        let waiting = state.withLock { state in
            defer { state.waiting = nil }
            return state.waiting
        }
        waiting?.resume()
    }
}
