public import Objects

/// Whether a node can go back to the pool, and what is in the way.
public struct Removability: Sendable {
    /// The words of the Cluster Autoscaler where it has one.
    public enum Reason: String, Sendable, Hashable {
        /// Nothing is in the way: the plan removes it.
        case removed = "Removed"
        case beingRemoved = "CurrentlyBeingDeleted"
        case notAutoscaled = "NotAutoscaled"
        case disabledAnnotation = "ScaleDownDisabledAnnotation"
        case disabledForGroup = "ScaleDownDisabledForGroup"
        case unreadyDisabled = "ScaleDownUnreadyDisabled"
        case notUnderutilized = "NotUnderutilized"
        case blockedByPod = "BlockedByPod"
        case waitsForCompletion = "WaitsForPodCompletion"
        case noPlaceToMove = "NoPlaceToMovePods"
        /// Pods of other nodes that go, or waiting pods, are to come here.
        case neededByOthers = "NeededByOtherPods"
        case notUnneededLongEnough = "NotUnneededLongEnough"
        case notUnreadyLongEnough = "NotUnreadyLongEnough"
        case coolingDown = "ScaleDownInCooldown"
        case minSizeReached = "NodeGroupMinSizeReached"
        case budgetShared = "NotEnoughPdb"
        case passLimitReached = "NodeGroupMaxDeletionCountReached"
    }

    public var node: String
    public var group: String
    public var reason: Reason
    public var blocking: BlockingReason?
    public var blockingPod: ObjectKey?
    public var message: String
    public var remedy: String
    /// The larger share of CPU and memory asked for, or that of devices, 0 to 1.
    public var utilization: Double
    public var unneededSince: Timestamp?
    /// When the node may go if nothing changes.
    public var removableAt: Timestamp?

    /// Whether this pass removes the node or it is on its way out.
    public var isLeaving: Bool { reason == .removed || reason == .beingRemoved }

    public var json: JSON {
        var object: JSON = [
            "node": .string(node), "nodeGroup": .string(group), "reason": .string(reason.rawValue),
            "utilization": JSON((utilization * 1_000).rounded() / 1_000), "message": .string(message), "remedy": .string(remedy),
        ]
        if let blocking { object["blockingReason"] = .string(blocking.rawValue) }
        if let blockingPod { object["blockingPod"] = .string(blockingPod.description) }
        if let unneededSince { object["unneededSince"] = .string(unneededSince.rfc3339) }
        if let removableAt { object["removableAt"] = .string(removableAt.rfc3339) }
        return object
    }
}

/// What scale-down remembers between passes.
public struct ScaleDownMemory: Sendable {
    /// Since when each node could be done without.
    public internal(set) var unneededSince: [String: Timestamp] = [:]
    /// Since when each unready node is unready.
    public internal(set) var unreadySince: [String: Timestamp] = [:]
    /// Since when each claimed host is without its node.
    public internal(set) var comingSince: [ObjectKey: Timestamp] = [:]
    var sizes: [String: Int] = [:]
    var lastAdd: [String: Timestamp] = [:]
    var lastDelete: [String: Timestamp] = [:]
    var lastFailure: [String: Timestamp] = [:]

    public init() {}

    /// A host was claimed for a group; scale-down notices by itself when the group's size grew between two passes.
    public mutating func recordAdd(group: String, at time: Timestamp) { lastAdd[group] = time }

    /// A node of a group was removed; scale-down notices by itself when the group's size shrank between two passes.
    public mutating func recordDelete(group: String, at time: Timestamp) { lastDelete[group] = time }

    /// Removing a node of a group failed.
    public mutating func recordFailure(group: String, at time: Timestamp) { lastFailure[group] = time }
}

/// What a pass of scale-down says.
public struct ScaleDownPlan: Sendable {
    /// Removals and releases.
    public var plan: Plan
    /// To be given to the next pass.
    public var memory: ScaleDownMemory
    /// Every node of every NodeGroup, by name.
    public var removability: [String: Removability]
    /// When a pass would say something new even if nothing happens until then.
    public var nextDeadline: Timestamp?
}
