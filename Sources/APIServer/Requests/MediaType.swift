/// A media type with its parameters, as in `Accept` and `Content-Type`.
struct MediaType: Sendable, Equatable {
    /// Lower case, such as `application/json`.
    var type: String
    /// Lower-case names.
    var parameters: [String: String]

    init?(_ text: some StringProtocol) {
        var parts = text.split(separator: ";").map { $0.trimmed }[...]
        guard let first = parts.popFirst(), first.contains("/") else { return nil }
        type = first.lowercased()
        parameters = [:]
        for part in parts {
            guard let place = part.firstIndex(of: "=") else { continue }
            let value = part[part.index(after: place)...].trimmed
            parameters[part[..<place].trimmed.lowercased()] = value.hasPrefix("\"") ? String(value.dropFirst().dropLast()) : value
        }
    }
}

extension StringProtocol {
    /// Without spaces and tabs at both ends.
    var trimmed: String {
        var rest = Substring(self)
        while let first = rest.first, first == " " || first == "\t" { rest.removeFirst() }
        while let last = rest.last, last == " " || last == "\t" { rest.removeLast() }
        return String(rest)
    }
}

/// How the client wants objects: as they are, as a Table, or only their metadata.
enum Representation: Sendable, Equatable {
    case object
    case table
    case metadata

    /// Reads `Accept`, taking the first entry that can be served.
    static func negotiated(accept: String?) throws(APIFailure) -> Representation {
        guard let accept, !accept.isEmpty, accept != "application/json", accept != "*/*" else { return .object }
        var asksForOtherForm = false
        for entry in accept.split(separator: ",") {
            guard let media = MediaType(entry) else { continue }
            guard media.type == "application/json" || media.type == "*/*" else { continue }
            let (target, group, version) = (media.parameters["as"], media.parameters["g"], media.parameters["v"])
            guard let target else { return .object }
            asksForOtherForm = true
            guard group == "meta.k8s.io", version == "v1" || version == "v1beta1" else { continue }
            switch target {
            case "Table": return .table
            case "PartialObjectMetadata", "PartialObjectMetadataList": return .metadata
            default: continue
            }
        }
        throw .notAcceptable("application/json", isStructured: asksForOtherForm)
    }
}
