public import Objects

extension Kind {
    public func applyDefaults(to object: inout JSON) {}
    public func prune(_ object: inout JSON) -> [String] { [] }
    public func validate(_ object: JSON, old: JSON? = nil) -> [FieldError] { [] }
    public static func fromCustomResourceDefinition(_ definition: JSON) throws(FieldErrors) -> [Kind] { [] }
}
/// Everything that is wrong with an object, at least one thing.
public struct FieldErrors: Error, Sendable, Equatable {
    public var errors: [FieldError]
    public init(_ errors: [FieldError]) { self.errors = errors }
}
public struct PatchError: Error, Sendable, Equatable { public var reason: String }
public enum StrategicMergePatch {
    public static func apply(_ patch: JSON, to object: JSON, schema: Schema) throws(PatchError) -> JSON { object }
}
public enum Discovery {
    public static func apiVersions(serverAddress: String) -> JSON { .null }
    public static func groupList(_ registry: KindRegistry) -> JSON { .null }
    public static func group(_ registry: KindRegistry, _ group: String) -> JSON? { .null }
    public static func resourceList(_ registry: KindRegistry, group: String, version: String) -> JSON? { .null }
    public static func aggregatedCore(_ registry: KindRegistry) -> JSON { .null }
    public static func aggregatedGroups(_ registry: KindRegistry) -> JSON { .null }
}
public enum OpenAPI {
    public static func v3Index(_ registry: KindRegistry) -> JSON { .null }
    public static func v3(_ registry: KindRegistry, group: String, version: String) -> JSON? { nil }
}
public struct JSONPath: Sendable, Equatable {
    public let text: String
    public init(parsing text: String) throws(KindError) { self.text = text }
    public func evaluate(_ value: JSON) -> [JSON] { [] }
}
public enum NameRules {
    public static func subdomain(_ name: String) -> [String] { [] }
    public static func label(_ name: String) -> [String] { [] }
    public static func qualifiedName(_ name: String) -> [String] { [] }
    public static func labelValue(_ value: String) -> [String] { [] }
    public static func labels(_ labels: JSON, path: String) -> [FieldError] { [] }
    public static func annotations(_ annotations: JSON, path: String) -> [FieldError] { [] }
}
