internal import CSQLite
internal import Store

/// What the writer is asked.
enum WriterRequest: Sendable {
    case commit([StoreMutation], [StorePrecondition])
    case compact(Revision)
}

/// What one transaction came to.
struct WriterRound {
    /// One for each request, in order.
    var outcomes: [Result<Revision, StoreError>] = []
    /// The changes of each commit that was carried out, in revision order.
    var commits: [[StoreChange]] = []
}

/// The writing connection and what it knows; used by the writer's thread only.
final class WriterCore {
    /// Log rows deleted when there is nothing else to do, in one transaction.
    private static let idleTrimRows: Int64 = 1_000

    private let connection: Connection
    private let keptRevisions: Int?
    private var revision: Revision
    private var compacted: Revision
    /// Forgotten log rows may still be there.
    private(set) var trimming = true
    /// Set once the medium has failed in a way that leaves its state unknown: nothing is written after that.
    private var failed: StoreError?

    private let begin: Statement
    private let end: Statement
    private let read: Statement
    private let insert: Statement
    private let update: Statement
    private let delete: Statement
    private let append: Statement
    private let setMeta: Statement
    private let trimBound: Statement
    private let trim: Statement

    init(path: String, keptRevisions: Int?, maximumBytes: Int64?) throws(StoreError) {
        connection = try Connection(path: path)
        self.keptRevisions = keptRevisions
        guard try connection.text("PRAGMA journal_mode = WAL") == "wal" else {
            throw .unavailable("\(path): no write-ahead log on this file system; choose a local one")
        }
        // The log is copied back when it has 16 MiB, four times SQLite's default: keys written again meanwhile are copied once.
        try connection.execute(
            "PRAGMA synchronous = FULL; PRAGMA cache_size = -32768; PRAGMA wal_autocheckpoint = 1024; PRAGMA journal_size_limit = 67108864")
        if let maximumBytes {
            _ = try connection.integer("PRAGMA max_page_count = \(max(64, maximumBytes / connection.integer("PRAGMA page_size")))")
        }
        revision = try connection.integer("SELECT revision FROM meta")
        compacted = try connection.integer("SELECT compacted FROM meta")
        begin = try Statement(connection, "BEGIN IMMEDIATE")
        end = try Statement(connection, "COMMIT")
        read = try Statement(connection, "SELECT modified, value FROM current WHERE key = ?1")
        insert = try Statement(connection, "INSERT INTO current (key, modified, value) VALUES (?1, ?2, ?3)")
        update = try Statement(connection, "UPDATE current SET modified = ?2, value = ?3 WHERE key = ?1")
        delete = try Statement(connection, "DELETE FROM current WHERE key = ?1")
        append = try Statement(connection, "INSERT INTO log (id, key, previous_modified, previous_value) VALUES (?1, ?2, ?3, ?4)")
        setMeta = try Statement(connection, "UPDATE meta SET revision = ?1, compacted = ?2 WHERE id = 1")
        trimBound = try Statement(
            connection, "SELECT max(id), count(*) FROM (SELECT id FROM log WHERE id < ?1 ORDER BY id LIMIT ?2)")
        trim = try Statement(connection, "DELETE FROM log WHERE id <= ?1")
    }

    func makeKeyIndex() throws(StoreError) -> KeyIndex { try KeyIndex(connection) }

    var newest: Revision { revision }

