internal import Objects

/// Why a protobuf body was not read.
struct ProtobufError: Error, Equatable, CustomStringConvertible {
    var description: String
}

/// Reads the bodies that typed clients send in Kubernetes' protobuf form: four bytes of magic, then the `Unknown` message
/// with `apiVersion`, `kind` and the object.
///
/// What a message has beyond ``ProtobufMessages`` is refused, never dropped: a client that sends it must send JSON.
enum ProtobufBody {
    static let mediaType = "application/vnd.kubernetes.protobuf"
    private static let magic: [UInt8] = [0x6B, 0x38, 0x73, 0x00]

    static func decode(_ bytes: [UInt8]) throws(ProtobufError) -> JSON {
        guard bytes.starts(with: magic) else { throw ProtobufError(description: "the body does not begin with k8s\\x00") }
        var reader = ProtobufReader(bytes[magic.count...])
        var (apiVersion, kind) = ("", "")
        var raw: ArraySlice<UInt8> = []
        while let field = try reader.next() {
            switch (field.number, field.value) {
            case (1, .bytes(let type)):
                var inner = ProtobufReader(type)
                while let part = try inner.next() {
                    guard case .bytes(let text) = part.value else { continue }
                    if part.number == 1 { apiVersion = try string(text) }
                    if part.number == 2 { kind = try string(text) }
                }
            case (2, .bytes(let object)): raw = object
            default: continue
            }
        }
        guard let message = ProtobufMessages.kinds["\(apiVersion) \(kind)"] else {
            throw ProtobufError(description: "\(kind) of \(apiVersion) is understood as application/json only")
        }
        var object: JSON = ["apiVersion": .string(apiVersion), "kind": .string(kind)]
        for member in try Self.message(raw, message, depth: 0) { object[member.key] = member.value }
        return object
    }

