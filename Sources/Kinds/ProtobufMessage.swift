internal import Objects

/// Reads messages by their schema, as the JSON that the same client would have written.
struct ProtobufMessage {
    let table: SchemaTable
    let maximumDepth: Int

    /// What was read of one object, until all of it is known.
    private struct Members {
        /// Properties by their place, in the order of arrival.
        var order: [Int] = []
        var singles: [Int: JSON?] = [:]
        var lists: [Int: [JSON]] = [:]
        var maps: [Int: Entries] = [:]

        mutating func note(_ place: Int, isNew: Bool) {
            if isNew { order.append(place) }
        }

        consuming func object(_ properties: PropertyTable) -> JSONObject {
            var members: [JSONObject.Member] = []
            for place in order {
                let name = properties[place].name
                if let list = lists[place] {
                    members.append(JSONObject.Member(key: name, value: .array(list)))
                } else if let map = maps[place] {
                    members.append(JSONObject.Member(key: name, value: .object(JSONObject(map.members))))
                } else if let single = singles[place] ?? nil {
                    members.append(JSONObject.Member(key: name, value: single))
                }
            }
            return JSONObject(members)
        }
    }

    /// A map under construction: of a key given twice the last value counts, without a search for each.
    private struct Entries {
        var members: [JSONObject.Member] = []
        private var places: [String: Int] = [:]

        mutating func set(_ key: String, _ value: JSON) {
            if let place = places[key] {
                members[place].value = value
            } else {
                places[key] = members.count
                members.append(JSONObject.Member(key: key, value: value))
            }
        }
    }

    static func text(_ bytes: ArraySlice<UInt8>) throws(ProtobufError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { throw .malformed("a text is not UTF-8") }
        return text
    }

    /// The members of an object of that schema.
    func object(_ bytes: ArraySlice<UInt8>, _ node: SchemaNode, depth: Int) throws(ProtobufError) -> JSONObject {
        let properties = node.facts.properties
        var members = Members()
        try read(bytes, properties.protobuf, of: node, into: &members, depth: depth)
        return members.object(properties)
    }

