/// Labels, annotations, taints and finalizers that Sluice reads or writes, each spelled once.
public enum Names {
    /// On nodes and claimed hosts: the NodeGroup they belong to.
    public static let nodeGroupLabel = "sluice.dev/nodegroup"
    /// On hosts and nodes, from inspection.
    public static let modelLabel = "sluice.dev/model"
    public static let rackLabel = "sluice.dev/rack"
    public static let hostnameLabel = "kubernetes.io/hostname"
    public static let architectureLabel = "kubernetes.io/arch"
    public static let operatingSystemLabel = "kubernetes.io/os"

    /// Keeps a claimed host's claim until it is deprovisioned.
    public static let hostFinalizer = "baremetalhost.metal3.io"
    /// Keeps a BareMetalInstance until its host is back in the pool.
    public static let instanceFinalizer = "sluice.dev/baremetalinstance"
    /// Keeps a NodeGroup until its hosts are back in the pool.
    public static let nodeGroupFinalizer = "sluice.dev/nodegroup"

    /// Peer's names, honoured as they are.
    public static let safeToEvict = "cluster-autoscaler.kubernetes.io/safe-to-evict"
    public static let safeToEvictLocalVolumes = "cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes"
    public static let scaleDownDisabled = "cluster-autoscaler.kubernetes.io/scale-down-disabled"
    public static let toBeDeletedTaint = "ToBeDeletedByClusterAutoscaler"
    public static let deletionCandidateTaint = "DeletionCandidateOfClusterAutoscaler"

    public static let notReadyTaint = "node.kubernetes.io/not-ready"
    public static let unreachableTaint = "node.kubernetes.io/unreachable"
    public static let unschedulableTaint = "node.kubernetes.io/unschedulable"

    /// On launcher pods, as KubeVirt labels them.
    public static let kubevirtLabel = "kubevirt.io"
    public static let kubevirtCreatedByLabel = "kubevirt.io/created-by"
    public static let kubevirtDomainLabel = "vm.kubevirt.io/name"

    public static let leaseNamespace = "kube-node-lease"
    public static let systemNamespace = "kube-system"
    /// Where Sluice keeps its BareMetalHosts.
    public static let hostNamespace = "sluice-hosts"
}
