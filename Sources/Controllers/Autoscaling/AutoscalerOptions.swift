public import Objects
public import Planning

/// Settings of the autoscaler that are not a NodeGroup's own; the peer's names and defaults where it has them.
public struct AutoscalerOptions: Sendable {
    public var scaleUp = ScaleUpOptions()
    public var scaleDown = ScaleDownOptions()
    /// How often it plans when nothing happens.
    public var scanInterval: Duration = .seconds(10)
    /// Events that come together make one plan.
    public var gatherTime: Duration = .milliseconds(200)
    /// How long evictions are tried again while disruption budgets forbid them.
    public var maxPodEvictionTime: Duration = .seconds(120)
    /// How long a group that failed to make a node claims nothing; doubles with each failure, and ends with a node that comes.
    public var initialNodeGroupBackoff: Duration = .seconds(300)
    public var maxNodeGroupBackoff: Duration = .seconds(1_800)
    /// After that long without a failure the next back-off is the initial one again.
    public var nodeGroupBackoffReset: Duration = .seconds(10_800)
    /// How long a host that did not become a node is left alone.
    public var hostQuarantine: Duration = .seconds(1_800)
    /// Claims, evictions and the like on their way at once.
    public var concurrency = 32
    /// What hosts boot where a NodeGroup names no image.
    public var nodeImage = AutoscalerOptions.standardNodeImage

    /// Sluice's own node image, served by the DPU port under this name.
    public static let standardNodeImage = HostImage(url: "sluice://images/node", checksum: "")

    public init() {}
}

/// Names that the autoscaler writes.
enum AutoscalerNames {
    static let statusConfigMap = ObjectKey(namespace: Names.systemNamespace, name: "sluice-autoscaler-status")
    static let configMap = ResourceName(group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true)
    /// On hosts: when the host last failed to become a node, RFC 3339.
    static let failedAtAnnotation = "sluice.dev/failed-at"
    /// On hosts: why.
    static let failureAnnotation = "sluice.dev/failure"
    /// On nodes: the autoscaler made the node unschedulable.
    static let cordonedAnnotation = "sluice.dev/cordoned-by-autoscaler"
    /// Type of the node condition that tells whether the node can go back to the pool.
    static let removableCondition = "Removable"

    static let statusReference: JSON = [
        "apiVersion": "v1", "kind": "ConfigMap", "namespace": .string(statusConfigMap.namespace),
        "name": .string(statusConfigMap.name),
    ]
}
