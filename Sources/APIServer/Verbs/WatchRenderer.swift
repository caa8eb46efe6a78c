internal import Kinds
internal import Objects
internal import Ports
internal import Store

/// Turns store changes into the lines of one watch.
struct WatchRenderer: Sendable {
    let kind: Kind
    let options: ListOptions
    let representation: Representation
    let include: String?
    let time: any TimeSource
    private let head: [UInt8]?
    private let decoded: DecodedCache
    private let lines: LineCache

    init(
        kind: Kind, options: ListOptions, representation: Representation, include: String?, time: any TimeSource,
        decoded: DecodedCache, lines: LineCache
    ) {
        self.kind = kind
        self.options = options
        self.representation = representation
        self.include = include
        self.time = time
        head = ObjectCodec.head(of: kind)
        self.decoded = decoded
        self.lines = lines
    }

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
            guard try options.matches(entry) else { continue }
            lines.append(try render("ADDED", entry.key, entry.value, entry.modified, isFirst: lines.isEmpty))
        }
        if options.sendsInitialEvents {
            lines.append(bookmark(range.revision, annotations: ["k8s.io/initial-events-end": "true"], isFirst: lines.isEmpty))
        }
        return lines
    }

    /// - Parameter isFirst: whether this is the watch's first event, which alone carries the columns of a Table.
    func bookmark(_ revision: Revision, annotations: JSON? = nil, isFirst: Bool) -> [UInt8] {
        var metadata: JSON = ["resourceVersion": .string(String(revision)), "creationTimestamp": nil]
        if let annotations { metadata["annotations"] = annotations }
        let object: JSON = ["kind": .string(kind.kind), "apiVersion": .string(kind.apiVersion), "metadata": metadata]
        switch representation {
        case .object: return WatchRenderer.line("BOOKMARK", object.encoded)
        case .metadata: return WatchRenderer.line("BOOKMARK", Rendering.partial(object).encoded)
        case .table: return WatchRenderer.line("BOOKMARK", table(object, revision, isFirst))
        }
    }

    /// The line for one change; `nil` where the selectors hide it.
    func line(_ change: StoreChange, isFirst: Bool) throws(APIFailure) -> [UInt8]? {
        guard options.hasSelector else {
            if let value = change.value {
                return try render(change.previous == nil ? "ADDED" : "MODIFIED", change.key, value, change.revision, isFirst: isFirst)
            }
            return try change.previous.map { (previous) throws(APIFailure) in
                try render("DELETED", change.key, previous.value, change.revision, isFirst: isFirst)
            }
        }
        // An object that begins to match is added, one that ceases to match is deleted, whatever happened to it.
        let matches = try change.value.map { (value) throws(APIFailure) in
            try options.matches(decoded.object(change.key, value, revision: change.revision))
        }
        let matched = try change.previous.map { (previous) throws(APIFailure) in try options.matches(decoded.object(previous)) }
        switch (matched ?? false, matches ?? false) {
        case (false, true): return try render("ADDED", change.key, change.value ?? [], change.revision, isFirst: isFirst)
        case (true, true): return try render("MODIFIED", change.key, change.value ?? [], change.revision, isFirst: isFirst)
        case (true, false): return try render("DELETED", change.key, change.previous?.value ?? [], change.revision, isFirst: isFirst)
        case (false, false): return nil
        }
    }

    private func table(_ object: JSON, _ revision: Revision, _ isFirst: Bool) -> [UInt8] {
        TableWriter(kind: kind, include: include, now: time.now(), showsColumns: isFirst)
            .table([object], metadata: ["resourceVersion": .string(String(revision))])
    }

    private func render(
        _ type: StaticString, _ key: String, _ value: [UInt8], _ revision: Revision, isFirst: Bool
    ) throws(APIFailure) -> [UInt8] {
        switch representation {
        case .object:
            // Custom resources may be watched in several versions, each with its own head.
            guard head == nil else { return write(type, value, revision) }
            let form = type.utf8Start.pointee
            return lines.line(key, revision, form: form, bytes: value.count) { write(type, value, revision) }
        case .metadata:
            return WatchRenderer.line(type, Rendering.partial(try tree(type, key, value, revision)).encoded)
        case .table:
            return WatchRenderer.line(type, table(try tree(type, key, value, revision), revision, isFirst))
        }
    }

    /// The object an event shows. What a `DELETED` shows is the state before its revision, which is no place in the cache.
    private func tree(_ type: StaticString, _ key: String, _ value: [UInt8], _ revision: Revision) throws(APIFailure) -> JSON {
        if type.utf8Start.pointee == UInt8(ascii: "D") { return try ObjectCodec.decode(value, revision: revision) }
        return try decoded.object(key, value, revision: revision)
    }

    private func write(_ type: StaticString, _ value: [UInt8], _ revision: Revision) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(value.count + 96)
        bytes.append(contentsOf: "{\"type\":\"".utf8)
        bytes.append(contentsOf: UnsafeBufferPointer(start: type.utf8Start, count: type.utf8CodeUnitCount))
        bytes.append(contentsOf: "\",\"object\":".utf8)
        ObjectCodec.append(value, revision: revision, head: head, to: &bytes)
        bytes.append(contentsOf: "}\n".utf8)
        return bytes
    }
}
