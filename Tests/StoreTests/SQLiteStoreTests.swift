import Foundation
import SQLiteStore
import Store
import Testing

@Suite("SQLite store")
struct SQLiteStoreTests {
    @Test("Everything is there after reopening: values, history, the revision counter and compaction")
    func reopens() async throws {
        try await withDirectory { directory in
            let first = try SQLiteStore.open(directory: directory)
            for number in 1...20 { try await first.put("/a/\(number % 7)", "\(number)") }
            try await first.delete("/a/6")
            try await first.compact(through: 10)
            let before = try await first.range(prefix: "", after: nil, limit: 3, revision: nil)
            await first.close()
            let second = try SQLiteStore.open(directory: directory)
            let after = try await second.range(prefix: "", after: nil, limit: 3, revision: nil)
            #expect(after.entries == before.entries && after.remaining == before.remaining && after.revision == 21)
            await #expect(throws: StoreError.compacted(oldest: 10)) { _ = try await second.watch(prefix: "", from: 9) }
            let watch = try await second.watch(prefix: "", from: 10)
            let history = try await watch.batches(11)
            #expect(history.map { $0[0].revision } == Array(11...21))
            #expect(history[10][0].value == nil && history[10][0].previous?.text == "20")
            #expect(try await second.put("/b") == 22)
            await second.close()
        }
    }

    @Test("The directory and the files are the owner's alone")
    func keepsFilesPrivate() async throws {
        try await withDirectory { directory in
            let store = try SQLiteStore.open(directory: directory)
            try await store.put("/secret")
            for (path, mode) in [(directory, 0o700), (directory + "/store.db", 0o600), (directory + "/store.db-wal", 0o600)] {
                let attributes = try FileManager.default.attributesOfItem(atPath: path)
                #expect(attributes[.posixPermissions] as? Int == mode, "\(path)")
            }
            await store.close()
        }
    }

    @Test("A second opener is refused and told who holds the directory")
    func refusesSecondOpener() async throws {
        try await withDirectory { directory in
            let store = try SQLiteStore.open(directory: directory)
            let error = #expect(throws: StoreOpenError.self) { _ = try SQLiteStore.open(directory: directory) }
            #expect(error?.reason == .heldBy(processID: getpid()))
            #expect(error?.description.contains("stop process \(getpid())") == true)
            // Another process meets the same.
            let output = try await CrashWriter(directory: directory, round: 0).linesUntilEnd()
            #expect(output.count == 1 && output[0].contains("is in use by process \(getpid())"), "\(output)")
            try await store.put("/still-working")
            await store.close()
            await (try SQLiteStore.open(directory: directory)).close()
        }
    }

    struct Damage: Sendable, CustomTestStringConvertible {
        var testDescription: String
        /// What the file becomes, from the bytes of a good one.
        var change: @Sendable (Data) -> Data
        /// A word of the reason.
        var says: String
    }

    @Test(
        "A file that cannot be trusted is reported with its path and a remedy, and left as it is",
        arguments: [
            Damage(testDescription: "emptied", change: { _ in Data() }, says: "empty"),
            Damage(testDescription: "cut short", change: { $0.prefix($0.count / 2) }, says: "bytes"),
            Damage(testDescription: "cut in the header", change: { $0.prefix(60) }, says: "header"),
            Damage(testDescription: "header zeroed", change: { Data(count: 4_096) + $0.dropFirst(4_096) }, says: "zeros"),
            Damage(
                testDescription: "pages overwritten", change: { $0.prefix(16_384) + Data(repeating: 0x5A, count: $0.count - 16_384) },
                says: "damaged"),
            Damage(
                testDescription: "not a database", change: { _ in Data("hello, this is a letter to somebody".utf8) },
                says: "not an SQLite database"),
            Damage(testDescription: "another program's", change: { patched($0, at: 68, [0, 0, 0, 1]) }, says: "another program"),
            Damage(testDescription: "newer schema", change: { patched($0, at: 60, [0, 0, 0, 9]) }, says: "schema version 9"),
        ])
    func refusesDamage(_ row: Damage) async throws {
        try await withDirectory { directory in
            let store = try SQLiteStore.open(directory: directory)
            for number in 0..<200 { try await store.put("/a/\(number)", String(repeating: "x", count: 500)) }
            await store.close()
            let path = directory + "/store.db"
            let damaged = row.change(try Data(contentsOf: URL(fileURLWithPath: path)))
            try damaged.write(to: URL(fileURLWithPath: path))
            for _ in 0..<2 {
                let error = #expect(throws: StoreOpenError.self) { _ = try SQLiteStore.open(directory: directory) }
                #expect(error?.path == path && error?.remedy.isEmpty == false)
                #expect(error?.description.contains(row.says) == true, "\(error?.description ?? "")")
                #expect(try Data(contentsOf: URL(fileURLWithPath: path)) == damaged)
            }
        }
    }

