/// The position of a write in the store's single history; the API's `resourceVersion`.
///
/// Revision 0 is the empty store; the first commit makes revision 1. Every commit has one revision,
/// however many keys it writes.
public typealias Revision = Int64

/// One key with its present value.
public struct StoreEntry: Sendable, Equatable {
    /// Printable ASCII, `/`-separated, at most ``StoreLimits/keyBytes`` long.
    public var key: String
    /// What was written, byte for byte.
    public var value: [UInt8]
    /// The revision of the commit that wrote this value.
    public var modified: Revision

    public init(key: String, value: [UInt8], modified: Revision) {
        self.key = key
        self.value = value
        self.modified = modified
    }
}

/// A page of a range read, all of it as it was at one revision.
public struct StoreRange: Sendable {
    /// Ascending by the bytes of the key.
    public var entries: [StoreEntry]
    /// The revision that was read.
    public var revision: Revision
    /// Whether keys beyond the last entry were left out because of the limit.
    public var hasMore: Bool
    /// How many keys were left out.
    public var remaining: Int

    public init(entries: [StoreEntry], revision: Revision, hasMore: Bool, remaining: Int) {
        self.entries = entries
        self.revision = revision
        self.hasMore = hasMore
        self.remaining = remaining
    }
}

/// What must be true of a key for a commit to be carried out.
public struct StorePrecondition: Sendable, Equatable {
    public var key: String
    /// The revision of the key's last write; 0 when the key must not exist.
    public var modified: Revision

    public init(key: String, modified: Revision) {
        self.key = key
        self.modified = modified
    }
}

/// One write of a commit.
public enum StoreMutation: Sendable, Equatable {
    case put(key: String, value: [UInt8])
    /// Removes the key; nothing happens when it does not exist.
    case delete(key: String)

    public var key: String {
        switch self {
        case .put(let key, _), .delete(let key): key
        }
    }
}

/// One change of one key, as a watch tells it.
public struct StoreChange: Sendable, Equatable {
    public var key: String
    /// The new value; `nil` when the key was deleted.
    public var value: [UInt8]?
    /// The value before this change, and when it was written; `nil` when the key did not exist.
    public var previous: StoreEntry?
    public var revision: Revision

    public init(key: String, value: [UInt8]?, previous: StoreEntry?, revision: Revision) {
        self.key = key
        self.value = value
        self.previous = previous
        self.revision = revision
    }
}

/// Why a store did not do what it was asked.
public enum StoreError: Error, Equatable, Sendable {
    /// A precondition did not hold: the key's present entry, or `nil` when it does not exist.
    case conflict(key: String, present: StoreEntry?)
    /// History before `oldest` is gone: list again and watch from there. `oldest` itself can still be read and watched from.
    case compacted(oldest: Revision)
    /// The revision is in the future.
    case futureRevision(asked: Revision, current: Revision)
    /// A key, a value or a commit over ``StoreLimits``, or of a form no store keeps: a key that is not printable ASCII,
    /// or one mutated twice in one commit. The text names it and says what to do.
    case tooLarge(String)
    /// The watcher read too slowly and was cut off: list again and watch from there.
    case watcherTooSlow
    /// The store is shutting down or its medium failed; the text says what to do.
    case unavailable(String)
}

/// Bounds every implementation enforces.
public enum StoreLimits {
    /// Longest key, in bytes.
    public static let keyBytes = 1_024
    /// Largest value, in bytes (Kubernetes over etcd: 1.5 MiB).
    public static let valueBytes = 1_572_864
    /// Most mutations of one commit.
    public static let mutationsPerCommit = 512
    /// Changes a watcher may lag behind before it is cut off with ``StoreError/watcherTooSlow``.
    public static let watchBacklog = 16_384
}

/// A revisioned key-value store: the one place where Sluice's state is kept.
///
/// There is one counter for the whole store. Reads see every commit acknowledged before they began. A commit is
/// acknowledged only when it is durable (where the implementation is durable at all), and watchers see commits in
/// revision order, each exactly once, only after they are durable.
///
/// A contract suite (Tests/StoreTests) runs over every implementation.
public protocol Store: Sendable {
    /// The entry of `key` and the revision it was read at.
    func get(_ key: String) async throws(StoreError) -> (entry: StoreEntry?, revision: Revision)

    /// Entries whose key starts with `prefix`, greater than `after`, at most `limit` of them (0: no bound).
    ///
    /// - Parameter revision: the revision to read at; `nil` for the present one. Any revision that has not been
    ///   compacted away may be asked for.
    /// - Throws: ``StoreError/compacted(oldest:)``, ``StoreError/futureRevision(asked:current:)``.
    func range(prefix: String, after: String?, limit: Int, revision: Revision?) async throws(StoreError) -> StoreRange

    /// Carries out all mutations if all preconditions hold, else none.
    ///
    /// A commit without an effect (only deletions of keys that do not exist) makes no revision and returns the
    /// present one. No key may be mutated twice in one commit.
    func commit(
        _ mutations: [StoreMutation], if preconditions: [StorePrecondition]
    ) async throws(StoreError) -> Revision

    /// Every change of keys under `prefix` after revision `from`, first the kept history, then as they happen.
    ///
    /// A watch that nobody cancels ends when its last reference goes.
    ///
    /// - Throws: ``StoreError/compacted(oldest:)`` when changes after `from` have been forgotten,
    ///   ``StoreError/futureRevision(asked:current:)`` when `from` has not been reached.
    func watch(prefix: String, from: Revision) async throws(StoreError) -> StoreWatch

    /// Forgets history up to and including `revision`; present values are kept, and so is what is needed to read the store
    /// as it was at `revision`. Nothing happens when that much has been forgotten before.
    ///
    /// - Throws: ``StoreError/futureRevision(asked:current:)``.
    func compact(through revision: Revision) async throws(StoreError)

    /// The newest revision.
    func currentRevision() async throws(StoreError) -> Revision
}

/// A running watch: pull batches until the end.
public protocol StoreWatchSource: Sendable {
    /// The next changes in revision order, all of one revision together; waits until there are some.
    ///
    /// Returns `nil` once the watch was cancelled or the store was closed. Cancelling the waiting task cancels the watch. Call
    /// it from one task at a time.
    ///
    /// - Throws: ``StoreError/watcherTooSlow`` when the watch was cut off, ``StoreError/compacted(oldest:)`` when history was
    ///   forgotten before it was read.
    func next() async throws(StoreError) -> [StoreChange]?
    /// Ends the watch; a waiting `next` returns `nil`.
    func cancel()
}

public typealias StoreWatch = any StoreWatchSource
