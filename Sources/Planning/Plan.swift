public import Objects

/// What a planner decided on a fleet: small actions, and what it would not do and why.
public struct Plan: Sendable {
    /// The revision of the fleet the plan was made on.
    public var basis: UInt64
    public var actions: [Action] = []
    public var refusals: [Refusal] = []

    public init(basis: UInt64) { self.basis = basis }

    /// The bindings among the actions.
    public var bindings: [(pod: ObjectKey, node: String)] {
        actions.compactMap { if case .bind(let pod, let node) = $0 { (pod, node) } else { nil } }
    }

    /// The claims among the actions.
    public var claims: [(host: ObjectKey, claim: HostClaim)] {
        actions.compactMap { if case .claim(let host, let claim) = $0 { (host, claim) } else { nil } }
    }
}

/// One thing to do.
public enum Action: Sendable, Hashable {
    case bind(pod: ObjectKey, node: String)
    /// Take a host out of the pool.
    case claim(host: ObjectKey, claim: HostClaim)
    /// Give back a claimed host that never became a node.
    case release(host: ObjectKey, claim: HostClaim)
    /// Remove a node on which nothing has to move.
    case removeEmpty(node: String, group: String)
    /// Evict these pods, then remove the node.
    case drainAndRemove(node: String, group: String, moves: [PodMove])
}

/// Where the simulation of a drain put a pod; the scheduler decides anew when the pod comes back.
public struct PodMove: Sendable, Hashable {
    public var pod: ObjectKey
    public var node: String
}

/// Why something was not done, with the numbers and the remedy.
public struct Refusal: Sendable {
    /// What was refused.
    public enum Subject: Sendable, Hashable {
        /// Pods with equal scheduling specs, in the order they were tried.
        case pods([ObjectKey])
        case node(String)
        case nodeGroup(String)
        case instance(ObjectKey)
    }

    /// The closed set of reasons at the top; ``Refusal/reasons`` tells the numbers.
    public enum Code: String, Sendable, Hashable {
        /// No node takes the pod now.
        case unschedulable = "Unschedulable"
        case schedulingGated = "SchedulingGated"
        /// No NodeGroup can make a node that takes the pod.
        case noScaleUp = "NotTriggerScaleUp"
        /// A NodeGroup is below its minimum and no host is free for it.
        case belowMinimum = "BelowMinSize"
        /// No host for a BareMetalInstance.
        case noHost = "NoHostAvailable"
        /// A node stays; ``Refusal/message`` begins with the peer's reason.
        case notRemovable = "NotRemovable"
    }

    public var code: Code
    public var subject: Subject
    /// One sentence in the peer's words where a peer has some, such as kube-scheduler's `0/5 nodes are available: …`.
    public var message: String
    /// How often which reason, by NodeGroup; in ascending order of group and reason.
    public var reasons: [ReasonCount]
    public var nearestMiss: NearestMiss?
    /// The smallest change that would help.
    public var remedy: String

    public init(
        code: Code, subject: Subject, message: String, reasons: [ReasonCount] = [], nearestMiss: NearestMiss? = nil,
        remedy: String
    ) {
        self.code = code
        self.subject = subject
        self.message = message
        self.reasons = reasons
        self.nearestMiss = nearestMiss
        self.remedy = remedy
    }
}

/// How many nodes, hosts or groups gave a reason.
public struct ReasonCount: Sendable, Hashable {
    /// The NodeGroup of the nodes; empty for nodes outside of groups.
    public var group: String
    public var reason: Reason
    public var count: Int

    public init(group: String, reason: Reason, count: Int) {
        self.group = group
        self.reason = reason
        self.count = count
    }
}