    private func read(
        _ bytes: ArraySlice<UInt8>, _ layout: ProtobufLayout, of node: SchemaNode, into members: inout Members, depth: Int
    ) throws(ProtobufError) {
        guard depth < maximumDepth else { throw .malformed("messages stand more than \(maximumDepth) deep within one another") }
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            switch layout.entries[field.number] {
            case nil: continue
            case .inner(let inner):
                guard case .bytes(let content) = field.value else { throw mismatch("field \(field.number)") }
                try read(content, inner, of: node, into: &members, depth: depth + 1)
            case .property(let place):
                try readProperty(place, field.value, of: node, into: &members, depth: depth)
            }
        }
    }

    private func readProperty(
        _ place: Int, _ value: ProtobufReader.Value, of node: SchemaNode, into members: inout Members, depth: Int
    ) throws(ProtobufError) {
        let property = node.facts.properties[place]
        let target = table.nodes[property.node]
        let choice = property.protobuf?.choice
        if let items = target.facts.items {
            members.note(place, isNew: members.lists[place] == nil)
            try readItems(value, table.nodes[items], property.name, into: &members.lists[place, default: []], depth: depth)
        } else if let values = target.facts.mapValues {
            guard case .bytes(let content) = value else { throw mismatch(property.name) }
            members.note(place, isNew: members.maps[place] == nil)
            let (key, entry) = try readEntry(content, property.name, depth: depth) { (value) throws(ProtobufError) in
                if let choice { return try self.choice(choice, value, property.name, node, depth: depth + 1) }
                return try self.value(value, table.nodes[values], property.name, depth: depth + 1)
            }
            members.maps[place, default: Entries()].set(key, entry ?? zero(table.nodes[values]))
        } else {
            var single: JSON?
            if let choice {
                single = try self.choice(choice, value, property.name, node, depth: depth + 1)
            } else {
                single = try self.value(value, target, property.name, depth: depth + 1)
            }
            let keepsZero = property.protobuf?.keepsZero == true || property.presence != .optional
            if let found = single, !keepsZero, found.isZero { single = nil }
            members.note(place, isNew: members.singles[place] == nil)
            members.singles[place] = .some(single)
        }
    }

    /// One item, or many numbers packed into one field.
    private func readItems(
        _ value: ProtobufReader.Value, _ item: SchemaNode, _ name: String, into list: inout [JSON], depth: Int
    ) throws(ProtobufError) {
        if case .bytes(let packed) = value, [.integer, .number, .boolean].contains(item.facts.type) {
            var reader = ProtobufReader(packed)
            while !reader.isAtEnd {
                let number: ProtobufReader.Value =
                    item.facts.type == .number ? .fixed64(try reader.fixed64()) : .varint(try reader.varint())
                list.append(try self.value(number, item, name, depth: depth + 1) ?? .null)
            }
        } else {
            list.append(try self.value(value, item, name, depth: depth + 1) ?? zero(item))
        }
    }

    /// An entry of a map: key 1, value 2.
    private func readEntry(
        _ bytes: ArraySlice<UInt8>, _ name: String, depth: Int,
        _ read: (ProtobufReader.Value) throws(ProtobufError) -> JSON?
    ) throws(ProtobufError) -> (String, JSON?) {
        var reader = ProtobufReader(bytes)
        var (key, result) = ("", JSON?.none)
        while let field = try reader.next() {
            if field.number == 1 {
                guard case .bytes(let text) = field.value else { throw mismatch("a key of \(name)") }
                key = try Self.text(text)
            } else if field.number == 2 {
                result = try read(field.value)
            }
        }
        return (key, result)
    }

    /// What stands for an item or a map's value that was not written.
    private func zero(_ node: SchemaNode) -> JSON {
        switch node.facts.type {
        case .object: .object(JSONObject())
        case .array: .array([])
        case .string: node.facts.format == "date-time" ? .null : node.facts.format == "duration" ? "0s" : ""
        case .integer, .number, .intOrString: 0
        case .boolean: false
        case .quantity: "0"
        case .any: .null
        }
    }

    private func mismatch(_ name: String) -> ProtobufError { .malformed("\(name) has the wire type of something else") }
}

// MARK: - Values

extension ProtobufMessage {
    /// A value that is no list of a field and no map; `nil` where JSON would show null.
    private func value(
        _ value: ProtobufReader.Value, _ node: SchemaNode, _ name: String, depth: Int
    ) throws(ProtobufError) -> JSON? {
        switch (node.facts.type, value) {
        case (.boolean, .varint(let bits)): return .bool(bits != 0)
        case (.integer, .varint(let bits)):
            return .integer(node.isInt32 ? Int64(Int32(truncatingIfNeeded: bits)) : Int64(bitPattern: bits))
        case (.number, .fixed64(let bits)): return JSON(Double(bitPattern: bits))
        case (.number, .fixed32(let bits)): return JSON(Double(Float(bitPattern: bits)))
        case (.string, .bytes(let bytes)):
            switch node.facts.format {
            case "date-time": return try time(bytes, isMicroTime: node.facts.isMicroTime)
            case "byte": return .string(Base64.encode(Array(bytes)))
            case "duration":
                guard case .varint(let bits) = try last(1, of: bytes) else { return "0s" }
                return .string(ProtobufDuration.text(nanoseconds: Int64(bitPattern: bits)))
            default: return .string(try Self.text(bytes))
            }
        case (.quantity, .bytes(let bytes)):
            guard case .bytes(let text) = try last(1, of: bytes) else { return "0" }
            return .string(try Self.text(text))
        case (.intOrString, .bytes(let bytes)): return try intOrString(bytes)
        case (.any, .bytes(let bytes)): return try raw(bytes, depth: depth)
        case (.array, .bytes(let bytes)):
            // A list in a place where a message must stand: its items are field 1.
            guard let items = node.facts.items else { throw mismatch(name) }
            var list: [JSON] = []
            var reader = ProtobufReader(bytes)
            while let field = try reader.next() {
                guard field.number == 1 else { continue }
                try readItems(field.value, table.nodes[items], name, into: &list, depth: depth)
            }
            return .array(list)
        case (.object, .bytes(let bytes)): return .object(try object(bytes, node, depth: depth))
        default: throw mismatch(name)
        }
    }

