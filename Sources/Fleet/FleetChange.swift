public import Objects

/// One thing that happened to the fleet.
public enum FleetChange: Sendable {
    /// A pod appeared or changed.
    case pod(Pod)
    case podRemoved(ObjectKey)
    /// A node appeared or changed.
    case node(Node)
    case nodeRemoved(String)
    case host(BareMetalHost)
    case hostRemoved(ObjectKey)
    case nodeGroup(NodeGroup)
    case nodeGroupRemoved(String)
    case instance(BareMetalInstance)
    case instanceRemoved(ObjectKey)
    case budget(PodDisruptionBudget)
    case budgetRemoved(ObjectKey)
    /// A binding was sent to the API; it holds room until the pod's event arrives with a node, or it is dropped.
    case assumed(pod: ObjectKey, node: String)
    /// The binding failed.
    case assumptionDropped(pod: ObjectKey)
    /// A claim was sent to the API; it holds until the host's event arrives with a consumer, or it is dropped.
    case claimAssumed(host: ObjectKey, claim: HostClaim)
    /// The claim failed.
    case claimAssumptionDropped(host: ObjectKey)
}
