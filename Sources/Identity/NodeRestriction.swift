public import APIMessages

/// Lets the user `system:node:NAME` write only the Node and the Lease called NAME.
///
/// A create has no name in its path; there the server must compare the body's name with ``nodeName(of:)`` itself. Which pods
/// a node may write depends on where they run and is the server's to judge too.
public struct NodeRestriction: Authorizer {
    private static let writes = ["create", "update", "patch", "delete", "deletecollection"]

    public init() {}

    /// The node that a user is, or `nil` for anyone else.
    public static func nodeName(of user: UserInfo) -> String? {
        let prefix = "system:node:"
        guard user.groups.contains("system:nodes"), user.name.hasPrefix(prefix) else { return nil }
        let name = user.name.dropFirst(prefix.count)
        return name.isEmpty ? nil : String(name)
    }

    /// Denies what is another node's; has no opinion on the rest.
    public func authorize(_ attributes: RequestAttributes) -> Decision {
        let user = attributes.user
        guard attributes.isResourceRequest, user.groups.contains("system:nodes"), !user.groups.contains("system:masters"),
            Self.writes.contains(attributes.verb)
        else { return .noOpinion }
        guard let node = Self.nodeName(of: user) else {
            return .deny(reason: "unknown node for user \"\(user.name)\"")
        }
        let isOwned = attributes.verb == "create" && attributes.name.isEmpty || attributes.name == node
        switch (attributes.group, attributes.resource) {
        case ("", "nodes") where !isOwned:
            return .deny(reason: "node \"\(node)\" is not allowed to modify node \"\(attributes.name)\"")
        case ("coordination.k8s.io", "leases") where !isOwned:
            return .deny(reason: "node \"\(node)\" can only access the lease with the same name as itself")
        default: return .noOpinion
        }
    }
}
