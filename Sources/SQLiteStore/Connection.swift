internal import CSQLite
internal import Store

/// One connection to the database file, used by one thread at a time.
///
/// Not `Sendable`: it lives inside a `Mutex` that proves it.
final class Connection {
    /// Carried out once, before the first connection.
    private static let configured: Bool = sluice_stop_memory_counting() == SQLITE_OK

    fileprivate let handle: OpaquePointer
    let path: String

    /// - Parameter create: whether the file may be made when it does not exist.
    init(path: String, create: Bool = false) throws(StoreError) {
        _ = Self.configured
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | (create ? SQLITE_OPEN_CREATE : 0)
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard let opened else { throw .unavailable("no memory to open \(path): free memory, then retry") }
        handle = opened
        self.path = path
        guard code == SQLITE_OK else { throw failure() }
        sqlite3_extended_result_codes(handle, 1)
        // Only recovery after an unclean end makes one connection wait for another.
        sqlite3_busy_timeout(handle, 10_000)
    }

    deinit { sqlite3_close_v2(handle) }

    /// Runs statements that return no rows.
    func execute(_ sql: String) throws(StoreError) {
        guard sqlite3_exec(handle, sql, nil, nil, nil) == SQLITE_OK else { throw failure() }
    }

    /// The single integer a query returns.
    func integer(_ sql: String) throws(StoreError) -> Int64 {
        let statement = try Statement(self, sql)
        defer { statement.reset() }
        return try statement.step() ? statement.integer(0) : 0
    }

    /// The single text a query returns.
    func text(_ sql: String) throws(StoreError) -> String {
        let statement = try Statement(self, sql)
        defer { statement.reset() }
        return try statement.step() ? statement.text(0) : ""
    }

    /// Whether closing the connection leaves the file and its write-ahead log exactly as they are.
    func keepFilesOnClose(_ keep: Bool) { _ = sluice_keep_log_on_close(handle, keep ? 1 : 0) }

    /// The primary result code of the last failed call.
    var failureCode: Int32 { sqlite3_extended_errcode(handle) & 0xFF }

    var failureText: String { String(cString: sqlite3_errmsg(handle)) }

    /// Whether a transaction is open; SQLite ends it by itself after some errors.
    var inTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// The last failure in words, with what to do.
    func failure() -> StoreError {
        let remedy =
            switch failureCode {
            case SQLITE_FULL: "free space on that file system or raise the store's size limit, then retry"
            case SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_READONLY: "check the disk and the permissions of the directory, then restart"
            case SQLITE_CORRUPT, SQLITE_NOTADB: "stop, keep a copy of the directory, and restore it from a backup"
            case SQLITE_NOMEM: "free memory, then retry"
            default: "restart; if it stays, keep a copy of the directory and report the text"
            }
        return .unavailable("\(path): \(failureText); \(remedy)")
    }
}

/// A prepared statement: bind, step, read columns, reset.
final class Statement {
    private let handle: OpaquePointer
    private let connection: Connection
    private var bindFailed = false

    init(_ connection: Connection, _ sql: String) throws(StoreError) {
        var prepared: OpaquePointer?
        let code = sqlite3_prepare_v3(connection.handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard code == SQLITE_OK, let prepared else { throw connection.failure() }
        handle = prepared
        self.connection = connection
    }

    deinit { sqlite3_finalize(handle) }

    /// Parameters count from 1; columns from 0.
    func bind(_ index: Int32, _ value: Int64) {
        if sqlite3_bind_int64(handle, index, value) != SQLITE_OK { bindFailed = true }
    }

    func bind(_ index: Int32, _ text: String) {
        var text = text
        // The buffer of an empty string has an address too, so this never binds NULL.
        let code = text.withUTF8 { sluice_bind_text(handle, index, $0.baseAddress, Int32($0.count)) }
        if code != SQLITE_OK { bindFailed = true }
    }

    /// Binds a blob, or NULL.
    func bind(_ index: Int32, _ bytes: [UInt8]?) {
        let code: Int32
        if let bytes {
            code =
                bytes.isEmpty
                ? sqlite3_bind_zeroblob(handle, index, 0)
                : bytes.withUnsafeBytes { sluice_bind_blob(handle, index, $0.baseAddress, Int32($0.count)) }
        } else {
            code = sqlite3_bind_null(handle, index)
        }
        if code != SQLITE_OK { bindFailed = true }
    }

    /// Whether there is a row.
    func step() throws(StoreError) -> Bool {
        guard !bindFailed else { throw connection.failure() }
        switch sqlite3_step(handle) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        default: throw connection.failure()
        }
    }

    /// Steps once to the end, and resets.
    func run() throws(StoreError) {
        defer { reset() }
        _ = try step()
    }

    func reset() {
        sqlite3_reset(handle)
        bindFailed = false
    }

    func integer(_ column: Int32) -> Int64 { sqlite3_column_int64(handle, column) }

    func isNull(_ column: Int32) -> Bool { sqlite3_column_type(handle, column) == SQLITE_NULL }

    func text(_ column: Int32) -> String {
        guard let bytes = sqlite3_column_text(handle, column) else { return "" }
        return String(decoding: UnsafeBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, column))), as: UTF8.self)
    }

    func bytes(_ column: Int32) -> [UInt8] {
        let bytes = sqlite3_column_blob(handle, column)
        return Array(UnsafeRawBufferPointer(start: bytes, count: Int(sqlite3_column_bytes(handle, column))))
    }

    /// Whether a text column starts with `prefix`, without making a string of it.
    func text(_ column: Int32, hasPrefix prefix: [UInt8]) -> Bool {
        guard let bytes = sqlite3_column_text(handle, column) else { return prefix.isEmpty }
        let count = Int(sqlite3_column_bytes(handle, column))
        return UnsafeBufferPointer(start: bytes, count: count).starts(with: prefix)
    }
}
