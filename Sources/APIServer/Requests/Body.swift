internal import APIMessages
internal import Kinds
internal import Objects

/// What to do about fields that a kind does not know.
enum FieldValidation: String {
    case strict = "Strict"
    case warn = "Warn"
    case ignore = "Ignore"

    init(_ call: Call) throws(APIFailure) {
        let text = call.query("fieldValidation") ?? ""
        guard let value = text.isEmpty ? .warn : FieldValidation(rawValue: text) else {
            throw .invalid(
                kind: "CreateOptions", group: "meta.k8s.io", name: "",
                [
                    FieldError(
                        path: "fieldValidation", reason: .notSupported,
                        message: "Unsupported value: \"\(text)\": supported values: \"\", \"Ignore\", \"Strict\", \"Warn\"")
                ])
        }
        self = value
    }
}

extension APIServer {
    /// The body of a write as an object of the wanted kind; `apiVersion` and `kind` are filled in where absent.
    func decodeBody(_ call: Call, kind: String, apiVersion: String) throws(APIFailure) -> JSON {
        let form = try BodyForm(call.request, isCustomResource: call.kind.isCustomResource)
        var object = try readBody(call, form, kind: kind, apiVersion: apiVersion)
        guard case .object = object else {
            throw .badRequest("the object provided is unrecognized (must be of type \(kind)): it is \(object.typeName), not an object")
        }
        let givenKind = object["kind"]?.string ?? kind
        let givenVersion = object["apiVersion"]?.string ?? apiVersion
        if givenKind != kind { throw wrongKind(givenKind, givenVersion, object, wanted: kind, call) }
        guard givenVersion == apiVersion else {
            throw .badRequest(
                "the API version in the data (\(givenVersion)) does not match the expected API version (\(apiVersion))")
        }
        for (field, value) in [("metadata", object["metadata"]), ("metadata.name", object["metadata", "name"])] {
            // Read before the schema is: a name that is no text must not pass for a missing one.
            let isFitting = field == "metadata" ? value?.object != nil : value?.string != nil
            if let value, !value.isNull, !isFitting {
                let wanted = field == "metadata" ? "v1.ObjectMeta" : "string"
                let owner = field == "metadata" ? "\(kind).metadata" : "ObjectMeta.metadata.name"
                throw .undecodable(
                    call.kind, "json: cannot unmarshal \(value.goTypeName) into Go struct field \(owner) of type \(wanted)")
            }
        }
        object["kind"] = .string(kind)
        object["apiVersion"] = .string(apiVersion)
        return object
    }

    /// Custom resources say it as a rule of the object, Kubernetes' own kinds as a failure to decode.
    private func wrongKind(_ kind: String, _ version: String, _ object: JSON, wanted: String, _ call: Call) -> APIFailure {
        guard call.kind.isCustomResource else {
            return .badRequest("\(kind) in version \"\(version)\" cannot be handled as a \(wanted): the kinds differ")
        }
        return .invalid(
            kind: kind, group: call.kind.group, name: object["metadata", "name"]?.string ?? "",
            [FieldError(path: "kind", reason: .invalid, message: "Invalid value: \"\(kind)\": must be \(wanted)")])
    }

    func parseBody(_ body: [UInt8], kind: String) throws(APIFailure) -> JSON {
        do {
            return try JSON(parsing: body, limits: JSONLimits(depth: options.maximumDepth))
        } catch {
            let text = body.isEmpty ? "<empty>" : String(decoding: body.prefix(256), as: UTF8.self)
            throw .badRequest(
                "the object provided is unrecognized (must be of type \(kind)): couldn't get version/kind; json parse error: "
                    + "\(error) (\(text))")
        }
    }

    /// `DeleteOptions` from body and query.
    func deleteOptions(_ call: Call) throws(APIFailure) -> JSON {
        var options: JSON = [:]
        if !call.request.body.isEmpty {
            options = try decodeOptions(call)
        }
        if let text = call.query("gracePeriodSeconds") {
            guard let seconds = Int64(text) else { throw .badRequest("strconv.ParseInt: parsing \"\(text)\": invalid syntax") }
            options["gracePeriodSeconds"] = .integer(seconds)
        }
        if let policy = call.query("propagationPolicy") { options["propagationPolicy"] = .string(policy) }
        if let policy = options["propagationPolicy"]?.string, !["Background", "Foreground", "Orphan"].contains(policy) {
            throw .invalid(
                kind: "DeleteOptions", group: "meta.k8s.io", name: "",
                [
                    FieldError(
                        path: "propagationPolicy", reason: .notSupported,
                        message: "Unsupported value: \"\(policy)\": supported values: \"Foreground\", \"Background\", \"Orphan\", \"nil\"")
                ])
        }
        return options
    }

    private func decodeOptions(_ call: Call) throws(APIFailure) -> JSON {
        // Whatever is deleted: options are no part of it. In other forms than these two, clients have always sent JSON.
        let isProtobuf = call.request.header("content-type").flatMap { MediaType($0)?.type } == ProtobufBody.mediaType
        let options = try readBody(call, isProtobuf ? .protobuf : .json, kind: "DeleteOptions", apiVersion: "v1")
        guard case .object = options else { throw .badRequest("DeleteOptions must be an object, not \(options.typeName)") }
        let kind = options["kind"]?.string ?? "DeleteOptions"
        guard kind == "DeleteOptions" else { throw .badRequest("\(kind) cannot be handled as a DeleteOptions") }
        return options
    }
}

extension JSON {
    /// The type's name in the decoder's messages.
    fileprivate var goTypeName: String {
        switch self {
        case .bool: "bool"
        case .integer: "number"
        default: typeName
        }
    }
}
