// A process to be killed: opens a store, writes from many tasks, and tells each acknowledged commit at once.
//
// Usage: store-crash-writer DIRECTORY ROUND. Commit N of task T puts `/crash/ROUND/T/N/a` and `…/b`, and every task puts
// `/crash/counter` now and then. Lines on standard output: `KEY REVISION`, only after the acknowledgement.
internal import Glibc
internal import SQLiteStore
internal import Store

/// Writes a whole line past every buffer, so that a line that was seen was acknowledged.
func tell(_ line: String) {
    let bytes = Array((line + "\n").utf8)
    _ = write(STDOUT_FILENO, bytes, bytes.count)
}

func writeForever(_ store: SQLiteStore, round: String, task: Int) async throws(StoreError) {
    var number = 0
    while true {
        let key = "/crash/\(round)/\(task)/\(number)"
        let value = Array(repeating: UInt8(truncatingIfNeeded: number), count: 64 + number % 2_048)
        var mutations: [StoreMutation] = [.put(key: key + "/a", value: value), .put(key: key + "/b", value: value)]
        if number % 4 == 0 { mutations.append(.put(key: "/crash/counter", value: Array(key.utf8))) }
        let revision = try await store.commit(mutations, if: [StorePrecondition(key: key + "/a", modified: 0)])
        tell("\(key) \(revision)")
        number += 1
    }
}

let arguments = CommandLine.arguments
guard arguments.count == 3 else {
    tell("usage: store-crash-writer DIRECTORY ROUND")
    exit(2)
}
do {
    // A short history, so that the log is also trimmed while the process dies.
    let store = try SQLiteStore.open(directory: arguments[1], options: .init(keptRevisions: 500))
    try await withThrowingTaskGroup(of: Void.self) { group in
        for task in 0..<16 {
            group.addTask { try await writeForever(store, round: arguments[2], task: task) }
        }
        try await group.waitForAll()
    }
} catch {
    tell("error: \(error)")
    exit(1)
}
