internal import APIMessages

/// What may be done to what, in the shape of RBAC's PolicyRule.
public struct PolicyRule: Sendable, Equatable {
    /// `*` is every group; the core group is the empty text.
    public var apiGroups: [String]
    /// `pods`, `pods/status`, `*/scale`, or `*` for everything.
    public var resources: [String]
    public var verbs: [String]
    /// Empty for every name.
    public var resourceNames: [String]
    /// Paths, with `*` alone or at the end; a rule has these or resources.
    public var nonResourceURLs: [String]

    public init(apiGroups: [String], resources: [String], verbs: [String], resourceNames: [String] = []) {
        self.apiGroups = apiGroups
        self.resources = resources
        self.verbs = verbs
        self.resourceNames = resourceNames
        nonResourceURLs = []
    }

    public init(nonResourceURLs: [String], verbs: [String]) {
        self.init(apiGroups: [], resources: [], verbs: verbs)
        self.nonResourceURLs = nonResourceURLs
    }

    /// Whether the rule covers the request, as RBAC decides it.
    public func covers(_ attributes: RequestAttributes) -> Bool {
        guard verbs.contains("*") || verbs.contains(attributes.verb) else { return false }
        guard attributes.isResourceRequest else { return nonResourceURLs.contains { Self.matches(attributes.path, $0) } }
        guard apiGroups.contains("*") || apiGroups.contains(attributes.group) else { return false }
        guard resourceNames.isEmpty || resourceNames.contains(attributes.name) else { return false }
        let wanted = attributes.subresource.isEmpty ? attributes.resource : "\(attributes.resource)/\(attributes.subresource)"
        return resources.contains { resource in
            resource == "*" || resource == wanted
                || (!attributes.subresource.isEmpty && resource == "*/\(attributes.subresource)")
        }
    }

    private static func matches(_ path: String, _ pattern: String) -> Bool {
        if pattern == "*" || pattern == path { return true }
        return pattern.hasSuffix("*") && path.hasPrefix(pattern.dropLast())
    }
}

/// Who may do what: rules for the members of groups and for single users.
public struct PolicyBinding: Sendable, Equatable {
    public var groups: [String]
    public var users: [String]
    /// The only namespace the rules hold in; `nil` for everywhere.
    public var namespace: String?
    public var rules: [PolicyRule]

    public init(groups: [String] = [], users: [String] = [], namespace: String? = nil, rules: [PolicyRule]) {
        self.groups = groups
        self.users = users
        self.namespace = namespace
        self.rules = rules
    }

    func covers(_ attributes: RequestAttributes) -> Bool {
        guard users.contains(attributes.user.name) || groups.contains(where: attributes.user.groups.contains) else { return false }
        if let namespace, !attributes.isResourceRequest || attributes.namespace != namespace { return false }
        return rules.contains { $0.covers(attributes) }
    }
}

/// Allows what a table of bindings allows and has no opinion on the rest.
public struct PolicyAuthorizer: Authorizer {
    private let bindings: [PolicyBinding]

    public init(_ bindings: [PolicyBinding]) { self.bindings = bindings }

    public func authorize(_ attributes: RequestAttributes) -> Decision {
        bindings.contains { $0.covers(attributes) } ? .allow : .noOpinion
    }
}

/// The bindings every control plane begins with.
public enum StandardPolicy {
    private static let everything = [
        PolicyRule(apiGroups: ["*"], resources: ["*"], verbs: ["*"]),
        PolicyRule(nonResourceURLs: ["*"], verbs: ["*"]),
    ]

    private static let health = ["/healthz", "/healthz/*", "/livez", "/livez/*", "/readyz", "/readyz/*", "/version", "/version/"]

    private static let discovery = ["/api", "/api/*", "/apis", "/apis/*", "/openapi", "/openapi/*"]

    /// What an agent on a host needs; ``NodeRestriction`` narrows it to the host's own objects.
    private static let node = [
        PolicyRule(apiGroups: [""], resources: ["pods"], verbs: ["get", "list", "watch", "delete"]),
        PolicyRule(apiGroups: [""], resources: ["pods/status"], verbs: ["update", "patch"]),
        PolicyRule(apiGroups: [""], resources: ["nodes"], verbs: ["get", "list", "watch", "create", "update", "patch"]),
        PolicyRule(apiGroups: [""], resources: ["nodes/status"], verbs: ["get", "update", "patch"]),
        PolicyRule(apiGroups: ["", "events.k8s.io"], resources: ["events"], verbs: ["create", "update", "patch"]),
    ]

    public static let bindings = [
        PolicyBinding(groups: ["system:masters"], rules: everything),
        PolicyBinding(
            groups: ["system:authenticated"],
            rules: [
                PolicyRule(nonResourceURLs: health + discovery, verbs: ["get", "head"]),
                PolicyRule(
                    apiGroups: ["authorization.k8s.io"], resources: ["selfsubjectaccessreviews", "selfsubjectrulesreviews"],
                    verbs: ["create"]),
                PolicyRule(apiGroups: ["authentication.k8s.io"], resources: ["selfsubjectreviews"], verbs: ["create"]),
            ]),
        PolicyBinding(groups: ["system:unauthenticated"], rules: [PolicyRule(nonResourceURLs: health, verbs: ["get", "head"])]),
        PolicyBinding(groups: ["system:nodes"], rules: node),
        PolicyBinding(
            groups: ["system:nodes"], namespace: "kube-node-lease",
            rules: [
                PolicyRule(
                    apiGroups: ["coordination.k8s.io"], resources: ["leases"], verbs: ["get", "create", "update", "patch", "delete"])
            ]),
    ]
}
