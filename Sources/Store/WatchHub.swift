internal import Synchronization

/// Hands durable commits to watchers in revision order.
///
/// The store's single writer calls ``publish(_:)`` after a commit is durable and before it is acknowledged. Watchers of
/// one prefix share the work of matching.
package final class WatchHub: Sendable {
    private struct Group {
        var prefix: String
        /// In the order they subscribed, which is the order they are woken in.
        var subscriptions: [WatchSubscription]
    }

    private struct State {
        var published: Revision
        /// Ascending by prefix.
        var groups: [Group] = []
        var closed = false
    }

    private let state: Mutex<State>
    private let backlogLimit: Int

    /// - Parameters:
    ///   - published: the newest durable revision at start.
    ///   - backlogLimit: changes a watcher may lag behind.
    package init(published: Revision, backlogLimit: Int = StoreLimits.watchBacklog) {
        state = Mutex(State(published: published))
        self.backlogLimit = backlogLimit
    }

    /// Tells watchers of commits: one non-empty array of changes each, in revision order, none told before.
    package func publish(_ commits: [[StoreChange]]) {
        guard let newest = commits.last?.last?.revision else { return }
        var wakes: [(CheckedContinuation<WatchSubscription.Outcome, Never>, WatchSubscription.Outcome)] = []
        state.withLock { state in
            state.published = newest
            for index in state.groups.indices {
                Self.deliver(commits, to: &state.groups[index], &wakes)
            }
            state.groups.removeAll { $0.subscriptions.isEmpty }
        }
        // Outside the lock: resuming runs code of the executor.
        for (reader, outcome) in wakes { reader.resume(returning: outcome) }
    }

    private static func deliver(
        _ commits: [[StoreChange]], to group: inout Group,
        _ wakes: inout [(CheckedContinuation<WatchSubscription.Outcome, Never>, WatchSubscription.Outcome)]
    ) {
        for commit in commits {
            let batch = matching(commit, group.prefix)
            guard let revision = batch.first?.revision else { continue }
            var someGone = false
            for subscription in group.subscriptions {
                switch subscription.offer(batch, revision) {
                case .taken: break
                case .wake(let reader, let outcome): wakes.append((reader, outcome))
                case .gone: someGone = true
                }
            }
            if someGone { group.subscriptions.removeAll { $0.hasEnded } }
        }
    }

    /// The changes of `commit` under `prefix`; the array itself when all are, which is the usual case.
    package static func matching(_ commit: [StoreChange], _ prefix: String) -> [StoreChange] {
        if commit.allSatisfy({ $0.key.hasPrefix(prefix) }) { return commit }
        return commit.filter { $0.key.hasPrefix(prefix) }
    }

    /// A subscription to commits after the published revision (and after `from`), and that revision.
    package func subscribe(prefix: String, from: Revision) -> (subscription: WatchSubscription, published: Revision) {
        let subscription = WatchSubscription(prefix: prefix, after: from, limit: backlogLimit)
        return state.withLock { state in
            if state.closed {
                subscription.end(deliveringQueued: false)
                return (subscription, state.published)
            }
            var low = 0
            var high = state.groups.count
            while low < high {
                let middle = (low + high) / 2
                if state.groups[middle].prefix < prefix { low = middle + 1 } else { high = middle }
            }
            if low < state.groups.count, state.groups[low].prefix == prefix {
                state.groups[low].subscriptions.append(subscription)
            } else {
                state.groups.insert(Group(prefix: prefix, subscriptions: [subscription]), at: low)
            }
            return (subscription, state.published)
        }
    }

    /// Forgets a subscription whose watch ended.
    package func remove(_ subscription: WatchSubscription) {
        state.withLock { state in
            guard let index = state.groups.firstIndex(where: { $0.prefix == subscription.prefix }) else { return }
            state.groups[index].subscriptions.removeAll { $0 === subscription }
            if state.groups[index].subscriptions.isEmpty { state.groups.remove(at: index) }
        }
    }

    /// Ends every watch, each after what is queued for it.
    package func close() {
        let groups = state.withLock { state in
            state.closed = true
            defer { state.groups = [] }
            return state.groups
        }
        for group in groups {
            for subscription in group.subscriptions { subscription.end(deliveringQueued: true) }
        }
    }
}
