internal import APIMessages
internal import Kinds
internal import Objects

/// The form in which a client sends an object.
enum BodyForm {
    case json, protobuf

    /// Reads `Content-Type`; a request without one sends JSON. Custom resources travel as JSON only.
    init(_ request: APIRequest, isCustomResource: Bool) throws(APIFailure) {
        guard let header = request.header("content-type"), header != "application/json" else {
            self = .json
            return
        }
        switch MediaType(header)?.type {
        case "application/json": self = .json
        case ProtobufBody.mediaType where !isCustomResource: self = .protobuf
        default: throw .unknownForm(isCustomResource: isCustomResource)
        }
    }
}

extension APIServer {
    /// The body of a request as JSON, whichever form it came in.
    ///
    /// - Parameters:
    ///   - kind: the kind of a body that names none, with `apiVersion`.
    func readBody(_ call: Call, _ form: BodyForm, kind: String, apiVersion: String) throws(APIFailure) -> JSON {
        guard form == .protobuf else { return try parseBody(call.request.body, kind: kind) }
        do throws(ProtobufError) {
            return try ProtobufBody.decode(
                call.request.body, kinds: call.kinds, defaultKind: kind, defaultAPIVersion: apiVersion,
                maximumDepth: options.maximumDepth)
        } catch {
            switch error {
            case .unsupported: throw .unknownForm(isCustomResource: true)
            case .malformed(let reason):
                throw .badRequest("the object provided is unrecognized (must be of type \(kind)): protobuf: \(reason)")
            }
        }
    }
}

extension APIFailure {
    /// - Parameter isCustomResource: whether the kind travels as JSON only.
    static func unknownForm(isCustomResource: Bool) -> APIFailure {
        let accepted = isCustomResource ? "application/json" : "application/json, \(ProtobufBody.mediaType)"
        return .unsupportedMediaType("the body of the request was in an unknown format - accepted media types include: \(accepted)")
    }
}
