/// A taint of a node.
public struct Taint: Sendable, Hashable {
    public var key: String
    public var value: String
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    public var effect: String
    public var timeAdded: Timestamp?

    public init(key: String, value: String = "", effect: String, timeAdded: Timestamp? = nil) {
        self.key = key
        self.value = value
        self.effect = effect
        self.timeAdded = timeAdded
    }

    public init(_ json: JSON) {
        key = json["key"]?.string ?? ""
        value = json["value"]?.string ?? ""
        effect = json["effect"]?.string ?? ""
        timeAdded = Timestamp(json["timeAdded"])
    }

    public var json: JSON {
        var object: JSON = ["key": .string(key), "effect": .string(effect)]
        if !value.isEmpty { object["value"] = .string(value) }
        if let timeAdded { object["timeAdded"] = .string(timeAdded.rfc3339) }
        return object
    }
}

/// What Sluice's code reads of a node.
public struct Node: ResourceView {
    public static let resource = ResourceName(group: "", version: "v1", kind: "Node", plural: "nodes", isNamespaced: false)

    public var metadata: ObjectMeta
    public var isUnschedulable: Bool
    public var taints: [Taint]
    public var allocatable: ResourceList
    public var capacity: ResourceList
    public var conditions: [Condition]
    public var providerID: String

    public init(_ object: JSON) {
        metadata = ObjectMeta(object["metadata"])
        isUnschedulable = object["spec", "unschedulable"]?.bool ?? false
        taints = (object["spec", "taints"]?.array ?? []).map(Taint.init)
        capacity = ResourceList(object["status", "capacity"])
        allocatable = object["status", "allocatable"].map { ResourceList($0) } ?? capacity
        conditions = [Condition](status: object["status"])
        providerID = object["spec", "providerID"]?.string ?? ""
    }

    /// A node that does not exist yet, as the estimator imagines it.
    public init(name: String, labels: [String: String], taints: [Taint], allocatable: ResourceList) {
        metadata = ObjectMeta(name: name)
        metadata.labels = labels
        isUnschedulable = false
        self.taints = taints
        self.allocatable = allocatable
        capacity = allocatable
        conditions = [Condition(type: "Ready", status: "True")]
        providerID = ""
    }

    public var isReady: Bool { conditions["Ready"]?.isTrue ?? false }
    /// The NodeGroup whose claim made this node; empty where there is none.
    public var nodeGroup: String { metadata.labels[Names.nodeGroupLabel] ?? "" }
}
