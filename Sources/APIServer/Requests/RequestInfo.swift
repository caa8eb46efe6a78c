internal import APIMessages
internal import Kinds

/// What a request is about, read from its method and path alone, before anybody looks at kinds.
struct RequestInfo: Sendable, Equatable {
    /// Kubernetes' verb: `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`, or the lower-case
    /// method for paths that are no resource.
    var verb: String
    var isResource: Bool
    var path: String
    var group = ""
    var version = ""
    var namespace = ""
    var resource = ""
    var name = ""
    var subresource = ""
    /// Parts after the sub-resource.
    var rest: [String] = []

    /// Reads `/api/v1/…` and `/apis/GROUP/VERSION/…`.
    init(_ request: APIRequest) {
        path = request.path
        verb = request.method.lowercased()
        isResource = false
        var parts = request.path.utf8.split(separator: UInt8(ascii: "/")).map { String(Substring($0)) }[...]
        switch parts.popFirst() {
        case "api" where parts.count >= 2: group = ""
        case "apis" where parts.count >= 3: group = parts.removeFirst()
        default: return
        }
        version = parts.removeFirst()
        isResource = true
        var isOldWatch = false
        if parts.first == "watch", parts.count > 1 {
            isOldWatch = true
            parts.removeFirst()
        }
        if parts.first == "namespaces", parts.count > 1 {
            if parts.count > 2, !(parts.count == 3 && ["status", "finalize"].contains(parts[parts.startIndex + 2])) {
                namespace = parts[parts.startIndex + 1]
                parts = parts.dropFirst(2)
            } else {
                // A namespace is an object of its own; Kubernetes names its own namespace in the attributes.
                namespace = parts[parts.startIndex + 1]
            }
        }
        resource = parts.popFirst() ?? ""
        name = parts.popFirst() ?? ""
        subresource = parts.popFirst() ?? ""
        rest = Array(parts)
        verb = RequestInfo.verb(request, hasName: !name.isEmpty, isOldWatch: isOldWatch)
    }

    private static func verb(_ request: APIRequest, hasName: Bool, isOldWatch: Bool) -> String {
        switch request.method {
        case "GET", "HEAD":
            let watch = request.queryValue("watch")
            let isWatch = isOldWatch || watch == "true" || watch == "1"
            if isWatch { return "watch" }
            return hasName ? "get" : "list"
        case "POST": return "create"
        case "PUT": return "update"
        case "PATCH": return "patch"
        case "DELETE": return hasName ? "delete" : "deletecollection"
        default: return request.method.lowercased()
        }
    }
}

extension KindRegistry {
    /// Whether there are kinds of the group and version.
    func serves(group: String, version: String) -> Bool { kinds.contains { $0.group == group && $0.version == version } }
}
