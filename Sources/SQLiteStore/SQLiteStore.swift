public import Store
internal import Synchronization

/// A durable store in one SQLite file, for one process.
///
/// Commits are carried out by one thread, all that wait in one transaction, and acknowledged when it is on disk (write-ahead
/// log, synchronous=FULL). Ranges and history are read by threads of their own. A `get` runs on the calling thread with a
/// connection of a small set: it takes a few microseconds, less than handing it to another thread would.
public final class SQLiteStore: Store {
    public struct Options: Sendable {
        /// How many revisions of history are kept without being asked, give or take a tenth; `nil`: all.
        public var keptRevisions: Int?
        /// The largest size of the database file in bytes, above which writes are refused; `nil`: what the disk holds.
        public var maximumBytes: Int64?
        /// Changes a watcher may lag behind before it is cut off.
        public var watchBacklog: Int

        public init(
            keptRevisions: Int? = 100_000, maximumBytes: Int64? = nil, watchBacklog: Int = StoreLimits.watchBacklog
        ) {
            self.keptRevisions = keptRevisions
            self.maximumBytes = maximumBytes
            self.watchBacklog = watchBacklog
        }
    }

    static let notTaking = StoreError.unavailable("the store is closed or has too much waiting; retry later or restart")
    private static let closed = StoreError.unavailable("the store is closed; restart")
    private static let getReaders = 2
    private static let rangeReaders = 2

    private let writer: Writer
    private let readers: ReaderPool
    private let single: [ReaderSlot]
    private let nextSingle = Atomic<Int>(0)

    private init(writer: Writer, readers: ReaderPool, single: [ReaderSlot]) {
        self.writer = writer
        self.readers = readers
        self.single = single
    }

    deinit {
        readers.stop()
        writer.stop()
    }

    /// Opens the store in `directory`, which is made (mode 0700, its parent must exist) when it is not there.
    ///
    /// Blocks while it checks the file and reads its keys. What an unclean end left in the write-ahead log is recovered.
    /// - Throws: ``StoreOpenError`` when another process has it open or the file cannot be trusted; it is left as it is.
    public static func open(directory: String, options: Options = Options()) throws(StoreOpenError) -> SQLiteStore {
        try StoreFile.makeDirectory(directory)
        let lock = try DirectoryLock(path: directory + "/store.lock")
        let path = directory + "/store.db"
        try StoreFile.prepare(path, directory: directory)
        do throws(StoreError) {
            let writer = try Writer(path: path, options: options, lock: lock)
            var single: [ReaderSlot] = []
            for _ in 0..<getReaders { single.append(ReaderSlot(try Reader(path: path))) }
            var pooled: [ReaderSlot] = []
            for _ in 0..<rangeReaders { pooled.append(ReaderSlot(try Reader(path: path))) }
            let readers = ReaderPool(pooled)
            guard readers.start(), writer.start() else {
                readers.stop()
                throw StoreError.unavailable("no thread could be started; raise the limit on threads")
            }
            return SQLiteStore(writer: writer, readers: readers, single: single)
        } catch {
            throw StoreOpenError(.system(error.text), path: path)
        }
    }

    /// Finishes waiting commits, ends every watch and releases the directory; later calls throw ``StoreError/unavailable(_:)``.
    public func close() async {
        readers.stop()
        await readers.waitUntilFinished()
        for slot in single { slot.reader.withLock { $0 = nil } }
        writer.stop()
        await writer.waitUntilFinished()
    }

    public func get(_ key: String) async throws(StoreError) -> (entry: StoreEntry?, revision: Revision) {
        try read { reader throws(StoreError) in try reader.get(key) }
    }

    public func currentRevision() async throws(StoreError) -> Revision {
        try read { reader throws(StoreError) in try reader.revision() }
    }

    public func range(prefix: String, after: String?, limit: Int, revision: Revision?) async throws(StoreError) -> StoreRange {
        let bounds = try KeyRange(prefix: prefix, after: after)
        let index = writer.index
        return try await readers.perform { reader throws(StoreError) in
            try reader.range(bounds, limit: limit, revision: revision, index)
        }
    }

    public func commit(
        _ mutations: [StoreMutation], if preconditions: [StorePrecondition]
    ) async throws(StoreError) -> Revision {
        try CommitCheck.check(mutations, preconditions)
        return try await writer.perform(.commit(mutations, preconditions))
    }

    public func watch(prefix: String, from: Revision) async throws(StoreError) -> StoreWatch {
        _ = try KeyRange(prefix: prefix, after: nil)
        try read { reader throws(StoreError) in try reader.checkKept(from) }
        return JoinedWatch(prefix: prefix, from: from, hub: writer.hub, history: readers)
    }

    public func compact(through revision: Revision) async throws(StoreError) {
        _ = try await writer.perform(.compact(revision))
    }

    /// Runs a short read on this thread with the first connection that is free.
    private func read<Value: Sendable>(_ body: @Sendable (Reader) throws(StoreError) -> Value) throws(StoreError) -> Value {
        let turn = nextSingle.wrappingAdd(1, ordering: .relaxed).oldValue & Int.max
        for offset in 0..<single.count {
            let slot = single[(turn + offset) % single.count]
            let result = slot.reader.withLockIfAvailable { reader in Self.run(reader, body) }
            if let result { return try result.get() }
        }
        return try single[turn % single.count].reader.withLock { reader in Self.run(reader, body) }.get()
    }

    private static func run<Value: Sendable>(
        _ reader: Reader?, _ body: @Sendable (Reader) throws(StoreError) -> Value
    ) -> Result<Value, StoreError> {
        guard let reader else { return .failure(closed) }
        do throws(StoreError) { return .success(try body(reader)) } catch { return .failure(error) }
    }
}
