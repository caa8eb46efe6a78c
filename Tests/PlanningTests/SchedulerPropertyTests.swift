import Fleet
import Objects
import Planning
import Testing

/// The planner against a reference that looks at every node for every pod and keeps nothing.
struct SchedulerPropertyTests {
    /// Filters and scores straight from kube-scheduler's documentation, on plain values.
    struct Reference {
        struct Room {
            var node: Node
            var used = ResourceList()
            var scoring: (cpu: Int64, memory: Int64) = (0, 0)
            var pods: Int64 = 0
            var ports: [HostPort] = []
        }

        var rooms: [Room]
        var strategy: SchedulingOptions.Strategy

        mutating func place(_ pod: Pod) -> String? {
            let fitting = rooms.indices.filter { fits(pod.requirements, rooms[$0]) }
            if fitting.isEmpty { return nil }
            let taints = fitting.map { preferTaints(pod.requirements, rooms[$0].node) }
            let preferences = fitting.map { preference(pod.requirements, rooms[$0].node) }
            let (maxTaints, maxPreference) = (taints.max() ?? 0, preferences.max() ?? 0)
            var best: (total: Int64, index: Int)?
            for (order, index) in fitting.enumerated() {
                let taintScore = maxTaints == 0 ? 100 : 100 - 100 * taints[order] / maxTaints
                let affinityScore = maxPreference == 0 ? 0 : 100 * preferences[order] / maxPreference
                let total =
                    3 * taintScore + 2 * affinityScore + fit(pod.requirements, rooms[index]) + balance(pod.requirements, rooms[index])
                if total > best?.total ?? -1 { best = (total, index) }
            }
            guard let index = best?.index else { return nil }
            rooms[index].used.add(pod.requirements.requests)
            let (cpu, memory) = scoring(pod.requirements)
            rooms[index].scoring.cpu += cpu
            rooms[index].scoring.memory += memory
            rooms[index].pods += 1
            rooms[index].ports += pod.requirements.hostPorts
            return rooms[index].node.metadata.name
        }

        func fits(_ pod: PodRequirements, _ room: Room) -> Bool {
            let node = room.node
            let cordon = Taint(key: Names.unschedulableTaint, effect: "NoSchedule")
            if node.isUnschedulable, !pod.tolerations.contains(where: { $0.tolerates(cordon) }) { return false }
            for taint in node.taints where taint.effect != "PreferNoSchedule" {
                if !pod.tolerations.contains(where: { $0.tolerates(taint) }) { return false }
            }
            for (key, value) in pod.nodeSelector where node.metadata.labels[key] != value { return false }
            if let terms = pod.requiredNodeTerms, !terms.contains(where: { matches($0, node) }) { return false }
            for port in pod.hostPorts where room.ports.contains(where: { $0.port == port.port }) { return false }
            if room.pods + 1 > node.allocatable["pods"] { return false }
            return pod.requests.names.allSatisfy {
                pod.requests[$0] == 0 || room.used[$0] + pod.requests[$0] <= node.allocatable[$0]
            }
        }

        func matches(_ term: NodeSelectorTerm, _ node: Node) -> Bool {
            term.expressions.allSatisfy { $0.matches(node.metadata.labels) } && !term.expressions.isEmpty
        }

        func preferTaints(_ pod: PodRequirements, _ node: Node) -> Int64 {
            Int64(
                node.taints.count { taint in
                    taint.effect == "PreferNoSchedule" && !pod.tolerations.contains { $0.tolerates(taint) }
                })
        }

        func preference(_ pod: PodRequirements, _ node: Node) -> Int64 {
            pod.preferredNodeTerms.filter { matches($0.term, node) }.reduce(0) { $0 + $1.weight }
        }

        func scoring(_ pod: PodRequirements) -> (Int64, Int64) {
            (pod.requests.amounts["cpu"] ?? 100, pod.requests.amounts["memory"] ?? 200 << 20)
        }

        func fit(_ pod: PodRequirements, _ room: Room) -> Int64 {
            let (cpu, memory) = scoring(pod)
            func share(_ used: Int64, _ capacity: Int64) -> Int64 {
                switch strategy {
                case .mostAllocated: min(used, capacity) * 100 / capacity
                case .leastAllocated: used > capacity ? 0 : (capacity - used) * 100 / capacity
                }
            }
            return
                (share(room.scoring.cpu + cpu, room.node.allocatable["cpu"])
                + share(room.scoring.memory + memory, room.node.allocatable["memory"])) / 2
        }

