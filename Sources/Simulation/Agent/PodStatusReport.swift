internal import Objects

/// What an agent tells the API of a pod: the body of a strategic merge patch of its status.
struct PodStatusReport {
    var pod: AgentPod
    var entry: PodRuntime.Entry
    var host: HostSpecification
    var now: Timestamp

    /// Equal reports need not be sent again.
    struct Signature: Equatable {
        var phase: String
        var isReady: Bool
        var isWaiting: Bool
        var restarts: Int64
    }

    var signature: Signature {
        Signature(phase: phase, isReady: isReady, isWaiting: isWaiting, restarts: entry.restarts)
    }

    /// Whether the API shows the same already.
    func isKnown() -> Bool {
        pod.pod.phase == phase && pod.pod.isReady == isReady && (isReady || pod.pod.isTerminated) && pod.restarts == entry.restarts
    }

    var phase: String {
        switch entry.stage {
        case .starting: entry.restarts > 0 ? "Running" : "Pending"
        case .running, .backingOff, .stopping: "Running"
        case .ended(let exitCode, _): exitCode == 0 ? "Succeeded" : "Failed"
        case .stopped: entry.exitCodeOfLastRun ?? 0 == 0 ? "Succeeded" : "Failed"
        case .rejected: "Failed"
        }
    }

    private var isReady: Bool { if case .running = entry.stage { true } else { false } }
    private var isWaiting: Bool { if case .backingOff = entry.stage { true } else { false } }

    var patch: JSON {
        // With the uid, so that the status of a pod never lands on its successor of the same name.
        ["metadata": ["uid": .string(entry.uid)], "status": status]
    }

    private var status: JSON {
        if case .rejected(let reason, let message) = entry.stage {
            return [
                "phase": "Failed", "reason": .string(reason), "message": .string(message),
                "startTime": .string(entry.acceptedAt.rfc3339),
            ]
        }
        var status: JSON = [
            "phase": .string(phase), "hostIP": .string(host.hostIP), "hostIPs": [["ip": .string(host.hostIP)]],
            "startTime": .string(entry.acceptedAt.rfc3339), "conditions": .array(conditions),
            "containerStatuses": .array(pod.containers.map { containerStatus($0, state: containerState, isReady: isReady) }),
        ]
        if !pod.initContainers.isEmpty { status["initContainerStatuses"] = .array(pod.initContainers.map(initStatus)) }
        if let address {
            status["podIP"] = .string(address)
            status["podIPs"] = [["ip": .string(address)]]
        }
        return status
    }

    private var address: String? {
        if case .starting = entry.stage { return nil }
        if pod.isOnHostNetwork { return host.hostIP }
        return entry.address > 0 ? host.podIP(entry.address) : nil
    }

    private var hasStarted: Bool {
        if case .starting = entry.stage { entry.restarts > 0 } else { true }
    }

    private var conditions: [JSON] {
        let stamp = JSON.string(now.rfc3339)
        func condition(_ type: String, _ isTrue: Bool, _ reason: String) -> JSON {
            var condition: JSON = ["type": .string(type), "status": isTrue ? "True" : "False", "lastTransitionTime": stamp]
            // Kept by the server until it is overwritten, so it is always sent.
            condition["reason"] = isTrue || reason.isEmpty ? .null : .string(reason)
            return condition
        }
        let reason: String
        switch entry.stage {
        case .ended(let exitCode, _): reason = exitCode == 0 ? "PodCompleted" : "PodFailed"
        default: reason = "ContainersNotReady"
        }
        var conditions = [
            condition("PodReadyToStartContainers", hasStarted && entry.stage.isActive, ""),
            condition("Initialized", hasStarted || pod.initContainers.isEmpty, "ContainersNotInitialized"),
            condition("ContainersReady", isReady, reason), condition("Ready", isReady, reason),
        ]
        // The scheduler's word stands where it has spoken.
        if pod.pod.conditions["PodScheduled"] == nil { conditions.append(condition("PodScheduled", true, "")) }
        return conditions
    }

    // MARK: - Containers

    private var containerState: JSON {
        let started = JSON.string((entry.startedAt ?? entry.acceptedAt).rfc3339)
        switch entry.stage {
        case .starting: return ["waiting": ["reason": pod.initContainers.isEmpty ? "ContainerCreating" : "PodInitializing"]]
        case .running, .stopping: return ["running": ["startedAt": started]]
        case .backingOff:
            return ["waiting": ["reason": "CrashLoopBackOff", "message": "back-off restarting failed container"]]
        case .ended(let exitCode, let time): return terminated(exitCode, started, time)
        case .stopped, .rejected: return terminated(entry.exitCodeOfLastRun ?? 0, started, now)
        }
    }

    private func terminated(_ exitCode: Int64, _ started: JSON, _ time: Timestamp) -> JSON {
        let reason: JSON = exitCode == 0 ? "Completed" : (exitCode == 137 ? "ContainerStatusUnknown" : "Error")
        return [
            "terminated": [
                "exitCode": .integer(exitCode), "reason": reason, "startedAt": started, "finishedAt": .string(time.rfc3339),
            ]
        ]
    }

    private func containerStatus(_ container: AgentPod.Container, state: JSON, isReady: Bool) -> JSON {
        var status: JSON = [
            "name": .string(container.name), "image": .string(container.image), "imageID": "", "ready": .bool(isReady),
            "started": .bool(isReady), "restartCount": .integer(entry.restarts), "state": state,
        ]
        if hasStarted {
            status["imageID"] = .string("sim://\(container.image)")
            status["containerID"] = .string("sim://\(host.name)/\(entry.uid)/\(container.name)/\(entry.restarts)")
        }
        if let exitCode = entry.exitCodeOfLastRun, entry.restarts > 0 {
            status["lastState"] = terminated(exitCode, .string(entry.acceptedAt.rfc3339), entry.startedAt ?? entry.acceptedAt)
        }
        return status
    }

    private func initStatus(_ container: AgentPod.Container) -> JSON {
        let started = JSON.string(entry.acceptedAt.rfc3339)
        if !hasStarted { return containerStatus(container, state: ["waiting": ["reason": "PodInitializing"]], isReady: false) }
        if container.isSidecar, isReady {
            return containerStatus(container, state: ["running": ["startedAt": started]], isReady: true)
        }
        return containerStatus(container, state: terminated(0, started, entry.startedAt ?? now), isReady: true)
    }
}
