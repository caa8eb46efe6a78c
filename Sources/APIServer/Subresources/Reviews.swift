internal import APIMessages
internal import Identity
internal import Kinds
internal import Objects
internal import Ports

extension APIServer {
    /// Kinds that are questions, not objects: they are answered and forgotten.
    func review(_ call: Call) async throws(APIFailure) -> APIResponse {
        if call.kind.kind == "Binding" { return try await bind(call, podName: "") }
        var object = try decodeBody(call, kind: call.kind.kind, apiVersion: call.kind.apiVersion)
        _ = call.kind.prune(&object)
        switch call.kind.kind {
        case "SelfSubjectReview":
            object["status", "userInfo"] = APIServer.userInfo(call.user)
        case "SelfSubjectAccessReview":
            object["status"] = try accessStatus(object["spec"], user: call.user)
        case "SubjectAccessReview":
            let spec = object["spec"]
            let groups = (spec?["groups"]?.array ?? []).compactMap(\.string)
            let user = UserInfo(name: spec?["user"]?.string ?? "", uid: spec?["uid"]?.string ?? "", groups: groups)
            guard !user.name.isEmpty || !groups.isEmpty else {
                throw .invalid(
                    kind: call.kind.kind, group: call.kind.group, name: "",
                    [
                        FieldError(
                            path: "spec.user", reason: .invalid,
                            message: "Invalid value: \"\": at least one of user or group must be specified")
                    ])
            }
            object["status"] = try accessStatus(spec, user: user)
        case "TokenReview":
            object["status"] = tokenStatus(object["spec", "token"]?.string ?? "")
        default: throw .methodNotAllowed
        }
        object["metadata"] = call.kind.kind == "SelfSubjectReview" ? ["creationTimestamp": .string(time.now().rfc3339)] : [:]
        return Rendering.json(object, status: 201)
    }

    private static func userInfo(_ user: UserInfo) -> JSON {
        var info: JSON = ["username": .string(user.name)]
        if !user.uid.isEmpty { info["uid"] = .string(user.uid) }
        info["groups"] = .array(user.groups.map { .string($0) })
        return info
    }

    private func accessStatus(_ spec: JSON?, user: UserInfo) throws(APIFailure) -> JSON {
        func text(_ value: JSON?) -> String { value?.string ?? "" }
        let attributes: RequestAttributes
        if let resource = spec?["resourceAttributes"] {
            attributes = RequestAttributes(
                user: user, verb: text(resource["verb"]), group: text(resource["group"]), version: text(resource["version"]),
                resource: text(resource["resource"]), subresource: text(resource["subresource"]),
                namespace: text(resource["namespace"]), name: text(resource["name"]))
        } else if let path = spec?["nonResourceAttributes"] {
            attributes = RequestAttributes(user: user, verb: text(path["verb"]), path: text(path["path"]))
        } else {
            throw .badRequest("exactly one of nonResourceAttributes or resourceAttributes must be specified")
        }
        switch authorizer.authorize(attributes) {
        case .allow: return ["allowed": true]
        case .deny(let reason): return ["allowed": false, "denied": true, "reason": .string(reason)]
        case .noOpinion: return ["allowed": false]
        }
    }

    private func tokenStatus(_ token: String) -> JSON {
        guard case .user(let user) = authenticator.authenticate(.bearerToken(token)) else {
            return ["user": [:], "error": "invalid bearer token"]
        }
        return ["authenticated": true, "user": APIServer.userInfo(user)]
    }
}
