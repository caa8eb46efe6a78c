internal import CSQLite
internal import Glibc
internal import Store

/// The database file: made once and completely, checked at every opening, never repaired or replaced.
enum StoreFile {
    /// "SLUC" in ASCII, in the header of every file of ours.
    private static let applicationID: Int64 = 0x534C_5543
    private static let schemaVersion = 1
    /// Files up to this size are checked page by page at opening, about 0.1 s; larger ones in their vital parts.
    private static let fullCheckBytes: Int64 = 64 << 20

    /// Revisions and places in a commit share the log's row id: 10 bits hold ``StoreLimits/mutationsPerCommit``.
    static let sequenceBits: Int64 = 10

    // `log` is an undo log: each row keeps what the change overwrote. What it wrote is in the key's next log row or, when
    // there is none, in `current`. So a value is written once, and forgetting history is deleting rows from the front.
    // `current_keys` lets keys be read and counted without their values.
    private static let schema = """
        CREATE TABLE meta (id INTEGER PRIMARY KEY CHECK (id = 1), revision INTEGER NOT NULL, compacted INTEGER NOT NULL);
        INSERT INTO meta VALUES (1, 0, 0);
        CREATE TABLE current (key TEXT NOT NULL PRIMARY KEY, modified INTEGER NOT NULL, value BLOB NOT NULL) WITHOUT ROWID;
        CREATE INDEX current_keys ON current (key);
        CREATE TABLE log (id INTEGER PRIMARY KEY, key TEXT NOT NULL, previous_modified INTEGER NOT NULL, previous_value BLOB);
        CREATE INDEX log_keys ON log (key);
        PRAGMA user_version = \(schemaVersion);
        """

    /// Makes `directory` (mode 0700) when it is not there; its parent must be.
    static func makeDirectory(_ directory: String) throws(StoreOpenError) {
        if mkdir(directory, 0o700) == 0 {
            try synchronize(directory + "/..")
        } else if errno != EEXIST {
            throw StoreOpenError(.system(SystemText.lastError()), path: directory)
        }
    }

