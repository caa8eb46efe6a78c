public import Fleet
public import Objects

/// Draws hosts from the pool for pods that no node takes.
public enum ScaleUp {
    /// Claims of hosts for NodeGroups; the fleet is as before afterwards.
    ///
    /// Waiting pods are first put where the scheduler would, then on nodes on their way (hosts that a NodeGroup holds and
    /// whose node has not registered); what is left decides how many hosts of which NodeGroup are claimed, never above its
    /// `maxSize`. A NodeGroup below its `minSize` claims up to it.
    ///
    /// - Parameter now: a node that has registered and was never ready counts as on its way until it is older than its
    ///   group's `maxNodeProvisionTime`; `nil`: for ever.
    public static func plan(
        _ fleet: inout Fleet, options: ScaleUpOptions = ScaleUpOptions(), now: Timestamp? = nil
    ) -> Plan {
        var plan = Plan(basis: fleet.revision)
        let hasDemand = fleet.pods.pending.isEmpty == false
        guard hasDemand || fleet.nodeGroups.values.contains(where: { $0.minSize > 0 }) else { return plan }
        fleet.attempt { fleet in
            var pass = ScaleUpPass(fleet, options: options)
            pass.claimMinimums(fleet)
            if hasDemand {
                pass.imagineComing(in: &fleet)
                pass.imagineStarting(in: &fleet, now: now)
                let demand = pass.leftOver(in: &fleet)
                pass.meet(demand, in: &fleet)
            }
            plan.actions = pass.actions
            plan.refusals = pass.refusals
        }
        return plan
    }
}

/// One pass of scale-up; its state outlives no plan.
struct ScaleUpPass {
    /// A class of pods that found no node.
    struct Demand {
        var classSlot: Int32
        var pods: [Int32]
        /// How many of the pods no claim serves yet.
        var left: Int
    }

    let options: ScaleUpOptions
    /// In ascending order of the names.
    let groups: [NodeGroup]
    private(set) var actions: [Action] = []
    var refusals: [Refusal] = []
    private(set) var supply: HostSupply
    private(set) var sizes: [String: Int] = [:]
    private var coming: [(host: HostRow, group: NodeGroup)] = []
    private var starting: [Int32] = []
    /// What live nodes of the same hardware really offer.
    private var offers: [Int32: ResourceList] = [:]
    private var templates: [TemplateKey: Int] = [:]
    private var randomState: UInt64
    /// All hosts of each group that some refusal looked at.
    var fields: [String: GroupField] = [:]

    /// The hosts that match a group, free or not.
    struct GroupField {
        var count: Int
        /// Each shape with one host of it.
        var shapes: [(HostSupply.Shape, HostRow)]
        /// Who holds them, in words.
        var holders: String
    }

    private struct TemplateKey: Hashable {
        var group: String
        var shape: HostSupply.Shape
    }

    init(_ fleet: borrowing Fleet, options: ScaleUpOptions) {
        self.options = options
        randomState = options.seed
        groups = fleet.nodeGroups.values.sorted { $0.metadata.name < $1.metadata.name }.filter { !$0.metadata.isDeleting }
        supply = HostSupply(fleet)
        let names = fleet.nodeNamesByGroup()
        for group in groups {
            let members = names[group.metadata.name] ?? []
            sizes[group.metadata.name] = fleet.size(of: group, nodeNames: members)
            for host in fleet.unregisteredHosts(of: group, nodeNames: members) where host.isComing { coming.append((host, group)) }
            for name in members {
                guard let node = fleet.node(name), node.isReady, let host = fleet.hostKey(of: node).flatMap({ fleet.hosts[$0] })
                else { continue }
                if offers[host.hardware] == nil { offers[host.hardware] = node.allocatable }
            }
        }
    }

    // MARK: Minimum sizes

    mutating func claimMinimums(_ fleet: borrowing Fleet) {
        for group in groups {
            let name = group.metadata.name
            let missing = Int(clamping: min(group.minSize, group.maxSize)) - (sizes[name] ?? 0)
            guard missing > 0 else { continue }
            let taken = supply.take(missing, of: supply.matching(group), for: group, fleet: fleet)
            claim(taken, for: group)
            coming += taken.map { ($0, group) }
            if taken.count < missing {
                let rows = matchingRows(group, fleet)
                refusals.append(
                    Refusal(
                        code: .belowMinimum, subject: .nodeGroup(name),
                        message: "NodeGroup \(name) has \(sizes[name] ?? 0) of at least \(group.minSize) hosts: "
                            + (rows.isEmpty ? "no host matches its selector" : "\(rows.count) hosts match: \(HostSupply.holders(rows))"),
                        reasons: [
                            ReasonCount(
                                group: name, reason: rows.isEmpty ? .noHostMatches : .noHostFree(matching: rows.count),
                                count: missing - taken.count)
                        ],
                        remedy: "add \(missing - taken.count) hosts that match, or lower minSize to \(sizes[name] ?? 0)"))
            }
        }
    }

