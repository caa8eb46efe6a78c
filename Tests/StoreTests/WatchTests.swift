import Store
import Testing

@Suite("Contract of every store: watches and compaction")
struct WatchTests {
    @Test("A watch tells each commit in one batch, with what was there before", arguments: StoreKind.allCases)
    func tellsBatches(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let live = try await store.watch(prefix: "/a", from: 0)
            try await store.put("/a", "one")
            _ = try await store.commit([.put(key: "/a", value: [2]), .put(key: "/b", value: [2]), .put(key: "/a2", value: [2])], if: [])
            try await store.put("/b", "unseen")
            try await store.delete("/a")
            try await store.put("/a", "back")
            let one = StoreEntry(key: "/a", value: Array("one".utf8), modified: 1)
            let two = StoreEntry(key: "/a", value: [2], modified: 2)
            let expected = [
                [StoreChange(key: "/a", value: one.value, previous: nil, revision: 1)],
                [
                    StoreChange(key: "/a", value: [2], previous: one, revision: 2),
                    StoreChange(key: "/a2", value: [2], previous: nil, revision: 2),
                ],
                [StoreChange(key: "/a", value: nil, previous: two, revision: 4)],
                [StoreChange(key: "/a", value: Array("back".utf8), previous: nil, revision: 5)],
            ]
            #expect(try await live.batches(4) == expected)
            for from in 0...4 {
                let watch = try await store.watch(prefix: "/a", from: Revision(from))
                let rest = expected.filter { $0[0].revision > from }
                #expect(try await watch.batches(rest.count) == rest, "from \(from)")
            }
        }
    }

    @Test("A watch from any moment sees every commit once and in order while many write", arguments: StoreKind.allCases)
    func joinsHistoryAndLive(_ kind: StoreKind) async throws {
        let (writers, each) = (8, 150)
        try await withStore(kind) { store in
            try await withThrowingTaskGroup(of: Void.self) { group in
                for writer in 0..<writers {
                    group.addTask {
                        for number in 0..<each {
                            _ = try await store.commit(
                                [.put(key: "/w/\(writer)", value: Array("\(number)".utf8)), .put(key: "/x/\(writer)", value: [])], if: [])
                        }
                    }
                }
                for watcher in 0..<6 {
                    group.addTask {
                        // Watchers join at different moments, from the start and from the present.
                        let seen = Revision(watcher * 100)
                        while try await store.currentRevision() < seen { await Task.yield() }
                        let from = watcher % 2 == 0 ? 0 : try await store.currentRevision()
                        let watch = try await store.watch(prefix: "/w/", from: from)
                        let batches = try await watch.batches(writers * each - Int(from))
                        #expect(batches.map { $0[0].revision } == (0..<writers * each - Int(from)).map { from + 1 + Revision($0) })
                        #expect(batches.allSatisfy { $0.count == 1 })
                        for writer in 0..<writers {
                            let mine = batches.filter { $0[0].key == "/w/\(writer)" }
                            let numbers = mine.compactMap { Int(String(decoding: $0[0].value ?? [], as: UTF8.self)) }
                            #expect(numbers == Array(each - numbers.count..<each))
                            #expect(zip(mine, mine.dropFirst()).allSatisfy { $1[0].previous?.modified == $0[0].revision })
                        }
                    }
                }
                try await group.waitForAll()
            }
        }
    }

    @Test("A waiting watch ends when it is cancelled", arguments: StoreKind.allCases)
    func cancelsWatch(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let watch = try await store.watch(prefix: "/", from: 0)
            async let waiting = watch.next()
            await Task.yield()
            watch.cancel()
            #expect(try await waiting == nil)
            try await store.put("/a")
            #expect(try await watch.next() == nil)
        }
    }

    @Test("A waiting watch ends when its task is cancelled", arguments: StoreKind.allCases)
    func cancelsTask(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            let watch = try await store.watch(prefix: "/", from: 0)
            let told = try await withThrowingTaskGroup(of: [StoreChange]?.self) { group in
                group.addTask { try await watch.next() }
                await Task.yield()
                group.cancelAll()
                return try await group.next()
            }
            #expect(told == .some(nil))
            try await store.put("/a")
            #expect(try await watch.next() == nil)
        }
    }

    @Test("A watcher that lags too far behind is cut off, others are not", arguments: StoreKind.allCases)
    func cutsOffSlowWatchers(_ kind: StoreKind) async throws {
        try await withStore(kind, watchBacklog: 10) { store in
            let slow = try await store.watch(prefix: "/a", from: 0)
            let fits = try await store.watch(prefix: "/b", from: 0)
            let elsewhere = try await store.watch(prefix: "/c", from: 0)
            for _ in 0..<11 { try await store.put("/a") }
            for _ in 0..<10 { try await store.put("/b") }
            await #expect(throws: StoreError.watcherTooSlow) { _ = try await slow.next() }
            await #expect(throws: StoreError.watcherTooSlow) { _ = try await slow.next() }
            #expect(try await fits.batches(10).count == 10)
            try await store.put("/c")
            #expect(try await elsewhere.batches(1).count == 1)
            let again = try await store.watch(prefix: "/a", from: 0)
            #expect(try await again.batches(11).count == 11)
        }
    }

    @Test("A watcher cut off while it reads history learns of it at once", arguments: StoreKind.allCases)
    func cutsOffDuringHistory(_ kind: StoreKind) async throws {
        try await withStore(kind, watchBacklog: 10) { store in
            for _ in 0..<30 { try await store.put("/a") }
            let watch = try await store.watch(prefix: "/", from: 0)
            #expect(try await watch.next()?.first?.revision == 1)
            for _ in 0..<11 { try await store.put("/a") }
            await #expect(throws: StoreError.watcherTooSlow) { _ = try await watch.next() }
        }
    }

    @Test("Compacted history cannot be read or watched, present values stay", arguments: StoreKind.allCases)
    func compacts(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            for number in 1...10 { try await store.put("/a/\(number % 3)", "\(number)") }
            try await store.compact(through: 6)
            try await store.compact(through: 4)
            let compacted = StoreError.compacted(oldest: 6)
            await #expect(throws: compacted) { try await store.keys("/", at: 5) }
            await #expect(throws: compacted) { _ = try await store.watch(prefix: "/", from: 5) }
            let old = try await store.range(prefix: "/", after: nil, limit: 0, revision: 6)
            #expect(old.entries.map(\.text) == ["6", "4", "5"])
            let watch = try await store.watch(prefix: "/", from: 6)
            let batches = try await watch.batches(4)
            #expect(batches.map { $0[0].revision } == [7, 8, 9, 10])
            #expect(batches[0][0].previous?.text == "4")
            try await store.compact(through: 10)
            #expect(try await store.range(prefix: "/", after: nil, limit: 0, revision: nil).entries.map(\.text) == ["9", "10", "8"])
            #expect(try await store.put("/a/0") == 11)
        }
    }

    @Test("A watch whose history is compacted under it says so", arguments: StoreKind.allCases)
    func compactsUnderWatch(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            for _ in 0..<10 { try await store.put("/a") }
            let watch = try await store.watch(prefix: "/", from: 2)
            try await store.compact(through: 8)
            await #expect(throws: StoreError.compacted(oldest: 8)) { _ = try await watch.next() }
        }
    }

    @Test("History is trimmed by itself to about the number of revisions asked for", arguments: StoreKind.allCases)
    func trims(_ kind: StoreKind) async throws {
        try await withStore(kind, keptRevisions: 100) { store in
            for number in 1...500 { try await store.put("/a", "\(number)") }
            #expect(try await store.keys("/", at: 400) == ["/a"])
            await #expect(throws: StoreError.self) { try await store.keys("/", at: 389) }
            let watch = try await store.watch(prefix: "/", from: 400)
            #expect(try await watch.batches(100).compactMap { $0[0].value } == (401...500).map { Array("\($0)".utf8) })
        }
    }

    @Test("A batch larger than a page of history comes whole", arguments: StoreKind.allCases)
    func pagesLongHistory(_ kind: StoreKind) async throws {
        try await withStore(kind) { store in
            for round in 0..<12 {
                _ = try await store.commit((0..<512).map { .put(key: "/h/\($0)", value: [UInt8(round)]) }, if: [])
            }
            for number in 0..<2_000 { try await store.put("/other/\(number % 10)") }
            try await store.put("/h/0", "last")
            let watch = try await store.watch(prefix: "/h/", from: 0)
            let batches = try await watch.batches(13)
            #expect(batches.map(\.count) == Array(repeating: 512, count: 12) + [1])
            #expect(batches[..<12].enumerated().allSatisfy { round, batch in batch.allSatisfy { $0.value == [UInt8(round)] } })
            #expect(batches[12][0].previous?.value == [11])
        }
    }
}
