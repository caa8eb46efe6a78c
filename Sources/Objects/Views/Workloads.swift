/// What Sluice's code reads of a ReplicaSet.
public struct ReplicaSet: ResourceView {
    public static let resource = ResourceName(
        group: "apps", version: "v1", kind: "ReplicaSet", plural: "replicasets", isNamespaced: true)

    public var metadata: ObjectMeta
    public var replicas: Int64
    public var minReadySeconds: Int64
    public var selector: LabelSelector?
    /// `spec.template`, whole: pods are made from it.
    public var template: JSON
    public var status: ReplicaSetStatus

    public init(_ object: JSON) {
        metadata = ObjectMeta(object["metadata"])
        replicas = object["spec", "replicas"]?.integer ?? 1
        minReadySeconds = object["spec", "minReadySeconds"]?.integer ?? 0
        selector = object["spec", "selector"].flatMap { LabelSelector($0) }
        template = object["spec", "template"] ?? [:]
        status = ReplicaSetStatus(object["status"])
    }
}

/// `status` of a ReplicaSet.
public struct ReplicaSetStatus: Sendable, Equatable {
    public var replicas: Int64 = 0
    public var fullyLabeledReplicas: Int64 = 0
    public var readyReplicas: Int64 = 0
    public var availableReplicas: Int64 = 0
    public var observedGeneration: Int64 = 0

    public init() {}

    public init(_ status: JSON?) {
        replicas = status?["replicas"]?.integer ?? 0
        fullyLabeledReplicas = status?["fullyLabeledReplicas"]?.integer ?? 0
        readyReplicas = status?["readyReplicas"]?.integer ?? 0
        availableReplicas = status?["availableReplicas"]?.integer ?? 0
        observedGeneration = status?["observedGeneration"]?.integer ?? 0
    }
}

/// What Sluice's code reads of a Deployment.
public struct Deployment: ResourceView {
    public static let resource = ResourceName(
        group: "apps", version: "v1", kind: "Deployment", plural: "deployments", isNamespaced: true)

    public var metadata: ObjectMeta
    public var replicas: Int64
    public var minReadySeconds: Int64
    public var selector: LabelSelector?
    public var template: JSON
    public var isPaused: Bool
    /// `RollingUpdate` or `Recreate`.
    public var strategy: String
    /// An integer or a percentage, as written.
    public var maxSurge: JSON
    public var maxUnavailable: JSON
    public var revisionHistoryLimit: Int64
    public var progressDeadlineSeconds: Int64
    public var status: JSON

    public init(_ object: JSON) {
        let spec = object["spec"]
        metadata = ObjectMeta(object["metadata"])
        replicas = spec?["replicas"]?.integer ?? 1
        minReadySeconds = spec?["minReadySeconds"]?.integer ?? 0
        selector = spec?["selector"].flatMap { LabelSelector($0) }
        template = spec?["template"] ?? [:]
        isPaused = spec?["paused"]?.bool ?? false
        strategy = spec?["strategy", "type"]?.string ?? "RollingUpdate"
        maxSurge = spec?["strategy", "rollingUpdate", "maxSurge"] ?? "25%"
        maxUnavailable = spec?["strategy", "rollingUpdate", "maxUnavailable"] ?? "25%"
        revisionHistoryLimit = spec?["revisionHistoryLimit"]?.integer ?? 10
        progressDeadlineSeconds = spec?["progressDeadlineSeconds"]?.integer ?? 600
        status = object["status"] ?? [:]
    }
}

/// What Sluice's code reads of a PodDisruptionBudget.
public struct PodDisruptionBudget: ResourceView {
    public static let resource = ResourceName(
        group: "policy", version: "v1", kind: "PodDisruptionBudget", plural: "poddisruptionbudgets", isNamespaced: true)

    public var metadata: ObjectMeta
    /// `nil` selects nothing; an empty selector selects every pod of the namespace.
    public var selector: LabelSelector?
    public var minAvailable: JSON?
    public var maxUnavailable: JSON?
    public var disruptionsAllowed: Int64
    public var observedGeneration: Int64
    public var status: JSON

    public init(_ object: JSON) {
        metadata = ObjectMeta(object["metadata"])
        selector = object["spec", "selector"].flatMap { LabelSelector($0) }
        minAvailable = object["spec", "minAvailable"]
        maxUnavailable = object["spec", "maxUnavailable"]
        status = object["status"] ?? [:]
        disruptionsAllowed = status["disruptionsAllowed"]?.integer ?? 0
        observedGeneration = status["observedGeneration"]?.integer ?? 0
    }

    /// Whether a pod counts against this budget.
    public func covers(_ pod: Pod) -> Bool {
        pod.metadata.namespace == metadata.namespace && (selector?.matches(pod.metadata.labels) ?? false)
    }
}

/// What Sluice's code reads of a Lease.
public struct Lease: ResourceView {
    public static let resource = ResourceName(
        group: "coordination.k8s.io", version: "v1", kind: "Lease", plural: "leases", isNamespaced: true)

    public var metadata: ObjectMeta
    public var holder: String
    public var renewTime: Timestamp?
    public var durationSeconds: Int64

    public init(_ object: JSON) {
        metadata = ObjectMeta(object["metadata"])
        holder = object["spec", "holderIdentity"]?.string ?? ""
        renewTime = Timestamp(object["spec", "renewTime"])
        durationSeconds = object["spec", "leaseDurationSeconds"]?.integer ?? 40
    }
}

/// What Sluice's code reads of a Namespace.
public struct Namespace: ResourceView {
    public static let resource = ResourceName(
        group: "", version: "v1", kind: "Namespace", plural: "namespaces", isNamespaced: false)

    public var metadata: ObjectMeta
    /// `Active` or `Terminating`.
    public var phase: String

    public init(_ object: JSON) {
        metadata = ObjectMeta(object["metadata"])
        phase = object["status", "phase"]?.string ?? "Active"
    }
}

/// What Sluice's code reads of a VirtualMachine.
public struct VirtualMachine: ResourceView {
    public static let resource = ResourceName(
        group: "kubevirt.io", version: "v1", kind: "VirtualMachine", plural: "virtualmachines", isNamespaced: true)

    public var metadata: ObjectMeta
    /// `Always`, `RerunOnFailure`, `Manual`, `Halted` or `Once`; from `running` where only that is given.
    public var runStrategy: String
    public var template: JSON
    public var status: JSON

    public init(_ object: JSON) {
        metadata = ObjectMeta(object["metadata"])
        runStrategy =
            object["spec", "runStrategy"]?.string ?? (object["spec", "running"]?.bool == true ? "Always" : "Halted")
        template = object["spec", "template"] ?? [:]
        status = object["status"] ?? [:]
    }
}

/// What Sluice's code reads of a VirtualMachineInstance.
public struct VirtualMachineInstance: ResourceView {
    public static let resource = ResourceName(
        group: "kubevirt.io", version: "v1", kind: "VirtualMachineInstance", plural: "virtualmachineinstances", isNamespaced: true)

    public var metadata: ObjectMeta
    /// Whole: the launcher pod is made from it.
    public var spec: JSON
    public var phase: String
    public var nodeName: String
    public var status: JSON

    public init(_ object: JSON) {
        metadata = ObjectMeta(object["metadata"])
        spec = object["spec"] ?? [:]
        status = object["status"] ?? [:]
        phase = status["phase"]?.string ?? ""
        nodeName = status["nodeName"]?.string ?? ""
    }

    /// Whether the machine has ended for good.
    public var isFinal: Bool { phase == "Succeeded" || phase == "Failed" }
}
