internal import APIMessages
public import Objects
internal import Synchronization

/// One line of a watch.
public struct WatchEvent: Sendable {
    public enum Kind: String, Sendable {
        case added = "ADDED"
        case modified = "MODIFIED"
        case deleted = "DELETED"
        case bookmark = "BOOKMARK"
        case error = "ERROR"
    }

    public var kind: Kind
    public var object: JSON
}

/// The events of a running watch, in the server's order. One reader.
public struct WatchStream: Sendable {
    private let stream: any ByteStream
    private let rest = PartialLine()

    init(_ stream: any ByteStream) { self.stream = stream }

    /// The next events, as many as are ready; `nil` when the watch has ended.
    public func next() async throws(KubeError) -> [WatchEvent]? {
        while true {
            let chunks: [[UInt8]]?
            do {
                chunks = try await stream.next()
            } catch {
                throw .transport("watch broke off: \(error)")
            }
            guard let chunks else { return nil }
            var events: [WatchEvent] = []
            for chunk in chunks {
                for line in rest.lines(adding: chunk) { events.append(try WatchStream.event(line)) }
            }
            if !events.isEmpty { return events }
        }
    }

    /// Ends the watch; a waiting `next` returns `nil`.
    public func cancel() { stream.cancel() }

    private static func event(_ line: ArraySlice<UInt8>) throws(KubeError) -> WatchEvent {
        do {
            let value = try JSON(parsing: Array(line))
            guard let kind = value["type"]?.string.flatMap(WatchEvent.Kind.init(rawValue:)), let object = value["object"] else {
                throw KubeError.transport("watch sent an unknown event")
            }
            return WatchEvent(kind: kind, object: object)
        } catch let error as KubeError {
            throw error
        } catch {
            throw .transport("watch sent a line that is not JSON: \(error)")
        }
    }
}

/// Cuts chunks into lines; what follows the last line feed waits for the next chunk.
private final class PartialLine: Sendable {
    private let pending = Mutex<[UInt8]>([])

    func lines(adding chunk: [UInt8]) -> [ArraySlice<UInt8>] {
        pending.withLock { pending in
            let bytes: [UInt8]
            if pending.isEmpty {
                bytes = chunk
            } else {
                bytes = pending + chunk
                pending = []
            }
            var lines = bytes.split(separator: 0x0a, omittingEmptySubsequences: true)
            if bytes.last != 0x0a, let last = lines.popLast() { pending = Array(last) }
            return lines
        }
    }
}

/// A body that arrived whole, read as a stream.
final class WholeBody: ByteStream {
    private let bytes: Mutex<[UInt8]?>

    init(_ bytes: [UInt8]) { self.bytes = Mutex(bytes) }

    func next() async throws -> [[UInt8]]? {
        bytes.withLock { bytes in
            defer { bytes = nil }
            return bytes.map { [$0] }
        }
    }

    func cancel() { bytes.withLock { $0 = nil } }
}