    /// Carries out all requests in one durable transaction, each judged by itself, in order. None: tidies up a little.
    func carryOut(_ requests: [WriterRequest]) -> WriterRound {
        if let failed {
            trimming = false
            return Self.refused(requests, failed)
        }
        let before = (revision, compacted, trimming)
        do {
            var round = WriterRound()
            try begin.run()
            for request in requests { round.outcomes.append(try carryOut(request, &round.commits)) }
            if let keptRevisions, revision - compacted > Revision(keptRevisions + keptRevisions / 10) {
                compacted = revision - Revision(keptRevisions)
                trimming = true
            }
            if (revision, compacted) != (before.0, before.1) {
                setMeta.bind(1, revision)
                setMeta.bind(2, compacted)
                try setMeta.run()
            }
            // Behind commits a little more is deleted than was added, so that the log shrinks without holding them up.
            let added = round.commits.reduce(0) { $0 + $1.count }
            try trimLog(requests.isEmpty ? Self.idleTrimRows : Int64(added + added / 4 + 4))
            try end.run()
            return round
        } catch {
            (revision, compacted, trimming) = before
            // Without room a transaction is undone cleanly; after other failures only a new start knows what is on disk.
            let transient = connection.failureCode == SQLITE_FULL || connection.failureCode == SQLITE_NOMEM
            if connection.inTransaction {
                do { try connection.execute("ROLLBACK") } catch { failed = error }
            }
            if !transient { failed = error }
            // Tidying that failed is tried again with the next commit, not at once.
            trimming = trimming && !requests.isEmpty
            return Self.refused(requests, error)
        }
    }

    private static func refused(_ requests: [WriterRequest], _ error: StoreError) -> WriterRound {
        WriterRound(outcomes: requests.map { _ in .failure(error) })
    }

    private func carryOut(
        _ request: WriterRequest, _ commits: inout [[StoreChange]]
    ) throws(StoreError) -> Result<Revision, StoreError> {
        switch request {
        case .compact(let through):
            guard through <= revision else { return .failure(.futureRevision(asked: through, current: revision)) }
            if through > compacted {
                compacted = through
                trimming = true
            }
            return .success(compacted)
        case .commit(let mutations, let preconditions):
            var present: [String: StoreEntry?] = [:]
            for precondition in preconditions {
                let entry = try readEntry(precondition.key)
                guard entry?.modified ?? 0 == precondition.modified else {
                    return .failure(.conflict(key: precondition.key, present: entry))
                }
                present[precondition.key] = .some(entry)
            }
            let changes = try write(mutations, present)
            if !changes.isEmpty { commits.append(changes) }
            return .success(revision)
        }
    }

    private func write(_ mutations: [StoreMutation], _ present: [String: StoreEntry?]) throws(StoreError) -> [StoreChange] {
        let next = revision + 1
        var changes: [StoreChange] = []
        for mutation in mutations {
            let key = mutation.key
            let previous: StoreEntry?
            if let known = present[key] { previous = known } else { previous = try readEntry(key) }
            switch mutation {
            case .put(_, let value):
                let statement = previous == nil ? insert : update
                statement.bind(1, key)
                statement.bind(2, next)
                statement.bind(3, value)
                try statement.run()
                changes.append(StoreChange(key: key, value: value, previous: previous, revision: next))
            case .delete:
                guard previous != nil else { continue }
                delete.bind(1, key)
                try delete.run()
                changes.append(StoreChange(key: key, value: nil, previous: previous, revision: next))
            }
            append.bind(1, next << StoreFile.sequenceBits | Int64(changes.count - 1))
            append.bind(2, key)
            append.bind(3, previous?.modified ?? 0)
            append.bind(4, previous?.value)
            try append.run()
        }
        if !changes.isEmpty { revision = next }
        return changes
    }

    private func readEntry(_ key: String) throws(StoreError) -> StoreEntry? {
        defer { read.reset() }
        read.bind(1, key)
        guard try read.step() else { return nil }
        return StoreEntry(key: key, value: read.bytes(1), modified: read.integer(0))
    }

    /// Deletes up to `rows` forgotten rows from the front of the log.
    private func trimLog(_ rows: Int64) throws(StoreError) {
        guard trimming else { return }
        defer { trimBound.reset() }
        trimBound.bind(1, (compacted + 1) << StoreFile.sequenceBits)
        trimBound.bind(2, rows)
        guard try trimBound.step() else { return }
        let found = trimBound.integer(1)
        if found > 0 {
            let last = trimBound.integer(0)
            trimBound.reset()
            trim.bind(1, last)
            try trim.run()
        }
        trimming = found == rows
    }
}
