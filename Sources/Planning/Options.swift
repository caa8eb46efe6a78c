public import Objects

/// Settings of placement.
public struct SchedulingOptions: Sendable, Hashable {
    /// How NodeResourcesFit scores.
    public enum Strategy: String, Sendable, Hashable {
        /// kube-scheduler's default: spread load.
        case leastAllocated = "LeastAllocated"
        /// Pack: Sluice's default, because a host that runs nothing can go back to the pool.
        case mostAllocated = "MostAllocated"
    }

    public var strategy: Strategy
    /// Pods of other schedulers are left alone.
    public var schedulerNames: Set<String>
    /// Weights of the scores, kube-scheduler's defaults.
    public var taintWeight: Int32 = 3
    public var affinityWeight: Int32 = 2
    public var fitWeight: Int32 = 1
    public var balanceWeight: Int32 = 1

    public init(strategy: Strategy = .mostAllocated, schedulerNames: Set<String> = ["default-scheduler"]) {
        self.strategy = strategy
        self.schedulerNames = schedulerNames
    }
}

/// Settings of scale-up.
public struct ScaleUpOptions: Sendable {
    public var scheduling = SchedulingOptions()
    /// How to choose among NodeGroups; `nil`: as the groups say, and least-waste where they disagree.
    public var expander: NodeGroup.Expander?
    /// Seed of the expander `random`.
    public var seed: UInt64 = 0
    /// The most hosts claimed in one pass, the peer's `max-nodes-per-scaleup`.
    public var maxNodesPerPass = 1_000
    /// Pods that a node takes where nothing else is known.
    public var podsPerNode: Int64 = 110

    public init() {}
}

/// Settings of scale-down that are not the NodeGroup's own; the peer's names and defaults.
public struct ScaleDownOptions: Sendable {
    public var scheduling = SchedulingOptions()
    public var drain = DrainOptions()
    public var ignoreDaemonSetsUtilization = false
    public var ignoreMirrorPodsUtilization = false
    /// For nodes with graphics devices, whose utilisation is that of the devices.
    public var gpuUtilizationThreshold = 0.5
    public var isScaleDownUnreadyEnabled = true
    /// The most nodes removed in one pass.
    public var maxRemovals = 100
    /// Of these, the most that have pods to move.
    public var maxDrains = 10

    public init() {}
}

/// Settings of the rules that keep a pod where it is; the peer's names and defaults.
public struct DrainOptions: Sendable, Hashable {
    public var skipNodesWithCustomControllerPods = true
    public var skipNodesWithLocalStorage = true
    public var skipNodesWithSystemPods = true
    public var minReplicaCount: Int64 = 0
    /// After this age a system pod without a budget no longer blocks.
    public var blockingSystemPodDisruptionTimeout: Duration = .seconds(3_600)

    public init() {}
}
