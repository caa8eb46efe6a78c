internal import Fleet
internal import Objects

/// The filters and scores that depend on what runs on a node.
///
/// - SeeAlso: kube-scheduler, *NodeResourcesFit*, *NodeResourcesBalancedAllocation*, *NodePorts*.
enum Dynamic {
    /// Whether resources, host ports and devices of a node take one more pod of the class.
    static func fits(_ podClass: borrowing PodClass, _ slot: Int, nodes: borrowing NodeTable) -> Bool {
        let base = slot * nodes.stride
        for request in podClass.requests {
            let place = base + request.column
            if nodes.allocatable[place] &- nodes.requested[place] < request.amount { return false }
        }
        if podClass.usesDevices, !nodes.devicesFit(copy podClass, slot: slot) { return false }
        if !podClass.requirements.hostPorts.isEmpty { return portsFit(podClass, slot, nodes: nodes) }
        return true
    }

    static func portsFit(_ podClass: borrowing PodClass, _ slot: Int, nodes: borrowing NodeTable) -> Bool {
        for used in nodes.ports[slot] {
            for wanted in podClass.requirements.hostPorts where wanted.conflicts(with: used) { return false }
        }
        return true
    }

    /// NodeResourcesFit of 0 to 100: the mean over CPU and memory of the free or the used share with the pod, integers
    /// throughout as in the peer.
    static func fitScore(
        _ podClass: borrowing PodClass, _ slot: Int, nodes: borrowing NodeTable, strategy: SchedulingOptions.Strategy
    ) -> Int32 {
        let base = slot * nodes.stride
        var sum: Int64 = 0
        var weights: Int64 = 0
        let shares = [
            (nodes.allocatable[base + Column.cpu], nodes.scoringCPU[slot] &+ podClass.scoringCPU),
            (nodes.allocatable[base + Column.memory], nodes.scoringMemory[slot] &+ podClass.scoringMemory),
        ]
        for (capacity, used) in shares where capacity > 0 {
            weights += 1
            switch strategy {
            case .leastAllocated: sum += used > capacity ? 0 : (capacity - used) * 100 / capacity
            case .mostAllocated: sum += min(used, capacity) * 100 / capacity
            }
        }
        return weights == 0 ? 0 : Int32(sum / weights)
    }

    /// NodeResourcesBalancedAllocation of 0 to 100: how much nearer the used shares of CPU and memory come with the pod.
    static func balanceScore(_ podClass: borrowing PodClass, _ slot: Int, nodes: borrowing NodeTable) -> Int32 {
        let base = slot * nodes.stride
        var cpu: Int64 = 0
        var memory: Int64 = 0
        for request in podClass.requests {
            if request.column == Column.cpu { cpu = request.amount }
            if request.column == Column.memory { memory = request.amount }
        }
        // The peer leaves the score out for pods without either request: the same for all nodes then.
        if cpu == 0, memory == 0 { return 0 }
        let capacityCPU = nodes.allocatable[base + Column.cpu]
        let capacityMemory = nodes.allocatable[base + Column.memory]
        let usedCPU = nodes.requested[base + Column.cpu]
        let usedMemory = nodes.requested[base + Column.memory]
        let with = evenness(usedCPU &+ cpu, capacityCPU, usedMemory &+ memory, capacityMemory)
        let without = evenness(usedCPU, capacityCPU, usedMemory, capacityMemory)
        return 50 + (50 + with - without) / 2
    }

    /// 100 where CPU and memory are used to the same share, 50 where one is used up and the other is not used.
    private static func evenness(_ cpu: Int64, _ capacityCPU: Int64, _ memory: Int64, _ capacityMemory: Int64) -> Int32 {
        guard capacityCPU > 0, capacityMemory > 0 else { return 100 }
        let first = min(1, Double(cpu) / Double(capacityCPU))
        let second = min(1, Double(memory) / Double(capacityMemory))
        return Int32((1 - (first - second).magnitude / 2) * 100)
    }
}
