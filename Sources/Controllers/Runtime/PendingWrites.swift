public import Objects
internal import Synchronization

/// Remembers what a controller has written until its informer shows it, so that no pass acts twice on an old copy.
///
/// Like client-go's expectations, but by key instead of by count: a write is announced before it is sent (its event may
/// arrive before its answer), and is forgotten when the event of that very object arrives, when the write fails, or after
/// five minutes. Created objects therefore need names that the controller chose.
public final class PendingWrites<Owner: Hashable & Sendable>: Sendable {
    private struct Entry {
        var owner: Owner
        var key: ObjectKey
        var deadline: Timestamp
    }

    /// As long as client-go waits for an event that never comes.
    public static var patience: Duration { .seconds(300) }

    private struct State {
        var creations: [ObjectKey: Entry] = [:]
        /// By uid: a name may be used again.
        var deletions: [String: Entry] = [:]
        var counts: [Owner: Int] = [:]

        mutating func forget(_ entry: Entry?) {
            guard let entry, let count = counts[entry.owner] else { return }
            counts[entry.owner] = count > 1 ? count - 1 : nil
        }
    }

    private let state = Mutex(State())

    public init() {}

    /// Announces that an object of that key is about to be created.
    public func willCreate(_ key: ObjectKey, for owner: Owner, now: Timestamp) {
        let entry = Entry(owner: owner, key: key, deadline: now + PendingWrites.patience)
        state.withLock { state in
            state.forget(state.creations.updateValue(entry, forKey: key))
            state.counts[owner, default: 0] += 1
        }
    }

    /// Announces that an object is about to be deleted.
    public func willDelete(_ key: ObjectKey, uid: String, for owner: Owner, now: Timestamp) {
        let entry = Entry(owner: owner, key: key, deadline: now + PendingWrites.patience)
        state.withLock { state in
            state.forget(state.deletions.updateValue(entry, forKey: uid))
            state.counts[owner, default: 0] += 1
        }
    }

    /// The informer told of an object (or the creation failed).
    public func created(_ key: ObjectKey) {
        state.withLock { state in state.forget(state.creations.removeValue(forKey: key)) }
    }

    /// The informer told that an object is gone or going (or the deletion failed).
    public func deleted(uid: String) {
        state.withLock { state in state.forget(state.deletions.removeValue(forKey: uid)) }
    }

    /// Whether everything written for an owner has been seen; what is overdue is given up.
    public func isSeen(_ owner: Owner, now: Timestamp) -> Bool {
        state.withLock { state in
            guard state.counts[owner] != nil else { return true }
            for (key, entry) in state.creations where entry.owner == owner && entry.deadline <= now {
                state.creations[key] = nil
                state.forget(entry)
            }
            for (uid, entry) in state.deletions where entry.owner == owner && entry.deadline <= now {
                state.deletions[uid] = nil
                state.forget(entry)
            }
            return state.counts[owner] == nil
        }
    }
}
