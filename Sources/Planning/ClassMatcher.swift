internal import Fleet
internal import Objects

/// The filters and scores of one class that depend on what a node is, not on what runs on it, compiled against the
/// fleet's interned texts.
///
/// NodeName needs no filter: a pod that names its node is placed there by the API, never here.
struct ClassMatcher {
    /// What the static filters say, in kube-scheduler's order.
    enum Verdict: UInt8 {
        case fits
        case otherNodesNamed
        case unschedulable
        case untoleratedTaint
        case affinityMismatch

        var reason: Reason? {
            switch self {
            case .fits: nil
            case .otherNodesNamed: .otherNodesNamed
            case .unschedulable: .unschedulable
            case .untoleratedTaint: .untoleratedTaint
            case .affinityMismatch: .affinityMismatch
            }
        }
    }

    private struct Requirement {
        var key: Int32?
        var source: LabelRequirement
        /// Numbers of the values that the fleet knows.
        var values: [Int32]
    }

    private struct Term {
        var labels: [Requirement]
        var fields: [LabelRequirement]
    }

    private var selector: [Requirement]
    private var required: [Term]?
    private var preferred: [(weight: Int32, term: Term)]
    /// Node names that the required terms allow; `nil` where some term names none.
    private var namedNodes: Set<String>?
    private var toleratesUnschedulable: Bool
    /// By taint set: whether every NoSchedule and NoExecute taint is tolerated.
    private var tolerated: [Bool]
    /// By taint set: untolerated PreferNoSchedule taints.
    private(set) var preferTaints: [Int32]
    /// Whether the preferred terms can make a difference.
    var hasPreferences: Bool { !preferred.isEmpty }
    /// Whether some taint set has an untolerated PreferNoSchedule taint.
    var hasPreferTaints: Bool

    init(_ podClass: PodClass, fleet: Fleet) {
        let requirements = podClass.requirements
        func compile(_ requirement: LabelRequirement) -> Requirement {
            Requirement(
                key: fleet.texts.number(of: requirement.key), source: requirement,
                values: requirement.values.compactMap { fleet.texts.number(of: $0) })
        }
        func compile(_ term: NodeSelectorTerm) -> Term {
            Term(labels: term.expressions.map(compile), fields: term.fields)
        }
        selector = requirements.nodeSelector.sorted { $0.key < $1.key }
            .map { compile(LabelRequirement(key: $0.key, comparison: .isIn, values: [$0.value])) }
        required = requirements.requiredNodeTerms.map { $0.map(compile) }
        preferred = requirements.preferredNodeTerms.map { (Int32(clamping: $0.weight), compile($0.term)) }
        namedNodes = ClassMatcher.namedNodes(requirements.requiredNodeTerms)
        let tolerations = requirements.tolerations
        let cordon = Taint(key: Names.unschedulableTaint, effect: "NoSchedule")
        toleratesUnschedulable = tolerations.contains { $0.tolerates(cordon) }
        tolerated = []
        preferTaints = []
        for number in 0..<fleet.taintSetCount {
            let taints = fleet.taints(ofSet: Int32(number))
            tolerated.append(
                taints.allSatisfy { taint in
                    (taint.effect != "NoSchedule" && taint.effect != "NoExecute") || tolerations.contains { $0.tolerates(taint) }
                })
            preferTaints.append(
                Int32(
                    taints.count { taint in
                        taint.effect == "PreferNoSchedule" && !tolerations.contains { $0.tolerates(taint) }
                    }))
        }
        hasPreferTaints = preferTaints.contains { $0 > 0 }
    }

    /// The names that `matchFields` allow, where every term names nodes with `In`.
    private static func namedNodes(_ terms: [NodeSelectorTerm]?) -> Set<String>? {
        guard let terms, !terms.isEmpty else { return nil }
        var names: Set<String> = []
        for term in terms {
            let lists = term.fields.filter { $0.key == "metadata.name" && $0.comparison == .isIn }.map { Set($0.values) }
            guard let first = lists.first else { return nil }
            names.formUnion(lists.dropFirst().reduce(first) { $0.intersection($1) })
        }
        return names
    }

    // MARK: Filters

    func verdict(_ slot: Int, fleet: borrowing Fleet) -> Verdict {
        if let namedNodes, !namedNodes.contains(fleet.nodes.names[slot]) { return .otherNodesNamed }
        if fleet.nodes.flags[slot].contains(.unschedulable), !toleratesUnschedulable { return .unschedulable }
        if !tolerated[Int(fleet.nodes.taintSet[slot])] { return .untoleratedTaint }
        return affinityMatches(slot, fleet: fleet) ? .fits : .affinityMismatch
    }

    /// The taints of a node that keep the class off, for a remedy.
    func untolerated(_ slot: Int, of podClass: PodClass, fleet: borrowing Fleet) -> [Taint] {
        fleet.taints(ofSet: fleet.nodes.taintSet[slot]).filter { taint in
            (taint.effect == "NoSchedule" || taint.effect == "NoExecute")
                && !podClass.requirements.tolerations.contains { $0.tolerates(taint) }
        }
    }

    private func affinityMatches(_ slot: Int, fleet: borrowing Fleet) -> Bool {
        for requirement in selector where !matches(requirement, slot, fleet: fleet) { return false }
        guard let required else { return true }
        for term in required where matches(term, slot, fleet: fleet) { return true }
        return false
    }

    /// The sum of the weights of the preferred terms that match.
    func preference(_ slot: Int, fleet: borrowing Fleet) -> Int32 {
        var sum: Int32 = 0
        for (weight, term) in preferred where matches(term, slot, fleet: fleet) { sum += weight }
        return sum
    }

    private func matches(_ term: Term, _ slot: Int, fleet: borrowing Fleet) -> Bool {
        // A term without any requirement matches nothing.
        if term.labels.isEmpty, term.fields.isEmpty { return false }
        for requirement in term.labels where !matches(requirement, slot, fleet: fleet) { return false }
        for field in term.fields {
            guard field.key == "metadata.name", field.matches(fleet.nodes.names[slot]) else { return false }
        }
        return true
    }

    private func matches(_ requirement: Requirement, _ slot: Int, fleet: borrowing Fleet) -> Bool {
        let value = requirement.key.flatMap { fleet.label($0, ofNode: slot) }
        switch requirement.source.comparison {
        case .isIn: return value.map { requirement.values.contains($0) } ?? false
        case .notIn: return value.map { !requirement.values.contains($0) } ?? true
        case .exists: return value != nil
        case .doesNotExist: return value == nil
        case .greaterThan, .lessThan: return requirement.source.matches(value.map { fleet.texts[$0] })
        }
    }
}