    @Test("A directory whose database is gone but whose write-ahead log is there is refused")
    func refusesOrphanedLog() async throws {
        try await withDirectory { directory in
            await (try SQLiteStore.open(directory: directory)).close()
            try FileManager.default.moveItem(atPath: directory + "/store.db", toPath: directory + "/store.db-wal")
            let error = #expect(throws: StoreOpenError.self) { _ = try SQLiteStore.open(directory: directory) }
            #expect(error?.description.contains("write-ahead log") == true)
        }
    }

    @Test("A start that was interrupted while it made the file can be repeated")
    func repeatsInterruptedStart() async throws {
        try await withDirectory { directory in
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: false)
            try Data("half a database".utf8).write(to: URL(fileURLWithPath: directory + "/store.db.new"))
            let store = try SQLiteStore.open(directory: directory)
            #expect(try await store.put("/a") == 1)
            await store.close()
        }
    }

    @Test("A missing parent directory is reported")
    func reportsMissingParent() {
        let error = #expect(throws: StoreOpenError.self) { _ = try SQLiteStore.open(directory: "/nonexistent/store") }
        #expect(error?.description.contains("No such file") == true)
    }

    @Test("Each of many commits in one transaction is judged by itself")
    func judgesGroupsIndividually() async throws {
        try await withStore(.sqlite) { store in
            let outcomes = await withTaskGroup(of: (Int, Revision?).self) { group in
                for number in 0..<64 {
                    group.addTask {
                        // Every second one must fail: its key has to exist, and does not.
                        let condition = StorePrecondition(key: "/g/\(number)", modified: Revision(number % 2))
                        return (number, try? await store.put("/g/\(number)", if: [condition]))
                    }
                }
                return await group.reduce(into: [:]) { $0[$1.0] = .some($1.1) }
            }
            for number in 0..<64 { #expect(((outcomes[number] ?? nil) != nil) == (number % 2 == 0), "\(number)") }
            #expect(outcomes.values.compactMap { $0 }.sorted() == Array(1...32))
            for (number, revision) in outcomes {
                let entry = try await store.get("/g/\(number)").entry
                #expect(entry?.modified == revision)
            }
        }
    }

    @Test("A full store refuses writes with a remedy, keeps what it acknowledged, and takes writes again when there is room")
    func refusesWhenFull() async throws {
        try await withDirectory { directory in
            let store = try SQLiteStore.open(directory: directory, options: .init(keptRevisions: nil, maximumBytes: 4 << 20))
            var acknowledged: [String] = []
            let error = await #expect(throws: StoreError.self) {
                for number in 0..<10_000 {
                    try await store.put("/f/\(10_000 + number)", String(repeating: "f", count: 10_000))
                    acknowledged.append("/f/\(10_000 + number)")
                }
            }
            guard case .unavailable(let text) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(text.contains("free space"))
            #expect(acknowledged.count > 100)
            #expect(try await store.keys("/f/") == acknowledged)
            #expect(try await store.currentRevision() == Revision(acknowledged.count))
            await store.close()
            let larger = try SQLiteStore.open(directory: directory, options: .init(maximumBytes: 64 << 20))
            #expect(try await larger.keys("/f/") == acknowledged)
            #expect(try await larger.put("/f/more") == Revision(acknowledged.count + 1))
            await larger.close()
        }
    }

    @Test("A store full of history has room again once history is compacted")
    func compactsWhenFull() async throws {
        try await withDirectory { directory in
            let store = try SQLiteStore.open(directory: directory, options: .init(keptRevisions: nil, maximumBytes: 4 << 20))
            await #expect(throws: StoreError.self) {
                for _ in 0..<10_000 { try await store.put("/h", String(repeating: "h", count: 10_000)) }
            }
            let present = try await store.currentRevision()
            #expect(present > 100)
            try await store.compact(through: present)
            for _ in 0..<100 { try await store.put("/h", String(repeating: "h", count: 10_000)) }
            #expect(try await store.currentRevision() == present + 100)
            await store.close()
        }
    }

    @Test("A file too large for a whole check is checked in its vital parts")
    func checksLargeFiles() async throws {
        try await withDirectory { directory in
            let store = try SQLiteStore.open(directory: directory)
            for number in 0..<48 {
                _ = try await store.commit([.put(key: "/large/\(number)", value: Array(repeating: 1, count: 1_500_000))], if: [])
            }
            await store.close()
            let again = try SQLiteStore.open(directory: directory)
            #expect(try await again.keys("/large/").count == 48)
            await again.close()
            let file = try FileHandle(forUpdating: URL(fileURLWithPath: directory + "/store.db"))
            #expect(try file.seekToEnd() > 64 << 20)
            // Behind the first page, the roots of all tables and indexes.
            try file.seek(toOffset: 16_384)
            try file.write(contentsOf: Data(repeating: 0x5A, count: 6 * 16_384))
            try file.close()
            let error = #expect(throws: StoreOpenError.self) { _ = try SQLiteStore.open(directory: directory) }
            guard case .damaged = error?.reason else {
                Issue.record("\(String(describing: error))")
                return
            }
        }
    }

    @Test("Closing finishes what was asked, ends watches, and refuses everything after")
    func closes() async throws {
        try await withDirectory { directory in
            let store = try SQLiteStore.open(directory: directory)
            let watch = try await store.watch(prefix: "/", from: 0)
            let done = await withTaskGroup(of: Revision?.self) { group in
                for number in 0..<100 { group.addTask { try? await store.put("/c/\(number)") } }
                group.addTask {
                    await store.close()
                    return nil
                }
                return await group.reduce(into: 0) { if $1 != nil { $0 += 1 } }
            }
            await store.close()
            #expect(try await watch.batches(done).count == done)
            #expect(try await watch.next() == nil)
            await #expect(throws: StoreError.self) { _ = try await store.get("/c/1") }
            await #expect(throws: StoreError.self) { try await store.put("/c/1") }
            await #expect(throws: StoreError.self) { try await store.keys("/c/") }
            await #expect(throws: StoreError.self) { _ = try await store.watch(prefix: "/", from: 0) }
            let again = try SQLiteStore.open(directory: directory)
            #expect(try await again.keys("/c/").count == done)
            await again.close()
        }
    }

    @Test("Forgotten history frees its room")
    func reusesRoom() async throws {
        try await withDirectory { directory in
            // 3,000 overwrites of 10 kB are 30 MB of history; 200 revisions of it fit into 8 MiB.
            let store = try SQLiteStore.open(directory: directory, options: .init(keptRevisions: 200, maximumBytes: 8 << 20))
            for number in 0..<3_000 { try await store.put("/r/\(number % 10)", String(repeating: "r", count: 10_000)) }
            #expect(try await store.keys("/r/").count == 10)
            await store.close()
        }
    }
}

private func patched(_ data: Data, at offset: Int, _ bytes: [UInt8]) -> Data {
    data.prefix(offset) + Data(bytes) + data.dropFirst(offset + bytes.count)
}
