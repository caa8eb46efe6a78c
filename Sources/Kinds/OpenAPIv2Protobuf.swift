internal import Objects

extension OpenAPI {
    /// ``v2(_:)`` as the protobuf message `openapi.v2.Document` of gnostic, the only form of it that kubectl asks for.
    public static func v2Protobuf(_ registry: KindRegistry) -> [UInt8] {
        let document = v2(registry)
        var writer = ProtobufWriter()
        writer.text(1, document["swagger"])
        writer.message(2, document["info"]) { writer, info in
            writer.text(1, info["title"])
            writer.text(2, info["version"])
        }
        writer.message(8, document["paths"]) { $0.named(2, $1, GnosticMessages.pathItem) }
        writer.message(9, document["definitions"]) { $0.named(1, $1, GnosticMessages.schema) }
        return writer.bytes
    }
}

/// The messages of gnostic's `openapi.v2` package, by their published field numbers.
private enum GnosticMessages {
    static func schema(_ writer: inout ProtobufWriter, _ value: JSON) {
        writer.text(1, value["$ref"])
        writer.text(2, value["format"])
        writer.text(3, value["title"])
        writer.text(4, value["description"])
        writer.any(5, value["default"])
        writer.number(6, value["multipleOf"])
        writer.number(7, value["maximum"])
        writer.flag(8, value["exclusiveMaximum"])
        writer.number(9, value["minimum"])
        writer.flag(10, value["exclusiveMinimum"])
        writer.count(11, value["maxLength"])
        writer.count(12, value["minLength"])
        writer.text(13, value["pattern"])
        writer.count(14, value["maxItems"])
        writer.count(15, value["minItems"])
        writer.flag(16, value["uniqueItems"])
        writer.count(17, value["maxProperties"])
        writer.count(18, value["minProperties"])
        writer.texts(19, value["required"])
        for allowed in value["enum"]?.array ?? [] { writer.any(20, allowed) }
        writer.message(21, value["additionalProperties"]) { $0.message(1, $1, schema) }
        writer.message(22, value["type"]) { $0.text(1, $1) }
        writer.message(23, value["items"]) { $0.message(1, $1, schema) }
        writer.message(25, value["properties"]) { $0.named(1, $1, schema) }
        writer.extensions(31, value)
    }

    static func pathItem(_ writer: inout ProtobufWriter, _ value: JSON) {
        let methods: [(UInt64, String)] = [(2, "get"), (3, "put"), (4, "post"), (5, "delete"), (8, "patch")]
        for (number, method) in methods { writer.message(number, value[method], operation) }
        for parameter in value["parameters"]?.array ?? [] { writer.message(9, parameter, parametersItem) }
    }

    private static func operation(_ writer: inout ProtobufWriter, _ value: JSON) {
        writer.text(5, value["operationId"])
        writer.texts(6, value["produces"])
        writer.texts(7, value["consumes"])
        for parameter in value["parameters"]?.array ?? [] { writer.message(8, parameter, parametersItem) }
        writer.message(9, value["responses"]) { writer, responses in
            writer.named(1, responses) { writer, value in
                writer.message(1, value) { writer, response in
                    writer.text(1, response["description"])
                    writer.message(2, response["schema"]) { $0.message(1, $1, schema) }
                }
            }
        }
        writer.extensions(13, value)
    }

    /// A choice within a choice: parameter, not in the body, in query or path.
    private static func parametersItem(_ writer: inout ProtobufWriter, _ value: JSON) {
        writer.message(1, value) { writer, value in
            if value["in"] == "body" { return writer.message(1, value, bodyParameter) }
            writer.message(2, value) { writer, value in
                let isQuery = value["in"] == "query"
                writer.message(isQuery ? 3 : 4, value) { writer, value in
                    writer.flag(1, value["required"])
                    writer.text(2, value["in"])
                    writer.text(4, value["name"])
                    // Only parameters of a query may be empty, which takes a number and moves the others.
                    writer.text(isQuery ? 6 : 5, value["type"])
                    writer.flag(isQuery ? 20 : 19, value["uniqueItems"])
                }
            }
        }
    }

    private static func bodyParameter(_ writer: inout ProtobufWriter, _ value: JSON) {
        writer.text(2, value["name"])
        writer.text(3, value["in"])
        writer.flag(4, value["required"])
        writer.message(5, value["schema"], schema)
    }
}

/// Writes protobuf fields from JSON values; absent values and those of another type write nothing.
private struct ProtobufWriter {
    private(set) var bytes: [UInt8] = []

    mutating func text(_ number: UInt64, _ value: JSON?) {
        guard let text = value?.string, !text.isEmpty else { return }
        bytes(number, Array(text.utf8))
    }

    mutating func texts(_ number: UInt64, _ values: JSON?) {
        for value in values?.array ?? [] { if let text = value.string { bytes(number, Array(text.utf8)) } }
    }

    mutating func flag(_ number: UInt64, _ value: JSON?) {
        guard value == true else { return }
        varint(number << 3)
        varint(1)
    }

    mutating func count(_ number: UInt64, _ value: JSON?) {
        guard let count = value?.integer, count > 0 else { return }
        varint(number << 3)
        varint(UInt64(count))
    }

    mutating func number(_ number: UInt64, _ value: JSON?) {
        guard let value = value?.double, value != 0 else { return }
        varint(number << 3 | 1)
        for shift in stride(from: 0, to: 64, by: 8) { bytes.append(UInt8(truncatingIfNeeded: value.bitPattern >> UInt64(shift))) }
    }

    /// A message is written even when it is empty: that it stands there may be all it says.
    mutating func message(_ number: UInt64, _ value: JSON?, _ write: (inout ProtobufWriter, JSON) -> Void) {
        guard let value else { return }
        var inner = ProtobufWriter()
        write(&inner, value)
        bytes(number, inner.bytes)
    }

    /// A map, as a list of names with their values.
    mutating func named(_ number: UInt64, _ map: JSON, _ write: (inout ProtobufWriter, JSON) -> Void) {
        for member in map.object ?? JSONObject() {
            message(number, member.value) { writer, value in
                writer.text(1, .string(member.key))
                writer.message(2, value, write)
            }
        }
    }

    /// Free data, as YAML; JSON is YAML.
    mutating func any(_ number: UInt64, _ value: JSON?) {
        message(number, value) { $0.text(2, .string(String(decoding: $1.encoded, as: UTF8.self) + "\n")) }
    }

    /// The vendor extensions among the members.
    mutating func extensions(_ number: UInt64, _ value: JSON) {
        for member in value.object ?? JSONObject() where member.key.hasPrefix("x-") {
            message(number, member.value) { writer, value in
                writer.text(1, .string(member.key))
                writer.any(2, value)
            }
        }
    }

    private mutating func bytes(_ number: UInt64, _ content: [UInt8]) {
        varint(number << 3 | 2)
        varint(UInt64(content.count))
        bytes += content
    }

    private mutating func varint(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(rest & 0x7F) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(rest))
    }
}
