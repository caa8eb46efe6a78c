internal import Fleet
internal import Objects

extension ScaleUpPass {
    /// What one NodeGroup says to a class.
    private struct Answer {
        var reasons: [Reason]
        /// How far the group is from helping; the smallest is told as the nearest miss.
        var cost: Double
        var miss: NearestMiss
        var remedy: String
    }

    /// Why no NodeGroup makes room for the rest of a class.
    mutating func refusal(_ demand: Demand, keys: [String], in fleet: inout Fleet) -> Refusal {
        let podClass = fleet.podClass(demand.classSlot)
        var answers: [(group: String, answer: Answer)] = []
        for group in groups {
            answers.append((group.metadata.name, answer(group, podClass, count: demand.left, keys: keys, in: &fleet)))
        }
        var reasons: [ReasonCount] = []
        var counts: [String: Int] = [:]
        for (group, answer) in answers {
            for reason in answer.reasons {
                reasons.append(ReasonCount(group: group, reason: reason, count: 1))
                counts[reason.text, default: 0] += 1
            }
        }
        let parts = counts.map { "\($0.value) \($0.key)" }.sorted()
        let best = answers.min { ($0.answer.cost, $0.group) < ($1.answer.cost, $1.group) }?.answer
        return Refusal(
            code: .noScaleUp, subject: .pods(demand.pods.suffix(demand.left).map { fleet.key(ofPod: $0) }),
            message: "pod didn't trigger scale-up: \(parts.isEmpty ? "there is no NodeGroup" : parts.joined(separator: ", "))",
            reasons: reasons, nearestMiss: best?.miss, remedy: best?.remedy ?? "create a NodeGroup whose hosts take the pod")
    }

    /// The field of a group, looked at once a pass.
    private mutating func field(of group: NodeGroup, keys: [String], _ fleet: borrowing Fleet) -> GroupField {
        if let known = fields[group.metadata.name] { return known }
        let rows = matchingRows(group, fleet).sorted { $0.host.key < $1.host.key }
        let field = GroupField(
            count: rows.count, shapes: shapes(rows, group, keys: keys).map { ($0.0, $0.1[0]) }, holders: HostSupply.holders(rows))
        fields[group.metadata.name] = field
        return field
    }

    private mutating func answer(
        _ group: NodeGroup, _ podClass: PodClass, count: Int, keys: [String], in fleet: inout Fleet
    ) -> Answer {
        let name = group.metadata.name
        let field = field(of: group, keys: keys, fleet)
        if field.count == 0 {
            return Answer(
                reasons: [.noHostMatches], cost: 100,
                miss: NearestMiss(name: "NodeGroup \(name)", reasons: [.noHostMatches]),
                remedy: "give hosts the labels that the hostSelector of NodeGroup \(name) asks for, or change the selector")
        }
        var nearest: (cost: Double, slot: Int, host: String)?
        var fitting: Int?
        for (shape, host) in field.shapes {
            let slot = template(group, shape, host, in: &fleet)
            let matcher = ClassMatcher(podClass, fleet: fleet)
            let verdict = matcher.verdict(slot, fleet: fleet)
            let (bits, lack) = Diagnosis.dynamic(podClass, slot, nodes: fleet.nodes)
            if verdict == .fits, bits == 0 {
                fitting = slot
                break
            }
            let cost = 3 + lack + Double(verdict.rawValue)
            if cost < nearest?.cost ?? .infinity { nearest = (cost, slot, host.host.metadata.name) }
        }
        if let fitting {
            return fullAnswer(group, field, needed: needed(podClass, count, fitting, fleet))
        }
        guard let nearest else { return fullAnswer(group, field, needed: 1) }
        let (miss, remedy) = Diagnosis.miss(
            podClass, nearest.slot, matcher: ClassMatcher(podClass, fleet: fleet), fleet: fleet,
            name: "a new node of NodeGroup \(name) (host \(nearest.host))")
        let shown = miss.reasons.first.map { first in
            // As on nodes: a static reason ends it, resources are told together.
            if case .insufficient = first { return miss.reasons }
            return [first]
        }
        return Answer(reasons: shown ?? [], cost: nearest.cost, miss: miss, remedy: emptyNodeRemedy(miss, remedy))
    }

    /// On a node that is empty anyway nothing can be freed: only the pod can shrink, or the hosts grow.
    private func emptyNodeRemedy(_ miss: NearestMiss, _ remedy: String) -> String {
        if miss.lacks.isEmpty { return remedy }
        return miss.lacks.map { lack in
            lack.free <= 0
                ? "let the NodeGroup select hosts with \(lack.text(lack.wanted)) of \(lack.resource)"
                : "lower the pod's request of \(lack.resource) from \(lack.text(lack.wanted)) to \(lack.text(lack.free)), or let "
                    + "the NodeGroup select larger hosts"
        }.joined(separator: "; ")
    }

    private func needed(_ podClass: PodClass, _ count: Int, _ slot: Int, _ fleet: borrowing Fleet) -> Int {
        Estimator.estimate(copy fleet, template: slot, demand: [Estimator.Demand(podClass: podClass, count: count)]).nodes
    }

    /// The pod would fit: the group is at its limit, or no host is free.
    private func fullAnswer(_ group: NodeGroup, _ field: GroupField, needed: Int) -> Answer {
        let name = group.metadata.name
        if sizes[name] ?? 0 >= Int(clamping: group.maxSize) {
            let reason = Reason.maxSizeReached(max: group.maxSize)
            return Answer(
                reasons: [reason], cost: 0,
                miss: NearestMiss(name: "NodeGroup \(name) (\(group.maxSize) hosts at most)", reasons: [reason]),
                remedy: "raise maxSize of NodeGroup \(name) from \(group.maxSize) to \(group.maxSize + Int64(needed))")
        }
        let reason = Reason.noHostFree(matching: field.count)
        return Answer(
            reasons: [reason], cost: 1,
            miss: NearestMiss(name: "NodeGroup \(name) (\(field.count) hosts match: \(field.holders))", reasons: [reason]),
            remedy: "add \(needed) \(needed == 1 ? "host" : "hosts") that match NodeGroup \(name), or give back hosts that match")
    }
}
