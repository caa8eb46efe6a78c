internal import APIMessages
internal import Objects
internal import Ports
internal import Store
internal import Synchronization

/// The body of a watch: first the initial events, then what happens, until the deadline, the end of the store or of the
/// reader's interest.
final class WatchBody: ByteStream {
    private struct State {
        var initial: [[UInt8]]
        var revision: Revision
        var isEnded = false
        /// Whether nothing has been sent yet.
        var isFresh = true
    }

    private let source: StoreWatch
    private let renderer: WatchRenderer
    private let deadline: Timestamp?
    private let time: any TimeSource
    private let state: Mutex<State>

    init(
        source: StoreWatch, renderer: WatchRenderer, initial: [[UInt8]], from: Revision, deadline: Timestamp?, time: any TimeSource
    ) {
        self.source = source
        self.renderer = renderer
        self.deadline = deadline
        self.time = time
        state = Mutex(State(initial: initial, revision: from))
    }

    func next() async throws -> [[UInt8]]? {
        let initial = state.withLock { state in
            defer { state.initial = [] }
            if !state.initial.isEmpty { state.isFresh = false }
            return state.initial
        }
        if !initial.isEmpty { return initial }
        while !state.withLock({ $0.isEnded }) {
            do {
                guard let changes = try await nextChanges() else { return atEnd() }
                var lines: [[UInt8]] = []
                let isFresh = state.withLock { $0.isFresh }
                for change in changes {
                    if let line = try renderer.line(change, isFirst: isFresh && lines.isEmpty) { lines.append(line) }
                }
                state.withLock { state in
                    if let last = changes.last { state.revision = last.revision }
                    if !lines.isEmpty { state.isFresh = false }
                }
                if !lines.isEmpty { return lines }
            } catch {
                state.withLock { $0.isEnded = true }
                let failure = (error as? APIFailure) ?? (error as? StoreError).map(APIFailure.init) ?? .internalError("\(error)")
                return [WatchRenderer.line("ERROR", failure.status.encoded)]
            }
        }
        return nil
    }

    func cancel() {
        state.withLock { $0.isEnded = true }
        source.cancel()
    }

    /// A last bookmark, so that the client can go on from here without listing again.
    private func atEnd() -> [[UInt8]]? {
        let (wasEnded, revision, isFresh) = state.withLock { state in
            defer { state.isEnded = true }
            return (state.isEnded, state.revision, state.isFresh)
        }
        return wasEnded || !renderer.options.allowsBookmarks ? nil : [renderer.bookmark(revision, isFirst: isFresh)]
    }

    private func nextChanges() async throws -> [StoreChange]? {
        guard let deadline else { return try await source.next() }
        if time.now() >= deadline {
            source.cancel()
            return nil
        }
        return try await withThrowingTaskGroup(of: [StoreChange]?.self) { group in
            group.addTask { try await self.source.next() }
            group.addTask {
                try? await self.time.sleep(until: deadline)
                if self.time.now() >= deadline { self.source.cancel() }
                return nil
            }
            // Whichever ends first decides; at the deadline the source is cancelled, so that its task ends too.
            let first = try await group.next() ?? nil
            group.cancelAll()
            return first
        }
    }
}
