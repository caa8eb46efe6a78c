internal import Synchronization

/// One watcher's queue between the writer and its reader: bounded, single order, no thread of its own.
package final class WatchSubscription: Sendable {
    package typealias Outcome = Result<[StoreChange]?, StoreError>

    /// What an offered batch leads to, for the hub to carry out once its lock is free.
    enum Offer {
        /// Queued, or nothing to do.
        case taken
        /// A reader waits: hand it the batch.
        case wake(CheckedContinuation<Outcome, Never>, Outcome)
        /// The subscription has ended and can be forgotten.
        case gone
    }

    private struct State {
        var batches: [[StoreChange]] = []
        /// Batches before this index have been read.
        var head = 0
        var backlog = 0
        var end: Outcome?
        var waiting: [CheckedContinuation<Outcome, Never>] = []

        mutating func takeFirst() -> [StoreChange]? {
            guard head < batches.count else { return nil }
            let batch = batches[head]
            batches[head] = []
            head += 1
            backlog -= batch.count
            if head == batches.count || head > 1_024 {
                batches.removeFirst(head)
                head = 0
            }
            return batch
        }

        mutating func drop() {
            batches = []
            head = 0
            backlog = 0
        }
    }

    let prefix: String
    private let after: Revision
    private let limit: Int
    private let state = Mutex(State())

    init(prefix: String, after: Revision, limit: Int) {
        self.prefix = prefix
        self.after = after
        self.limit = limit
    }

    func offer(_ batch: [StoreChange], _ revision: Revision) -> Offer {
        guard revision > after else { return .taken }
        return state.withLock { state in
            guard state.end == nil else { return .gone }
            if !state.waiting.isEmpty {
                return .wake(state.waiting.removeFirst(), .success(batch))
            }
            guard state.backlog + batch.count <= limit else {
                state.drop()
                state.end = .failure(.watcherTooSlow)
                return .gone
            }
            state.batches.append(batch)
            state.backlog += batch.count
            return .taken
        }
    }

    /// Ends the subscription: a reader gets `nil`, at once or after what is queued.
    package func end(deliveringQueued: Bool) {
        let waiting = state.withLock { state in
            if !deliveringQueued { state.drop() }
            if state.end == nil { state.end = .success(nil) }
            defer { state.waiting = [] }
            return state.waiting
        }
        for reader in waiting { reader.resume(returning: .success(nil)) }
    }

    /// Whether the subscription takes no more batches.
    var hasEnded: Bool { state.withLock { $0.end != nil } }

    /// How the subscription ended when it ended early, so that a reader still busy with history learns of it.
    package var earlyEnd: Outcome? {
        state.withLock { state in state.head < state.batches.count ? nil : state.end }
    }

    /// The next batch; waits for it. Cancelling the task ends the subscription.
    package func next() async throws(StoreError) -> [StoreChange]? {
        let outcome: Outcome = await withTaskCancellationHandler {
            await withCheckedContinuation { reader in
                let ready: Outcome? = state.withLock { state in
                    if let batch = state.takeFirst() { return .success(batch) }
                    if let end = state.end { return end }
                    state.waiting.append(reader)
                    return nil
                }
                if let ready { reader.resume(returning: ready) }
            }
        } onCancel: {
            end(deliveringQueued: false)
        }
        return try outcome.get()
    }
}
