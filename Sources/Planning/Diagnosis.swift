internal import Fleet
internal import Objects

/// Why no node takes a class: counts, the nearest miss and the remedy. Made only when somebody is told.
struct Diagnosis {
    var reasons: [ReasonCount] = []
    /// Nodes in all.
    var total = 0
    var nearestMiss: NearestMiss?
    var remedy = ""

    /// kube-scheduler's sentence: each reason with the number of nodes, in ascending order of the texts.
    var message: String {
        if total == 0 { return "no nodes available to schedule pods" }
        var counts: [String: Int] = [:]
        for reason in reasons { counts[reason.reason.text, default: 0] += reason.count }
        let parts = counts.map { "\($0.value) \($0.key)" }.sorted()
        return "0/\(total) nodes are available: \(parts.joined(separator: ", "))."
    }

    /// Looks at the existing nodes; imagined ones are left out.
    init(_ podClass: PodClass, fleet: borrowing Fleet) {
        let matcher = ClassMatcher(podClass, fleet: copy fleet)
        /// Nodes that say the same in one group: reasons as bits. Bit 0 to 4 the verdict, then ports, then columns.
        struct Finding: Hashable {
            var group: Int32
            var verdict: UInt8
            var bits: UInt64
        }
        var findings: [Finding: Int] = [:]
        var nearest: (cost: Double, slot: Int)?
        for slot in fleet.nodes.ordered.map(Int.init) where !fleet.nodes.flags[slot].contains(.imagined) {
            total += 1
            let verdict = matcher.verdict(slot, fleet: fleet)
            let (bits, lack) = Diagnosis.dynamic(podClass, slot, nodes: fleet.nodes)
            let shown = Finding(group: fleet.nodes.group[slot], verdict: verdict.rawValue, bits: verdict == .fits ? bits : 0)
            findings[shown, default: 0] += 1
            let cost = Diagnosis.cost(verdict, bits: bits, lack: lack)
            if cost < nearest?.cost ?? .infinity { nearest = (cost, slot) }
        }
        var counts: [ReasonCount: Int] = [:]
        for (finding, count) in findings {
            let verdict = ClassMatcher.Verdict(rawValue: finding.verdict) ?? .fits
            let group = fleet.texts[finding.group]
            for reason in Diagnosis.reasons(verdict, bits: finding.bits, podClass, fleet: fleet) {
                counts[ReasonCount(group: group, reason: reason, count: 0), default: 0] += count
            }
        }
        reasons = counts.map { ReasonCount(group: $0.key.group, reason: $0.key.reason, count: $0.value) }
            .sorted { ($0.group, $0.reason.text) < ($1.group, $1.reason.text) }
        if let nearest {
            let (miss, change) = Diagnosis.miss(podClass, nearest.slot, matcher: matcher, fleet: fleet)
            nearestMiss = miss
            remedy = change
        }
    }

    /// Bit 0: ports; bit 1: devices; bit 2 + n: the class's n-th request. And the lacking share of the requests.
    static func dynamic(_ podClass: PodClass, _ slot: Int, nodes: borrowing NodeTable) -> (bits: UInt64, lack: Double) {
        var bits: UInt64 = 0
        var lack = 0.0
        for (index, request) in podClass.requests.enumerated() where index < 62 {
            let place = slot * nodes.stride + request.column
            let free = nodes.allocatable[place] - nodes.requested[place]
            if free < request.amount {
                bits |= 1 << UInt64(index + 2)
                lack += Double(request.amount - max(0, free)) / Double(request.amount)
            }
        }
        // Devices matter only where the plain counts do not say it already.
        if bits == 0, podClass.usesDevices, !nodes.devicesFit(podClass, slot: slot) {
            bits |= 2
            lack += 0.5
        }
        if !Dynamic.portsFit(podClass, slot, nodes: nodes) { bits |= 1 }
        return (bits, lack)
    }

    /// How far a node is from taking the pod: something to change by hand costs more than a part of a request.
    private static func cost(_ verdict: ClassMatcher.Verdict, bits: UInt64, lack: Double) -> Double {
        let fixed: Double =
            switch verdict {
            case .fits: 0
            case .unschedulable: 0.5
            case .untoleratedTaint: 2
            case .affinityMismatch: 4
            case .otherNodesNamed: 8
            }
        return fixed + lack + (bits & 1 == 0 ? 0 : 1)
    }

