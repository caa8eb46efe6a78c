internal import Synchronization

/// A store in memory: for simulations and tests of what stands above it. Nothing outlives the process.
///
/// Every call is carried out at once under a lock, with no thread, timer or randomness of its own, so that a run on one
/// task executor is the same every time.
public final class MemoryStore: Store {
    private struct Held: Sendable {
        var value: [UInt8]
        var modified: Revision
    }

    private struct State {
        var keys = OrderedKeys<Held>()
        var revision: Revision = 0
        /// History up to and including this revision is forgotten.
        var compacted: Revision = 0
        /// The changes of each kept commit; the first is of revision `compacted + 1`.
        var log: [[StoreChange]] = []
        var closed = false
    }

    private let state = Mutex(State())
    private let hub: WatchHub
    private let keptRevisions: Int?

    /// - Parameters:
    ///   - keptRevisions: how many revisions of history to keep without being asked, give or take a tenth; `nil`: all.
    ///   - watchBacklog: changes a watcher may lag behind before it is cut off.
    public init(keptRevisions: Int? = 100_000, watchBacklog: Int = StoreLimits.watchBacklog) {
        self.keptRevisions = keptRevisions
        hub = WatchHub(published: 0, backlogLimit: watchBacklog)
    }

    public func get(_ key: String) async throws(StoreError) -> (entry: StoreEntry?, revision: Revision) {
        try state.withLock { state throws(StoreError) in
            try Self.checkOpen(state)
            // Only ASCII keys are ever written, and only those compare by their bytes.
            guard key.utf8.allSatisfy({ $0 < 0x80 }) else { return (nil, state.revision) }
            return (Self.entry(key, state), state.revision)
        }
    }

    public func range(prefix: String, after: String?, limit: Int, revision: Revision?) async throws(StoreError) -> StoreRange {
        let bounds = try KeyRange(prefix: prefix, after: after)
        return try state.withLock { state throws(StoreError) in
            try Self.checkOpen(state)
            if let revision, revision != state.revision {
                try Self.checkKept(revision, state)
                return Self.read(bounds, limit, at: revision, state)
            }
            return Self.read(bounds, limit, state)
        }
    }

    public func commit(
        _ mutations: [StoreMutation], if preconditions: [StorePrecondition]
    ) async throws(StoreError) -> Revision {
        try CommitCheck.check(mutations, preconditions)
        return try state.withLock { state throws(StoreError) in
            try Self.checkOpen(state)
            for precondition in preconditions {
                let present = Self.entry(precondition.key, state)
                guard present?.modified ?? 0 == precondition.modified else {
                    throw .conflict(key: precondition.key, present: present)
                }
            }
            let changes = Self.apply(mutations, &state)
            guard !changes.isEmpty else { return state.revision }
            state.log.append(changes)
            trim(&state)
            // Under the lock, for the order of commits; the hub only queues and wakes.
            hub.publish([changes])
            return state.revision
        }
    }

    public func watch(prefix: String, from: Revision) async throws(StoreError) -> StoreWatch {
        _ = try KeyRange(prefix: prefix, after: nil)
        return try state.withLock { state throws(StoreError) in
            try Self.checkOpen(state)
            try Self.checkKept(from, state)
            return JoinedWatch(prefix: prefix, from: from, hub: hub, history: self)
        }
    }

    public func compact(through revision: Revision) async throws(StoreError) {
        try state.withLock { state throws(StoreError) in
            try Self.checkOpen(state)
            guard revision <= state.revision else {
                throw .futureRevision(asked: revision, current: state.revision)
            }
            Self.forget(through: revision, &state)
        }
    }

    public func currentRevision() async throws(StoreError) -> Revision {
        try state.withLock { state throws(StoreError) in
            try Self.checkOpen(state)
            return state.revision
        }
    }

    /// Ends every watch; all further calls throw ``StoreError/unavailable(_:)``.
    public func close() {
        state.withLock { $0.closed = true }
        hub.close()
    }

    private static func checkOpen(_ state: State) throws(StoreError) {
        guard !state.closed else { throw .unavailable("the store is closed; make a new one") }
    }

    private static func checkKept(_ revision: Revision, _ state: State) throws(StoreError) {
        guard revision >= state.compacted else { throw .compacted(oldest: state.compacted) }
        guard revision <= state.revision else { throw .futureRevision(asked: revision, current: state.revision) }
    }

