internal import Objects

/// The containers of one boot of one host: what an agent asks its container runtime. It outlives the agent, not the boot.
///
/// Pure: every step takes the time and the latencies it needs.
struct PodRuntime {
    enum Stage: Sendable, Equatable {
        /// Images are pulled, init containers run, containers start.
        case starting(until: Timestamp)
        case running(since: Timestamp, until: Timestamp?)
        /// Ended with an error and waits before it is started again.
        case backingOff(until: Timestamp)
        case stopping(until: Timestamp)
        /// Nothing runs any more, and the pod is being deleted.
        case stopped
        case ended(exitCode: Int64, at: Timestamp)
        /// The host will not run it.
        case rejected(reason: String, message: String)

        /// Whether the pod holds what it requested.
        var isActive: Bool {
            switch self {
            case .starting, .running, .backingOff, .stopping: true
            case .stopped, .ended, .rejected: false
            }
        }
    }

    struct Entry: Sendable, Equatable {
        var uid: String
        var stage: Stage
        var acceptedAt: Timestamp
        /// Of its last start.
        var startedAt: Timestamp?
        /// The last octet of the pod's address; 0 while it has none of its own.
        var address: Int
        var requests: ResourceList
        var restarts: Int64 = 0
        /// Whether it was ever all up.
        var exitCodeOfLastRun: Int64?
        /// Whether the API has taken its deletion.
        var isRemoved = false
    }

    /// How long the next things take for one pod.
    struct Delays {
        var start: Duration
        var pull: Duration
        var stop: Duration
    }

    /// What a host can run.
    struct Room {
        var allocatable: ResourceList
        var maximumPods: Int64
    }

    /// Set when the runtime was taken up from a saved state: pods that the API shows running do run.
    var adoptsWhatRuns = false
    private(set) var entries: [ObjectKey: Entry] = [:]
    private var used = ResourceList()
    private var activeCount: Int64 = 0
    private var addresses: Set<Int> = []
    private var images: Set<String> = []

    /// All pods that the runtime knows, sorted.
    var keys: [ObjectKey] { entries.keys.sorted() }

    /// Pods whose containers run, sorted.
    var runningKeys: [ObjectKey] {
        entries.filter { if case .running = $0.value.stage { true } else { false } }.keys.sorted()
    }

    /// Brings one pod as far as it can be at this moment.
    ///
    /// - Parameter pod: as the API has it; `nil` when it is not there, or not on this node.
    /// - Returns: the pod's entry, and when to look again. No entry: nothing is to be said.
    mutating func step(
        _ key: ObjectKey, _ pod: AgentPod?, now: Timestamp, room: Room, delays: Delays
    ) -> (entry: Entry?, next: Timestamp?) {
        if let entry = entries[key], entry.uid != pod?.metadata.uid { drop(key) }
        guard let pod else { return (nil, nil) }
        if entries[key] == nil { accept(key, pod, now: now, room: room, delays: delays) }
        guard var entry = entries[key] else { return (nil, nil) }
        let wasActive = entry.stage.isActive
        if pod.metadata.isDeleting { PodRuntime.stop(&entry, pod, now: now, delays: delays) }
        while let next = PodRuntime.advance(&entry, pod, now: now) { entry.stage = next }
        if wasActive, !entry.stage.isActive { release(entry) }
        entries[key] = entry
        return (entry, PodRuntime.nextMoment(entry.stage))
    }

    /// Notes that the API has taken the deletion.
    mutating func markRemoved(_ key: ObjectKey, uid: String) {
        if entries[key]?.uid == uid { entries[key]?.isRemoved = true }
    }

    // MARK: - Coming

