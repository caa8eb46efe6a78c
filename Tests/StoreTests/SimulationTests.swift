import Store
import Synchronization
import Testing

/// Runs every job of its tasks on the thread that calls ``runAll()``, one after another.
private final class OneThread: TaskExecutor {
    private let jobs = Mutex<[UnownedJob]>([])

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        jobs.withLock { $0.append(job) }
    }

    /// Runs jobs in the order they came, until none is left.
    func runAll() {
        while let job = jobs.withLock({ $0.isEmpty ? nil : $0.removeFirst() }) {
            job.runSynchronously(on: asUnownedTaskExecutor())
        }
    }
}

@Suite("Memory store in a simulation")
struct SimulationTests {
    @Test("On one thread, without any other, the same run gives the same trace")
    func repeatsExactly() {
        let first = Self.trace()
        // Every write tells of itself, and every watcher saw all 200 of them.
        #expect(first.count == 200 + 3 * 200)
        #expect(first == Self.trace())
    }

    private static func trace() -> [String] {
        let executor = OneThread()
        let trace = Trace()
        let store = MemoryStore()
        // A task of its own: the only way onto an executor that this thread drives.
        Task(executorPreference: executor) { await Self.play(store, trace) }
        executor.runAll()
        return trace.lines.withLock { $0 }
    }

    private final class Trace: Sendable {
        let lines = Mutex<[String]>([])

        func tell(_ line: String) { lines.withLock { $0.append(line) } }
    }

    private static func play(_ store: MemoryStore, _ trace: Trace) async {
        await withTaskGroup(of: Void.self) { group in
            for watcher in 0..<3 {
                group.addTask {
                    guard let watch = try? await store.watch(prefix: "/", from: 0) else { return }
                    for _ in 0..<200 {
                        guard let change = (try? await watch.next())??.first else { return }
                        trace.tell("watcher \(watcher) saw \(change.key) at \(change.revision)")
                    }
                }
            }
            for writer in 0..<4 {
                group.addTask {
                    for number in 0..<50 {
                        let revision = try? await store.put("/\(writer)/\(number)")
                        trace.tell("writer \(writer) wrote \(number) at \(revision ?? -1)")
                        await Task.yield()
                    }
                }
            }
        }
    }
}
