internal import Store
internal import Synchronization

/// A reading connection and the lock that keeps it to one thread at a time; `nil` once closed.
final class ReaderSlot: Sendable {
    let reader: Mutex<Reader?>

    init(_ reader: sending Reader) { self.reader = Mutex(reader) }
}

/// Threads for reads that may take long.
final class ReaderPool: Sendable {
    private typealias Job = @Sendable (Reader) -> Void

    /// Reads that may wait; the callers above bound theirs far lower.
    private static let waitingLimit = 65_536

    private let slots: [ReaderSlot]
    private let queue: JobQueue<Job>
    private let finished: [Latch]

    init(_ slots: [ReaderSlot]) {
        self.slots = slots
        queue = JobQueue(limit: Self.waitingLimit, workers: slots.count)
        finished = slots.map { _ in Latch() }
    }

    /// Whether all threads could be started.
    func start() -> Bool {
        for (slot, latch) in zip(slots, finished) {
            let started = WorkerThread.start { [queue] in
                while let jobs = queue.take(1) {
                    slot.reader.withLock { reader in
                        guard let reader else { return }
                        for job in jobs { job(reader) }
                    }
                }
                slot.reader.withLock { $0 = nil }
                latch.open()
            }
            guard started else { return false }
        }
        return true
    }

    func perform<Value: Sendable>(
        _ body: @escaping @Sendable (Reader) throws(StoreError) -> Value
    ) async throws(StoreError) -> Value {
        let result: Result<Value, StoreError> = await withCheckedContinuation { task in
            let taken = queue.append { reader in
                let result: Result<Value, StoreError>
                do throws(StoreError) { result = .success(try body(reader)) } catch { result = .failure(error) }
                task.resume(returning: result)
            }
            if !taken { task.resume(returning: .failure(SQLiteStore.notTaking)) }
        }
        return try result.get()
    }

    /// Takes no more reads; the threads end after those that wait.
    func stop() { queue.close() }

    /// Waits until the threads have ended and their connections are closed.
    func waitUntilFinished() async {
        for latch in finished { await latch.wait() }
    }
}

extension ReaderPool: WatchHistory {
    func history(prefix: String, after: Revision, through: Revision) async throws(StoreError) -> HistoryPage {
        try await perform { reader throws(StoreError) in
            try reader.history(prefix: prefix, after: after, through: through)
        }
    }
}
