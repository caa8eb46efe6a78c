import Foundation
import SQLiteStore
import Store
import Testing

/// The `store-crash-writer` process: writes until it is killed and tells what was acknowledged.
struct CrashWriter {
    private let process = Process()
    private let output = Pipe()

    /// Starts the process on `directory`; its keys carry `round`.
    init(directory: String, round: Int) throws {
        process.executableURL = try Self.executable()
        process.arguments = [directory, "\(round)"]
        process.standardOutput = output
        try process.run()
    }

    /// The executable stands beside the test bundle, in the folder of the build or above it.
    private static func executable() throws -> URL {
        let starts =
            [ProcessInfo.processInfo.arguments[0], try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")]
            + ProcessInfo.processInfo.arguments.filter { $0.contains(".xctest") }
        for start in starts {
            var folder = URL(fileURLWithPath: start).standardizedFileURL.deletingLastPathComponent()
            while folder.path != "/" {
                let candidate = folder.appendingPathComponent("store-crash-writer")
                if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
                folder.deleteLastPathComponent()
            }
        }
        throw MissingExecutable(searched: starts)
    }

    struct MissingExecutable: Error {
        var searched: [String]
    }

    /// Reads until `lines` lines have come, kills the process with SIGKILL, and returns every whole line it told.
    func linesUntilKilled(after lines: Int) async -> [String] {
        await onThread {
            var data = Data()
            var count = 0
            while count < lines {
                let chunk = output.fileHandleForReading.availableData
                if chunk.isEmpty { break }
                count += chunk.count { $0 == 0x0A }
                data.append(chunk)
            }
            kill(process.processIdentifier, SIGKILL)
            data.append(output.fileHandleForReading.readDataToEndOfFile())
            process.waitUntilExit()
            return Self.lines(data)
        }
    }

    /// Waits until the process ends by itself, and returns its lines.
    func linesUntilEnd() async -> [String] {
        await onThread {
            let data = output.fileHandleForReading.readDataToEndOfFile()
            process.waitUntilExit()
            return Self.lines(data)
        }
    }

    /// Blocking reads on a thread of their own, off the pool that tests share.
    private func onThread(_ body: @escaping () -> [String]) async -> [String] {
        await withCheckedContinuation { done in
            // Used by that thread alone until it resumes the task.
            nonisolated(unsafe) let body = body
            Thread { done.resume(returning: body()) }.start()
        }
    }

    private static func lines(_ data: Data) -> [String] {
        String(decoding: data, as: UTF8.self).split(separator: "\n").map(String.init)
    }
}

@Suite("SQLite store, killed")
struct CrashTests {
    @Test("Fifty kills at arbitrary moments lose no acknowledged commit, tear none, and never turn revisions back")
    func survivesKills() async throws {
        let seed = ProcessInfo.processInfo.environment["STORE_CRASH_SEED"].flatMap(UInt64.init) ?? UInt64.random(in: 0...UInt64.max)
        print("store crash test: STORE_CRASH_SEED=\(seed)")
        var random = SeededGenerator(seed: seed)
        try await withDirectory { directory in
            var acknowledged: [(key: String, revision: Revision)] = []
            var last: Revision = 0
            for round in 1...50 {
                // From before it has opened anything to well into its work.
                let lines = round % 10 == 0 ? 0 : Int.random(in: 1...1_500, using: &random)
                let told = try await CrashWriter(directory: directory, round: round).linesUntilKilled(after: lines).compactMap(
                    acknowledgement)
                #expect(told.count >= lines, "round \(round), seed \(seed)")
                #expect(told.allSatisfy { $0.revision > last }, "revisions went back in round \(round), seed \(seed)")
                acknowledged += told
                let store = try SQLiteStore.open(directory: directory)
                let present = try await store.currentRevision()
                #expect(present >= told.map(\.revision).max() ?? last, "round \(round), seed \(seed)")
                try await check(store, told, "/crash/\(round)/", "round \(round), seed \(seed)")
                last = try await store.put("/crash/opened", "\(round)")
                #expect(last == present + 1)
                await store.close()
            }
            let store = try SQLiteStore.open(directory: directory)
            try await check(store, acknowledged, "/crash/", "at the end, seed \(seed)")
            #expect(acknowledged.count > 1_000)
            await store.close()
        }
    }

    /// Every acknowledged commit is there whole at its revision; others are there whole or not at all.
    private func check(
        _ store: SQLiteStore, _ told: [(key: String, revision: Revision)], _ prefix: String, _ comment: String
    ) async throws {
        var found: [String: Revision] = [:]
        for entry in try await store.range(prefix: prefix, after: nil, limit: 0, revision: nil).entries {
            found[entry.key] = entry.modified
        }
        let lost = told.filter { found[$0.key + "/a"] != $0.revision || found[$0.key + "/b"] != $0.revision }
        #expect(lost.isEmpty, "\(comment)")
        let torn = found.filter { key, revision in key.hasSuffix("/a") && found[key.dropLast(2) + "/b"] != revision }
        #expect(torn.isEmpty, "\(comment)")
    }

    private func acknowledgement(_ line: String) -> (key: String, revision: Revision)? {
        let words = line.split(separator: " ")
        guard words.count == 2, words[0].hasPrefix("/crash/"), let revision = Revision(words[1]) else { return nil }
        return (String(words[0]), revision)
    }
}
