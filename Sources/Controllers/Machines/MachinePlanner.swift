public import Objects

/// What a pass over a VirtualMachine should do.
public struct MachinePlan: Sendable, Equatable {
    public enum Action: Sendable, Equatable {
        case start
        /// Deletes the instance of that uid.
        case stop(uid: String)
        case addFinalizer
        case removeFinalizer
    }

    public var actions: [Action] = []
    /// The fields of `status` to merge; `nil` where it is right already.
    public var status: JSON?
    /// When a failed machine is started again.
    public var nextLook: Duration?
}

/// Decides whether a VirtualMachine should have an instance; no effects. The rules are KubeVirt's.
public enum MachinePlanner {
    /// Keeps a machine until its instance is gone; KubeVirt's name.
    public static let finalizer = "kubevirt.io/virtualMachineControllerFinalize"

    /// - Parameter instance: the machine's own instance, if it has one.
    public static func plan(
        _ machine: VirtualMachine, instance: VirtualMachineInstance?, now: Timestamp
    ) -> MachinePlan {
        var plan = MachinePlan()
        let failure = StartFailure(machine.status["startFailure"]).noting(instance, now)
        let requests = openRequests(machine, instance)
        if machine.metadata.isDeleting {
            end(machine, instance, &plan)
        } else {
            if !machine.metadata.finalizers.contains(finalizer) { plan.actions.append(.addFinalizer) }
            decide(machine, instance, failure, requests, now, &plan)
        }
        plan.status =
            MachineStatus(
                machine: machine, instance: instance, failure: failure, requests: requests, isStarting: plan.actions.contains(.start),
                now: now
            ).changes
        return plan
    }

    private static func end(_ machine: VirtualMachine, _ instance: VirtualMachineInstance?, _ plan: inout MachinePlan) {
        let isOrphaning = machine.metadata.finalizers.contains("orphan")
        if let instance, !isOrphaning {
            if !instance.metadata.isDeleting { plan.actions.append(.stop(uid: instance.metadata.uid)) }
        } else if machine.metadata.finalizers.contains(finalizer) {
            plan.actions.append(.removeFinalizer)
        }
    }

    private static func decide(
        _ machine: VirtualMachine, _ instance: VirtualMachineInstance?, _ failure: StartFailure, _ requests: [JSON],
        _ now: Timestamp, _ plan: inout MachinePlan
    ) {
        let request = requests.first?["action"]?.string
        guard let instance else {
            guard isStartWanted(machine, request) else { return }
            let isManual = request == "Start"
            if let moment = failure.retryAfter, moment > now, !isManual {
                plan.nextLook = max(.seconds(1), moment - now)
            } else {
                plan.actions.append(.start)
            }
            return
        }
        guard !instance.metadata.isDeleting else { return }
        if isStopWanted(machine, instance, request) { plan.actions.append(.stop(uid: instance.metadata.uid)) }
    }

    private static func isStartWanted(_ machine: VirtualMachine, _ request: String?) -> Bool {
        switch machine.runStrategy {
        case "Always", "RerunOnFailure", "Once": true
        case "Manual": request == "Start"
        default: false
        }
    }

    private static func isStopWanted(
        _ machine: VirtualMachine, _ instance: VirtualMachineInstance, _ request: String?
    ) -> Bool {
        switch machine.runStrategy {
        case "Always": instance.isFinal || request == "Stop"
        // A machine that ended well has done its work.
        case "RerunOnFailure": instance.phase == "Failed" || request == "Stop"
        case "Manual": request == "Stop"
        case "Once": false
        case "Halted": true
        // An unknown strategy must not stop anything.
        default: false
        }
    }

    /// Requests to start and stop (as `virtctl` makes them) that are not yet fulfilled.
    private static func openRequests(_ machine: VirtualMachine, _ instance: VirtualMachineInstance?) -> [JSON] {
        var requests = machine.status["stateChangeRequests"]?.array ?? []
        while let first = requests.first {
            let isDone: Bool
            switch first["action"]?.string {
            case "Stop": isDone = instance == nil || first["uid"]?.string.map { $0 != instance?.metadata.uid } ?? false
            case "Start": isDone = instance.map { !$0.metadata.isDeleting && !$0.isFinal } ?? false
            default: isDone = true
            }
            guard isDone else { break }
            requests.removeFirst()
        }
        return requests
    }
}

/// `status.startFailure`: how often in a row the machine failed before it ever ran.
struct StartFailure: Equatable {
    /// Where the growing of pauses ends, in seconds.
    static let longestPause: Int64 = 300

    var count: Int64 = 0
    var lastFailed = ""
    var retryAfter: Timestamp?

    init(_ status: JSON?) {
        count = status?["consecutiveFailCount"]?.integer ?? 0
        lastFailed = status?["lastFailedVMIUID"]?.string ?? ""
        retryAfter = Timestamp(status?["retryAfterTimestamp"])
    }

    /// Counts a failed start once; a machine that ran has recovered.
    func noting(_ instance: VirtualMachineInstance?, _ now: Timestamp) -> StartFailure {
        guard let instance else { return self }
        if instance.hasRun { return StartFailure(nil) }
        guard instance.phase == "Failed", instance.metadata.uid != lastFailed else { return self }
        var next = self
        next.count += 1
        next.lastFailed = instance.metadata.uid
        next.retryAfter = now + .seconds(StartFailure.pause(after: next.count))
        return next
    }

    /// Seconds to wait after the n-th failure in a row: 10, 40, 90 … up to 300, as in KubeVirt without its jitter.
    static func pause(after count: Int64) -> Int64 { count > 5 ? longestPause : min(longestPause, 10 * count * count) }

    var json: JSON {
        guard count > 0 else { return .null }
        var object: JSON = ["consecutiveFailCount": .integer(count), "lastFailedVMIUID": .string(lastFailed)]
        if let retryAfter { object["retryAfterTimestamp"] = .string(retryAfter.rfc3339) }
        return object
    }
}

extension VirtualMachineInstance {
    /// Whether the machine reached `Running` at some time.
    var hasRun: Bool {
        phase == "Running"
            || (status["phaseTransitionTimestamps"]?.array ?? []).contains { $0["phase"]?.string == "Running" }
    }
}
