internal import Synchronization

/// A page of history for a watch.
package struct HistoryPage: Sendable {
    /// One batch of matching changes for each commit, in revision order.
    package var batches: [[StoreChange]]
    /// Everything up to this revision has been looked through.
    package var reached: Revision

    package init(batches: [[StoreChange]], reached: Revision) {
        self.batches = batches
        self.reached = reached
    }
}

/// Where a watch reads kept history from.
package protocol WatchHistory: Sendable {
    /// Changes under `prefix` after `after`, up to and including `through`; may stop early, but always gets further.
    ///
    /// - Throws: ``StoreError/compacted(oldest:)`` when some of it has been forgotten.
    func history(prefix: String, after: Revision, through: Revision) async throws(StoreError) -> HistoryPage
}

/// Kept history, then live commits, without gap or duplicate.
///
/// The subscription is taken first; it has everything after the revision published at that moment. History up to that
/// revision is then read page by page, as the watcher asks for it, so that a long history takes no memory.
package final class JoinedWatch: StoreWatchSource {
    private struct State {
        var position: Revision
        /// Batches read but not given out, last first.
        var ready: [[StoreChange]] = []
        var failure: StoreError?
    }

    private let live: WatchSubscription
    private let hub: WatchHub
    private let prefix: String
    private let joint: Revision
    private let history: any WatchHistory
    private let state: Mutex<State>

    package init(prefix: String, from: Revision, hub: WatchHub, history: any WatchHistory) {
        self.hub = hub
        self.prefix = prefix
        self.history = history
        (live, joint) = hub.subscribe(prefix: prefix, from: from)
        state = Mutex(State(position: from))
    }

    deinit { cancel() }

    package func next() async throws(StoreError) -> [StoreChange]? {
        while true {
            let (ready, position, failure) = state.withLock { ($0.ready.popLast(), $0.position, $0.failure) }
            if let ready {
                // A watch cut off or cancelled tells nothing more, even where history is still at hand.
                if let end = live.earlyEnd { return try end.get() }
                return ready
            }
            if let failure { throw failure }
            guard position < joint else { return try await liveNext() }
            if let end = live.earlyEnd { return try end.get() }
            let page: HistoryPage
            do {
                page = try await history.history(prefix: prefix, after: position, through: joint)
            } catch {
                state.withLock { $0.failure = error }
                cancel()
                throw error
            }
            state.withLock { state in
                // Another reader may have taken the same page meanwhile; one of the two is dropped.
                guard state.position == position else { return }
                state.position = page.reached
                state.ready = page.batches.reversed()
            }
        }
    }

    private func liveNext() async throws(StoreError) -> [StoreChange]? {
        let batch = try await live.next()
        if batch == nil { hub.remove(live) }
        return batch
    }

    package func cancel() {
        live.end(deliveringQueued: false)
        hub.remove(live)
    }
}
