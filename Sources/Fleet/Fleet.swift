public import Objects

/// The ledger: nodes, pods, hosts, claims, NodeGroups and budgets as one value with a revision.
///
/// A copy is an immutable snapshot. Keep one variable and pass it `inout`: changing it while a copy is alive copies the
/// arrays once (copy on write). Every change costs what the change is, not what the fleet is.
public struct Fleet: Sendable {
    /// Counts the changes applied.
    public private(set) var revision: UInt64 = 0
    public internal(set) var nodes = NodeTable()
    public internal(set) var pods = PodTable()
    public internal(set) var hosts = HostTable()
    public internal(set) var nodeGroups: [String: NodeGroup] = [:]
    public internal(set) var instances: [ObjectKey: BareMetalInstance] = [:]
    public internal(set) var budgets: [ObjectKey: PodDisruptionBudget] = [:]
    /// Keys of the budgets of each namespace, ascending.
    var budgetKeys: [String: [ObjectKey]] = [:]
    /// Nodes assumed for pods whose binding is not in the API yet.
    var assumptions: [ObjectKey: String] = [:]
    var classes = ClassTable()
    /// Resource names by column.
    public internal(set) var columns = Column.interner()
    /// Label keys, label values and NodeGroup names.
    public internal(set) var texts: Interner
    var taintSets: [[Taint]] = [[]]
    var taintSetNumbers: [[Taint]: Int32] = [[]: 0]
    var journal: [JournalEntry] = []
    var openAttempts = 0

    public init() {
        texts = Interner()
        _ = texts.intern("")
    }

    public init(_ changes: [FleetChange]) {
        self.init()
        for change in changes { apply(change) }
    }

    /// Applies one change, in the order of the events.
    ///
    /// - Precondition: no attempt is open.
    public mutating func apply(_ change: FleetChange) {
        precondition(openAttempts == 0, "a fleet changes only outside of attempts")
        revision += 1
        switch change {
        case .pod(let pod): applyPod(pod)
        case .podRemoved(let key): removePod(key)
        case .node(let node): applyNode(node)
        case .nodeRemoved(let name): removeNode(name)
        case .host(let host): hosts.set(host)
        case .hostRemoved(let key): hosts.remove(key)
        case .nodeGroup(let group): nodeGroups[group.metadata.name] = group
        case .nodeGroupRemoved(let name): nodeGroups[name] = nil
        case .instance(let instance): instances[instance.key] = instance
        case .instanceRemoved(let key): instances[key] = nil
        case .budget(let budget): applyBudget(budget)
        case .budgetRemoved(let key): removeBudget(key)
        case .assumed(let pod, let node):
            assumptions[pod] = node
            refreshPod(pod)
        case .assumptionDropped(let pod):
            assumptions[pod] = nil
            refreshPod(pod)
        case .claimAssumed(let host, let claim): hosts.assume(host, claim)
        case .claimAssumptionDropped(let host): hosts.assume(host, nil)
        }
    }
}

// MARK: - Reading

extension Fleet {
    /// The slot of a node that exists or is imagined.
    public func nodeSlot(_ name: String) -> Int? {
        guard let slot = nodes.slots[name], nodes.isKnown(Int(slot)) else { return nil }
        return Int(slot)
    }

    /// The node of that name; `nil` where there is none.
    public func node(_ name: String) -> Node? { nodeSlot(name).flatMap { nodes.views[$0] } }

    /// Where a pod stands in the tables, until the next removal; `nil` where it is not known.
    public func podSlot(_ key: ObjectKey) -> Int? { pods.slots[key].map(Int.init) }

    /// The pod of that key; `nil` where there is none.
    public func pod(_ key: ObjectKey) -> Pod? { podSlot(key).flatMap { pods.views[$0] } }

    /// Names of the existing nodes, ascending.
    public var nodeNames: [String] { nodes.ordered.map { nodes.names[Int($0)] } }

    /// The class of a pod, given by its slot.
    ///
    /// - Precondition: the slot is a pod's.
    public func podClass(_ slot: Int32) -> PodClass {
        guard let row = classes.rows[Int(slot)] else { preconditionFailure("no class in slot \(slot)") }
        return row
    }

    /// Compiles requirements that no pod of the fleet has, such as those of an estimate.
    public mutating func compile(_ requirements: PodRequirements) -> PodClass {
        let row = PodClass(requirements, columns: &columns)
        nodes.widen(to: columns.count)
        return row
    }

    /// One more than the largest number of a class in use.
    public var classLimit: Int { classes.rows.count }

    /// Slots of the pods that hold resources on a node, in ascending order of their keys.
    public func podSlots(onNode slot: Int) -> [Int32] {
        var found: [Int32] = []
        var pod = nodes.firstPod[slot]
        while pod >= 0 {
            found.append(pod)
            pod = pods.next[Int(pod)]
        }
        return found.sorted { key(ofPod: $0) < key(ofPod: $1) }
    }

    /// Pods that hold resources on a node, in ascending order of their keys.
    public func pods(onNode name: String) -> [Pod] {
        guard let slot = nodes.slots[name] else { return [] }
        return podSlots(onNode: Int(slot)).compactMap { pods.views[Int($0)] }
    }

    /// Pods that wait for a node, highest priority first, then in order of creation, then of the keys.
    public var pendingPods: [Pod] { pendingSlots().compactMap { pods.views[Int($0)] } }

    /// Slots of the pods that wait for a node, highest priority first, then in order of creation, then of the keys.
    public func pendingSlots() -> [Int32] { pods.pending }

    /// The key of the pod in a slot; empty for an empty slot.
    public func key(ofPod slot: Int32) -> ObjectKey { pods.queueKeys[Int(slot)]?.key ?? ObjectKey(name: "") }

    /// The taints behind a number of ``NodeTable/taintSet``.
    public func taints(ofSet number: Int32) -> [Taint] { taintSets[Int(number)] }

    public var taintSetCount: Int { taintSets.count }

    /// The value of a node's label; `nil` where the node has no such label.
    public func label(_ key: Int32, ofNode slot: Int) -> Int32? {
        for pair in nodes.labels[slot] where pair.key == key { return pair.value }
        return nil
    }

    /// Free amount of a column on a node; below 0 where the node is over-committed.
    public func free(_ column: Int, onNode slot: Int) -> Int64 {
        let place = slot * nodes.stride + column
        return nodes.allocatable[place] - nodes.requested[place]
    }

    /// Budgets that cover a pod, in ascending order of their keys.
    public func budgets(covering pod: Pod) -> [PodDisruptionBudget] {
        (budgetKeys[pod.metadata.namespace] ?? []).compactMap { budgets[$0] }.filter { $0.covers(pod) }
    }

    /// The assumed node of a pod whose binding is not in the API yet.
    public func assumedNode(_ key: ObjectKey) -> String? { assumptions[key] }
}