        func balance(_ pod: PodRequirements, _ room: Room) -> Int64 {
            if pod.requests["cpu"] == 0, pod.requests["memory"] == 0 { return 0 }
            func even(_ cpu: Int64, _ memory: Int64) -> Int64 {
                let first = min(1, Double(cpu) / Double(room.node.allocatable["cpu"]))
                let second = min(1, Double(memory) / Double(room.node.allocatable["memory"]))
                return Int64((1 - abs(first - second) / 2) * 100)
            }
            let with = even(room.used["cpu"] + pod.requests["cpu"], room.used["memory"] + pod.requests["memory"])
            return 50 + (50 + with - even(room.used["cpu"], room.used["memory"])) / 2
        }
    }

    private func randomNodes(_ generator: inout SeededGenerator) -> [Node] {
        (0..<Int.random(in: 1...14, using: &generator)).map { index in
            var taints: [Taint] = []
            if Int.random(in: 0..<4, using: &generator) == 0 { taints.append(Taint(key: "hard", effect: "NoSchedule")) }
            if Int.random(in: 0..<3, using: &generator) == 0 { taints.append(Taint(key: "soft", effect: "PreferNoSchedule")) }
            return node(
                "n\(index < 10 ? "0" : "")\(index)", cpu: Int64.random(in: 2...16, using: &generator) * 1_000,
                memory: Int64.random(in: 4...64, using: &generator) * gibibyte, pods: Int64.random(in: 3...20, using: &generator),
                labels: ["zone": "z\(Int.random(in: 0..<3, using: &generator))"], taints: taints,
                cordoned: Int.random(in: 0..<9, using: &generator) == 0)
        }
    }

    private func randomRequirements(_ generator: inout SeededGenerator) -> PodRequirements {
        var requests = ResourceList()
        if Bool.random(using: &generator) { requests["cpu"] = Int64.random(in: 1...30, using: &generator) * 100 }
        if Bool.random(using: &generator) { requests["memory"] = Int64.random(in: 1...40, using: &generator) * gibibyte / 4 }
        var requirements = PodRequirements(requests: requests)
        if Int.random(in: 0..<4, using: &generator) == 0 { requirements.nodeSelector = ["zone": "z1"] }
        if Int.random(in: 0..<3, using: &generator) == 0 { requirements.tolerations = [Toleration(key: "hard", existsOperator: true)] }
        if Int.random(in: 0..<4, using: &generator) == 0 { requirements.hostPorts = [HostPort(port: 80)] }
        if Int.random(in: 0..<3, using: &generator) == 0 {
            requirements.preferredNodeTerms = (0..<2).map { index in
                PreferredNodeTerm(
                    weight: Int64.random(in: 1...100, using: &generator),
                    term: NodeSelectorTerm(expressions: [LabelRequirement(key: "zone", comparison: .isIn, values: ["z\(index)"])]))
            }
        }
        return requirements
    }

    @Test("The plan equals the reference pod by pod, over-commits nothing and leaves the fleet as it was", arguments: 0..<60)
    func equalsTheReference(_ seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let nodes = randomNodes(&generator)
        let specs = (0..<Int.random(in: 1...8, using: &generator)).map { _ in randomRequirements(&generator) }
        var pods: [Pod] = []
        for index in 0..<Int.random(in: 1...90, using: &generator) {
            let spec = specs.randomElement(using: &generator) ?? PodRequirements()
            pods.append(pod("p\(index)", created: Int64(index)) { $0 = spec })
        }
        let strategy: SchedulingOptions.Strategy = seed % 2 == 0 ? .mostAllocated : .leastAllocated
        var reference = Reference(rooms: nodes.sorted { $0.metadata.name < $1.metadata.name }.map { .init(node: $0) }, strategy: strategy)
        var expected: [String: String] = [:]
        for pod in pods { expected[pod.metadata.name] = reference.place(pod) }

        var fleet = Fleet(nodes.shuffled(using: &generator).map(FleetChange.node) + pods.map(FleetChange.pod))
        let before = fleet
        let plan = Scheduler.plan(&fleet, options: SchedulingOptions(strategy: strategy))
        #expect(fleet == before, "seed \(seed)")
        for binding in plan.bindings { #expect(expected[binding.pod.name] == binding.node, "seed \(seed) \(binding.pod)") }
        #expect(plan.bindings.count == expected.count, "seed \(seed)")
        for (pod, node) in plan.bindings { fleet.apply(.assumed(pod: pod, node: node)) }
        #expect(fleet.violations().isEmpty, "seed \(seed)")
        // Progress: nothing that still fits is refused.
        for pod in fleet.pendingPods {
            #expect(!Placement.fitsAnywhere(pod.requirements, in: &fleet), "seed \(seed) \(pod.key)")
        }
        #expect(Scheduler.plan(&fleet).bindings.isEmpty, "a second plan has nothing to add")
    }
}
