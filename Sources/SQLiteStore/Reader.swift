internal import Store

/// A connection for reading, with its statements prepared. Used by one thread at a time.
final class Reader {
    private let connection: Connection
    private let begin: Statement
    private let end: Statement
    private let one: Statement
    private let meta: Statement
    private let page: Statement
    private let count: Statement
    private let exists: Statement
    private let changed: Statement
    private let undo: Statement
    private let log: Statement
    private let nextUndo: Statement
    private let present: Statement

    init(path: String) throws(StoreError) {
        let connection = try Connection(path: path)
        self.connection = connection
        try connection.execute("PRAGMA query_only = ON; PRAGMA cache_size = -8192")
        func prepare(_ sql: String) throws(StoreError) -> Statement { try Statement(connection, sql) }
        begin = try prepare("BEGIN")
        end = try prepare("COMMIT")
        one = try prepare("SELECT m.revision, c.modified, c.value FROM meta m LEFT JOIN current c ON c.key = ?1 WHERE m.id = 1")
        meta = try prepare("SELECT revision, compacted FROM meta WHERE id = 1")
        page = try prepare("SELECT key, modified, value FROM current WHERE key >= ?1 AND key < ?2 ORDER BY key LIMIT ?3")
        count = try prepare("SELECT count(*) FROM current INDEXED BY current_keys WHERE key >= ?1 AND key < ?2")
        exists = try prepare("SELECT 1 FROM current INDEXED BY current_keys WHERE key = ?1")
        changed = try prepare(
            "SELECT key, id FROM log INDEXED BY log_keys WHERE key >= ?1 AND key < ?2 AND id >= ?3 ORDER BY key, id")
        undo = try prepare("SELECT previous_modified, previous_value FROM log WHERE id = ?1")
        log = try prepare("SELECT id, key, previous_modified, previous_value FROM log WHERE id >= ?1 AND id < ?2 ORDER BY id")
        nextUndo = try prepare(
            "SELECT previous_modified, previous_value FROM log INDEXED BY log_keys WHERE key = ?1 AND id > ?2 ORDER BY id LIMIT 1")
        present = try prepare("SELECT value FROM current WHERE key = ?1")
    }

    func get(_ key: String) throws(StoreError) -> (entry: StoreEntry?, revision: Revision) {
        defer { one.reset() }
        one.bind(1, key)
        guard try one.step() else { throw .unavailable("\(connection.path): no revision; restore it from a backup") }
        guard !one.isNull(1) else { return (nil, one.integer(0)) }
        return (StoreEntry(key: key, value: one.bytes(2), modified: one.integer(1)), one.integer(0))
    }

    func revision() throws(StoreError) -> Revision { try bounds().revision }

    private func bounds() throws(StoreError) -> (revision: Revision, compacted: Revision) {
        defer { meta.reset() }
        guard try meta.step() else { throw .unavailable("\(connection.path): no revision; restore it from a backup") }
        return (meta.integer(0), meta.integer(1))
    }

    /// Runs `body` on one snapshot of the database: the revisions kept, then whatever it reads.
    private func snapshot<Value>(
        _ body: (_ revision: Revision, _ compacted: Revision) throws(StoreError) -> Value
    ) throws(StoreError) -> Value {
        try begin.run()
        let result: Result<Value, StoreError>
        do {
            let (revision, compacted) = try bounds()
            result = .success(try body(revision, compacted))
        } catch {
            result = .failure(error)
        }
        try end.run()
        return try result.get()
    }

    /// - Throws: what a watch from `revision`, or a read at it, meets when history does not reach there.
    func checkKept(_ revision: Revision) throws(StoreError) {
        let (newest, compacted) = try bounds()
        try Self.check(revision, newest, compacted)
    }

    private static func check(_ revision: Revision, _ newest: Revision, _ compacted: Revision) throws(StoreError) {
        guard revision >= compacted else { throw .compacted(oldest: compacted) }
        guard revision <= newest else { throw .futureRevision(asked: revision, current: newest) }
    }
}

// Ranges.
extension Reader {
    /// Snapshots tried until one is at the index's revision; the two differ for microseconds around a commit.
    private static var indexAttempts: Int { 8 }

    func range(_ range: KeyRange, limit: Int, revision asked: Revision?, _ index: KeyIndex) throws(StoreError) -> StoreRange {
        for attempt in 1...Self.indexAttempts {
            let result = try snapshot { newest, compacted throws(StoreError) -> StoreRange? in
                if let asked { try Self.check(asked, newest, compacted) }
                var total = 0
                if limit > 0 {
                    if let counted = index.count(in: range, at: newest) {
                        total = counted
                    } else if attempt < Self.indexAttempts {
                        return nil
                    } else {
                        total = try count(in: range)
                    }
                }
                let past = asked.map { $0 < newest } ?? false
                return try past
                    ? read(range, limit, at: asked ?? newest, total) : read(range, limit, newest: newest, total)
            }
            if let result { return result }
        }
        throw .unavailable("\(connection.path): no snapshot to read; retry")
    }

    private func count(in range: KeyRange) throws(StoreError) -> Int {
        defer { count.reset() }
        count.bind(1, range.lower)
        count.bind(2, range.upper)
        return try count.step() ? Int(count.integer(0)) : 0
    }

    private func bindPage(_ range: KeyRange, _ limit: Int) {
        page.bind(1, range.lower)
        page.bind(2, range.upper)
        page.bind(3, limit > 0 ? Int64(limit) : -1)
    }

