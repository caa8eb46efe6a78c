internal import Objects

/// The cells of a pod, whose status is pieced together from its containers.
struct PodPrinter {
    private let object: JSON
    private let specification: JSON?
    private let status: JSON?
    private var reason: String
    private var ready = 0
    private var total: Int
    private var restarts: Int64 = 0
    private var lastRestart: Timestamp?
    private var isInitializing = false

    init(_ object: JSON) {
        self.object = object
        specification = object["spec"]
        status = object["status"]
        total = specification?["containers"]?.array?.count ?? 0
        reason = TablePrinter.text(status?["reason"], orElse: status?["phase"]?.string ?? "")
        if condition("PodScheduled")?["reason"]?.string == "SchedulingGated" { reason = "SchedulingGated" }
        readContainers()
        guard let deletion = object["metadata", "deletionTimestamp"], !deletion.isNull else { return }
        let phase = status?["phase"]?.string
        if status?["reason"]?.string == "NodeLost" {
            reason = "Unknown"
        } else if phase != "Succeeded", phase != "Failed" {
            reason = "Terminating"
        }
    }

    func cells(now: Timestamp) -> [JSON] {
        var restartText = String(restarts)
        if restarts != 0, let lastRestart { restartText += " (\(HumanDuration.since(lastRestart, now: now)) ago)" }
        let address = status?["podIPs"]?.array?.first?["ip"] ?? status?["podIP"]
        return [
            TablePrinter.name(object), .string("\(ready)/\(total)"), .string(reason), .string(restartText),
            TablePrinter.age(object, now),
            .string(TablePrinter.text(address, orElse: "<none>")),
            .string(TablePrinter.text(specification?["nodeName"], orElse: "<none>")),
            .string(TablePrinter.text(status?["nominatedNodeName"], orElse: "<none>")),
            .string(readinessGates),
        ]
    }

    private func condition(_ type: String) -> JSON? {
        status?["conditions"]?.array?.first { $0["type"]?.string == type }
    }

    private func isTrue(_ type: String) -> Bool { condition(type)?["status"]?.string == "True" }

    private var readinessGates: String {
        guard let gates = specification?["readinessGates"]?.array, !gates.isEmpty else { return "<none>" }
        let met = gates.filter { isTrue($0["conditionType"]?.string ?? "") }.count
        return "\(met)/\(gates.count)"
    }

    // MARK: - Containers

    private mutating func readContainers() {
        let sidecars = Set(
            (specification?["initContainers"]?.array ?? []).filter { $0["restartPolicy"]?.string == "Always" }
                .compactMap { $0["name"]?.string })
        total += sidecars.count
        var sidecarRestarts: Int64 = 0
        var lastSidecarRestart: Timestamp?
        for (index, container) in (status?["initContainerStatuses"]?.array ?? []).enumerated() {
            let isSidecar = sidecars.contains(container["name"]?.string ?? "")
            let count = container["restartCount"]?.integer ?? 0
            let end = PodPrinter.lastEnd(of: container)
            restarts += count
            lastRestart = PodPrinter.later(lastRestart, end)
            if isSidecar {
                sidecarRestarts += count
                lastSidecarRestart = PodPrinter.later(lastSidecarRestart, end)
            }
            if !readInitContainer(container, index: index, isSidecar: isSidecar) {
                isInitializing = true
                break
            }
        }
        guard !isInitializing || isTrue("Initialized") else { return }
        // Restarts of init containers that have done their work are history; those of sidecars are not.
        restarts = sidecarRestarts
        lastRestart = lastSidecarRestart
        readMainContainers()
    }

    /// Returns whether the pod is past this init container; where it is not, the reason tells why.
    private mutating func readInitContainer(_ container: JSON, index: Int, isSidecar: Bool) -> Bool {
        let state = container["state"]
        if let terminated = PodPrinter.part(state, "terminated"), terminated["exitCode"]?.integer ?? 0 == 0 { return true }
        if isSidecar, container["started"]?.bool == true {
            if container["ready"]?.bool == true { ready += 1 }
            return true
        }
        if let terminated = PodPrinter.part(state, "terminated") {
            reason = "Init:" + PodPrinter.reason(ofTerminated: terminated)
            return false
        }
        let waiting = TablePrinter.text(PodPrinter.part(state, "waiting")?["reason"], orElse: "PodInitializing")
        let count = specification?["initContainers"]?.array?.count ?? 0
        reason = waiting == "PodInitializing" ? "Init:\(index)/\(count)" : "Init:\(waiting)"
        return false
    }

    private mutating func readMainContainers() {
        var isRunning = false
        // From the last to the first, so that the first container with something to tell has the last word.
        for container in (status?["containerStatuses"]?.array ?? []).reversed() {
            restarts += container["restartCount"]?.integer ?? 0
            lastRestart = PodPrinter.later(lastRestart, PodPrinter.lastEnd(of: container))
            let state = container["state"]
            let waiting = TablePrinter.text(PodPrinter.part(state, "waiting")?["reason"], orElse: "")
            if !waiting.isEmpty {
                reason = waiting
            } else if let terminated = PodPrinter.part(state, "terminated") {
                reason = PodPrinter.reason(ofTerminated: terminated)
            } else if container["ready"]?.bool == true, PodPrinter.part(state, "running") != nil {
                isRunning = true
                ready += 1
            }
        }
        if reason == "Completed", isRunning { reason = isTrue("Ready") ? "Running" : "NotReady" }
    }

    private static func part(_ state: JSON?, _ key: String) -> JSON? {
        guard let part = state?[key], !part.isNull else { return nil }
        return part
    }

    private static func reason(ofTerminated terminated: JSON) -> String {
        if let reason = terminated["reason"]?.string, !reason.isEmpty { return reason }
        if let signal = terminated["signal"]?.integer, signal != 0 { return "Signal:\(signal)" }
        return "ExitCode:\(terminated["exitCode"]?.integer ?? 0)"
    }

    private static func lastEnd(of container: JSON) -> Timestamp? { Timestamp(container["lastState", "terminated", "finishedAt"]) }

    private static func later(_ left: Timestamp?, _ right: Timestamp?) -> Timestamp? {
        guard let left, let right else { return left ?? right }
        return max(left, right)
    }
}
