internal import APIMessages
internal import Kinds
public import Objects

/// A request that was not carried out, as the `Status` that the client gets.
///
/// The texts are Kubernetes' own: clients match on them.
public struct APIFailure: Error, Sendable, Equatable {
    public var code: Int
    /// Machine-readable, such as `NotFound`; empty where Kubernetes gives none.
    public var reason: String
    public var message: String
    /// `status.details`; `nil` where Kubernetes sends none.
    public var details: JSON?
    /// Seconds for a `Retry-After` header; 0 for none.
    public var retryAfterSeconds: Int
    /// `status.metadata`; carries a continue token after an expired one.
    public var metadata: JSON

    public init(
        code: Int, reason: String, message: String, details: JSON? = nil, retryAfterSeconds: Int = 0, metadata: JSON = [:]
    ) {
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
        self.retryAfterSeconds = retryAfterSeconds
        self.metadata = metadata
    }

    /// The `Status` object.
    public var status: JSON {
        var status: JSON = [
            "kind": "Status", "apiVersion": "v1", "metadata": metadata, "status": "Failure", "message": .string(message),
        ]
        if !reason.isEmpty { status["reason"] = .string(reason) }
        if let details { status["details"] = details }
        status["code"] = .integer(Int64(code))
        return status
    }
}

extension APIFailure {
    static func badRequest(_ message: String) -> APIFailure { APIFailure(code: 400, reason: "BadRequest", message: message) }

    /// A body whose values are not of the kind's types.
    static func undecodable(_ kind: Kind, _ why: String) -> APIFailure {
        .badRequest("\(kind.kind) in version \"\(kind.version)\" cannot be handled as a \(kind.kind): \(why)")
    }

    static let unauthorized = APIFailure(code: 401, reason: "Unauthorized", message: "Unauthorized")

    static let methodNotAllowed = APIFailure(
        code: 405, reason: "MethodNotAllowed", message: "the server does not allow this method on the requested resource",
        details: [:])

    static func internalError(_ message: String, details: JSON? = nil) -> APIFailure {
        APIFailure(code: 500, reason: "InternalError", message: "Internal error occurred: \(message)", details: details)
    }

    static func unavailable(_ message: String) -> APIFailure {
        APIFailure(code: 503, reason: "ServiceUnavailable", message: message, retryAfterSeconds: 1)
    }

    static func tooManyRequests(_ message: String, details: JSON? = nil, retryAfterSeconds: Int = 1) -> APIFailure {
        APIFailure(
            code: 429, reason: "TooManyRequests", message: message, details: details, retryAfterSeconds: retryAfterSeconds)
    }

    static func unsupportedMediaType(_ message: String) -> APIFailure {
        APIFailure(code: 415, reason: "UnsupportedMediaType", message: message)
    }

    /// - Parameter isStructured: whether the client asked for a form of JSON that this resource has not.
    static func notAcceptable(_ accepted: String, isStructured: Bool = false) -> APIFailure {
        if isStructured {
            return APIFailure(
                code: 406, reason: "NotAcceptable", message: "only the following media types are accepted: \(accepted)")
        }
        return APIFailure(
            code: 406, reason: "NotAcceptable", message: "406: Not Acceptable\n\nAvailable representations: \(accepted)", details: [:])
    }

    static func bodyTooLarge(limit: Int) -> APIFailure {
        APIFailure(code: 413, reason: "RequestEntityTooLarge", message: "Request entity too large: limit is \(limit)")
    }

    /// Failures for which Kubernetes has no reason: a bare 500.
    static func unclassified(_ message: String) -> APIFailure { APIFailure(code: 500, reason: "", message: message) }

    /// The details Kubernetes sends with failures about one object.
    private static func details(_ name: String, _ group: String, _ kind: String) -> JSON {
        var details: JSON = [:]
        if !name.isEmpty { details["name"] = .string(name) }
        if !group.isEmpty { details["group"] = .string(group) }
        details["kind"] = .string(kind)
        return details
    }

    /// `pods` or `deployments.apps`.
    private static func qualified(_ kind: Kind) -> String { kind.group.isEmpty ? kind.plural : "\(kind.plural).\(kind.group)" }

    static func notFound(_ kind: Kind, _ name: String) -> APIFailure {
        APIFailure(
            code: 404, reason: "NotFound", message: "\(qualified(kind)) \"\(name)\" not found",
            details: details(name, kind.group, kind.plural))
    }

    static let noSuchResource = APIFailure(
        code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: [:])

    static func alreadyExists(_ kind: Kind, _ name: String, isBeingDeleted: Bool = false) -> APIFailure {
        APIFailure(
            code: 409, reason: "AlreadyExists",
            message: "\(isBeingDeleted ? "object is being deleted: " : "")\(qualified(kind)) \"\(name)\" already exists",
            details: details(name, kind.group, kind.plural))
    }

    static func conflict(_ kind: Kind, _ name: String, subresource: String = "", _ why: String? = nil) -> APIFailure {
        let what = subresource.isEmpty ? qualified(kind) : "\(qualified(kind))/\(subresource)"
        let text = why ?? "the object has been modified; please apply your changes to the latest version and try again"
        return APIFailure(
            code: 409, reason: "Conflict", message: "Operation cannot be fulfilled on \(what) \"\(name)\": \(text)",
            details: details(name, kind.group, subresource.isEmpty ? kind.plural : "\(kind.plural)/\(subresource)"))
    }

    static func forbidden(_ kind: Kind, _ name: String, _ why: String) -> APIFailure {
        let named = name.isEmpty ? qualified(kind) : "\(qualified(kind)) \"\(name)\""
        return APIFailure(
            code: 403, reason: "Forbidden", message: "\(named) is forbidden: \(why)",
            details: details(name, kind.group, kind.plural))
    }

    /// An object that breaks rules; one cause a rule.
    static func invalid(kind: String, group: String, name: String, _ errors: [FieldError]) -> APIFailure {
        let texts = errors.map { "\($0.path.isEmpty ? "<nil>" : $0.path): \($0.message)" }
        let list = texts.count == 1 ? texts[0] : "[\(texts.joined(separator: ", "))]"
        let qualifiedKind = group.isEmpty ? kind : "\(kind).\(group)"
        var details = kind.isEmpty ? [:] : details(name, group, kind)
        details["causes"] = .array(
            errors.map { error in
                ["reason": .string(error.reason.rawValue), "message": .string(error.message), "field": .string(error.path)]
            })
        return APIFailure(
            code: 422, reason: "Invalid", message: "\(qualifiedKind) \"\(name)\" is invalid: \(list)", details: details)
    }

    static func expired(_ message: String = "The resourceVersion for the provided list is too old.") -> APIFailure {
        APIFailure(code: 410, reason: "Expired", message: message)
    }

    static func resourceVersionTooLarge(_ asked: Int64, current: Int64) -> APIFailure {
        APIFailure(
            code: 504, reason: "Timeout", message: "Timeout: Too large resource version: \(asked), current: \(current)",
            details: [
                "causes": [["reason": "ResourceVersionTooLarge", "message": "Too large resource version"]],
                "retryAfterSeconds": 1,
            ], retryAfterSeconds: 1)
    }

    /// The failure as an HTTP response.
    var response: APIResponse {
        var headers: [(name: String, value: String)] = [("content-type", "application/json"), ("cache-control", "no-cache, private")]
        if retryAfterSeconds > 0 { headers.append(("retry-after", String(retryAfterSeconds))) }
        return APIResponse(status: code, headers: headers, body: .bytes(status.encoded))
    }
}