    private mutating func accept(_ key: ObjectKey, _ pod: AgentPod, now: Timestamp, room: Room, delays: Delays) {
        var entry = Entry(
            uid: pod.metadata.uid, stage: .stopped, acceptedAt: pod.pod.startTime ?? now, address: 0,
            requests: pod.pod.requirements.requests, restarts: pod.restarts)
        defer { entries[key] = entry }
        if adoptsWhatRuns, pod.showsRunningContainer, !pod.pod.isTerminated {
            adopt(&entry, pod)
            return
        }
        if pod.metadata.isDeleting { return }
        if pod.pod.isTerminated {
            // It ended on this node before; there is nothing to say, and nothing to run.
            entry.stage = .ended(exitCode: 0, at: now)
            return
        }
        if pod.showsRunningContainer {
            // It ran in an earlier boot, of which nothing is left.
            if pod.pod.restartPolicy == "Never" {
                entry.startedAt = entry.acceptedAt
                entry.stage = .ended(exitCode: 137, at: now)
                return
            }
            entry.restarts += 1
            entry.exitCodeOfLastRun = 137
        }
        if let refusal = refusal(of: entry.requests, room) {
            entry.stage = refusal
            return
        }
        if !pod.isOnHostNetwork { entry.address = (1...).first { !addresses.contains($0) } ?? 0 }
        hold(entry)
        let missing = Set(pod.images).subtracting(images).count
        images.formUnion(pod.images)
        entry.stage = .starting(until: now + delays.start + delays.pull * missing)
    }

    private mutating func adopt(_ entry: inout Entry, _ pod: AgentPod) {
        // Host addresses end in 0, so the last part is the pod's own number.
        if !pod.isOnHostNetwork { entry.address = pod.pod.podIP.split(separator: ".").last.flatMap { Int($0) } ?? 0 }
        entry.startedAt = entry.acceptedAt
        entry.stage = .running(since: entry.acceptedAt, until: pod.runTime.map { entry.acceptedAt + $0 })
        images.formUnion(pod.images)
        hold(entry)
    }

    private mutating func hold(_ entry: Entry) {
        for name in entry.requests.names { used[name] += entry.requests[name] }
        activeCount += 1
        if entry.address > 0 { addresses.insert(entry.address) }
    }

    /// What a kubelet says to a pod for which there is no room.
    private func refusal(of requests: ResourceList, _ room: Room) -> Stage? {
        if activeCount >= room.maximumPods {
            return .rejected(
                reason: "OutOfpods",
                message: "Node didn't have enough resource: pods, requested: 1, used: \(activeCount), "
                    + "capacity: \(room.maximumPods)")
        }
        for name in requests.names where requests[name] > 0 && used[name] + requests[name] > room.allocatable[name] {
            return .rejected(
                reason: "OutOf\(name)",
                message: "Node didn't have enough resource: \(name), requested: \(requests[name]), "
                    + "used: \(used[name]), capacity: \(room.allocatable[name])")
        }
        return nil
    }

    // MARK: - Going

    private mutating func drop(_ key: ObjectKey) {
        guard let entry = entries.removeValue(forKey: key) else { return }
        if entry.stage.isActive { release(entry) }
    }

    private mutating func release(_ entry: Entry) {
        for name in entry.requests.names { used[name] -= entry.requests[name] }
        activeCount -= 1
        addresses.remove(entry.address)
    }

    private static func stop(_ entry: inout Entry, _ pod: AgentPod, now: Timestamp, delays: Delays) {
        switch entry.stage {
        case .starting, .running, .backingOff:
            let grace = Duration.seconds(pod.metadata.deletionGracePeriodSeconds ?? pod.pod.terminationGracePeriodSeconds)
            entry.stage = .stopping(until: now + min(delays.stop, max(.zero, grace)))
        case .ended, .rejected: entry.stage = .stopped
        case .stopping, .stopped: break
        }
    }

    // MARK: - Time

    /// The stage that follows by now; `nil` when none does.
    private static func advance(_ entry: inout Entry, _ pod: AgentPod, now: Timestamp) -> Stage? {
        switch entry.stage {
        case .starting(let until) where until <= now, .backingOff(let until) where until <= now:
            entry.startedAt = until
            return .running(since: until, until: pod.runTime.map { until + $0 })
        case .running(_, let until?) where until <= now:
            if pod.exitCode == 0 || pod.pod.restartPolicy == "Never" { return .ended(exitCode: pod.exitCode, at: until) }
            entry.exitCodeOfLastRun = pod.exitCode
            entry.restarts += 1
            // Kubernetes' back-off: 10 s, doubled up to 5 min.
            let pause = Duration.seconds(min(300, 10 << min(5, entry.restarts - 1)))
            return .backingOff(until: until + pause)
        case .stopping(let until) where until <= now: return .stopped
        default: return nil
        }
    }

    private static func nextMoment(_ stage: Stage) -> Timestamp? {
        switch stage {
        case .starting(let until), .backingOff(let until), .stopping(let until): until
        case .running(_, let until): until
        case .stopped, .ended, .rejected: nil
        }
    }
}
