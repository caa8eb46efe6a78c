internal import Kinds
internal import Objects
internal import Store

extension APIFailure {
    /// What a client is told of a store that failed.
    init(_ error: StoreError) {
        switch error {
        case .compacted: self = .expired()
        case .futureRevision(let asked, let current): self = .resourceVersionTooLarge(asked, current: current)
        case .tooLarge(let what):
            self = APIFailure(code: 413, reason: "RequestEntityTooLarge", message: "Request entity too large: \(what)")
        case .watcherTooSlow: self = .expired("too old resource version")
        case .unavailable(let why): self = .unavailable(why)
        case .conflict(let key, _):
            self = APIFailure(code: 409, reason: "Conflict", message: "another write of \(key) came first; try again")
        }
    }
}

extension APIServer {
    func read(_ key: String) async throws(APIFailure) -> (entry: StoreEntry?, revision: Revision) {
        do throws(StoreError) { return try await store.get(key) } catch { throw APIFailure(error) }
    }

    func readRange(
        prefix: String, after: String? = nil, limit: Int = 0, revision: Revision? = nil
    ) async throws(APIFailure) -> StoreRange {
        do throws(StoreError) {
            return try await store.range(prefix: prefix, after: after, limit: limit, revision: revision)
        } catch {
            throw APIFailure(error)
        }
    }

    /// Writes, and says whether somebody else was first.
    func tryCommit(
        _ mutations: [StoreMutation], if preconditions: [StorePrecondition]
    ) async throws(APIFailure) -> Revision? {
        do throws(StoreError) {
            return try await store.commit(mutations, if: preconditions)
        } catch {
            if case .conflict = error { return nil }
            throw APIFailure(error)
        }
    }

    /// What becomes of an object when it is changed.
    enum Change: Sendable {
        case unchanged
        case replace(JSON)
        /// The last state, which watchers of the deletion and the caller see.
        case remove(JSON)
    }

    /// How often a change is decided anew because somebody else wrote first.
    private static let attempts = 16

    /// Reads an object, decides on a change, and writes it; decides anew when somebody else wrote in between.
    ///
    /// - Parameters:
    ///   - isDryRun: decide, but do not write.
    ///   - alsoWrite: further writes of the same commit.
    /// - Returns: the object as it is afterwards with its revision (the last state where it was removed).
    func change(
        _ kind: Kind, namespace: String, name: String, isDryRun: Bool = false,
        _ decide: (_ object: JSON, _ entry: StoreEntry) async throws(APIFailure) -> Change
    ) async throws(APIFailure) -> (entry: StoreEntry, wasRemoved: Bool) {
        let key = StoreKeys.key(group: kind.group, plural: kind.plural, namespace: namespace, name: name)
        for _ in 0..<APIServer.attempts {
            guard let entry = try await read(key).entry else { throw .notFound(kind, name) }
            let object = try ObjectCodec.decode(entry, as: kind)
            switch try await decide(object, entry) {
            case .unchanged: return (entry, false)
            case .replace(let new):
                let value = ObjectCodec.encode(new)
                if value == entry.value { return (entry, false) }
                if isDryRun { return (StoreEntry(key: key, value: value, modified: entry.modified), false) }
                let precondition = StorePrecondition(key: key, modified: entry.modified)
                if let revision = try await tryCommit([.put(key: key, value: value)], if: [precondition]) {
                    if new["spec"] != object["spec"] { try await stored(kind, new) }
                    return (StoreEntry(key: key, value: value, modified: revision), false)
                }
            case .remove(let last):
                let value = ObjectCodec.encode(last)
                if isDryRun { return (StoreEntry(key: key, value: value, modified: entry.modified), true) }
                let precondition = StorePrecondition(key: key, modified: entry.modified)
                if let revision = try await tryCommit([.delete(key: key)], if: [precondition]) {
                    return (StoreEntry(key: key, value: value, modified: revision), true)
                }
            }
        }
        throw .conflict(kind, name)
    }
}
