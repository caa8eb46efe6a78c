internal import Objects
internal import Store
internal import Synchronization

/// Something recent kept by key and revision, within a bound.
///
/// Two generations: what is looked up moves to the young one; when that is full, the old one goes.
struct RecentValues<Value: Sendable>: Sendable {
    private struct Key: Hashable {
        var revision: Revision
        var form: UInt8
        var key: String
    }

    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]
    private var youngBytes = 0
    private let boundBytes: Int

    /// - Parameter boundBytes: of both generations together, as told when values are kept.
    init(boundBytes: Int) { self.boundBytes = boundBytes / 2 }

    /// - Parameter form: tells apart values of one key and revision.
    mutating func value(_ key: String, _ revision: Revision, form: UInt8 = 0, bytes: Int) -> Value? {
        let key = Key(revision: revision, form: form, key: key)
        if let value = young[key] { return value }
        guard let value = old.removeValue(forKey: key) else { return nil }
        keep(value, key, bytes)
        return value
    }

    mutating func keep(_ value: Value, _ key: String, _ revision: Revision, form: UInt8 = 0, bytes: Int) {
        keep(value, Key(revision: revision, form: form, key: key), bytes)
    }

    private mutating func keep(_ value: Value, _ key: Key, _ bytes: Int) {
        guard bytes < boundBytes else { return }
        if youngBytes + bytes > boundBytes {
            old = young
            young = [:]
            youngBytes = 0
        }
        young[key] = value
        youngBytes += bytes
    }
}

/// Trees of objects that are read again and again: namespaces, priority classes, and what many watchers look at.
final class DecodedCache: Sendable {
    private let recent = Mutex(RecentValues<JSON>(boundBytes: 4 << 20))

    func object(_ entry: StoreEntry) throws(APIFailure) -> JSON { try object(entry.key, entry.value, revision: entry.modified) }

    /// - Parameter revision: of the resource version that the object carries.
    func object(_ key: String, _ stored: [UInt8], revision: Revision) throws(APIFailure) -> JSON {
        if let known = recent.withLock({ $0.value(key, revision, bytes: stored.count) }) { return known }
        let object = try ObjectCodec.decode(stored, revision: revision)
        recent.withLock { $0.keep(object, key, revision, bytes: stored.count) }
        return object
    }
}

/// Lines that all watchers of a kind are sent, written once.
final class LineCache: Sendable {
    private let recent = Mutex(RecentValues<[UInt8]>(boundBytes: 8 << 20))

    /// - Parameter form: tells apart what is written of one change: its type and the kind's version.
    func line(_ key: String, _ revision: Revision, form: UInt8, bytes: Int, _ make: () -> [UInt8]) -> [UInt8] {
        if let known = recent.withLock({ $0.value(key, revision, form: form, bytes: bytes) }) { return known }
        let line = make()
        recent.withLock { $0.keep(line, key, revision, form: form, bytes: bytes) }
        return line
    }
}
