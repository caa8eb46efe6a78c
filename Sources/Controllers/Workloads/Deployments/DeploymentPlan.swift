public import Objects

/// One thing to do for a Deployment.
public enum DeploymentAction: Sendable, Equatable {
    /// Creates the ReplicaSet of the current template.
    case create(NewReplicaSet)
    /// Sets the number of replicas and the annotations that proportional scaling reads.
    case scale(name: String, from: Int64, to: Int64, desired: Int64, maximum: Int64)
    /// Brings annotations and `minReadySeconds` of the current ReplicaSet in line with the Deployment.
    case annotate(name: String, annotations: [String: String], minReadySeconds: Int64)
    /// Sets the Deployment's own revision annotation.
    case setRevision(String)
    /// Removes a ReplicaSet that the history limit no longer keeps.
    case delete(name: String, uid: String)
}

/// A ReplicaSet to be created.
public struct NewReplicaSet: Sendable, Equatable {
    public var name: String
    public var hash: String
    public var replicas: Int64
    public var annotations: [String: String]
}

/// What a pass over a Deployment should do.
public struct DeploymentPlan: Sendable, Equatable {
    /// In order; a failed one ends the pass.
    public var actions: [DeploymentAction] = []
    /// The whole status to write; `nil` where it is right already.
    public var status: JSON?
    /// When time alone changes something (the progress deadline).
    public var nextLook: Duration?
}

/// What a pass sees.
public struct DeploymentObservation: Sendable {
    public var deployment: Deployment
    /// The Deployment's own ReplicaSets.
    public var replicaSets: [ReplicaSet]
    /// Names of ReplicaSets that still have pods which have not ended.
    public var populated: Set<String>
    public var now: Timestamp

    public init(deployment: Deployment, replicaSets: [ReplicaSet], populated: Set<String>, now: Timestamp) {
        self.deployment = deployment
        self.replicaSets = replicaSets
        self.populated = populated
        self.now = now
    }
}
