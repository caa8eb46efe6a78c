internal import Kinds
internal import Objects
internal import Store

/// How objects are stored: their JSON without `metadata.resourceVersion`, preceded by three places: where the resource
/// version belongs, where `metadata` begins (items of lists are written without `kind` and `apiVersion`), and where it ends
/// (labels are looked at without parsing the rest).
///
/// A revision is known only once a commit has been made, and in another store only when a key is read. So it is put in
/// when an object is read, by copying bytes: a list of 5,000 objects is served without parsing one.
enum ObjectCodec {
    private static let headerBytes = 12

    /// The stored form of an object, which must have an object `metadata` with a `name`.
    static func encode(_ object: JSON) -> [UInt8] {
        var metadata = object["metadata"]?.object ?? JSONObject()
        metadata["resourceVersion"] = nil
        var writer = JSONWriter(capacity: 2_048)
        writer.write(raw: [UInt8](repeating: 0, count: headerBytes))
        writer.write(raw: "{" as StaticString)
        for name in ["kind", "apiVersion"] {
            guard let value = object[name] else { continue }
            writer.write(name)
            writer.write(raw: ":" as StaticString)
            writer.write(value)
            writer.write(raw: "," as StaticString)
        }
        let start = writer.bytes.count
        writer.write(raw: "\"metadata\":{" as StaticString)
        let place = writer.bytes.count
        var isFirst = true
        for member in metadata { write(member, to: &writer, &isFirst) }
        writer.write(raw: "}" as StaticString)
        let end = writer.bytes.count
        isFirst = false
        for member in object.object ?? JSONObject() {
            if member.key == "kind" || member.key == "apiVersion" || member.key == "metadata" { continue }
            write(member, to: &writer, &isFirst)
        }
        writer.write(raw: "}" as StaticString)
        var bytes = writer.bytes
        for index in 0..<4 {
            bytes[index] = UInt8(truncatingIfNeeded: place >> (8 * index))
            bytes[4 + index] = UInt8(truncatingIfNeeded: start >> (8 * index))
            bytes[8 + index] = UInt8(truncatingIfNeeded: end >> (8 * index))
        }
        return bytes
    }

    private static func write(_ member: JSONObject.Member, to writer: inout JSONWriter, _ isFirst: inout Bool) {
        if !isFirst { writer.write(raw: "," as StaticString) }
        isFirst = false
        writer.write(member.key)
        writer.write(raw: ":" as StaticString)
        writer.write(member.value)
    }

    /// Appends a stored object's JSON with its resource version (none for revision 0, a rehearsed creation), as an item of a
    /// list where `asItem` is set.
    ///
    /// - Parameter head: what to write in place of the stored `kind` and `apiVersion`; see ``head(of:)``.
    static func append(
        _ stored: [UInt8], revision: Revision, asItem: Bool = false, head: [UInt8]? = nil, to bytes: inout [UInt8]
    ) {
        let place = offset(stored, at: 0)
        if asItem {
            bytes.append(UInt8(ascii: "{"))
            bytes.append(contentsOf: stored[offset(stored, at: 4)..<place])
        } else if let head {
            bytes.append(contentsOf: head)
            bytes.append(contentsOf: stored[offset(stored, at: 4)..<place])
        } else {
            bytes.append(contentsOf: stored[headerBytes..<place])
        }
        if revision != 0 {
            bytes.append(contentsOf: "\"resourceVersion\":\"".utf8)
            bytes.append(contentsOf: String(revision).utf8)
            bytes.append(contentsOf: "\",".utf8)
        }
        bytes.append(contentsOf: stored[place...])
    }

    /// How an object of the kind begins. A custom resource may have been stored in another version than it is read in;
    /// `nil` for kinds that have one version only.
    static func head(of kind: Kind) -> [UInt8]? {
        guard kind.isCustomResource else { return nil }
        var writer = JSONWriter(capacity: 96)
        writer.write(raw: "{\"kind\":" as StaticString)
        writer.write(.string(kind.kind))
        writer.write(raw: ",\"apiVersion\":" as StaticString)
        writer.write(.string(kind.apiVersion))
        writer.write(raw: "," as StaticString)
        return writer.bytes
    }

    /// The JSON of a stored object with its resource version.
    static func text(_ entry: StoreEntry, kind: Kind) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entry.value.count + 48)
        append(entry.value, revision: entry.modified, head: head(of: kind), to: &bytes)
        return bytes
    }

    /// The tree of a stored object with its resource version.
    static func decode(_ entry: StoreEntry) throws(APIFailure) -> JSON { try decode(entry.value, revision: entry.modified) }

    /// The tree in the version of the kind that is asked for.
    static func decode(_ entry: StoreEntry, as kind: Kind) throws(APIFailure) -> JSON {
        var object = try decode(entry)
        if kind.isCustomResource { object["apiVersion"] = .string(kind.apiVersion) }
        return object
    }

    static func decode(_ stored: [UInt8], revision: Revision) throws(APIFailure) -> JSON {
        guard stored.count > headerBytes else { throw .internalError("a stored object is damaged") }
        do {
            var object = try JSON.parse(stored.span.extracting(droppingFirst: headerBytes))
            if revision != 0 { object["metadata", "resourceVersion"] = .string(String(revision)) }
            return object
        } catch {
            throw .internalError("a stored object is damaged: \(error)")
        }
    }

    /// An object with nothing but its metadata, for selectors and for clients that want no more.
    static func decodeMetadata(_ entry: StoreEntry) throws(APIFailure) -> JSON {
        let name = "\"metadata\":".utf8.count
        let (start, end) = (offset(entry.value, at: 4) + name, offset(entry.value, at: 8))
        guard start < end, end <= entry.value.count else { throw .internalError("a stored object is damaged") }
        do {
            var metadata = try JSON.parse(entry.value.span.extracting(start..<end))
            if entry.modified != 0 { metadata["resourceVersion"] = .string(String(entry.modified)) }
            return ["metadata": metadata]
        } catch {
            throw .internalError("a stored object is damaged: \(error)")
        }
    }

    private static func offset(_ stored: [UInt8], at header: Int) -> Int {
        var place = 0
        for index in 0..<4 { place |= Int(stored[header + index]) << (8 * index) }
        return place
    }
}

/// Where objects are kept in the store.
enum StoreKeys {
    /// `core/pods/` or `apps/deployments/`, with `namespace/` where one is given.
    static func prefix(group: String, plural: String, namespace: String?) -> String {
        let base = "\(group.isEmpty ? "core" : group)/\(plural)/"
        guard let namespace, !namespace.isEmpty else { return base }
        return "\(base)\(namespace)/"
    }

    static func key(group: String, plural: String, namespace: String, name: String) -> String {
        prefix(group: group, plural: plural, namespace: namespace) + name
    }
}
