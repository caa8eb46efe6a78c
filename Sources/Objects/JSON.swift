/// A JSON value: what objects travel and are stored as.
///
/// Key order is kept, and so is the text of every number that is not a 64-bit integer, so that writing what was
/// read loses nothing. Equality ignores key order and compares number texts, not values (`1.0` is not `1.00`).
public enum JSON: Sendable, Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// A number with a fraction, an exponent or more than 64 bits, exactly as it was written.
    case number(String)
    case string(String)
    case array([JSON])
    case object(JSONObject)
}

// MARK: - Reading

extension JSON {
    public var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    public var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    /// The value of a number without a fraction that fits into 64 bits, `1e3` and `2.0` among them.
    public var integer: Int64? {
        switch self {
        case .integer(let value): value
        case .number(let text): DecimalText.integer(text)
        default: nil
        }
    }

    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let text): Double(text)
        default: nil
        }
    }

    public var array: [JSON]? {
        if case .array(let value) = self { value } else { nil }
    }

    public var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    public var isNull: Bool {
        if case .null = self { true } else { false }
    }

    /// The members of an object of strings, such as labels; members that are not strings are left out.
    public var stringMap: [String: String]? {
        guard case .object(let members) = self else { return nil }
        var map: [String: String] = [:]
        map.reserveCapacity(members.count)
        for member in members {
            if case .string(let value) = member.value { map[member.key] = value }
        }
        return map
    }

    /// The name of this value's type as error messages use it: `null`, `boolean`, `integer`, `number` …
    public var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .integer: "integer"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

// MARK: - Paths

extension JSON {
    /// The value at a path of object keys. Setting creates the objects on the way; setting `nil` removes the last key.
    ///
    /// Setting through a value that is not an object replaces that value by an object.
    public subscript(path: String...) -> JSON? {
        get { value(at: path[...]) }
        set { setValue(newValue, at: path[...]) }
    }

    /// The value of an object's key; `nil` when this is no object or has no such key.
    public subscript(key: String) -> JSON? {
        get {
            if case .object(let members) = self { members[key] } else { nil }
        }
        set {
            // The payload is taken out first, so that it is changed in place and not copied.
            var members: JSONObject
            if case .object(let present) = self { members = present } else { members = JSONObject() }
            self = .null
            members[key] = newValue
            self = .object(members)
        }
    }

    /// The value at a path of object keys.
    public func value(at path: ArraySlice<String>) -> JSON? {
        guard let key = path.first else { return self }
        guard case .object(let members) = self, let next = members[key] else { return nil }
        return path.count == 1 ? next : next.value(at: path.dropFirst())
    }

    /// Sets or (with `nil`) removes the value at a path, which must not be empty.
    public mutating func setValue(_ value: JSON?, at path: ArraySlice<String>) {
        guard let key = path.first else { return }
        if path.count == 1 {
            if value == nil, case .object = self {} else if value == nil { return }
            self[key] = value
            return
        }
        if value == nil, self[key]?.object == nil { return }
        var members: JSONObject
        if case .object(let present) = self { members = present } else { members = JSONObject() }
        self = .null
        var child = members.take(key) ?? .object(JSONObject())
        child.setValue(value, at: path.dropFirst())
        members[key] = child
        self = .object(members)
    }
}

// MARK: - Literals

extension JSON: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSON...) { self = .array(elements) }
    public init(nilLiteral: ()) { self = .null }
    /// An object with those members in that order; of a key given twice the last value counts.
    public init(dictionaryLiteral elements: (String, JSON)...) {
        var members = JSONObject()
        for (key, value) in elements { members[key] = value }
        self = .object(members)
    }

    /// An object of strings in ascending order of the keys, as labels are written.
    public init(_ map: [String: String]) {
        self = .object(JSONObject(map.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: .string($0.value)) }))
    }

    /// A number from a finite double, in the shortest text that reads back the same.
    ///
    /// JSON has no infinities; they and NaN become `null`.
    public init(_ value: Double) {
        if value.magnitude < 1e15, Double(Int64(value)) == value {
            self = .integer(Int64(value))
        } else {
            self = value.isFinite ? .number(value.description) : .null
        }
    }
}
