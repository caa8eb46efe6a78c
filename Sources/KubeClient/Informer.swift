public import Objects
public import Ports
internal import Synchronization

/// What an informer saw happen to an object.
public enum InformerEvent<View: ResourceView>: Sendable {
    case added(View)
    case modified(old: View, new: View)
    case deleted(View)

    /// The object after the event (the last known one when it was deleted).
    public var object: View {
        switch self {
        case .added(let object), .deleted(let object): object
        case .modified(_, let new): new
        }
    }
}

/// A local copy of a collection, kept by list and watch; works against any Kubernetes server.
///
/// Events are delivered in order, one at a time, from the task that runs ``run()``; a list after a broken watch is told
/// as the difference to what was known.
public final class Informer<View: ResourceView>: Sendable {
    private struct State {
        var objects: [ObjectKey: View] = [:]
        var isSynced = false
        /// ``run()`` is not running any more: no list will come.
        var hasEnded = false
        var waiting: [CheckedContinuation<Void, Never>] = []
        var handlers: [@Sendable (InformerEvent<View>) -> Void] = []
    }

    private struct Progress {
        /// Where to watch from; `nil` when a list is due.
        var version: String?
        /// In a row, without an event between them.
        var failures = 0
    }

    /// After so many failed watches in a row the version itself is suspected.
    private static var failuresBeforeList: Int { 3 }

    private let client: KubeClient
    private let time: any TimeSource
    private let namespace: String?
    private let fieldSelector: String
    private let state = Mutex(State())

    /// - Parameter namespace: `nil` for all namespaces.
    public init(client: KubeClient, time: any TimeSource, namespace: String? = nil, fieldSelector: String = "") {
        self.client = client
        self.time = time
        self.namespace = namespace
        self.fieldSelector = fieldSelector
    }

    /// Calls `handler` for every event from now on; add handlers before ``run()``.
    public func onEvent(_ handler: @escaping @Sendable (InformerEvent<View>) -> Void) {
        state.withLock { $0.handlers.append(handler) }
    }

    /// The known object of that key.
    public func object(_ key: ObjectKey) -> View? { state.withLock { $0.objects[key] } }

    /// All known objects in ascending order of their keys.
    public func objects() -> [View] {
        state.withLock { $0.objects.values.sorted { $0.key < $1.key } }
    }

    /// All known objects that meet a condition, in ascending order of their keys.
    public func objects(where condition: (View) -> Bool) -> [View] {
        state.withLock { $0.objects.values.filter(condition) }.sorted { $0.key < $1.key }
    }

    public var count: Int { state.withLock { $0.objects.count } }

    /// Waits until the first list has been taken in; returns at once where ``run()`` has ended.
    public func waitUntilSynced() async {
        await withCheckedContinuation { continuation in
            let isSynced = state.withLock { state in
                if !state.isSynced, !state.hasEnded { state.waiting.append(continuation) }
                return state.isSynced || state.hasEnded
            }
            if isSynced { continuation.resume() }
        }
    }

    /// Lists and watches until the task is cancelled.
    ///
    /// After a broken watch it goes on from the last version seen, and lists again where the server has forgotten that or
    /// where watching fails time and again; it pauses the longer the less it gets.
    public func run() async {
        state.withLock { $0.hasEnded = false }
        var progress = Progress()
        while !Task.isCancelled {
            do {
                if progress.version == nil { progress.version = try await list() }
                try await watch(&progress)
            } catch let error where error.isExpired {
                progress.version = nil
                progress.failures += 1
                // The history we asked for is gone: list again, at once unless that did not help just now.
                if progress.failures == 1 { continue }
            } catch {
                progress.failures += 1
                if progress.failures >= Informer.failuresBeforeList { progress.version = nil }
            }
            if progress.failures == 0 { continue }
            let pause = min(30_000, 50 << min(progress.failures - 1, 10))
            do { try await time.sleep(for: .milliseconds(pause)) } catch { break }
        }
        // Nobody may wait for a list that will never come.
        let waiting = state.withLock { state in
            state.hasEnded = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// Watches until the server ends it. An event resets the count of failures; an end without any, soon after the start,
    /// is one more: a server that ends every watch at once must not make a busy loop.
    private func watch(_ progress: inout Progress) async throws(KubeError) {
        let start = time.now()
        let stream = try await client.watch(
            View.resource, namespace: namespace, resourceVersion: progress.version ?? "", fieldSelector: fieldSelector)
        defer { stream.cancel() }
        var hasSeenEvents = false
        try await withTaskCancellation(of: stream) { () async throws(KubeError) in
            while let events = try await stream.next() {
                for event in events {
                    progress.version = try take(event) ?? progress.version
                    progress.failures = 0
                    hasSeenEvents = true
                }
            }
        }
        if time.now() - start >= .seconds(5) { progress.failures = 0 } else if !hasSeenEvents { progress.failures += 1 }
    }

    private func withTaskCancellation(
        of stream: WatchStream, _ work: () async throws(KubeError) -> Void
    ) async throws(KubeError) {
        do {
            try await withTaskCancellationHandler {
                try await work()
            } onCancel: {
                stream.cancel()
            }
        } catch let error as KubeError {
            throw error
        } catch {
            throw .transport("\(error)")
        }
    }

    private func list() async throws(KubeError) -> String {
        var items: [JSON] = []
        var token = ""
        var version = ""
        repeat {
            let page = try await client.list(
                View.resource, namespace: namespace, fieldSelector: fieldSelector, limit: 500, continueToken: token)
            items += page.items
            token = page.continueToken
            version = page.resourceVersion
        } while !token.isEmpty
        replaceAll(items.map { View($0) })
        return version
    }

    private func replaceAll(_ views: [View]) {
        let (events, handlers, waiting) = state.withLock { state in
            var events: [InformerEvent<View>] = []
            let present = Set(views.map(\.key))
            for (key, old) in state.objects.sorted(by: { $0.key < $1.key }) where !present.contains(key) {
                state.objects[key] = nil
                events.append(.deleted(old))
            }
            for view in views {
                if let old = state.objects[view.key] {
                    if old.metadata.resourceVersion == view.metadata.resourceVersion { continue }
                    events.append(.modified(old: old, new: view))
                } else {
                    events.append(.added(view))
                }
                state.objects[view.key] = view
            }
            defer { state.waiting = [] }
            state.isSynced = true
            return (events, state.handlers, state.waiting)
        }
        for event in events { for handler in handlers { handler(event) } }
        for continuation in waiting { continuation.resume() }
    }

    /// Takes one event in; returns the resource version to watch from afterwards.
    private func take(_ event: WatchEvent) throws(KubeError) -> String? {
        let version = event.object["metadata", "resourceVersion"]?.string
        switch event.kind {
        case .bookmark: return version
        case .error:
            throw .status(
                code: Int(event.object["code"]?.integer ?? 500), reason: event.object["reason"]?.string ?? "",
                message: event.object["message"]?.string ?? "watch failed")
        case .added, .modified, .deleted: break
        }
        let view = View(event.object)
        let (told, handlers) = state.withLock { state in
            let old = state.objects[view.key]
            let told: InformerEvent<View>?
            if event.kind == .deleted {
                state.objects[view.key] = nil
                told = old == nil ? nil : .deleted(view)
            } else {
                state.objects[view.key] = view
                told = old.map { .modified(old: $0, new: view) } ?? .added(view)
            }
            return (told, state.handlers)
        }
        if let told { for handler in handlers { handler(told) } }
        return version
    }
}