    private func pageEntry() -> StoreEntry {
        StoreEntry(key: page.text(0), value: page.bytes(2), modified: page.integer(1))
    }

    private func read(_ range: KeyRange, _ limit: Int, newest: Revision, _ total: Int) throws(StoreError) -> StoreRange {
        defer { page.reset() }
        bindPage(range, limit)
        var entries: [StoreEntry] = []
        while try page.step() { entries.append(pageEntry()) }
        let remaining = limit > 0 ? total - entries.count : 0
        return StoreRange(entries: entries, revision: newest, hasMore: remaining > 0, remaining: remaining)
    }

    /// The range as it was: the present keys, with those changed since put back to what the first change found.
    private func read(_ range: KeyRange, _ limit: Int, at revision: Revision, _ total: Int) throws(StoreError) -> StoreRange {
        defer {
            page.reset()
            changed.reset()
        }
        changed.bind(1, range.lower)
        changed.bind(2, range.upper)
        changed.bind(3, (revision + 1) << StoreFile.sequenceBits)
        // Keys changed since may be missing or fill the page wrongly, so the page is read without a limit, lazily.
        bindPage(range, 0)
        var entries: [StoreEntry] = []
        var total = total
        var hasPresent = try page.step()
        var undone = try nextChanged(after: "")
        while true {
            let full = limit > 0 && entries.count == limit
            // A full page needs the count of what follows, that is the changed keys only; without a limit there is none.
            let presentKey = hasPresent && !full ? page.text(0) : nil
            if let change = undone, presentKey.map({ change.key <= $0 }) ?? true {
                let previous = try previousEntry(change, valued: !full)
                let stands = full ? try isPresent(change.key) : presentKey == change.key
                if previous != nil { total += 1 }
                if stands { total -= 1 }
                if let previous, !full { entries.append(previous) }
                if presentKey == change.key { hasPresent = try page.step() }
                undone = try nextChanged(after: change.key)
            } else if presentKey != nil {
                entries.append(pageEntry())
                hasPresent = try page.step()
            } else {
                break
            }
        }
        let remaining = limit > 0 ? total - entries.count : 0
        return StoreRange(entries: entries, revision: revision, hasMore: remaining > 0, remaining: remaining)
    }

    /// The next key changed since the revision, with its first change.
    private func nextChanged(after key: String) throws(StoreError) -> (key: String, id: Int64)? {
        while try changed.step() {
            let next = changed.text(0)
            if next != key { return (next, changed.integer(1)) }
        }
        return nil
    }

    /// What a change overwrote; without its value where only its being there matters.
    private func previousEntry(_ change: (key: String, id: Int64), valued: Bool) throws(StoreError) -> StoreEntry? {
        defer { undo.reset() }
        undo.bind(1, change.id)
        guard try undo.step(), undo.integer(0) > 0 else { return nil }
        return StoreEntry(key: change.key, value: valued ? undo.bytes(1) : [], modified: undo.integer(0))
    }

    private func isPresent(_ key: String) throws(StoreError) -> Bool {
        defer { exists.reset() }
        exists.bind(1, key)
        return try exists.step()
    }
}

// History.
extension Reader {
    /// Bounds of one page of history; a page ends with a whole commit.
    private static var pageChanges: Int { 1_024 }
    private static var pageBytes: Int { 8 << 20 }
    private static var pageRows: Int { 16_384 }

    func history(prefix: String, after: Revision, through: Revision) throws(StoreError) -> HistoryPage {
        try snapshot { newest, compacted throws(StoreError) in
            try Self.check(after, newest, compacted)
            return try historyPage(Array(prefix.utf8), after, through)
        }
    }

    private func historyPage(_ prefix: [UInt8], _ after: Revision, _ through: Revision) throws(StoreError) -> HistoryPage {
        defer { log.reset() }
        log.bind(1, (after + 1) << StoreFile.sequenceBits)
        log.bind(2, (through + 1) << StoreFile.sequenceBits)
        var result = HistoryPage(batches: [], reached: after)
        var batch: [StoreChange] = []
        var (changes, bytes, rows) = (0, 0, 0)
        while try log.step() {
            let revision = log.integer(0) >> StoreFile.sequenceBits
            if revision != result.reached {
                if !batch.isEmpty { result.batches.append(batch) }
                batch = []
                if changes >= Self.pageChanges || bytes >= Self.pageBytes || rows >= Self.pageRows { return result }
                result.reached = revision
            }
            rows += 1
            guard log.text(1, hasPrefix: prefix) else { continue }
            let change = try loggedChange(revision)
            changes += 1
            bytes += (change.value?.count ?? 0) + (change.previous?.value.count ?? 0)
            batch.append(change)
        }
        if !batch.isEmpty { result.batches.append(batch) }
        result.reached = through
        return result
    }

    /// The change of the log row read last: what it wrote is what the key's next change overwrote, or the present value.
    private func loggedChange(_ revision: Revision) throws(StoreError) -> StoreChange {
        let key = log.text(1)
        var change = StoreChange(key: key, value: nil, previous: nil, revision: revision)
        if log.integer(2) > 0 { change.previous = StoreEntry(key: key, value: log.bytes(3), modified: log.integer(2)) }
        defer {
            nextUndo.reset()
            present.reset()
        }
        nextUndo.bind(1, key)
        nextUndo.bind(2, log.integer(0))
        if try nextUndo.step() {
            if nextUndo.integer(0) > 0 { change.value = nextUndo.bytes(1) }
        } else {
            present.bind(1, key)
            if try present.step() { change.value = present.bytes(0) }
        }
        return change
    }
}
