internal import APIMessages
internal import Identity

/// Acting as somebody else: the headers `Impersonate-User`, `-Group`, `-Uid` and `-Extra-…`.
struct Impersonation: Sendable {
    private let name: String
    private let uid: String
    private let groups: [String]
    private let extra: [(key: String, value: String)]

    /// `nil` where the request asks for no such thing.
    init?(_ request: APIRequest) throws(APIFailure) {
        let prefix = "impersonate-"
        let headers = request.headers.filter { $0.name.hasPrefix(prefix) }
        if headers.isEmpty { return nil }
        name = headers.first { $0.name == "impersonate-user" }?.value ?? ""
        uid = headers.first { $0.name == "impersonate-uid" }?.value ?? ""
        groups = headers.filter { $0.name == "impersonate-group" }.map(\.value)
        let extraPrefix = "impersonate-extra-"
        extra = headers.filter { $0.name.hasPrefix(extraPrefix) }.map { (String($0.name.dropFirst(extraPrefix.count)), $0.value) }
        guard !name.isEmpty else { throw .internalError("requested attributes of a user without impersonating a user") }
    }

    /// The namespace and name of a service account's user name.
    private var serviceAccount: (namespace: String, name: String)? {
        let parts = name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, parts[0] == "system", parts[1] == "serviceaccount" else { return nil }
        return (parts[2], parts[3])
    }

    /// What the caller must be allowed, part by part.
    func attributes(caller: UserInfo) -> [RequestAttributes] {
        func attributes(_ group: String, _ resource: String, _ name: String, subresource: String = "", namespace: String = "")
            -> RequestAttributes
        {
            RequestAttributes(
                user: caller, verb: "impersonate", group: group, resource: resource, subresource: subresource, namespace: namespace,
                name: name)
        }
        var result: [RequestAttributes] = []
        if let account = serviceAccount {
            result.append(attributes("", "serviceaccounts", account.name, namespace: account.namespace))
        } else {
            result.append(attributes("", "users", name))
        }
        result += groups.map { attributes("", "groups", $0) }
        result += extra.map { attributes("authentication.k8s.io", "userextras", $0.value, subresource: $0.key) }
        if !uid.isEmpty { result.append(attributes("authentication.k8s.io", "uids", uid)) }
        return result
    }

    /// Who the request is by from here on.
    var user: UserInfo {
        var groups = groups
        if let account = serviceAccount, groups.isEmpty {
            groups = ["system:serviceaccounts", "system:serviceaccounts:\(account.namespace)"]
        }
        let own = name == UserInfo.anonymous.name ? "system:unauthenticated" : "system:authenticated"
        if !groups.contains(own) { groups.append(own) }
        var values: [String: [String]] = [:]
        for item in extra { values[item.key, default: []].append(item.value) }
        return UserInfo(name: name, uid: uid, groups: groups, extra: values)
    }
}
