import Foundation
import SQLiteStore
import Store
import Testing

/// The implementations the contract suite runs over.
enum StoreKind: CaseIterable, Sendable, CustomTestStringConvertible {
    case memory
    case sqlite

    var testDescription: String {
        switch self {
        case .memory: "memory"
        case .sqlite: "SQLite"
        }
    }
}

/// A directory that is gone after `body`.
func withDirectory<Value>(_ body: (String) async throws -> Value) async throws -> Value {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("store-\(UUID().uuidString)").path
    defer { try? FileManager.default.removeItem(atPath: directory) }
    return try await body(directory)
}

/// An empty store of `kind`, closed and gone after `body`.
func withStore(
    _ kind: StoreKind, keptRevisions: Int? = nil, watchBacklog: Int = StoreLimits.watchBacklog,
    _ body: (any Store) async throws -> Void
) async throws {
    switch kind {
    case .memory:
        let store = MemoryStore(keptRevisions: keptRevisions, watchBacklog: watchBacklog)
        defer { store.close() }
        try await body(store)
    case .sqlite:
        try await withDirectory { directory in
            let options = SQLiteStore.Options(keptRevisions: keptRevisions, watchBacklog: watchBacklog)
            let store = try SQLiteStore.open(directory: directory, options: options)
            try await body(store)
            await store.close()
        }
    }
}

extension Store {
    @discardableResult
    func put(_ key: String, _ text: String = "value", if preconditions: [StorePrecondition] = []) async throws(StoreError) -> Revision {
        try await commit([.put(key: key, value: Array(text.utf8))], if: preconditions)
    }

    @discardableResult
    func delete(_ key: String) async throws(StoreError) -> Revision { try await commit([.delete(key: key)], if: []) }

    func keys(_ prefix: String, after: String? = nil, limit: Int = 0, at revision: Revision? = nil) async throws(StoreError) -> [String] {
        try await range(prefix: prefix, after: after, limit: limit, revision: revision).entries.map(\.key)
    }
}

extension StoreWatchSource {
    /// The next `count` batches.
    func batches(_ count: Int) async throws -> [[StoreChange]] {
        var result: [[StoreChange]] = []
        while result.count < count, let batch = try await next() { result.append(batch) }
        return result
    }
}

extension StoreEntry {
    var text: String { String(decoding: value, as: UTF8.self) }
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers from the same seed everywhere.
struct SeededGenerator: RandomNumberGenerator {
    var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
