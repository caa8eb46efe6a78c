public import Fleet
internal import Objects

/// Binds waiting pods to nodes.
public enum Scheduler {
    /// Bindings for waiting pods, highest priority first, then in order of creation; the fleet is as before afterwards.
    ///
    /// Filters: NodeUnschedulable, TaintToleration, NodeAffinity, NodePorts, NodeResourcesFit (all resources, number of
    /// pods, device slots). Scores: TaintToleration, NodeAffinity, NodeResourcesFit, NodeResourcesBalancedAllocation with
    /// kube-scheduler's formulas and weights; equal totals fall to the lower node name.
    ///
    /// Pods with equal specs that no node takes share one refusal.
    ///
    /// - Parameter limit: the most bindings.
    public static func plan(
        _ fleet: inout Fleet, options: SchedulingOptions = SchedulingOptions(), limit: Int = .max
    ) -> Plan {
        var plan = Plan(basis: fleet.revision)
        let waiting = fleet.pendingSlots()
        if waiting.isEmpty { return plan }
        fleet.attempt { fleet in
            var engine = PlacementEngine(fleet, options: options)
            var refused = RefusedClasses()
            for pod in waiting where plan.actions.count < limit {
                guard isOurs(pod, in: fleet, options) else { continue }
                let classSlot = fleet.pods.classOf[Int(pod)]
                // Within a plan nodes only fill up: what did not fit once will not fit later.
                if refused.contains(classSlot) {
                    refused.add(pod, classSlot)
                } else if let node = engine.place(pod, in: &fleet) {
                    plan.actions.append(.bind(pod: fleet.key(ofPod: pod), node: fleet.nodes.names[Int(node)]))
                } else {
                    refused.add(pod, classSlot)
                }
            }
            // Told within the attempt: what this plan places is why others do not fit.
            plan.refusals = refused.groups.map { refusal($0.pods, $0.classSlot, fleet: fleet) }
        }
        return plan
    }

    /// Whether this scheduler places the pod now.
    static func isOurs(_ pod: Int32, in fleet: borrowing Fleet, _ options: SchedulingOptions) -> Bool {
        options.schedulerNames.contains(fleet.pods.schedulers[Int(pod)])
    }

    private static func refusal(_ pods: [Int32], _ classSlot: Int32, fleet: borrowing Fleet) -> Refusal {
        let diagnosis = Diagnosis(fleet.podClass(classSlot), fleet: fleet)
        return Refusal(
            code: .unschedulable, subject: .pods(pods.map { fleet.key(ofPod: $0) }), message: diagnosis.message,
            reasons: diagnosis.reasons, nearestMiss: diagnosis.nearestMiss,
            remedy: diagnosis.total == 0 ? "add a NodeGroup whose hosts take the pod" : diagnosis.remedy)
    }
}

/// Waiting pods that found no node, by class, in the order they were tried.
struct RefusedClasses {
    struct Group {
        var classSlot: Int32
        var pods: [Int32]
    }

    private(set) var groups: [Group] = []
    private var places: [Int32: Int] = [:]

    func contains(_ classSlot: Int32) -> Bool { places[classSlot] != nil }

    mutating func add(_ pod: Int32, _ classSlot: Int32) {
        if let place = places[classSlot] {
            groups[place].pods.append(pod)
        } else {
            places[classSlot] = groups.count
            groups.append(Group(classSlot: classSlot, pods: [pod]))
        }
    }
}
