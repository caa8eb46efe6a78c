import Store
import Testing

@Suite("Contract of every store: reads and commits")
struct ContractTests {
    @Test("A new store is empty and at revision 0", arguments: StoreKind.allCases)
    func startsEmpty(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            #expect(try await store.currentRevision() == 0)
            let (entry, revision) = try await store.get("/a")
            #expect(entry == nil && revision == 0)
            #expect(try await store.keys("").isEmpty)
        }
    }

    @Test("A put can be read, is overwritten, and is gone after a delete", arguments: StoreKind.allCases)
    func putsAndDeletes(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            #expect(try await store.put("/a", "one") == 1)
            #expect(try await store.get("/a").entry == StoreEntry(key: "/a", value: Array("one".utf8), modified: 1))
            #expect(try await store.put("/b") == 2)
            #expect(try await store.put("/a", "two") == 3)
            let (entry, revision) = try await store.get("/a")
            #expect(entry?.text == "two" && entry?.modified == 3 && revision == 3)
            #expect(try await store.delete("/a") == 4)
            #expect(try await store.get("/a").entry == nil)
            #expect(try await store.currentRevision() == 4)
        }
    }

    @Test("Values of no bytes and of all bytes come back as they were", arguments: StoreKind.allCases)
    func keepsBytes(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let all = (0...255).map { UInt8($0) }
            try await _ = store.commit([.put(key: "/empty", value: []), .put(key: "/all", value: all)], if: [])
            #expect(try await store.get("/empty").entry?.value == [])
            #expect(try await store.get("/all").entry?.value == all)
            // An empty value is still a value to history.
            try await store.put("/empty", "full")
            let watch = try await store.watch(prefix: "/empty", from: 0)
            let batches = try await watch.batches(2)
            #expect(batches[0][0].value == [] && batches[1][0].previous?.value == [])
        }
    }

    @Test("A commit without effect makes no revision", arguments: StoreKind.allCases)
    func skipsEmptyCommits(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            try await store.put("/a")
            #expect(try await store.delete("/none") == 1)
            #expect(try await store.commit([], if: []) == 1)
            #expect(try await store.put("/a") == 2)
        }
    }

    struct Precondition: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var key: String
        var modified: Revision
        var holds: Bool
    }

    @Test(
        "A commit is carried out only if its preconditions hold",
        arguments: StoreKind.allCases,
        [
            Precondition(testDescription: "present revision", key: "/a", modified: 2, holds: true),
            Precondition(testDescription: "old revision", key: "/a", modified: 1, holds: false),
            Precondition(testDescription: "future revision", key: "/a", modified: 9, holds: false),
            Precondition(testDescription: "must not exist, exists", key: "/a", modified: 0, holds: false),
            Precondition(testDescription: "must not exist, does not", key: "/none", modified: 0, holds: true),
            Precondition(testDescription: "must exist, does not", key: "/none", modified: 1, holds: false),
            Precondition(testDescription: "must not exist, deleted", key: "/gone", modified: 0, holds: true),
            Precondition(testDescription: "must exist, deleted", key: "/gone", modified: 3, holds: false),
        ])
    func judgesPreconditions(_ kind: StoreKind, _ row: Precondition) async throws {
        try await withStore(kind) { store in
            try await store.put("/a", "one")
            let present = StoreEntry(key: "/a", value: Array("two".utf8), modified: try await store.put("/a", "two"))
            try await store.put("/gone")
            try await store.delete("/gone")
            let condition = StorePrecondition(key: row.key, modified: row.modified)
            if row.holds {
                #expect(try await store.put("/new", if: [condition]) == 5)
            } else {
                await #expect(throws: StoreError.conflict(key: row.key, present: row.key == "/a" ? present : nil)) {
                    try await store.put("/new", if: [condition])
                }
                #expect(try await store.get("/new").entry == nil)
                #expect(try await store.currentRevision() == 4)
            }
        }
    }

    @Test("All mutations of a commit have one revision, and none is done when one precondition fails", arguments: StoreKind.allCases)
    func commitsTogether(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            try await store.put("/b")
            let mutations: [StoreMutation] = [.put(key: "/a", value: [1]), .delete(key: "/b"), .put(key: "/c", value: [3])]
            let good = StorePrecondition(key: "/a", modified: 0)
            await #expect(throws: StoreError.conflict(key: "/c", present: nil)) {
                _ = try await store.commit(mutations, if: [good, StorePrecondition(key: "/c", modified: 7)])
            }
            #expect(try await store.keys("/") == ["/b"])
            #expect(try await store.commit(mutations, if: [good]) == 2)
            let range = try await store.range(prefix: "/", after: nil, limit: 0, revision: nil)
            #expect(range.entries.map(\.key) == ["/a", "/c"])
            #expect(range.entries.map(\.modified) == [2, 2])
        }
    }

    struct Oversize: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var mutations: [StoreMutation]
        var fits: Bool
    }

    @Test(
        "Keys, values and commits over the limits are refused",
        arguments: StoreKind.allCases,
        [
            Oversize(
                testDescription: "longest key", mutations: [.put(key: key(ofBytes: 1_024), value: [])], fits: true),
            Oversize(
                testDescription: "key too long", mutations: [.put(key: key(ofBytes: 1_025), value: [])], fits: false),
            Oversize(
                testDescription: "largest value", mutations: [.put(key: "/a", value: Array(repeating: 7, count: 1_572_864))], fits: true),
            Oversize(
                testDescription: "value too large",
                mutations: [.put(key: "/a", value: Array(repeating: 7, count: 1_572_865))], fits: false),
            Oversize(testDescription: "most mutations", mutations: (0..<512).map { .put(key: "/\($0)", value: []) }, fits: true),
            Oversize(testDescription: "too many mutations", mutations: (0..<513).map { .put(key: "/\($0)", value: []) }, fits: false),
            Oversize(testDescription: "key not ASCII", mutations: [.put(key: "/ä", value: [])], fits: false),
            Oversize(testDescription: "key with a space", mutations: [.put(key: "/a b", value: [])], fits: false),
            Oversize(testDescription: "empty key", mutations: [.delete(key: "")], fits: false),
            Oversize(testDescription: "one key twice", mutations: [.put(key: "/a", value: []), .delete(key: "/a")], fits: false),
        ])
    func boundsCommits(_ kind: StoreKind, _ row: Oversize) async throws {
        try await withStore(kind) { store in
            do throws(StoreError) {
                let revision = try await store.commit(row.mutations, if: [])
                #expect(row.fits && revision == 1)
                let entry = try await store.get(row.mutations[0].key).entry
                #expect(entry?.modified == 1)
            } catch {
                guard case .tooLarge = error else { throw error }
                #expect(!row.fits)
                #expect(try await store.currentRevision() == 0)
            }
        }
    }

    @Test("Exactly one of many racing writers wins each revision of a key", arguments: StoreKind.allCases)
    func racesHaveOneWinner(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            var revision: Revision = 0
            for round in 1...20 {
                let seen = revision
                let wins = await withTaskGroup(of: Revision?.self) { group in
                    for racer in 0..<64 {
                        group.addTask { try? await store.put("/race", "\(racer)", if: [StorePrecondition(key: "/race", modified: seen)]) }
                    }
                    return await group.reduce(into: [Revision]()) { wins, win in if let win { wins.append(win) } }
                }
                #expect(wins == [Revision(round)])
                revision = wins.first ?? -1
                let entry = try await store.get("/race").entry
                #expect(entry?.modified == revision)
            }
        }
    }
}

private func key(ofBytes count: Int) -> String { "/" + String(repeating: "k", count: count - 1) }
