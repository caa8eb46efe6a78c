internal import Objects

/// The shape of a value: types, constraints, defaults, list keys.
///
/// A schema is a place in a graph that all kinds built together share, so that a shared type such as `ObjectMeta` exists
/// once and a type may contain itself.
public struct Schema: Sendable {
    let table: SchemaTable
    let node: SchemaNode

    init(table: SchemaTable, node: SchemaNode) {
        self.table = table
        self.node = node
    }

    func at(_ place: Int) -> Schema { Schema(table: table, node: table.nodes[place]) }

    /// How a list's items are told apart.
    public enum ListType: Sendable, Equatable {
        case atomic
        case set
        /// Items are objects; those members together are unique.
        case map(keys: [String])
    }

    /// The schema of an object's declared member; `nil` when it declares no such member.
    public func property(_ name: String) -> Schema? {
        node.facts.properties.find(name).map { at(node.facts.properties[$0].node) }
    }

    /// The schema of a list's items; `nil` for anything but a list.
    public var items: Schema? { node.facts.items.map(at) }

    /// The schema of the values of a map with free keys; `nil` for anything else.
    public var mapValues: Schema? { node.facts.mapValues.map(at) }

    /// How items of this list are told apart; `atomic` for anything but a list.
    public var listType: ListType { node.facts.listType }

    /// Whether this object or map is replaced as a whole by server-side apply.
    public var isAtomicMap: Bool { node.facts.isAtomicMap }

    /// Whether members that are not declared stay.
    public var preservesUnknownFields: Bool { node.facts.preservesUnknown }

    /// `object`, `array`, `string`, `integer`, `number`, `boolean`; empty when any type may stand here.
    public var type: String { node.facts.type.openAPIType }

    /// What the value is for, in a sentence; often empty.
    public var description: String { node.facts.description }
}

/// All schemas that were built together.
final class SchemaTable: Sendable {
    let nodes: [SchemaNode]
    init(_ nodes: [SchemaNode]) { self.nodes = nodes }
}

/// A class, because walking a graph of structs would copy all facts at every step.
final class SchemaNode: Sendable {
    let facts: SchemaFacts
    /// Whether this is a declared type and not one written in place.
    let isNamed: Bool
    let isInt32: Bool
    /// Whether texts have a form to be checked.
    let hasFormat: Bool

    init(_ facts: SchemaFacts) {
        self.facts = facts
        isNamed = !facts.name.isEmpty
        isInt32 = facts.format == "int32"
        hasFormat = facts.type == .quantity || ["date-time", "byte", "duration"].contains(facts.format)
    }
}

enum ValueType: Sendable, Equatable {
    case any, object, array, string, integer, number, boolean, intOrString, quantity

    var openAPIType: String {
        switch self {
        case .any, .intOrString, .quantity: ""
        case .object: "object"
        case .array: "array"
        case .string: "string"
        case .integer: "integer"
        case .number: "number"
        case .boolean: "boolean"
        }
    }
}

/// What is known of one place; other places are named by their index in the table.
struct SchemaFacts: Sendable {
    var type = ValueType.any
    /// `int32`, `date-time`, `byte` …; empty when there is none.
    var format = ""
    /// The OpenAPI component name of a named type, such as `io.k8s.api.core.v1.PodSpec`; empty for a type written in place.
    var name = ""
    var description = ""
    var properties = PropertyTable([])
    var mapValues: Int?
    var items: Int?
    var preservesUnknown = false
    var isEmbeddedResource = false
    var isNullable = false
    var listType = Schema.ListType.atomic
    /// Whether the list type was written down, so that OpenAPI shows it.
    var declaresListType = false
    var isAtomicMap = false
    var mergesOnPatch = false
    var mergeKey: String?
    var limits: ValueLimits?
    /// Whether a default stands here or below; walks skip the rest.
    var hasDefaults = false
    /// Whether a member that must not change stands here or below.
    var hasImmutables = false
    /// Whether duplicates of the list's key are refused in a kind that is no custom resource.
    var isUnique = false
    /// Whether this is `ObjectMeta`, whose nulls are dropped in every kind.
    var isObjectMeta = false
    /// Whether this time keeps its microseconds as text; the schema tells no difference.
    var isMicroTime = false

    /// Whether a scalar of the right type is right, whatever its value.
    var isUnconstrained: Bool {
        guard limits == nil else { return false }
        switch type {
        case .string: return !["date-time", "byte", "duration"].contains(format)
        case .boolean: return true
        case .integer: return format != "int32"
        default: return false
        }
    }

    /// Whether objects may stand here or below, so that unknown members may.
    var holdsMembers: Bool {
        switch type {
        case .object, .array: true
        default: false
        }
    }
}

/// Constraints beyond the type; most values have none.
final class ValueLimits: Sendable {
    struct Values: Sendable, Equatable {
        var allowed: [JSON] = []
        var minimum: JSON?
        var maximum: JSON?
        var isMinimumExclusive = false
        var isMaximumExclusive = false
        var multipleOf: JSON?
        var pattern: Pattern?
        var rule: ValueRule?
        var minLength: Int?
        var maxLength: Int?
        var minItems: Int?
        var maxItems: Int?
        var minProperties: Int?
        var maxProperties: Int?
        var allOf: [Int] = []
        var anyOf: [Int] = []
        var oneOf: [Int] = []
        var not: Int?

        var hasAlternatives: Bool { !allOf.isEmpty || !anyOf.isEmpty || !oneOf.isEmpty || not != nil }
    }
    let values: Values
    /// Whether there is something to check beside the rule.
    let hasMoreThanRule: Bool

    init(_ values: Values) {
        self.values = values
        var rest = values
        rest.rule = nil
        hasMoreThanRule = rest != Values()
    }
}

/// A declared member of an object.
struct Property: Sendable {
    /// Whether a member must be there.
    enum Presence: Sendable { case optional, expected, required }

    var name: String
    var node: Int
    /// `expected` members are required in OpenAPI only: the server never refuses an object for their absence.
    var presence = Presence.optional
    var isImmutable = false
    /// Whether null may stand here although the type, a declared one, knows no null.
    var isNullable = false
    var retainsKeysOnPatch = false
    var defaultValue: JSON?
    var description = ""
    /// Where the member stands in the protobuf message; `nil` for what never travels that way.
    var protobuf: ProtobufPlace?
}