    private mutating func claim(_ hosts: [HostRow], for group: NodeGroup) {
        sizes[group.metadata.name, default: 0] += hosts.count
        actions += hosts.map { .claim(host: $0.host.key, claim: group.claim) }
    }

    func matchingRows(_ group: NodeGroup, _ fleet: borrowing Fleet) -> [HostRow] {
        guard let selector = group.hostSelector else { return [] }
        return fleet.hosts.rows.values.filter { selector.matches($0.host.metadata.labels) }
    }

    // MARK: What is there and on its way

    mutating func imagineComing(in fleet: inout Fleet) {
        for (host, group) in coming {
            var node = NodeTemplates.node(for: host.host, group: group, allocatable: allocatable(host))
            node.metadata.name = "coming/\(host.host.metadata.namespace)/\(host.host.metadata.name)"
            _ = fleet.imagine(node)
        }
    }

    /// Takes nodes that have registered and do not answer yet for what they will be once their startup taints are gone.
    mutating func imagineStarting(in fleet: inout Fleet, now: Timestamp?) {
        for slot in fleet.nodes.ordered {
            guard let node = fleet.nodes.views[Int(slot)], let group = fleet.nodeGroups[node.nodeGroup],
                node.isStarting(limit: group.maxNodeProvisionTime, now: now)
            else { continue }
            var twin = node
            twin.taints = node.taints.filter { !Node.startupTaints.contains($0.key) }
            if twin.taints.count == node.taints.count { continue }
            for (column, name) in fleet.columns.texts.enumerated() where twin.allocatable[name] != 0 {
                twin.allocatable[name] = max(0, fleet.free(column, onNode: Int(slot)))
            }
            twin.metadata.name = "starting/\(node.metadata.name)"
            starting.append(slot)
            _ = fleet.imagine(twin)
        }
    }

    /// Puts waiting pods where they fit and returns the others by class.
    func leftOver(in fleet: inout Fleet) -> [Demand] {
        var engine = PlacementEngine(fleet, options: options.scheduling)
        // Their room is offered by what they will be.
        for slot in starting { engine.setExcluded(slot, true) }
        var refused = RefusedClasses()
        for pod in fleet.pendingSlots() {
            guard Scheduler.isOurs(pod, in: fleet, options.scheduling) else { continue }
            let classSlot = fleet.pods.classOf[Int(pod)]
            if refused.contains(classSlot) || engine.place(pod, in: &fleet) == nil { refused.add(pod, classSlot) }
        }
        return refused.groups.map { Demand(classSlot: $0.classSlot, pods: $0.pods, left: $0.pods.count) }
    }

    // MARK: New hosts

    /// Claims hosts round by round, one option a round, until nothing helps any more; then says what is left and why.
    mutating func meet(_ demand: [Demand], in fleet: inout Fleet) {
        guard !demand.isEmpty else { return }
        var demand = demand
        let keys = referencedLabels(demand, fleet)
        while true {
            let open = demand.indices.filter { demand[$0].left > 0 }
            let estimatorDemand = open.map {
                Estimator.Demand(podClass: fleet.podClass(demand[$0].classSlot), count: demand[$0].left)
            }
            let found = offersFor(estimatorDemand, keys: keys, in: &fleet)
            let expander = options.expander ?? agreedExpander(found.map(\.group))
            guard let choice = Expander.choose(found.map(\.option), by: expander, state: &randomState) else { break }
            let chosen = found[choice]
            let hosts = supply.take(chosen.estimate.nodes, of: chosen.hosts, for: chosen.group, fleet: fleet)
            claim(hosts, for: chosen.group)
            for (index, placed) in zip(open, chosen.estimate.placed) { demand[index].left -= placed }
        }
        for rest in demand where rest.left > 0 { refusals.append(refusal(rest, keys: keys, in: &fleet)) }
    }

    private struct Offer {
        var group: NodeGroup
        var hosts: [HostRow]
        var estimate: Estimate
        var option: ScaleUpOption
    }

