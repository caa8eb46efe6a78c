internal import Dispatch
internal import Glibc
internal import Synchronization

/// A bounded queue from tasks to dedicated threads.
final class JobQueue<Job: Sendable>: Sendable {
    private struct State {
        var jobs: [Job] = []
        var closed = false
    }

    private let state = Mutex(State())
    /// At least one signal for each queued job; surplus ones make a worker look once more.
    private let wake = DispatchSemaphore(value: 0)
    private let limit: Int
    private let workers: Int

    init(limit: Int, workers: Int) {
        self.limit = limit
        self.workers = workers
    }

    /// Whether the job was queued: not when the queue is closed or full.
    func append(_ job: Job) -> Bool {
        let taken = state.withLock { state in
            guard !state.closed, state.jobs.count < limit else { return false }
            state.jobs.append(job)
            return true
        }
        if taken { wake.signal() }
        return taken
    }

    /// Up to `most` jobs in order; waits for the first if `wait`. Empty without a job, `nil` when closed and empty.
    func take(_ most: Int, wait: Bool = true) -> [Job]? {
        while true {
            let (jobs, closed) = state.withLock { state in
                guard state.jobs.count > most else {
                    defer { state.jobs = [] }
                    return (state.jobs, state.closed)
                }
                let first = Array(state.jobs.prefix(most))
                state.jobs.removeFirst(most)
                return (first, false)
            }
            if !jobs.isEmpty { return jobs }
            if closed { return nil }
            if !wait { return [] }
            wake.wait()
        }
    }

    /// How many jobs wait.
    var count: Int { state.withLock { $0.jobs.count } }

    /// Takes no more jobs; workers finish those that are queued.
    func close() {
        state.withLock { $0.closed = true }
        for _ in 0..<workers { wake.signal() }
    }
}

/// A thread for blocking calls, which must not run on the pool that tasks share.
enum WorkerThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Starts `body` on a thread of its own; `false` when the system has none left.
    static func start(_ body: @escaping @Sendable () -> Void) -> Bool {
        let box = Unmanaged.passRetained(Body(body))
        var thread = pthread_t()
        let code = pthread_create(
            &thread, nil,
            { raw in
                guard let raw else { return nil }
                Unmanaged<Body>.fromOpaque(raw).takeRetainedValue().run()
                return nil
            }, box.toOpaque())
        guard code == 0 else {
            box.release()
            return false
        }
        pthread_detach(thread)
        return true
    }
}

/// Lets tasks wait until something has happened once.
final class Latch: Sendable {
    private struct State {
        var open = false
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())

    func open() {
        let waiting = state.withLock { state in
            state.open = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for task in waiting { task.resume() }
    }

    func wait() async {
        await withCheckedContinuation { task in
            let open = state.withLock { state in
                if !state.open { state.waiting.append(task) }
                return state.open
            }
            if open { task.resume() }
        }
    }
}
