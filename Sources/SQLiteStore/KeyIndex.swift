internal import Store
internal import Synchronization

/// The present keys in memory, for the count of what a page leaves out: SQLite can only count by walking.
final class KeyIndex: Sendable {
    private struct State {
        var keys = OrderedKeys<Void>()
        var revision: Revision
    }

    private let state: Mutex<State>

    /// Reads all keys; some 0.3 s for a million.
    init(_ connection: Connection) throws(StoreError) {
        var state = State(revision: try connection.integer("SELECT revision FROM meta"))
        let statement = try Statement(connection, "SELECT key FROM current INDEXED BY current_keys ORDER BY key")
        while try statement.step() { state.keys[statement.text(0)] = () }
        statement.reset()
        self.state = Mutex(state)
    }

    /// Follows durable commits, in order.
    func apply(_ commits: [[StoreChange]]) {
        guard let newest = commits.last?.last?.revision else { return }
        state.withLock { state in
            for commit in commits {
                for change in commit where (change.value == nil) != (change.previous == nil) {
                    state.keys[change.key] = change.value == nil ? nil : .some(())
                }
            }
            state.revision = newest
        }
    }

    /// How many keys lie in `range` at `revision`; `nil` when the index stands at another one.
    func count(in range: KeyRange, at revision: Revision) -> Int? {
        state.withLock { $0.revision == revision ? $0.keys.count(in: range) : nil }
    }
}
