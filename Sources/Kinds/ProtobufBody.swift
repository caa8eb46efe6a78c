public import Objects

/// Why a protobuf body was not read.
public enum ProtobufError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind does not travel as protobuf; in words.
    case unsupported(String)
    /// The bytes are not what they should be; in words.
    case malformed(String)

    public var description: String {
        switch self {
        case .unsupported(let reason), .malformed(let reason): reason
        }
    }
}

/// The form in which typed clients send objects of Kubernetes' own kinds: four bytes, then the message `Unknown` with
/// `apiVersion`, `kind` and the object's own message, whose field numbers the kind files know.
///
/// Custom resources never travel this way.
public enum ProtobufBody {
    /// The content type of such bodies.
    public static let mediaType = "application/vnd.kubernetes.protobuf"
    /// `k8s` and a zero.
    private static let magic: [UInt8] = [0x6B, 0x38, 0x73, 0x00]

    /// Reads a body as the JSON object that the client would have sent instead. Fields that the kind does not know are skipped.
    ///
    /// - Parameters:
    ///   - kinds: where the kind is looked up that the body names.
    ///   - defaultKind: the kind of a body that names none, with `defaultAPIVersion`.
    ///   - maximumDepth: how many messages and JSON values may stand within one another.
    public static func decode(
        _ bytes: [UInt8], kinds: KindRegistry, defaultKind: String = "", defaultAPIVersion: String = "", maximumDepth: Int = 100
    ) throws(ProtobufError) -> JSON {
        guard bytes.starts(with: magic) else { throw .malformed("it does not begin with k8s\\x00") }
        let envelope = try Envelope(bytes[magic.count...])
        let kind = envelope.kind.isEmpty ? defaultKind : envelope.kind
        let apiVersion = envelope.apiVersion.isEmpty ? defaultAPIVersion : envelope.apiVersion
        guard let schema = schema(kind: kind, apiVersion: apiVersion, kinds), !schema.node.facts.properties.protobuf.entries.isEmpty
        else { throw .unsupported("\(kind) of \(apiVersion) is not known as protobuf") }
        var object = JSONObject([
            JSONObject.Member(key: "kind", value: .string(kind)), JSONObject.Member(key: "apiVersion", value: .string(apiVersion)),
        ])
        let message = ProtobufMessage(table: schema.table, maximumDepth: maximumDepth)
        for member in try message.object(envelope.object, schema.node, depth: 0) { object[member.key] = member.value }
        return .object(object)
    }

    /// `DeleteOptions` belong to every group and are no kind of their own: evictions hold them.
    private static func schema(kind: String, apiVersion: String, _ kinds: KindRegistry) -> Schema? {
        if kind == "DeleteOptions" { return kinds.kind(group: "policy", version: "v1", kind: "Eviction")?.schema.property("deleteOptions") }
        // The older version of evictions has the same fields.
        let apiVersion = kind == "Eviction" && apiVersion == "policy/v1beta1" ? "policy/v1" : apiVersion
        let parts = apiVersion.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count <= 2, let version = parts.last else { return nil }
        let found = kinds.kind(group: parts.count == 2 ? parts[0] : "", version: version, kind: kind)
        return found?.isCustomResource == false ? found?.schema : nil
    }

    /// The message `runtime.Unknown`.
    private struct Envelope {
        var apiVersion = ""
        var kind = ""
        var object: ArraySlice<UInt8> = []

        init(_ bytes: ArraySlice<UInt8>) throws(ProtobufError) {
            var reader = ProtobufReader(bytes)
            while let field = try reader.next() {
                guard case .bytes(let content) = field.value else { continue }
                switch field.number {
                case 1: try readType(content)
                case 2: object = content
                case 3 where !content.isEmpty: throw .unsupported("the object is encoded as \(try ProtobufMessage.text(content))")
                case 4 where !content.isEmpty && !content.elementsEqual(mediaType.utf8):
                    throw .unsupported("the object is not protobuf but \(try ProtobufMessage.text(content))")
                default: continue
                }
            }
        }

        private mutating func readType(_ bytes: ArraySlice<UInt8>) throws(ProtobufError) {
            var reader = ProtobufReader(bytes)
            while let field = try reader.next() {
                guard case .bytes(let content) = field.value else { continue }
                if field.number == 1 { apiVersion = try ProtobufMessage.text(content) }
                if field.number == 2 { kind = try ProtobufMessage.text(content) }
            }
        }
    }
}

extension Schema {
    /// The fields here and below that no protobuf body can carry, as paths; empty for a kind that travels as protobuf.
    ///
    /// `apiVersion` and `kind` of the kind itself and of `DeleteOptions` stand in the envelope and are not missing.
    public var fieldsWithoutProtobuf: [String] {
        let typeFields = ["apiVersion", "kind"]
        var missing: [String] = []
        var seen: Set<ObjectIdentifier> = []
        func walk(_ node: SchemaNode, _ path: String) {
            guard seen.insert(ObjectIdentifier(node)).inserted else { return }
            let isTyped = node.facts.properties.count { typeFields.contains($0.name) && $0.protobuf == nil } == 2
            for property in node.facts.properties {
                let field = path.isEmpty ? property.name : "\(path).\(property.name)"
                if property.protobuf == nil, !(isTyped && typeFields.contains(property.name)) { missing.append(field) }
                walk(table.nodes[property.node], field)
            }
            for inner in [node.facts.items, node.facts.mapValues] {
                if let inner { walk(table.nodes[inner], path) }
            }
        }
        walk(node, "")
        return missing
    }
}
