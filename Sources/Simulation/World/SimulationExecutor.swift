internal import Synchronization

/// Runs jobs one after the other, in the order they became runnable, on the thread that calls ``runUntilIdle()``.
///
/// Tasks started with this executor as their preference keep all their child tasks and the default actors they call on it,
/// so that a whole control plane runs in one thread and in one order.
public final class SimulationExecutor: TaskExecutor {
    private struct Queue {
        var jobs: [UnownedJob] = []
        /// Jobs before this index have been taken.
        var head = 0

        mutating func take() -> UnownedJob? {
            guard head < jobs.count else {
                jobs.removeAll(keepingCapacity: true)
                head = 0
                return nil
            }
            head += 1
            if head > 4_096 {
                jobs.removeFirst(head - 1)
                head = 1
            }
            return jobs[head - 1]
        }
    }

    private let queue = Mutex(Queue())

    public init() {}

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.withLock { $0.jobs.append(job) }
    }

    /// Runs jobs until none is runnable; returns how many ran.
    ///
    /// - Parameter limit: stops after that many, so that a loop that never sleeps shows itself.
    @discardableResult
    public func runUntilIdle(limit: Int = .max) -> Int {
        var count = 0
        let executor = asUnownedTaskExecutor()
        while count < limit, let job = queue.withLock({ $0.take() }) {
            job.runSynchronously(on: executor)
            count += 1
        }
        return count
    }
}
