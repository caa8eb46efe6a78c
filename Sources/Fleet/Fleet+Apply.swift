internal import Objects

extension Fleet {
    // MARK: Pods

    mutating func applyPod(_ pod: Pod) {
        let key = pod.key
        if !pod.nodeName.isEmpty || pod.isTerminated { assumptions[key] = nil }
        if let slot = pods.slots[key] {
            if pods.views[Int(slot)]?.requirements != pod.requirements {
                detach(slot)
                classes.release(pods.classOf[Int(slot)])
                pods.classOf[Int(slot)] = classes.acquire(pod.requirements, columns: &columns)
            }
            pods.setView(slot, pod)
        } else {
            let slot = pods.makeSlot(key)
            pods.classOf[Int(slot)] = classes.acquire(pod.requirements, columns: &columns)
            pods.setView(slot, pod)
        }
        nodes.widen(to: columns.count)
        refreshPod(key)
    }

    mutating func removePod(_ key: ObjectKey) {
        assumptions[key] = nil
        guard let slot = pods.slots[key] else { return }
        detach(slot)
        classes.release(pods.classOf[Int(slot)])
        pods.release(slot, key: key)
    }

    /// Puts a pod where its object and its assumption say, and among the waiting or not.
    mutating func refreshPod(_ key: ObjectKey) {
        guard let slot = pods.slots[key], let pod = pods.views[Int(slot)] else { return }
        let name = pod.nodeName.isEmpty ? assumptions[key] ?? "" : pod.nodeName
        var target: Int32 = -1
        if !name.isEmpty, !pod.isTerminated { target = nodes.slots[name] ?? nodes.makeSlot(name) }
        if pods.node[Int(slot)] != target {
            detach(slot)
            if target >= 0 { attach(slot, to: target, devices: nil) }
        }
        pods.setPending(slot, name.isEmpty && !pod.isTerminated && !pod.metadata.isDeleting)
    }

    /// Takes a pod's resources off its node; a slot without a Node object goes with its last pod.
    mutating func detach(_ pod: Int32) {
        let node = pods.node[Int(pod)]
        guard node >= 0 else { return }
        release(pod, from: node)
        if !nodes.isKnown(Int(node)), nodes.firstPod[Int(node)] < 0 { nodes.release(node) }
    }

    mutating func attach(_ pod: Int32, to node: Int32, devices: UInt64?) {
        pods.link(pod, head: &nodes.firstPod[Int(node)])
        pods.node[Int(pod)] = node
        let row = podClass(pods.classOf[Int(pod)])
        count(row, onNode: Int(node), sign: 1)
        if row.usesDevices {
            if let devices {
                nodes.changeDevices(devices, row, slot: Int(node), sign: -1)
                pods.devices[Int(pod)] = devices
            } else {
                pods.devices[Int(pod)] = nodes.takeDevices(row, slot: Int(node))
            }
        }
        if !row.requirements.hostPorts.isEmpty { nodes.ports[Int(node)] += row.requirements.hostPorts }
    }

    mutating func release(_ pod: Int32, from node: Int32) {
        pods.unlink(pod, head: &nodes.firstPod[Int(node)])
        pods.node[Int(pod)] = -1
        let row = podClass(pods.classOf[Int(pod)])
        count(row, onNode: Int(node), sign: -1)
        if pods.devices[Int(pod)] != 0 {
            nodes.changeDevices(pods.devices[Int(pod)], row, slot: Int(node), sign: 1)
            pods.devices[Int(pod)] = 0
        }
        for port in row.requirements.hostPorts {
            if let place = nodes.ports[Int(node)].firstIndex(of: port) { nodes.ports[Int(node)].remove(at: place) }
        }
    }

