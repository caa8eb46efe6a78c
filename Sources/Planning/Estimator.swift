public import Fleet
public import Objects

/// How many nodes of a template a demand needs.
public struct Estimate: Sendable, Hashable {
    public var nodes: Int
    /// Pods placed, in the order of the demand.
    public var placed: [Int]

    public init(nodes: Int, placed: [Int]) {
        self.nodes = nodes
        self.placed = placed
    }

    public var podsPlaced: Int { placed.reduce(0, +) }
}

/// Packs counts of equal pods onto nodes of one template: first fit by decreasing size, on runs of equally filled nodes,
/// so that a count costs as little as a single pod.
public enum Estimator {
    /// One class of pods and how many of them wait.
    public struct Demand: Sendable {
        public var podClass: PodClass
        public var count: Int

        public init(podClass: PodClass, count: Int) {
            self.podClass = podClass
            self.count = count
        }
    }

    /// The estimate for a template and pods that stand in no fleet.
    ///
    /// - Parameter maxNodes: the most nodes; `nil`: no limit.
    public static func estimate(template: Node, demand: [(PodRequirements, Int)], maxNodes: Int? = nil) -> Estimate {
        var fleet = Fleet([.node(template)])
        let demand = demand.map { Demand(podClass: fleet.compile($0.0), count: $0.1) }
        guard let slot = fleet.nodeSlot(template.metadata.name) else { return Estimate(nodes: 0, placed: []) }
        return estimate(fleet, template: slot, demand: demand, maxNodes: maxNodes)
    }

    /// The estimate for a template that stands in the fleet as a node without pods.
    ///
    /// Where the limit leaves pods over and priorities differ, higher priorities come first; else larger pods do.
    public static func estimate(_ fleet: Fleet, template: Int, demand: [Demand], maxNodes: Int? = nil) -> Estimate {
        var packing = Packing(fleet, template: template, limit: maxNodes ?? .max)
        let sizes = demand.map { packing.size($0.podClass) }
        let fitting = demand.indices.filter { packing.canHold(demand[$0].podClass) }
        let bySize = fitting.sorted { (sizes[$1], $0) < (sizes[$0], $1) }
        var placed = packing.pack(bySize, demand: demand)
        let isShort = fitting.contains { placed[$0] < demand[$0].count }
        let priorities = Set(fitting.map { demand[$0].podClass.requirements.priority })
        if isShort, priorities.count > 1 {
            let byPriority = bySize.sorted {
                let left = demand[$0].podClass.requirements.priority
                let right = demand[$1].podClass.requirements.priority
                return left != right ? left > right : (sizes[$1], $0) < (sizes[$0], $1)
            }
            packing = Packing(fleet, template: template, limit: maxNodes ?? .max)
            placed = packing.pack(byPriority, demand: demand)
        }
        return Estimate(nodes: packing.nodeCount, placed: placed)
    }
}

/// Nodes of one template, as runs of nodes that are filled alike.
private struct Packing {
    struct Run {
        var free: [Int64]
        var devices: [Int32]
        var ports: [HostPort]
        var count: Int
    }

    private let fleet: Fleet
    private let template: Int
    private let limit: Int
    private let empty: Run
    private var runs: [Run] = []
    private(set) var nodeCount = 0

    init(_ fleet: Fleet, template: Int, limit: Int) {
        self.fleet = fleet
        self.template = template
        self.limit = limit
        let nodes = fleet.nodes
        let base = template * nodes.deviceStride
        empty = Run(
            free: (0..<fleet.columns.count).map { fleet.free($0, onNode: template) },
            devices: Array(nodes.deviceFree[base..<(base + Int(nodes.deviceCount[template]))]), ports: nodes.ports[template],
            count: 1)
    }

    /// Whether an empty node takes a pod of the class.
    func canHold(_ podClass: PodClass) -> Bool {
        ClassMatcher(podClass, fleet: fleet).verdict(template, fleet: fleet) == .fits && capacity(empty, podClass) > 0
    }

