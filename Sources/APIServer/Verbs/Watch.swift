internal import APIMessages
internal import Kinds
internal import Objects
internal import Ports
internal import Store
internal import Synchronization

extension APIServer {
    func watch(_ call: Call) async throws(APIFailure) -> APIResponse {
        var call = call
        if !call.info.name.isEmpty {
            // `watch` of one object is a watch of the collection with that name.
            call.request.query.append(("fieldSelector", "metadata.name=\(call.info.name)"))
        }
        let options = try ListOptions(call, isWatch: true)
        let representation = try call.representation()
        let prefix = StoreKeys.prefix(group: call.kind.group, plural: call.kind.plural, namespace: call.namespace)
        let renderer = WatchRenderer(
            kind: call.kind, options: options, representation: representation, include: call.query("includeObject"), time: time)
        let asked = try options.revision()
        var initial: [[UInt8]] = []
        let from: Revision
        let wantsState = asked == nil || asked == 0 || options.sendsInitialEvents
        if wantsState {
            let everything = try await readRange(prefix: prefix)
            from = everything.revision
            if options.sendsInitialEvents || call.query("sendInitialEvents") == nil {
                initial = try renderer.initialEvents(everything)
            }
        } else {
            from = asked ?? 0
        }
        let source: StoreWatch
        do throws(StoreError) {
            source = try await store.watch(prefix: prefix, from: from)
        } catch {
            if case .compacted = error {
                // Kubernetes answers 200 and tells of the expiry as the first event.
                let failure = APIFailure.expired("too old resource version: \(from)")
                return APIResponse(
                    status: 200, headers: renderer.headers, body: .bytes(WatchRenderer.line("ERROR", failure.status.encoded)))
            }
            throw APIFailure(error)
        }
        let deadline = options.timeoutSeconds.map { time.now() + .seconds(max(1, $0)) }
        let stream = WatchBody(source: source, renderer: renderer, initial: initial, from: from, deadline: deadline, time: time)
        return APIResponse(status: 200, headers: renderer.headers, body: .stream(stream))
    }
}

/// Turns store changes into the lines of one watch.
struct WatchRenderer: Sendable {
    let kind: Kind
    let options: ListOptions
    let representation: Representation
    let include: String?
    let time: any TimeSource

    var headers: [(name: String, value: String)] {
        [
            ("content-type", representation == .table ? "application/json;as=Table;g=meta.k8s.io;v=v1" : "application/json"),
            ("cache-control", "no-cache, private"),
        ]
    }

    static func line(_ type: StaticString, _ object: [UInt8]) -> [UInt8] {
        var writer = JSONWriter(capacity: object.count + 48)
        writer.write(raw: "{\"type\":\"" as StaticString)
        writer.write(raw: type)
        writer.write(raw: "\",\"object\":" as StaticString)
        writer.write(raw: object)
        writer.write(raw: "}\n" as StaticString)
        return writer.bytes
    }

    /// The present state as `ADDED` events, with the closing bookmark where it was asked for.
    func initialEvents(_ range: StoreRange) throws(APIFailure) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for entry in range.entries {
            if options.hasSelector, try !options.matches(ObjectCodec.decode(entry)) { continue }
            lines.append(try render("ADDED", entry.value, entry.modified))
        }
        if options.sendsInitialEvents {
            lines.append(bookmark(range.revision, annotations: ["k8s.io/initial-events-end": "true"]))
        }
        return lines
    }

    func bookmark(_ revision: Revision, annotations: JSON? = nil) -> [UInt8] {
        var metadata: JSON = ["resourceVersion": .string(String(revision)), "creationTimestamp": nil]
        if let annotations { metadata["annotations"] = annotations }
        let object: JSON = ["kind": .string(kind.kind), "apiVersion": .string(kind.apiVersion), "metadata": metadata]
        return WatchRenderer.line("BOOKMARK", object.encoded)
    }

    /// The line for one change; `nil` where the selectors hide it.
    func line(_ change: StoreChange) throws(APIFailure) -> [UInt8]? {
        guard options.hasSelector else {
            if let value = change.value { return try render(change.previous == nil ? "ADDED" : "MODIFIED", value, change.revision) }
            return try change.previous.map { (previous) throws(APIFailure) in try render("DELETED", previous.value, change.revision) }
        }
        // An object that begins to match is added, one that ceases to match is deleted, whatever happened to it.
        let matches = try change.value.map { (value) throws(APIFailure) in
            try options.matches(ObjectCodec.decode(value, revision: change.revision))
        }
        let matched = try change.previous.map { (previous) throws(APIFailure) in try options.matches(ObjectCodec.decode(previous)) }
        switch (matched ?? false, matches ?? false) {
        case (false, true): return try render("ADDED", change.value ?? [], change.revision)
        case (true, true): return try render("MODIFIED", change.value ?? [], change.revision)
        case (true, false): return try render("DELETED", change.previous?.value ?? [], change.revision)
        case (false, false): return nil
        }
    }

    private func render(_ type: StaticString, _ value: [UInt8], _ revision: Revision) throws(APIFailure) -> [UInt8] {
        switch representation {
        case .object:
            var bytes: [UInt8] = []
            bytes.reserveCapacity(value.count + 96)
            bytes.append(contentsOf: "{\"type\":\"".utf8)
            bytes.append(contentsOf: UnsafeBufferPointer(start: type.utf8Start, count: type.utf8CodeUnitCount))
            bytes.append(contentsOf: "\",\"object\":".utf8)
            ObjectCodec.append(value, revision: revision, to: &bytes)
            bytes.append(contentsOf: "}\n".utf8)
            return bytes
        case .metadata:
            return WatchRenderer.line(type, Rendering.partial(try ObjectCodec.decode(value, revision: revision)).encoded)
        case .table:
            let object = try ObjectCodec.decode(value, revision: revision)
            let table = TableWriter(kind: kind, include: include, now: time.now())
            return WatchRenderer.line(type, table.table([object], metadata: ["resourceVersion": .string(String(revision))]))
        }
    }
}

/// The body of a watch: first the initial events, then what happens, until the deadline, the end of the store or of the
/// reader's interest.
final class WatchBody: ByteStream {
    private struct State {
        var initial: [[UInt8]]
        var revision: Revision
        var isEnded = false
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
            return state.initial
        }
        if !initial.isEmpty { return initial }
        while !state.withLock({ $0.isEnded }) {
            do {
                guard let changes = try await nextChanges() else { return atEnd() }
                var lines: [[UInt8]] = []
                for change in changes {
                    if let line = try renderer.line(change) { lines.append(line) }
                }
                if let last = changes.last { state.withLock { $0.revision = last.revision } }
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
        let (wasEnded, revision) = state.withLock { state in
            defer { state.isEnded = true }
            return (state.isEnded, state.revision)
        }
        return wasEnded || !renderer.options.allowsBookmarks ? nil : [renderer.bookmark(revision)]
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