    /// The last value of a field of a small message.
    private func last(_ number: Int, of bytes: ArraySlice<UInt8>) throws(ProtobufError) -> ProtobufReader.Value? {
        var reader = ProtobufReader(bytes)
        var found: ProtobufReader.Value?
        while let field = try reader.next() {
            if field.number == number { found = field.value }
        }
        return found
    }

    /// `Time` and `MicroTime`: seconds 1, nanoseconds 2. The zero time has no fields at all and is null in JSON.
    private func time(_ bytes: ArraySlice<UInt8>, isMicroTime: Bool) throws(ProtobufError) -> JSON? {
        if bytes.isEmpty { return nil }
        var (seconds, nanoseconds) = (Int64(0), Int64(0))
        if case .varint(let bits) = try last(1, of: bytes) { seconds = Int64(bitPattern: bits) }
        if case .varint(let bits) = try last(2, of: bytes) { nanoseconds = Int64(Int32(truncatingIfNeeded: bits)) }
        // From year 0 to year 9999, the years that RFC 3339 can write.
        guard (-62_167_219_200..<253_402_300_800).contains(seconds), (0..<1_000_000_000).contains(nanoseconds) else {
            throw .malformed("\(seconds) seconds and \(nanoseconds) nanoseconds after 1970 are no time")
        }
        let time = Timestamp(microseconds: seconds * 1_000_000 + nanoseconds / 1000)
        return .string(isMicroTime ? time.rfc3339Micro : time.rfc3339)
    }

    /// Which of them 1, number 2, text 3.
    private func intOrString(_ bytes: ArraySlice<UInt8>) throws(ProtobufError) -> JSON {
        if case .varint(1) = try last(1, of: bytes) {
            guard case .bytes(let text) = try last(3, of: bytes) else { return "" }
            return .string(try Self.text(text))
        }
        guard case .varint(let bits) = try last(2, of: bytes) else { return 0 }
        return .integer(Int64(Int32(truncatingIfNeeded: bits)))
    }

    /// Any JSON as text in field 1: `RawExtension`, `FieldsV1`, `JSON`.
    private func raw(_ bytes: ArraySlice<UInt8>, depth: Int) throws(ProtobufError) -> JSON? {
        guard case .bytes(let text) = try last(1, of: bytes), !text.isEmpty else { return nil }
        guard depth < maximumDepth else { throw .malformed("messages stand more than \(maximumDepth) deep within one another") }
        do throws(JSONError) {
            let value = try JSON(parsing: Array(text), limits: JSONLimits(depth: maximumDepth - depth, bytes: text.count))
            return value.isNull ? nil : value
        } catch { throw .malformed("raw JSON: \(error)") }
    }

    private func choice(
        _ choice: ProtobufPlace.Choice, _ value: ProtobufReader.Value, _ name: String, _ schema: SchemaNode, depth: Int
    ) throws(ProtobufError) -> JSON? {
        guard case .bytes(let bytes) = value else { throw mismatch(name) }
        let single = try last(choice == .schemaOrBool ? 2 : 1, of: bytes)
        var several: [JSON] = []
        var reader = ProtobufReader(bytes)
        while choice != .schemaOrBool, let field = try reader.next() {
            guard field.number == 2 else { continue }
            guard case .bytes(let item) = field.value else { throw mismatch(name) }
            several.append(
                choice == .schemaOrStrings ? .string(try Self.text(item)) : .object(try object(item, schema, depth: depth)))
        }
        if !several.isEmpty { return .array(several) }
        if case .bytes(let content) = single { return .object(try object(content, schema, depth: depth)) }
        guard choice == .schemaOrBool else { return nil }
        if case .varint(let allows) = try last(1, of: bytes) { return .bool(allows != 0) }
        return false
    }
}

extension JSON {
    /// Whether this is what a client means by absence in a field that is always written.
    fileprivate var isZero: Bool {
        switch self {
        case .null, .bool(false), .integer(0), .string(""): true
        case .number(let text): Double(text) == 0
        case .array(let list): list.isEmpty
        case .object(let members): members.isEmpty
        default: false
        }
    }
}