    private mutating func offersFor(_ demand: [Estimator.Demand], keys: [String], in fleet: inout Fleet) -> [Offer] {
        var found: [Offer] = []
        let budget = options.maxNodesPerPass - actions.count
        guard !demand.isEmpty, budget > 0 else { return [] }
        for group in groups {
            let room = Int(clamping: group.maxSize) - (sizes[group.metadata.name] ?? 0)
            if room <= 0 { continue }
            for (shape, hosts) in shapes(supply.matching(group), group, keys: keys) {
                let slot = template(group, shape, hosts[0], in: &fleet)
                let estimate = Estimator.estimate(
                    fleet, template: slot, demand: demand, maxNodes: min(room, hosts.count, budget))
                if estimate.podsPlaced == 0 { continue }
                let option = ScaleUpOption(
                    group: group.metadata.name, nodes: estimate.nodes, podsPlaced: estimate.podsPlaced,
                    waste: waste(estimate, demand: demand, template: slot, fleet: fleet))
                found.append(Offer(group: group, hosts: hosts, estimate: estimate, option: option))
            }
        }
        return found
    }

    /// Hosts by what they would become, in order of their first host.
    func shapes(_ hosts: [HostRow], _ group: NodeGroup, keys: [String]) -> [(HostSupply.Shape, [HostRow])] {
        var found: [(HostSupply.Shape, [HostRow])] = []
        var places: [HostSupply.Shape: Int] = [:]
        // Hosts of one hardware mostly follow each other: the last place is asked first.
        var last = -1
        for host in hosts {
            let labels = keys.map { NodeTemplates.label($0, for: host.host, group: group) }
            let shape = HostSupply.Shape(hardware: host.hardware, labels: labels)
            if last < 0 || found[last].0 != shape {
                last = places[shape] ?? found.count
                if last == found.count {
                    places[shape] = last
                    found.append((shape, []))
                }
            }
            found[last].1.append(host)
        }
        return found
    }

    /// What a host will offer as a node: what others of its hardware really offer, else what inspection found.
    private func allocatable(_ host: HostRow) -> ResourceList {
        if let offer = offers[host.hardware] { return offer }
        var list = host.resources
        list[ResourceNames.pods] = options.podsPerNode
        return list
    }

    /// The slot of an imagined empty node of that shape.
    mutating func template(_ group: NodeGroup, _ shape: HostSupply.Shape, _ host: HostRow, in fleet: inout Fleet) -> Int {
        let key = TemplateKey(group: group.metadata.name, shape: shape)
        if let slot = templates[key] { return slot }
        var node = NodeTemplates.node(for: host.host, group: group, allocatable: allocatable(host))
        node.metadata.name = "template/\(group.metadata.name)/\(templates.count)"
        let slot = fleet.imagine(node)
        templates[key] = slot
        return slot
    }

    private func waste(_ estimate: Estimate, demand: [Estimator.Demand], template: Int, fleet: borrowing Fleet) -> Double {
        var columns = [Column.cpu, Column.memory]
        if let gpu = fleet.columns.number(of: ResourceNames.gpu) { columns.append(Int(gpu)) }
        var shares: [Double] = []
        for column in columns {
            let each = fleet.free(column, onNode: template)
            guard each > 0 else { continue }
            var used: Double = 0
            for (part, placed) in zip(demand, estimate.placed) {
                used += Double(part.podClass.amount(inColumn: column)) * Double(placed)
            }
            shares.append(1 - used / (Double(each) * Double(estimate.nodes)))
        }
        return shares.isEmpty ? 0 : shares.reduce(0, +) / Double(shares.count)
    }

    private func agreedExpander(_ groups: [NodeGroup]) -> NodeGroup.Expander {
        let named = Set(groups.map(\.expander))
        return named.count == 1 ? named.first ?? .leastWaste : .leastWaste
    }

    /// Label keys that decide whether waiting pods fit: hosts that differ in others make equal nodes.
    private func referencedLabels(_ demand: [Demand], _ fleet: borrowing Fleet) -> [String] {
        var keys: Set<String> = []
        for part in demand {
            let requirements = fleet.podClass(part.classSlot).requirements
            keys.formUnion(requirements.nodeSelector.keys)
            for term in requirements.requiredNodeTerms ?? [] {
                keys.formUnion(term.expressions.map(\.key))
                // A term that names nodes tells every host from every other.
                if !term.fields.isEmpty { keys.insert(Names.hostnameLabel) }
            }
        }
        return keys.sorted()
    }
}
