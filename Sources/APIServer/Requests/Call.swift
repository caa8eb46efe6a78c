internal import APIMessages
internal import Kinds
internal import Objects
internal import Store

/// One request about a resource, with all that has been found out about it.
///
/// A class, because it is handed down through every step of a request, and its parts have many references to count.
final class Call: Sendable {
    let request: APIRequest
    let info: RequestInfo
    let kind: Kind
    let user: UserInfo
    let kinds: KindRegistry

    init(request: APIRequest, info: RequestInfo, kind: Kind, user: UserInfo, kinds: KindRegistry) {
        self.request = request
        self.info = info
        self.kind = kind
        self.user = user
        self.kinds = kinds
    }

    /// The same with another request and what it is about.
    func changed(_ request: APIRequest? = nil, subresource: String? = nil) -> Call {
        var info = info
        if let subresource { info.subresource = subresource }
        return Call(request: request ?? self.request, info: info, kind: kind, user: user, kinds: kinds)
    }

    var namespace: String { kind.isNamespaced ? info.namespace : "" }
    var key: String { StoreKeys.key(group: kind.group, plural: kind.plural, namespace: namespace, name: info.name) }

    func query(_ name: String) -> String? { request.queryValue(name) }

    func representation() throws(APIFailure) -> Representation {
        try Representation.negotiated(accept: request.header("accept"))
    }

    /// Whether the request asks for a rehearsal; any value but `All` is refused.
    func isDryRun(_ optionsKind: String, body: JSON? = nil) throws(APIFailure) -> Bool {
        var values = request.query.filter { $0.name == "dryRun" }.map(\.value)
        values += (body?["dryRun"]?.array ?? []).compactMap(\.string)
        if let wrong = values.first(where: { $0 != "All" }) {
            throw .invalid(
                kind: optionsKind, group: "meta.k8s.io", name: "",
                [
                    FieldError(
                        path: "dryRun", reason: .notSupported,
                        message: "Unsupported value: [\"\(wrong)\"]: supported values: \"All\"")
                ])
        }
        return !values.isEmpty
    }
}
