public import Objects

/// The bodies of discovery answers, in Kubernetes' order of members.
public enum Discovery {
    /// `GET /api`: the versions of the core group.
    public static func apiVersions(_ registry: KindRegistry, serverAddress: String) -> JSON {
        [
            "kind": "APIVersions",
            "versions": .array(registry.versions(group: "").map { .string($0) }),
            "serverAddressByClientCIDRs": [["clientCIDR": "0.0.0.0/0", "serverAddress": .string(serverAddress)]],
        ]
    }

    /// `GET /apis`: all groups but the core one.
    public static func groupList(_ registry: KindRegistry) -> JSON {
        ["kind": "APIGroupList", "apiVersion": "v1", "groups": .array(registry.groups.map { .object(groupMembers(registry, $0)) })]
    }

    /// `GET /apis/GROUP`; `nil` for an unknown group.
    public static func group(_ registry: KindRegistry, _ group: String) -> JSON? {
        guard registry.groups.contains(group) else { return nil }
        var members = groupMembers(registry, group)
        members.prepend("apiVersion", "v1")
        members.prepend("kind", "APIGroup")
        return .object(members)
    }

    private static func groupMembers(_ registry: KindRegistry, _ group: String) -> JSONObject {
        let versions: [JSON] = registry.versions(group: group).map { version in
            ["groupVersion": .string("\(group)/\(version)"), "version": .string(version)]
        }
        var members = JSONObject()
        members["name"] = .string(group)
        members["versions"] = .array(versions)
        members["preferredVersion"] = versions.first
        return members
    }

    /// `GET /api/VERSION` and `GET /apis/GROUP/VERSION`; `nil` when nothing is served there.
    public static func resourceList(_ registry: KindRegistry, group: String, version: String) -> JSON? {
        let kinds = registry.served(group: group, version: version)
        guard !kinds.isEmpty else { return nil }
        var resources: [JSON] = []
        for kind in kinds {
            resources.append(resource(kind))
            for sub in kind.subresources.sorted(by: { $0.name < $1.name }) { resources.append(subresource(sub, of: kind)) }
        }
        return [
            "kind": "APIResourceList", "apiVersion": "v1",
            "groupVersion": .string(kinds[0].apiVersion), "resources": .array(resources),
        ]
    }

    private static func resource(_ kind: Kind) -> JSON {
        var members = JSONObject()
        members["name"] = .string(kind.plural)
        members["singularName"] = .string(kind.singular)
        members["namespaced"] = .bool(kind.isNamespaced)
        members["kind"] = .string(kind.kind)
        members["verbs"] = strings(kind.verbs)
        if !kind.shortNames.isEmpty { members["shortNames"] = strings(kind.shortNames) }
        if !kind.categories.isEmpty { members["categories"] = strings(kind.categories) }
        if !kind.storageVersionHash.isEmpty { members["storageVersionHash"] = .string(kind.storageVersionHash) }
        return .object(members)
    }

    private static func subresource(_ sub: Subresource, of kind: Kind) -> JSON {
        var members = JSONObject()
        members["name"] = .string("\(kind.plural)/\(sub.name)")
        members["singularName"] = ""
        members["namespaced"] = .bool(kind.isNamespaced)
        if !sub.group.isEmpty { members["group"] = .string(sub.group) }
        if !sub.version.isEmpty { members["version"] = .string(sub.version) }
        members["kind"] = .string(sub.kind)
        members["verbs"] = strings(sub.verbs)
        return .object(members)
    }

    private static func strings(_ list: [String]) -> JSON { .array(list.map { .string($0) }) }
}

// MARK: - Aggregated discovery

extension Discovery {
    /// The media type of aggregated answers, as a client asks for it and as it is answered.
    public static let aggregatedMediaType = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"

    /// `GET /api` for ``aggregatedMediaType``: the core group with all its resources.
    public static func aggregatedCore(_ registry: KindRegistry) -> JSON {
        list([.object(aggregatedGroup(registry, ""))])
    }

    /// `GET /apis` for ``aggregatedMediaType``: all other groups with all their resources.
    public static func aggregatedGroups(_ registry: KindRegistry) -> JSON {
        list(registry.groups.map { .object(aggregatedGroup(registry, $0)) })
    }

    private static func list(_ items: [JSON]) -> JSON {
        [
            "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": .object(JSONObject()),
            "items": .array(items),
        ]
    }

