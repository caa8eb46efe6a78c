internal import Objects

/// The status of a VirtualMachine as it follows from its instance.
struct MachineStatus {
    let machine: VirtualMachine
    let instance: VirtualMachineInstance?
    let failure: StartFailure
    /// Open requests to start and stop.
    let requests: [JSON]
    /// An instance is about to be made.
    let isStarting: Bool
    let now: Timestamp

    /// The fields to merge; `nil` where the present status says the same.
    var changes: JSON? {
        let before = machine.status
        var after: JSON = [
            "created": .bool(instance != nil), "ready": .bool(instanceConditions["Ready"]?.isTrue ?? false),
            "printableStatus": .string(printable), "runStrategy": .string(machine.runStrategy),
            "desiredGeneration": .integer(machine.metadata.generation),
            "observedGeneration": .integer(machine.metadata.generation),
            "conditions": conditions.json,
        ]
        // `null` removes; it counts as a change only where there is something to remove.
        if failure.count > 0 || before["startFailure"] != nil { after["startFailure"] = failure.json }
        if !requests.isEmpty {
            after["stateChangeRequests"] = .array(requests)
        } else if before["stateChangeRequests"] != nil {
            after["stateChangeRequests"] = .null
        }
        let isRight = (after.object ?? JSONObject()).allSatisfy { before[$0.key] == $0.value }
        // No ternary: in one, `nil` would be JSON's own null.
        if isRight { return nil }
        return after
    }

    private var instanceConditions: [Condition] { [Condition](status: instance?.status) }

    /// The instance's conditions, and `Ready` in any case.
    private var conditions: [Condition] {
        var conditions = [Condition](status: machine.status)
        let present = instanceConditions
        conditions.removeAll { condition in condition.type != "Ready" && present[condition.type] == nil }
        for condition in present {
            var copy = condition
            copy.observedGeneration = nil
            conditions.set(copy, now: now)
        }
        if instance == nil {
            conditions.set(
                Condition(type: "Ready", status: "False", reason: "VMINotExists", message: "VMI does not exist"), now: now)
        } else if present["Ready"] == nil {
            conditions.set(
                Condition(
                    type: "Ready", status: "False", reason: "PodNotExists",
                    message: "virt-launcher pod has not yet been scheduled"), now: now)
        }
        return conditions
    }

    /// KubeVirt's words, in its order of precedence.
    var printable: String {
        if machine.metadata.isDeleting { return "Terminating" }
        guard let instance else {
            if isStarting { return "Provisioning" }
            return isWaitingToRetry ? "CrashLoopBackOff" : "Stopped"
        }
        if instance.metadata.isDeleting, !instance.isFinal { return "Stopping" }
        switch instance.phase {
        case "Running": return "Running"
        case "Succeeded", "Failed": return isWaitingToRetry ? "CrashLoopBackOff" : "Stopped"
        default: break
        }
        if let scheduled = instanceConditions["PodScheduled"], scheduled.status == "False", scheduled.reason == "Unschedulable" {
            return "ErrorUnschedulable"
        }
        // The launcher pod is what a machine without disks of its own is provisioned with.
        return instance.phase.isEmpty || instance.phase == "Pending" ? "Provisioning" : "Starting"
    }

    private var isWaitingToRetry: Bool {
        let strategies = ["Always", "RerunOnFailure"]
        return failure.count > 0 && (failure.retryAfter.map { $0 > now } ?? false) && strategies.contains(machine.runStrategy)
    }
}