    /// Makes new names in `directory` survive a loss of power.
    private static func synchronize(_ directory: String) throws(StoreOpenError) {
        let descriptor = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreOpenError(.system(SystemText.lastError()), path: directory) }
        defer { close(descriptor) }
        guard fsync(descriptor) == 0 else { throw StoreOpenError(.system(SystemText.lastError()), path: directory) }
    }

    /// Makes the file when there is none, then checks it.
    static func prepare(_ path: String, directory: String) throws(StoreOpenError) {
        if access(path, F_OK) != 0 {
            guard errno == ENOENT else { throw StoreOpenError(.system(SystemText.lastError()), path: path) }
            guard access(path + "-wal", F_OK) != 0 else {
                throw StoreOpenError(.damaged("the database is gone, its write-ahead log is still there"), path: path)
            }
            try create(path, directory: directory)
        }
        try checkHeader(path)
        try check(path)
    }

    /// Builds the file under another name and moves it into place when it is complete and on disk, so that a file
    /// without a schema is never one that we made.
    private static func create(_ path: String, directory: String) throws(StoreOpenError) {
        let draft = path + ".new"
        for leftover in [draft, draft + "-journal", draft + "-wal", draft + "-shm"] { unlink(leftover) }
        do {
            let connection = try Connection(path: draft, create: true)
            // Rows of a table WITHOUT ROWID spill to pages of their own above a quarter of a page. At 16 KiB an ordinary pod
            // (2.7 KB) stays in place: gets and lists are 2 times as fast as at 4 KiB, the file is half as large.
            try connection.execute("PRAGMA page_size = 16384; PRAGMA synchronous = FULL; PRAGMA application_id = \(applicationID)")
            try connection.execute("BEGIN; \(schema) COMMIT")
        } catch {
            throw StoreOpenError(.system(error.text), path: draft)
        }
        guard chmod(draft, 0o600) == 0, rename(draft, path) == 0 else {
            throw StoreOpenError(.system(SystemText.lastError()), path: path)
        }
        try synchronize(directory)
    }

    /// What can be told from the first bytes, before SQLite touches the file.
    private static func checkHeader(_ path: String) throws(StoreOpenError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw StoreOpenError(.system(SystemText.lastError()), path: path) }
        defer { close(descriptor) }
        var header = [UInt8](repeating: 0, count: 100)
        let count = pread(descriptor, &header, header.count, 0)
        let size = Int64(lseek(descriptor, 0, SEEK_END))
        guard count >= 0, size >= 0 else { throw StoreOpenError(.system(SystemText.lastError()), path: path) }
        guard count > 0 else { throw StoreOpenError(.damaged("it is empty"), path: path) }
        guard header.starts(with: Array("SQLite format 3\0".utf8)) else {
            let cleared = header.prefix(16).allSatisfy { $0 == 0 }
            throw StoreOpenError(cleared ? .damaged("its header is all zeros") : .foreign("not an SQLite database"), path: path)
        }
        guard count == header.count else { throw StoreOpenError(.damaged("it ends inside its header"), path: path) }
        // With a write-ahead log beside it, a shorter file is an interrupted checkpoint, which SQLite completes.
        guard access(path + "-wal", F_OK) != 0 else { return }
        let field = Int64(header[16]) << 8 | Int64(header[17])
        let pages = header[28..<32].reduce(Int64(0)) { $0 << 8 | Int64($1) }
        let expected = pages * (field == 1 ? 65_536 : field)
        guard size >= expected else { throw StoreOpenError(.damaged("it has \(size) of \(expected) bytes"), path: path) }
    }

    private static func check(_ path: String) throws(StoreOpenError) {
        let connection: Connection
        do {
            connection = try Connection(path: path)
        } catch {
            throw StoreOpenError(.system(error.text), path: path)
        }
        connection.keepFilesOnClose(true)
        let reason: StoreOpenError.Reason?
        do {
            reason = try fault(connection)
        } catch {
            let broken = connection.failureCode == SQLITE_CORRUPT || connection.failureCode == SQLITE_NOTADB
            reason = broken ? .damaged(connection.failureText) : .system(error.text)
        }
        if let reason { throw StoreOpenError(reason, path: path) }
        connection.keepFilesOnClose(false)
    }

    private static func fault(_ connection: Connection) throws(StoreError) -> StoreOpenError.Reason? {
        guard try connection.integer("PRAGMA application_id") == applicationID else {
            return .foreign("another program's database")
        }
        let version = Int(try connection.integer("PRAGMA user_version"))
        guard version <= schemaVersion else { return .newerSchema(found: version, supported: schemaVersion) }
        guard version == schemaVersion else { return .damaged("it has no schema") }
        let bytes = try connection.integer("PRAGMA page_count") * connection.integer("PRAGMA page_size")
        let small = bytes <= fullCheckBytes
        let verdict = try connection.text(small ? "PRAGMA quick_check(1)" : "PRAGMA quick_check('meta')")
        guard verdict == "ok" else { return .damaged(verdict) }
        if !small {
            // Walks both indexes, which are small beside the values; a broken page throws.
            _ = try connection.integer("SELECT count(*) FROM current INDEXED BY current_keys WHERE key > ''")
            _ = try connection.integer("SELECT count(*) FROM log INDEXED BY log_keys WHERE key > ''")
        }
        guard try connection.integer("SELECT count(*) FROM meta") == 1 else { return .damaged("it has lost its revision") }
        // The newest row of the log tells whether the revision was put back behind the data.
        let newest = try connection.integer("SELECT coalesce(max(id), 0) FROM log") >> sequenceBits
        guard try connection.integer("SELECT revision FROM meta") >= newest else { return .damaged("its revision is behind its log") }
        return nil
    }
}

extension StoreError {
    /// The text of ``unavailable(_:)``, the only error a connection makes.
    var text: String {
        if case .unavailable(let text) = self { text } else { "\(self)" }
    }
}