    private mutating func count(_ row: PodClass, onNode node: Int, sign: Int64) {
        let base = node * nodes.stride
        // Amounts near 2⁶³ wrap rather than trap: a later release gives exactly them back.
        for request in row.requests { nodes.requested[base + request.column] &+= sign &* request.amount }
        nodes.scoringCPU[node] &+= sign &* row.scoringCPU
        nodes.scoringMemory[node] &+= sign &* row.scoringMemory
    }

    // MARK: Nodes

    mutating func applyNode(_ node: Node) {
        let name = node.metadata.name
        let slot = nodes.slots[name] ?? nodes.makeSlot(name)
        describe(slot, node, flags: .known)
    }

    /// Fills a slot from a Node object.
    mutating func describe(_ slot: Int32, _ node: Node, flags: NodeTable.Flags) {
        let index = Int(slot)
        if !nodes.isKnown(index) { nodes.order.insert(slot, names: nodes.names) }
        var flags = flags
        if node.isUnschedulable { flags.insert(.unschedulable) }
        if node.isReady { flags.insert(.ready) }
        nodes.flags[index] = flags
        nodes.views[index] = node
        nodes.group[index] = texts.intern(node.nodeGroup)
        nodes.labels[index] = node.metadata.labels.map { LabelPair(key: texts.intern($0.key), value: texts.intern($0.value)) }
            .sorted { $0.key < $1.key }
        nodes.taintSet[index] = intern(node.taints)
        let resources = node.allocatable.names.map { (Int(columns.intern($0)), node.allocatable[$0]) }
        nodes.widen(to: columns.count)
        for column in 0..<nodes.stride { nodes.allocatable[index * nodes.stride + column] = 0 }
        for (column, amount) in resources { nodes.allocatable[index * nodes.stride + column] = amount }
        describeDevices(slot, count: Int(node.allocatable[ResourceNames.gpuMilli] / 1_000))
    }

    /// The number of a set of taints; the time a taint was added does not matter.
    private mutating func intern(_ taints: [Taint]) -> Int32 {
        let plain = taints.map { Taint(key: $0.key, value: $0.value, effect: $0.effect) }
        if let number = taintSetNumbers[plain] { return number }
        let number = Int32(taintSets.count)
        taintSets.append(plain)
        taintSetNumbers[plain] = number
        return number
    }

    /// Sets the number of device slots and places the pods present anew where it changed.
    private mutating func describeDevices(_ slot: Int32, count: Int) {
        let count = min(max(0, count), NodeTable.deviceLimit)
        let index = Int(slot)
        guard Int(nodes.deviceCount[index]) != count else { return }
        nodes.widenDevices(to: count)
        nodes.deviceCount[index] = Int32(count)
        for device in 0..<nodes.deviceStride {
            nodes.deviceFree[index * nodes.deviceStride + device] = device < count ? 1_000 : 0
        }
        for pod in podSlots(onNode: index) {
            pods.devices[Int(pod)] = nodes.takeDevices(podClass(pods.classOf[Int(pod)]), slot: index)
        }
    }

    mutating func removeNode(_ name: String) {
        guard let slot = nodes.slots[name], nodes.isKnown(Int(slot)) else { return }
        for pod in podSlots(onNode: Int(slot)) { pods.devices[Int(pod)] = 0 }
        nodes.clear(slot)
        if nodes.firstPod[Int(slot)] < 0 { nodes.release(slot) }
    }

    // MARK: Budgets

    mutating func applyBudget(_ budget: PodDisruptionBudget) {
        if budgets.updateValue(budget, forKey: budget.key) == nil {
            budgetKeys[budget.metadata.namespace, default: []].append(budget.key)
            budgetKeys[budget.metadata.namespace]?.sort()
        }
    }

    mutating func removeBudget(_ key: ObjectKey) {
        guard budgets.removeValue(forKey: key) != nil else { return }
        budgetKeys[key.namespace]?.removeAll { $0 == key }
        if budgetKeys[key.namespace]?.isEmpty == true { budgetKeys[key.namespace] = nil }
    }
}