    /// The sum of the shares of the template that a pod takes, which is what decides the order.
    func size(_ podClass: PodClass) -> Double {
        podClass.requests.reduce(0) { sum, request in
            let free = request.column < empty.free.count ? empty.free[request.column] : 0
            return free > 0 && request.column != Column.pods ? sum + Double(request.amount) / Double(free) : sum
        }
    }

    mutating func pack(_ order: [Int], demand: [Estimator.Demand]) -> [Int] {
        var placed = [Int](repeating: 0, count: demand.count)
        for index in order { placed[index] = pack(demand[index].podClass, count: demand[index].count) }
        return placed
    }

    /// Places up to `count` pods, on nodes there are first, and returns how many found a place.
    private mutating func pack(_ podClass: PodClass, count: Int) -> Int {
        var left = count
        var changed: [Run] = []
        for index in runs.indices where left > 0 {
            let each = capacity(runs[index], podClass)
            if each == 0 { continue }
            let full = min(runs[index].count, left / each)
            if full > 0 { changed.append(filled(runs[index], podClass, pods: each, nodes: full)) }
            left -= full * each
            let hasPartial = full < runs[index].count && left > 0
            if hasPartial {
                changed.append(filled(runs[index], podClass, pods: left, nodes: 1))
                left = 0
            }
            runs[index].count -= full + (hasPartial ? 1 : 0)
        }
        let each = capacity(empty, podClass)
        if left > 0, each > 0 {
            let full = min(left / each, limit - nodeCount)
            if full > 0 { changed.append(filled(empty, podClass, pods: each, nodes: full)) }
            nodeCount += full
            left -= full * each
            if left > 0, left < each, nodeCount < limit {
                changed.append(filled(empty, podClass, pods: left, nodes: 1))
                nodeCount += 1
                left = 0
            }
        }
        runs.removeAll { $0.count == 0 }
        runs += changed
        return count - left
    }

    /// How many pods of a class one node of the run takes.
    private func capacity(_ run: Run, _ podClass: PodClass) -> Int {
        var most = Int64.max
        for request in podClass.requests {
            let free = request.column < run.free.count ? run.free[request.column] : 0
            if free < request.amount { return 0 }
            most = min(most, free / request.amount)
        }
        for wanted in podClass.requirements.hostPorts {
            if run.ports.contains(where: { $0.conflicts(with: wanted) }) { return 0 }
            most = min(most, 1)
        }
        guard podClass.usesDevices else { return Int(most) }
        if run.devices.isEmpty { return podClass.deviceSlice > 0 ? 0 : Int(most) }
        if podClass.deviceSlice > 0 {
            return Int(min(most, run.devices.reduce(0) { $0 + Int64($1 / podClass.deviceSlice) }))
        }
        return Int(min(most, Int64(run.devices.count { $0 == 1_000 } / podClass.wholeDevices)))
    }

    private func filled(_ run: Run, _ podClass: PodClass, pods: Int, nodes: Int) -> Run {
        var run = run
        run.count = nodes
        for request in podClass.requests { run.free[request.column] -= request.amount * Int64(pods) }
        run.ports += podClass.requirements.hostPorts
        guard podClass.usesDevices, !run.devices.isEmpty else { return run }
        var left = podClass.deviceSlice > 0 ? pods : pods * podClass.wholeDevices
        let amount = podClass.deviceSlice > 0 ? podClass.deviceSlice : 1_000
        // The fullest devices that still fit come first, as in the ledger.
        for device in run.devices.indices.sorted(by: { (run.devices[$0], $0) < (run.devices[$1], $1) }) where left > 0 {
            let taken = min(left, Int(run.devices[device] / amount))
            run.devices[device] -= amount * Int32(taken)
            left -= taken
        }
        return run
    }
}