    private static func entry(_ key: String, _ state: State) -> StoreEntry? {
        guard let held = state.keys[key] else { return nil }
        return StoreEntry(key: key, value: held.value, modified: held.modified)
    }

    private static func apply(_ mutations: [StoreMutation], _ state: inout State) -> [StoreChange] {
        let revision = state.revision + 1
        var changes: [StoreChange] = []
        changes.reserveCapacity(mutations.count)
        for mutation in mutations {
            let previous = entry(mutation.key, state)
            switch mutation {
            case .put(let key, let value):
                state.keys[key] = Held(value: value, modified: revision)
                changes.append(StoreChange(key: key, value: value, previous: previous, revision: revision))
            case .delete(let key):
                guard previous != nil else { continue }
                state.keys[key] = nil
                changes.append(StoreChange(key: key, value: nil, previous: previous, revision: revision))
            }
        }
        if !changes.isEmpty { state.revision = revision }
        return changes
    }

    private func trim(_ state: inout State) {
        guard let keptRevisions, state.log.count > keptRevisions + keptRevisions / 10 else { return }
        Self.forget(through: state.revision - Revision(keptRevisions), &state)
    }

    private static func forget(through revision: Revision, _ state: inout State) {
        guard revision > state.compacted else { return }
        state.log.removeFirst(Int(revision - state.compacted))
        state.compacted = revision
    }
}

// Reads of ranges and of history.
extension MemoryStore {
    private static func read(_ bounds: KeyRange, _ limit: Int, _ state: State) -> StoreRange {
        var entries: [StoreEntry] = []
        state.keys.forEach(in: bounds) { key, held in
            entries.append(StoreEntry(key: key, value: held.value, modified: held.modified))
            return entries.count != limit
        }
        let remaining = limit > 0 ? state.keys.count(in: bounds) - entries.count : 0
        return StoreRange(entries: entries, revision: state.revision, hasMore: remaining > 0, remaining: remaining)
    }

    /// The range as it was: the present keys, with those changed since put back to what the first change found.
    private static func read(_ bounds: KeyRange, _ limit: Int, at revision: Revision, _ state: State) -> StoreRange {
        var undone: [String: StoreEntry?] = [:]
        var total = state.keys.count(in: bounds)
        for commit in state.log[Int(revision - state.compacted)...] {
            for change in commit where change.key >= bounds.lower && change.key < bounds.upper && undone[change.key] == nil {
                undone[change.key] = .some(change.previous)
                if change.previous != nil { total += 1 }
                if state.keys[change.key] != nil { total -= 1 }
            }
        }
        var past = undone.compactMap { $0.value }.sorted { $0.key < $1.key }[...]
        var entries: [StoreEntry] = []
        state.keys.forEach(in: bounds) { key, held in
            while let first = past.first, first.key <= key, entries.count != limit || limit == 0 {
                entries.append(first)
                past.removeFirst()
            }
            guard entries.count != limit || limit == 0 else { return false }
            if undone[key] == nil { entries.append(StoreEntry(key: key, value: held.value, modified: held.modified)) }
            return entries.count != limit || limit == 0
        }
        while let first = past.first, entries.count != limit || limit == 0 {
            entries.append(first)
            past.removeFirst()
        }
        let remaining = total - entries.count
        return StoreRange(entries: entries, revision: revision, hasMore: remaining > 0, remaining: remaining)
    }
}

extension MemoryStore: WatchHistory {
    /// Changes looked through for one page.
    private static var pageCommits: Int { 4_096 }

    package func history(prefix: String, after: Revision, through: Revision) async throws(StoreError) -> HistoryPage {
        try state.withLock { state throws(StoreError) in
            try Self.checkOpen(state)
            try Self.checkKept(after, state)
            let reached = min(through, after + Revision(Self.pageCommits))
            var batches: [[StoreChange]] = []
            for commit in state.log[Int(after - state.compacted)..<Int(reached - state.compacted)] {
                let batch = WatchHub.matching(commit, prefix)
                if !batch.isEmpty { batches.append(batch) }
            }
            return HistoryPage(batches: batches, reached: reached)
        }
    }
}
