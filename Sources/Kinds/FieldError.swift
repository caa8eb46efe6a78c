/// One thing wrong with one field of an object: a cause of a Kubernetes `Status` of reason `Invalid`.
public struct FieldError: Error, Sendable, Equatable, CustomStringConvertible {
    /// The `reason` of a Kubernetes status cause.
    public enum Reason: String, Sendable {
        case required = "FieldValueRequired"
        case invalid = "FieldValueInvalid"
        case notSupported = "FieldValueNotSupported"
        case duplicate = "FieldValueDuplicate"
        case forbidden = "FieldValueForbidden"
        case tooLong = "FieldValueTooLong"
        case tooMany = "FieldValueTooMany"
        case typeInvalid = "FieldValueTypeInvalid"
        case notFound = "FieldValueNotFound"
        case internalError = "InternalError"
    }

    /// `spec.containers[0].name`, `metadata.annotations[a.b/c]`.
    public var path: String
    public var reason: Reason
    /// What `kubectl` shows after the path, such as `Required value` or `Invalid value: 0: must be …`.
    public var message: String

    public init(path: String, reason: Reason, message: String) {
        self.path = path
        self.reason = reason
        self.message = message
    }

    /// `path: message`, as the message of a Status lists it.
    public var description: String { "\(path): \(message)" }
}