/// Why a node or a NodeGroup does not take a pod.
public enum Reason: Sendable, Hashable {
    case unschedulable
    case untoleratedTaint
    case affinityMismatch
    /// Required terms name other nodes (`matchFields`).
    case otherNodesNamed
    case portConflict
    case tooManyPods
    case insufficient(resource: String)
    /// NodeGroup: it has as many hosts as it may.
    case maxSizeReached(max: Int64)
    /// NodeGroup: no host of the fleet matches its selector.
    case noHostMatches
    /// NodeGroup: hosts match, none is free.
    case noHostFree(matching: Int)

    /// A stable word for programs.
    public var code: String {
        switch self {
        case .unschedulable: "Unschedulable"
        case .untoleratedTaint: "UntoleratedTaint"
        case .affinityMismatch: "NodeAffinityMismatch"
        case .otherNodesNamed: "OtherNodesNamed"
        case .portConflict: "PortConflict"
        case .tooManyPods: "TooManyPods"
        case .insufficient: "InsufficientResource"
        case .maxSizeReached: "MaxSizeReached"
        case .noHostMatches: "NoHostMatches"
        case .noHostFree: "NoHostFree"
        }
    }

    /// The words of kube-scheduler 1.36 for nodes, of the Cluster Autoscaler for groups where it has some.
    public var text: String {
        switch self {
        case .unschedulable: "node(s) were unschedulable"
        case .untoleratedTaint: "node(s) had untolerated taint(s)"
        case .affinityMismatch: "node(s) didn't match Pod's node affinity/selector"
        case .otherNodesNamed: "node(s) didn't satisfy plugin(s) [NodeAffinity]"
        case .portConflict: "node(s) didn't have free ports for the requested pod ports"
        case .tooManyPods: "Too many pods"
        case .insufficient(let resource): "Insufficient \(resource)"
        case .maxSizeReached: "max node group size reached"
        case .noHostMatches: "no host matches the node group's selector"
        case .noHostFree: "no host is free for the node group"
        }
    }
}

/// The node (or template, or host) that came closest, and what it lacks.
public struct NearestMiss: Sendable, Hashable {
    /// One resource of which there is too little.
    public struct Lack: Sendable, Hashable {
        public var resource: String
        /// In the ledger's units: millicores for `cpu`, bytes for memory, else pieces.
        public var wanted: Int64
        public var free: Int64
        public var lacking: Int64 { wanted - max(0, free) }

        public init(resource: String, wanted: Int64, free: Int64) {
            self.resource = resource
            self.wanted = wanted
            self.free = free
        }
    }

    /// Name of the node, or `NodeGroup/host` for a node that would have to be made.
    public var name: String
    /// Everything that keeps the pod off it.
    public var reasons: [Reason]
    public var lacks: [Lack]

    public init(name: String, reasons: [Reason], lacks: [Lack] = []) {
        self.name = name
        self.reasons = reasons
        self.lacks = lacks
    }

    /// `node n3: Insufficient cpu (wants 4, 3500m free, 500m lacking)`
    public var words: String {
        let parts = reasons.map { reason in
            guard case .insufficient(let resource) = reason, let lack = lacks.first(where: { $0.resource == resource }) else {
                return reason.text
            }
            return "\(reason.text) (wants \(lack.text(lack.wanted)), \(lack.text(lack.free)) free, \(lack.text(lack.lacking)) lacking)"
        }
        return "\(name): \(parts.joined(separator: ", "))"
    }
}

extension NearestMiss.Lack {
    /// An amount of this resource as a quantity.
    func text(_ amount: Int64) -> String { Amount.text(amount, of: resource) }
}

/// Amounts in the ledger's units as Kubernetes writes them.
public enum Amount {
    /// `1500` of `cpu` is `1500m`, `1073741824` of `memory` is `1Gi`.
    public static func text(_ amount: Int64, of resource: String) -> String {
        let isBytes = resource == "memory" || resource == "ephemeral-storage" || resource.hasPrefix("hugepages-")
        if resource == "cpu" { return Quantity(milli: amount).description }
        return Quantity(amount, format: isBytes ? .binary : .decimal).description
    }
}
