public import APIMessages

/// What somebody wants to do, as an authorizer judges it.
public struct RequestAttributes: Sendable, Equatable {
    public var user: UserInfo
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`; of other paths the method in lower case.
    public var verb: String
    /// Empty for the core group.
    public var group: String
    public var version: String
    /// The plural name; empty where this is no request for a resource.
    public var resource: String
    public var subresource: String
    /// Empty for cluster scope and for all namespaces.
    public var namespace: String
    /// Empty for lists, and for a create, whose name is in its body.
    public var name: String
    public var path: String
    /// Whether the path is under `/api/VERSION` or `/apis/GROUP/VERSION`.
    public var isResourceRequest: Bool

    /// A request for a resource.
    public init(
        user: UserInfo, verb: String, group: String, version: String = "", resource: String, subresource: String = "",
        namespace: String = "", name: String = "", path: String = ""
    ) {
        self.user = user
        self.verb = verb
        self.group = group
        self.version = version
        self.resource = resource
        self.subresource = subresource
        self.namespace = namespace
        self.name = name
        self.path = path
        isResourceRequest = true
    }

    /// A request for a path that is no resource, such as `/version`.
    public init(user: UserInfo, verb: String, path: String) {
        self.init(user: user, verb: verb, group: "", resource: "", path: path)
        isResourceRequest = false
    }

    /// The message of the 403 `Status`, word for word as kube-apiserver's.
    ///
    /// - Parameter reason: an authorizer's, added after a colon.
    public func forbiddenMessage(reason: String = "") -> String {
        let user = Self.quoted(user.name)
        let suffix = reason.isEmpty ? "" : ": \(reason)"
        guard isResourceRequest else { return "forbidden: User \(user) cannot \(verb) path \(Self.quoted(path))" + suffix }
        let subject = group.isEmpty ? resource : "\(resource).\(group)"
        let object = name.isEmpty ? subject : "\(subject) \(Self.quoted(name))"
        let whole = Self.quoted(subresource.isEmpty ? resource : "\(resource)/\(subresource)")
        let scope = namespace.isEmpty ? "at the cluster scope" : "in the namespace \(Self.quoted(namespace))"
        return "\(object) is forbidden: User \(user) cannot \(verb) resource \(whole) in API group \(Self.quoted(group)) \(scope)"
            + suffix
    }

    /// Go's `%q` for printable text: quotes and backslashes escaped, control characters as `\x07`.
    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let digits = String(scalar.value, radix: 16)
                result += "\\x" + (digits.count == 1 ? "0" : "") + digits
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}

/// Decides whether a request may go on.
public protocol Authorizer: Sendable {
    func authorize(_ attributes: RequestAttributes) -> Decision
}

/// What an authorizer says.
public enum Decision: Sendable, Equatable {
    case allow
    /// Refused, whatever others say. The reason goes into the 403.
    case deny(reason: String)
    /// Neither; the next authorizer is asked, and where nobody allows it the request is refused.
    case noOpinion
}

/// Asks authorizers in turn: the first that allows or denies decides, and what nobody allows is denied.
public struct AuthorizerChain: Authorizer {
    private let authorizers: [any Authorizer]

    public init(_ authorizers: [any Authorizer]) { self.authorizers = authorizers }

    /// The authorizers of a new control plane: nodes write only what is theirs, then the standard policy.
    public static let standard = AuthorizerChain([NodeRestriction(), PolicyAuthorizer(StandardPolicy.bindings)])

    /// Never `.noOpinion`.
    public func authorize(_ attributes: RequestAttributes) -> Decision {
        for authorizer in authorizers {
            let decision = authorizer.authorize(attributes)
            if decision != .noOpinion { return decision }
        }
        return .deny(reason: "")
    }
}
