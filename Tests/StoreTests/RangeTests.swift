import Store
import Testing

@Suite("Contract of every store: ranges")
struct RangeTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var prefix: String
        var after: String?
        var limit: Int = 0
        var keys: [String]
        var remaining: Int = 0
    }

    @Test(
        "A range holds the keys of its prefix in byte order, after the given key, up to the limit",
        arguments: StoreKind.allCases,
        [
            Case(testDescription: "everything", prefix: "", keys: ["/A", "/a", "/a-b", "/a/1", "/a/2", "/a/3", "/a0", "/b"]),
            Case(testDescription: "a directory", prefix: "/a/", keys: ["/a/1", "/a/2", "/a/3"]),
            Case(testDescription: "no such prefix", prefix: "/c", keys: []),
            Case(testDescription: "after a key", prefix: "/a/", after: "/a/1", keys: ["/a/2", "/a/3"]),
            Case(testDescription: "after a key that is not there", prefix: "/a/", after: "/a/15", keys: ["/a/2", "/a/3"]),
            Case(testDescription: "after a key before the prefix", prefix: "/a/", after: "/A", keys: ["/a/1", "/a/2", "/a/3"]),
            Case(testDescription: "after the last", prefix: "/a/", after: "/a/3", keys: []),
            Case(testDescription: "after a key behind the prefix", prefix: "/a/", after: "/b", limit: 2, keys: []),
            Case(testDescription: "first page", prefix: "/a", limit: 2, keys: ["/a", "/a-b"], remaining: 4),
            Case(testDescription: "middle page", prefix: "/a", after: "/a-b", limit: 2, keys: ["/a/1", "/a/2"], remaining: 2),
            Case(testDescription: "last page, full", prefix: "/a", after: "/a/2", limit: 2, keys: ["/a/3", "/a0"]),
            Case(testDescription: "limit beyond the end", prefix: "/b", limit: 5, keys: ["/b"]),
        ])
    func ranges(_ kind: StoreKind, _ row: Case) async throws {
        try await withStore(kind) { store in
            for key in ["/b", "/a/2", "/a", "/A", "/a/1", "/a0", "/a/3", "/a-b", "/gone"] { try await store.put(key, key) }
            let before = try await store.delete("/gone")
            // What happens later must not show at the old revision.
            for key in ["/a/1", "/a", "/b", "/A"] { try await store.delete(key) }
            for key in ["/a/2", "/a/25", "/a/0", "/c", "/gone", "/a/1"] { try await store.put(key, "later") }
            let range = try await store.range(prefix: row.prefix, after: row.after, limit: row.limit, revision: before)
            #expect(range.entries.map(\.key) == row.keys)
            #expect(range.entries.map(\.text) == row.keys)
            #expect(range.entries.allSatisfy { $0.modified < before })
            #expect(range.remaining == row.remaining && range.hasMore == (row.remaining > 0) && range.revision == before)
        }
    }

    @Test("A bound that no key can have is refused", arguments: StoreKind.allCases, ["/ä", String(repeating: "k", count: 1_025)])
    func refusesBounds(_ kind: StoreKind, _ bound: String) async throws {
        try await withStore(kind) { store in
            await #expect(throws: StoreError.self) { try await store.keys(bound) }
            await #expect(throws: StoreError.self) { try await store.keys("", after: bound) }
        }
    }

    @Test("A revision in the future cannot be read or watched or compacted", arguments: StoreKind.allCases)
    func refusesFuture(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            try await store.put("/a")
            let future = StoreError.futureRevision(asked: 2, current: 1)
            await #expect(throws: future) { try await store.keys("/", at: 2) }
            await #expect(throws: future) { _ = try await store.watch(prefix: "/", from: 2) }
            await #expect(throws: future) { try await store.compact(through: 2) }
        }
    }

    @Test("Pages at one revision add up to the whole, whatever is written meanwhile", arguments: StoreKind.allCases, [1, 7, 100])
    func pagesAddUp(_ kind: StoreKind, _ limit: Int) async throws {
        try await withStore(kind) { store in
            for number in 0..<200 { try await store.put("/p/\(number)") }
            let whole = try await store.keys("/p/")
            var seen: [String] = []
            var revision: Revision?
            repeat {
                let page = try await store.range(prefix: "/p/", after: seen.last, limit: limit, revision: revision)
                revision = page.revision
                seen += page.entries.map(\.key)
                #expect(page.remaining == 200 - seen.count && page.hasMore == (seen.count < 200))
                try await store.put("/p/new\(seen.count)")
                try await store.delete("/p/\(200 - seen.count % 200)")
                if page.entries.isEmpty || !page.hasMore { break }
            } while true
            #expect(seen == whole)
        }
    }

    @Test("Every kept revision reads as it was, against a plain model", arguments: StoreKind.allCases, [1, 2, 3] as [UInt64])
    func matchesModel(_ kind: StoreKind, _ seed: UInt64) async throws {
        try await withStore(kind) { store in
            var random = SeededGenerator(seed: seed)
            var model: [[String: StoreEntry]] = [[:]]
            for step in 0..<300 {
                var next = model[model.count - 1]
                let revision = Revision(model.count)
                var mutations: [StoreMutation] = []
                for key in Set((0...2).map { _ in "/m/\(Int.random(in: 0..<40, using: &random))" }).sorted() {
                    if Bool.random(using: &random) {
                        mutations.append(.put(key: key, value: Array("\(step)".utf8)))
                        next[key] = StoreEntry(key: key, value: Array("\(step)".utf8), modified: revision)
                    } else {
                        mutations.append(.delete(key: key))
                        next[key] = nil
                    }
                }
                let made = try await store.commit(mutations, if: [])
                if made == revision { model.append(next) } else { #expect(next == model[model.count - 1]) }
            }
            try await store.compact(through: 40)
            for revision in 40..<model.count {
                let expected = model[revision].values.sorted { $0.key < $1.key }
                let limit = Int.random(in: 1...45, using: &random)
                let after = "/m/\(Int.random(in: 0..<40, using: &random))"
                let whole = try await store.range(prefix: "/m/", after: nil, limit: 0, revision: Revision(revision))
                #expect(whole.entries == expected, "revision \(revision), seed \(seed)")
                let page = try await store.range(prefix: "/m/", after: after, limit: limit, revision: Revision(revision))
                let rest = expected.filter { $0.key > after }
                #expect(page.entries == Array(rest.prefix(limit)), "revision \(revision), seed \(seed)")
                #expect(page.remaining == max(0, rest.count - limit), "revision \(revision), seed \(seed)")
            }
        }
    }

    @Test("Counts stay right over many keys that come and go", arguments: StoreKind.allCases)
    func countsManyKeys(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            var random = SeededGenerator(seed: 11)
            var model: Set<String> = []
            for round in 0..<40 {
                let numbers = Set((0..<300).map { _ in Int.random(in: 0..<6_000, using: &random) }).sorted()
                // Growing at first, shrinking to nothing at the end.
                let mutations: [StoreMutation] = numbers.map { number in
                    let key = "/n/\(number)"
                    if Int.random(in: 0..<40, using: &random) >= round { model.insert(key); return .put(key: key, value: [1]) }
                    model.remove(key)
                    return .delete(key: key)
                }
                _ = try await store.commit(mutations, if: [])
                let page = try await store.range(prefix: "/n/", after: nil, limit: 1, revision: nil)
                #expect(page.remaining == max(0, model.count - 1))
                let after = "/n/\(Int.random(in: 0..<6_000, using: &random))"
                let rest = try await store.range(prefix: "/n/", after: after, limit: 3, revision: nil)
                let expected = model.filter { $0 > after }.sorted()
                #expect(rest.entries.map(\.key) == Array(expected.prefix(3)) && rest.remaining == max(0, expected.count - 3))
            }
            for start in stride(from: 0, to: 6_000, by: 500) {
                _ = try await store.commit((start..<start + 500).map { .delete(key: "/n/\($0)") }, if: [])
            }
            #expect(try await store.range(prefix: "", after: nil, limit: 1, revision: nil).entries.isEmpty)
            try await store.put("/n/again")
            #expect(try await store.keys("/n/") == ["/n/again"])
        }
    }
}