    private static func string(_ bytes: ArraySlice<UInt8>) throws(ProtobufError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw ProtobufError(description: "a text is not UTF-8") }
        return text
    }

    private static func message(_ bytes: ArraySlice<UInt8>, _ name: String, depth: Int) throws(ProtobufError) -> JSONObject {
        guard depth < 32, let fields = ProtobufMessages.messages[name] else { throw ProtobufError(description: "unknown message \(name)") }
        var reader = ProtobufReader(bytes)
        var object = JSONObject()
        // Lists and maps grow item by item; collected apart, so that growing does not look them up each time.
        var lists: [String: [JSON]] = [:]
        var maps: [String: JSONObject] = [:]
        var order: [String] = []
        while let part = try reader.next() {
            guard let field = fields[part.number] else {
                // Clients written in Go send empty parts they do not mean.
                if part.value.isEmpty { continue }
                throw ProtobufError(description: "field \(part.number) of \(name) is understood as application/json only")
            }
            if field.type == "ignored" { continue }
            switch field.shape {
            case .single:
                if let value = try value(part.value, field, depth) { object[field.name] = value }
            case .list:
                if lists[field.name] == nil { order.append(field.name) }
                var item = field
                item.isPointer = true
                lists[field.name, default: []].append(try value(part.value, item, depth) ?? .null)
            case .map:
                if maps[field.name] == nil { order.append(field.name) }
                let (key, value) = try entry(part.value, field, depth)
                maps[field.name, default: JSONObject()][key] = value
            }
        }
        for name in order { object[name] = lists[name].map { .array($0) } ?? maps[name].map { .object($0) } }
        return object
    }

    private static func entry(
        _ value: ProtobufReader.Value, _ field: ProtobufMessages.Field, _ depth: Int
    ) throws(ProtobufError) -> (String, JSON) {
        guard case .bytes(let bytes) = value else { throw ProtobufError(description: "\(field.name) is no map") }
        var reader = ProtobufReader(bytes)
        var key = ""
        var item = field
        item.isPointer = true
        item.shape = .single
        var result: JSON = field.type == "quantity" ? "0" : ""
        while let part = try reader.next() {
            guard case .bytes(let bytes) = part.value else { continue }
            if part.number == 1 { key = try string(bytes) }
            if part.number == 2 { result = try Self.value(part.value, item, depth) ?? result }
        }
        return (key, result)
    }

    /// The value of a field; `nil` where it is zero or empty and Kubernetes leaves such a field out.
    private static func value(
        _ value: ProtobufReader.Value, _ field: ProtobufMessages.Field, _ depth: Int
    ) throws(ProtobufError) -> JSON? {
        if value.isEmpty, !field.isPointer { return nil }
        switch (field.type, value) {
        case ("int", .number(let number)): return .integer(Int64(bitPattern: number))
        case ("bool", .number(let number)): return .bool(number != 0)
        case ("string", .bytes(let bytes)): return .string(try string(bytes))
        case ("bytes", .bytes(let bytes)): return .string(Base64.encodePadded(Array(bytes)))
        case ("quantity", .bytes(let bytes)):
            var reader = ProtobufReader(bytes)
            while let part = try reader.next() {
                if part.number == 1, case .bytes(let text) = part.value { return .string(try string(text)) }
            }
            return "0"
        case ("time", .bytes(let bytes)): return try time(bytes)
        case ("intOrString", .bytes(let bytes)): return try intOrString(bytes, isPointer: field.isPointer)
        case (_, .bytes(let bytes)):
            let object = try message(bytes, field.type, depth: depth + 1)
            return object.isEmpty && !field.isPointer ? nil : .object(object)
        default: throw ProtobufError(description: "\(field.name) is not of its type")
        }
    }

    private static func time(_ bytes: ArraySlice<UInt8>) throws(ProtobufError) -> JSON? {
        var reader = ProtobufReader(bytes)
        var (seconds, nanoseconds) = (Int64(0), Int64(0))
        while let part = try reader.next() {
            guard case .number(let number) = part.value else { continue }
            if part.number == 1 { seconds = Int64(bitPattern: number) }
            if part.number == 2 { nanoseconds = Int64(bitPattern: number) }
        }
        // Years 1 to 9999, as RFC 3339 writes them.
        guard (-62_135_596_800...253_402_300_799).contains(seconds), (0..<1_000_000_000).contains(nanoseconds) else { return nil }
        if bytes.isEmpty { return nil }
        let time = Timestamp(microseconds: seconds * 1_000_000 + nanoseconds / 1_000)
        return .string(nanoseconds == 0 ? time.rfc3339 : time.rfc3339Micro)
    }

    private static func intOrString(_ bytes: ArraySlice<UInt8>, isPointer: Bool) throws(ProtobufError) -> JSON? {
        var reader = ProtobufReader(bytes)
        var (isText, number, text) = (false, Int64(0), "")
        while let part = try reader.next() {
            switch (part.number, part.value) {
            case (1, .number(let type)): isText = type == 1
            case (2, .number(let value)): number = Int64(bitPattern: value)
            case (3, .bytes(let value)): text = try string(value)
            default: continue
            }
        }
        if isText { return .string(text) }
        return number == 0 && !isPointer ? nil : .integer(number)
    }
}

/// Splits a protobuf message into its fields.
struct ProtobufReader {
    enum Value {
        case number(UInt64)
        case bytes(ArraySlice<UInt8>)

        /// Whether a field that is always written says nothing: a zero, or a message of such fields.
        var isEmpty: Bool {
            switch self {
            case .number(let number): number == 0
            case .bytes(let bytes): bytes.isEmpty
            }
        }
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The next field; `nil` at the end.
    mutating func next() throws(ProtobufError) -> (number: Int, value: Value)? {
        if rest.isEmpty { return nil }
        let tag = try varint()
        let number = Int(clamping: tag >> 3)
        guard number > 0 else { throw ProtobufError(description: "a field has the number 0") }
        switch tag & 7 {
        case 0: return (number, .number(try varint()))
        case 1: return (number, .bytes(try take(8)))
        case 2:
            let length = try varint()
            return (number, .bytes(try take(Int(clamping: length))))
        case 5: return (number, .bytes(try take(4)))
        default: throw ProtobufError(description: "field \(number) has the unknown wire type \(tag & 7)")
        }
    }

    private mutating func take(_ count: Int) throws(ProtobufError) -> ArraySlice<UInt8> {
        guard count <= rest.count else { throw ProtobufError(description: "the body ends within a field") }
        defer { rest = rest.dropFirst(count) }
        return rest.prefix(count)
    }

    private mutating func varint() throws(ProtobufError) -> UInt64 {
        var result: UInt64 = 0
        for shift in stride(from: UInt64(0), to: 70, by: 7) {
            guard let byte = rest.popFirst() else { throw ProtobufError(description: "the body ends within a number") }
            if shift == 63, byte > 1 { break }
            result |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return result }
        }
        throw ProtobufError(description: "a number is longer than 64 bits")
    }
}