    private static func aggregatedGroup(_ registry: KindRegistry, _ group: String) -> JSONObject {
        var members = JSONObject()
        members["metadata"] = group.isEmpty ? .object(JSONObject()) : ["name": .string(group)]
        members["versions"] = .array(
            registry.versions(group: group).map { version in
                [
                    "version": .string(version),
                    "resources": .array(registry.served(group: group, version: version).map(aggregatedResource)),
                    "freshness": "Current",
                ]
            })
        return members
    }

    private static func aggregatedResource(_ kind: Kind) -> JSON {
        var members = JSONObject()
        members["resource"] = .string(kind.plural)
        members["responseKind"] = responseKind(kind, group: "", version: "", kind.kind)
        members["scope"] = kind.isNamespaced ? "Namespaced" : "Cluster"
        members["singularResource"] = .string(kind.singular)
        members["verbs"] = strings(kind.verbs)
        if !kind.shortNames.isEmpty { members["shortNames"] = strings(kind.shortNames) }
        if !kind.categories.isEmpty { members["categories"] = strings(kind.categories) }
        if !kind.subresources.isEmpty {
            members["subresources"] = .array(
                kind.subresources.sorted { $0.name < $1.name }.map { sub in
                    [
                        "subresource": .string(sub.name),
                        "responseKind": responseKind(kind, group: sub.group, version: sub.version, sub.kind),
                        "verbs": strings(sub.verbs),
                    ]
                })
        }
        return .object(members)
    }

    /// Group and version stay empty where they are the group's own, except for custom resources, which name theirs.
    private static func responseKind(_ kind: Kind, group: String, version: String, _ name: String) -> JSON {
        let namesOwn = kind.isCustomResource && group.isEmpty
        return [
            "group": .string(namesOwn ? kind.group : group), "version": .string(namesOwn ? kind.version : version), "kind": .string(name),
        ]
    }
}

extension KindRegistry {
    /// The groups that are served, without the core one, in the order in which their first kind was registered.
    public var groups: [String] {
        var list: [String] = []
        for kind in kinds where !kind.group.isEmpty && !kind.plural.isEmpty && !list.contains(kind.group) { list.append(kind.group) }
        return list
    }

    /// The versions of a group, the preferred one first: `v1` before `v1beta2` before `v1alpha1`.
    public func versions(group: String) -> [String] {
        var list: [String] = []
        for kind in kinds where kind.group == group && !kind.plural.isEmpty && !list.contains(kind.version) { list.append(kind.version) }
        return list.sorted { VersionRank($0) < VersionRank($1) }
    }

    /// The kinds with a path of their own in that version, by plural.
    public func served(group: String, version: String) -> [Kind] {
        kinds.filter { $0.group == group && $0.version == version && !$0.plural.isEmpty }.sorted { $0.plural < $1.plural }
    }
}

/// The order of API versions: stable, then beta, then alpha, larger numbers first; other names last, by name.
struct VersionRank: Comparable {
    private let stability: Int
    private let major: Int
    private let minor: Int
    private let name: String

    init(_ name: String) {
        self.name = name
        guard name.hasPrefix("v"), let major = Self.leadingNumber(name.dropFirst()) else {
            (stability, self.major, minor) = (3, 0, 0)
            return
        }
        self.major = major.value
        if major.rest.isEmpty {
            (stability, minor) = (0, 0)
        } else if major.rest.hasPrefix("beta"), let number = Self.leadingNumber(major.rest.dropFirst(4)), number.rest.isEmpty {
            (stability, minor) = (1, number.value)
        } else if major.rest.hasPrefix("alpha"), let number = Self.leadingNumber(major.rest.dropFirst(5)), number.rest.isEmpty {
            (stability, minor) = (2, number.value)
        } else {
            (stability, minor) = (3, 0)
        }
    }

    private static func leadingNumber(_ text: Substring) -> (value: Int, rest: Substring)? {
        let digits = text.prefix { $0.isASCII && $0.isNumber }
        guard let value = Int(digits) else { return nil }
        return (value, text[digits.endIndex...])
    }

    static func < (left: VersionRank, right: VersionRank) -> Bool {
        if left.stability != right.stability { return left.stability < right.stability }
        if left.stability == 3 { return left.name < right.name }
        return left.major != right.major ? left.major > right.major : left.minor > right.minor
    }
}
