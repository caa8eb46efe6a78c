internal import Store
internal import Synchronization

/// The one thread that writes. What waits when it becomes free goes into one transaction, so that one wait for the disk
/// serves all of it.
final class Writer: Sendable {
    private struct Job: Sendable {
        var request: WriterRequest
        var task: CheckedContinuation<Result<Revision, StoreError>, Never>
    }

    /// Requests in one transaction.
    private static let groupLimit = 256
    /// Requests that may wait; far above what clients have in flight, so that only a stuck disk reaches it.
    private static let waitingLimit = 65_536

    let index: KeyIndex
    let hub: WatchHub
    private let core: Mutex<WriterCore?>
    private let queue = JobQueue<Job>(limit: waitingLimit, workers: 1)
    private let finished = Latch()
    private let lock: DirectoryLock

    init(path: String, options: SQLiteStore.Options, lock: DirectoryLock) throws(StoreError) {
        let core = try WriterCore(path: path, keptRevisions: options.keptRevisions, maximumBytes: options.maximumBytes)
        index = try core.makeKeyIndex()
        hub = WatchHub(published: core.newest, backlogLimit: options.watchBacklog)
        self.core = Mutex(core)
        self.lock = lock
    }

    /// Whether the thread could be started.
    func start() -> Bool { WorkerThread.start { self.run() } }

    func perform(_ request: WriterRequest) async throws(StoreError) -> Revision {
        try await withCheckedContinuation { task in
            guard queue.append(Job(request: request, task: task)) else {
                task.resume(returning: .failure(SQLiteStore.notTaking))
                return
            }
        }.get()
    }

    /// Takes no more requests; the thread ends after those that wait.
    func stop() { queue.close() }

    /// Waits until the thread has ended and the connection is closed.
    func waitUntilFinished() async { await finished.wait() }

    private func run() {
        var trimming = true
        while let jobs = queue.take(Self.groupLimit, wait: !trimming) {
            let requests = jobs.map(\.request)
            let round = core.withLock { core in
                let round = core?.carryOut(requests) ?? WriterRound()
                trimming = core?.trimming ?? false
                return round
            }
            index.apply(round.commits)
            hub.publish(round.commits)
            for (job, outcome) in zip(jobs, round.outcomes) { job.task.resume(returning: outcome) }
        }
        hub.close()
        core.withLock { $0 = nil }
        lock.release()
        finished.open()
    }
}
