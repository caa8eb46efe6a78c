/// The name under which the API serves a kind.
public struct ResourceName: Sendable, Hashable {
    /// Empty for the core group.
    public var group: String
    public var version: String
    public var kind: String
    public var plural: String
    public var isNamespaced: Bool

    public init(group: String, version: String, kind: String, plural: String, isNamespaced: Bool) {
        self.group = group
        self.version = version
        self.kind = kind
        self.plural = plural
        self.isNamespaced = isNamespaced
    }

    /// `v1` or `apps/v1`.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// `/api/v1/namespaces/a/pods`: the collection in one namespace, or in all of them for `nil`.
    public func path(namespace: String?) -> String {
        let base = group.isEmpty ? "/api/\(version)" : "/apis/\(group)/\(version)"
        guard isNamespaced, let namespace, !namespace.isEmpty else { return "\(base)/\(plural)" }
        return "\(base)/namespaces/\(namespace)/\(plural)"
    }
}

/// A namespace and a name; the namespace is empty for cluster-scoped objects.
public struct ObjectKey: Sendable, Hashable, Comparable, CustomStringConvertible {
    public var namespace: String
    public var name: String

    public init(namespace: String = "", name: String) {
        self.namespace = namespace
        self.name = name
    }

    public var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        (left.namespace, left.name) < (right.namespace, right.name)
    }
}

/// An entry of `metadata.ownerReferences`.
public struct OwnerReference: Sendable, Hashable {
    public var apiVersion: String
    public var kind: String
    public var name: String
    public var uid: String
    public var isController: Bool
    public var blocksOwnerDeletion: Bool

    public init(
        apiVersion: String, kind: String, name: String, uid: String, isController: Bool = true, blocksOwnerDeletion: Bool = true
    ) {
        self.apiVersion = apiVersion
        self.kind = kind
        self.name = name
        self.uid = uid
        self.isController = isController
        self.blocksOwnerDeletion = blocksOwnerDeletion
    }

    public init(_ json: JSON) {
        apiVersion = json["apiVersion"]?.string ?? ""
        kind = json["kind"]?.string ?? ""
        name = json["name"]?.string ?? ""
        uid = json["uid"]?.string ?? ""
        isController = json["controller"]?.bool ?? false
        blocksOwnerDeletion = json["blockOwnerDeletion"]?.bool ?? false
    }

    public var json: JSON {
        [
            "apiVersion": .string(apiVersion), "kind": .string(kind), "name": .string(name), "uid": .string(uid),
            "controller": .bool(isController), "blockOwnerDeletion": .bool(blocksOwnerDeletion),
        ]
    }
}

/// The metadata every object has.
public struct ObjectMeta: Sendable, Equatable {
    public var name: String
    /// Empty for cluster-scoped objects.
    public var namespace: String
    public var uid: String
    public var resourceVersion: String
    public var generation: Int64
    public var creationTimestamp: Timestamp?
    /// When set, the object is going away as soon as its finalizers and grace period allow.
    public var deletionTimestamp: Timestamp?
    public var deletionGracePeriodSeconds: Int64?
    public var labels: [String: String]
    public var annotations: [String: String]
    public var finalizers: [String]
    public var ownerReferences: [OwnerReference]

    public init(name: String, namespace: String = "", uid: String = "") {
        self.name = name
        self.namespace = namespace
        self.uid = uid
        resourceVersion = ""
        generation = 0
        labels = [:]
        annotations = [:]
        finalizers = []
        ownerReferences = []
    }

    /// Reads an object's `metadata`; absent fields are empty.
    public init(_ metadata: JSON?) {
        name = metadata?["name"]?.string ?? ""
        namespace = metadata?["namespace"]?.string ?? ""
        uid = metadata?["uid"]?.string ?? ""
        resourceVersion = metadata?["resourceVersion"]?.string ?? ""
        generation = metadata?["generation"]?.integer ?? 0
        creationTimestamp = Timestamp(metadata?["creationTimestamp"])
        deletionTimestamp = Timestamp(metadata?["deletionTimestamp"])
        deletionGracePeriodSeconds = metadata?["deletionGracePeriodSeconds"]?.integer
        labels = metadata?["labels"]?.stringMap ?? [:]
        annotations = metadata?["annotations"]?.stringMap ?? [:]
        finalizers = (metadata?["finalizers"]?.array ?? []).compactMap(\.string)
        ownerReferences = (metadata?["ownerReferences"]?.array ?? []).map(OwnerReference.init)
    }

    public var key: ObjectKey { ObjectKey(namespace: namespace, name: name) }
    public var isDeleting: Bool { deletionTimestamp != nil }
    /// The owner that manages this object, if any.
    public var controller: OwnerReference? { ownerReferences.first(where: \.isController) }
}

extension Timestamp {
    /// Reads a JSON string in RFC 3339; `nil` for anything else.
    public init?(_ json: JSON?) {
        guard let text = json?.string, let time = Timestamp(rfc3339: text) else { return nil }
        self = time
    }
}

/// A typed view of one kind: the fields that code reads, taken from the JSON tree. It never travels back whole; writes are
/// patches.
public protocol ResourceView: Sendable {
    static var resource: ResourceName { get }
    var metadata: ObjectMeta { get }
    /// Reads an object that the API server has validated: absent or odd fields become their defaults.
    init(_ object: JSON)
}

extension ResourceView {
    public var key: ObjectKey { metadata.key }
    /// A reference that makes this object the managing owner of another.
    public var ownerReference: OwnerReference {
        OwnerReference(
            apiVersion: Self.resource.apiVersion, kind: Self.resource.kind, name: metadata.name, uid: metadata.uid)
    }
}