    /// Static filters come first; what they say ends it, as in the peer. NodePorts comes before NodeResourcesFit.
    static func reasons(_ verdict: ClassMatcher.Verdict, bits: UInt64, _ podClass: PodClass, fleet: borrowing Fleet) -> [Reason] {
        if let reason = verdict.reason { return [reason] }
        if bits & 1 != 0 { return [.portConflict] }
        if bits & 2 != 0 { return [.insufficient(resource: deviceResource(podClass))] }
        var found: [Reason] = []
        for (index, request) in podClass.requests.enumerated() where index < 62 && bits & (1 << UInt64(index + 2)) != 0 {
            found.append(
                request.column == Column.pods ? .tooManyPods : .insufficient(resource: fleet.columns[Int32(request.column)]))
        }
        return found
    }

    static func deviceResource(_ podClass: PodClass) -> String {
        podClass.deviceSlice > 0 ? ResourceNames.gpuMilli : ResourceNames.gpu
    }

    /// A node's reasons with numbers, and the smallest change that would make the pod fit there.
    static func miss(
        _ podClass: PodClass, _ slot: Int, matcher: ClassMatcher, fleet: borrowing Fleet, name: String? = nil
    ) -> (NearestMiss, remedy: String) {
        let verdict = matcher.verdict(slot, fleet: fleet)
        let (bits, _) = dynamic(podClass, slot, nodes: fleet.nodes)
        let node = name ?? "node \(fleet.nodes.names[slot])"
        var all = verdict.reason.map { [$0] } ?? []
        all += reasons(.fits, bits: bits, podClass, fleet: fleet)
        var lacks: [NearestMiss.Lack] = []
        var changes = staticChanges(verdict, podClass, slot, matcher: matcher, fleet: fleet, node: node)
        for request in podClass.requests {
            let free = fleet.free(request.column, onNode: slot)
            guard free < request.amount else { continue }
            let resource = fleet.columns[Int32(request.column)]
            let lack = NearestMiss.Lack(resource: resource, wanted: request.amount, free: free)
            lacks.append(lack)
            changes.append(change(lack, node: node))
        }
        if bits & 1 != 0 { changes.append("free the host ports of the pod on \(node), or drop them from the pod") }
        if bits & 2 != 0 { changes.append("free a device on \(node): what is free is spread over several") }
        return (NearestMiss(name: node, reasons: all, lacks: lacks), changes.joined(separator: "; "))
    }

    private static func change(_ lack: NearestMiss.Lack, node: String) -> String {
        if lack.resource == ResourceNames.pods {
            return "move a pod off \(node), or raise the number of pods it takes by \(lack.wanted - lack.free)"
        }
        let missing = lack.text(lack.lacking)
        if lack.free <= 0 { return "free \(missing) of \(lack.resource) on \(node)" }
        let (wanted, free) = (lack.text(lack.wanted), lack.text(lack.free))
        return "free \(missing) of \(lack.resource) on \(node), or lower the pod's request from \(wanted) to \(free)"
    }

    private static func staticChanges(
        _ verdict: ClassMatcher.Verdict, _ podClass: PodClass, _ slot: Int, matcher: ClassMatcher, fleet: borrowing Fleet,
        node: String
    ) -> [String] {
        switch verdict {
        case .fits: return []
        case .unschedulable: return ["uncordon \(node)"]
        case .otherNodesNamed: return ["let the pod's required node affinity name \(node)"]
        case .untoleratedTaint:
            return matcher.untolerated(slot, of: podClass, fleet: fleet).map { taint in
                let value = taint.value.isEmpty ? "" : "=\(taint.value)"
                return "tolerate \(taint.key)\(value):\(taint.effect) in the pod, or remove that taint from \(node)"
            }
        case .affinityMismatch:
            let labels = fleet.nodes.views[slot]?.metadata.labels ?? [:]
            let missing = podClass.requirements.nodeSelector.sorted { $0.key < $1.key }.filter { labels[$0.key] != $0.value }
            if missing.isEmpty { return ["match the pod's required node affinity with the labels of \(node)"] }
            let pairs = missing.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
            return ["label \(node) with \(pairs), or drop that from the pod's nodeSelector"]
        }
    }
}
