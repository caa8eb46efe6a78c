public import Objects

/// What a pass over a VirtualMachineInstance should do.
public struct MachineInstancePlan: Sendable, Equatable {
    public var createsLauncher = false
    /// Launchers that must end.
    public var deletions: [ObjectKey] = []
    /// The launcher is gone though nobody asked; to be checked with the server before the status is believed.
    public var isLauncherLost = false
    public var removesFinalizer = false
    /// The fields of `status` to merge; `nil` where it is right already.
    public var status: JSON?
}

/// Moves VirtualMachineInstances through their phases; no effects.
public enum MachineInstancePlanner {
    /// Keeps an instance until its launcher is gone; KubeVirt's name.
    public static let finalizer = "foregroundDeleteVirtualMachine"

    /// - Parameter launchers: all pods the instance controls.
    public static func plan(_ instance: VirtualMachineInstance, launchers: [Pod], now: Timestamp) -> MachineInstancePlan {
        var plan = MachineInstancePlan()
        if instance.metadata.isDeleting {
            plan.deletions = launchers.filter { !$0.metadata.isDeleting }.map(\.key)
            plan.removesFinalizer = launchers.isEmpty && instance.metadata.finalizers.contains(finalizer)
            if !launchers.isEmpty {
                plan.status = status(instance, phase: instance.phase, launcher: newest(launchers), now: now)
            }
            return plan
        }
        let launcher = newest(launchers)
        let phase = nextPhase(instance, launcher)
        plan.createsLauncher = instance.phase == "Pending" && launchers.isEmpty
        plan.isLauncherLost = launcher == nil && phase == "Failed" && !instance.isFinal
        // An ended machine holds nothing: a launcher that still runs must not outlive it.
        if instance.isFinal { plan.deletions = launchers.filter(\.isActive).map(\.key) }
        plan.status = status(instance, phase: phase, launcher: launcher, now: now)
        return plan
    }

    private static func newest(_ launchers: [Pod]) -> Pod? {
        launchers.max { left, right in
            let leftTime = left.metadata.creationTimestamp?.microseconds ?? 0
            let rightTime = right.metadata.creationTimestamp?.microseconds ?? 0
            return (leftTime, left.metadata.name) < (rightTime, right.metadata.name)
        }
    }

    /// One step at a time, so that each phase is seen and has its time.
    static func nextPhase(_ instance: VirtualMachineInstance, _ launcher: Pod?) -> String {
        switch instance.phase {
        case "": return "Pending"
        case "Pending": return launcher == nil ? "Pending" : "Scheduling"
        case "Scheduling", "Scheduled", "Running":
            guard let launcher else { return "Failed" }
            if launcher.isTerminated {
                return instance.phase == "Running" && launcher.phase == "Succeeded" ? "Succeeded" : "Failed"
            }
            let isUp = launcher.phase == "Running" && !launcher.nodeName.isEmpty
            if instance.phase == "Scheduling" { return isUp ? "Scheduled" : "Scheduling" }
            if instance.phase == "Scheduled" { return isUp && launcher.isReady ? "Running" : "Scheduled" }
            return "Running"
        default: return instance.phase
        }
    }

    // MARK: - Status

    private static func status(
        _ instance: VirtualMachineInstance, phase: String, launcher: Pod?, now: Timestamp
    ) -> JSON? {
        var after = instance.status
        after["phase"] = .string(phase)
        if phase != instance.phase {
            let moment: JSON = ["phase": .string(phase), "phaseTransitionTimestamp": .string(now.rfc3339)]
            after["phaseTransitionTimestamps"] = .array((after["phaseTransitionTimestamps"]?.array ?? []) + [moment])
        }
        if let launcher, !launcher.nodeName.isEmpty {
            after["nodeName"] = .string(launcher.nodeName)
            after["activePods"] = [launcher.metadata.uid: .string(launcher.nodeName)]
        }
        if let launcher, !launcher.podIP.isEmpty { after["interfaces"] = interfaces(instance, launcher.podIP) }
        let shape = MachineShape(spec: instance.spec)
        if after["memory"] == nil {
            let bytes = Quantity(shape.guestMemoryBytes, format: .binary).description
            after["memory"] = ["guestAtBoot": .string(bytes), "guestCurrent": .string(bytes), "guestRequested": .string(bytes)]
        }
        var conditions = [Condition](status: instance.status)
        conditions.set(readiness(phase, launcher, isLeaving: instance.metadata.isDeleting), now: now)
        if phase == "Running" {
            conditions.set(
                Condition(
                    type: "LiveMigratable", status: "False", reason: "HypervisorNotLiveMigratable",
                    message: "the host's hypervisor does not move running machines"), now: now)
        }
        let scheduled = launcher?.conditions["PodScheduled"]
        if let scheduled, scheduled.status == "False" {
            conditions.set(scheduled, now: now)
        } else {
            conditions.removeAll { $0.type == "PodScheduled" }
        }
        if launcher != nil { conditions.removeAll { $0.type == "Synchronized" } }
        after["conditions"] = conditions.json
        guard after != instance.status else { return nil }
        // A merge keeps members it does not name: a former launcher's entry must be named to go.
        if let launcher, !launcher.nodeName.isEmpty {
            for former in (instance.status["activePods"]?.object ?? JSONObject()).keys where former != launcher.metadata.uid {
                after["activePods", former] = .null
            }
        }
        return after
    }

    private static func interfaces(_ instance: VirtualMachineInstance, _ address: String) -> JSON {
        let networks = instance.spec["networks"]?.array ?? []
        let name = networks.first { $0["pod"] != nil }?["name"]?.string ?? "default"
        return [
            [
                "name": .string(name), "ipAddress": .string(address), "ipAddresses": [.string(address)],
                "podInterfaceName": "eth0", "infoSource": "domain", "queueCount": 1,
            ]
        ]
    }

    private static func readiness(_ phase: String, _ launcher: Pod?, isLeaving: Bool) -> Condition {
        func no(_ reason: String, _ message: String) -> Condition {
            Condition(type: "Ready", status: "False", reason: reason, message: message)
        }
        guard let launcher else { return no("PodNotExists", "virt-launcher pod has not yet been scheduled") }
        if launcher.metadata.isDeleting || isLeaving { return no("PodTerminating", "virt-launcher pod is terminating") }
        guard phase == "Running" else { return no("GuestNotRunning", "Guest VM is not reported as running") }
        if launcher.isReady { return Condition(type: "Ready", status: "True") }
        let ready = launcher.conditions["Ready"]
        return no(ready?.reason ?? "PodConditionMissing", ready?.message ?? "virt-launcher pod is missing the Ready condition")
    }
}
