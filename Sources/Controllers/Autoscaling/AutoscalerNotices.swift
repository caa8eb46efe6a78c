internal import Fleet
internal import KubeClient
internal import Objects
internal import Planning

/// The Events of the autoscaler, under the peer's names.
struct AutoscalerNotices: Sendable {
    let recorder: EventRecorder
    let writes: WriteBehind

    /// A pod hears the same words again after this time, other words after a minute.
    private static let sameWords: Duration = .seconds(300)
    private static let otherWords: Duration = .seconds(60)

    /// Tells waiting pods what was done for them or why nothing was.
    func tell(
        _ plan: Plan, _ outcomes: [NodeClaims.Outcome], _ fleet: Fleet, _ memory: inout AutoscalerMemory, now: Timestamp
    ) {
        var refused: [ObjectKey: String] = [:]
        for refusal in plan.refusals {
            guard refusal.code == .noScaleUp, case .pods(let keys) = refusal.subject else { continue }
            for key in keys { refused[key] = refusal.message }
        }
        var claimed: [String: Int] = [:]
        for outcome in outcomes where outcome.result == .won { claimed[outcome.group, default: 0] += 1 }
        let growth = claimed.sorted { $0.key < $1.key }.map { name, count -> String in
            let group = fleet.nodeGroups[name]
            let size = group.map { fleet.size(of: $0, nodeNames: fleet.nodeNamesByGroup()[name] ?? []) } ?? 0
            return "{\(name) \(size)->\(size + count) (max: \(group?.maxSize ?? 0))}"
        }
        for (name, count) in claimed.sorted(by: { $0.key < $1.key }) {
            aboutStatus(.normal, "ScaledUpGroup", "Scale-up: group \(name) claimed \(count) hosts")
        }
        let waiting = fleet.pendingPods.filter { $0.schedulerName == "default-scheduler" && !$0.hasSchedulingGates }
        var told: [ObjectKey: (message: String, time: Timestamp)] = [:]
        for pod in waiting {
            let before = memory.told[pod.key]
            told[pod.key] = before
            if let message = refused[pod.key] {
                if let before, now - before.time < (before.message == message ? Self.sameWords : Self.otherWords) { continue }
                told[pod.key] = (message, now)
                writes.add { [recorder] in await recorder.record(pod, reason: "NotTriggerScaleUp", message: message) }
            } else if !growth.isEmpty, before?.message != "TriggeredScaleUp" {
                told[pod.key] = ("TriggeredScaleUp", now)
                let message = "pod triggered scale-up: [\(growth.joined(separator: " "))]"
                writes.add { [recorder] in await recorder.record(pod, reason: "TriggeredScaleUp", message: message) }
            }
        }
        memory.told = told
    }

    /// The refusal, and where groups are in back-off the words that say so.
    static func withBackoff(_ refusal: Refusal, _ backoffs: [String: GroupBackoff], now: Timestamp) -> Refusal {
        let held = Set(refusal.reasons.map(\.group)).sorted().compactMap { name -> String? in
            guard let backoff = backoffs[name], backoff.until > now else { return nil }
            return "NodeGroup \(name) in backoff after failed scale-up until \(backoff.until.rfc3339)"
        }
        guard !held.isEmpty else { return refusal }
        var refusal = refusal
        refusal.message += "; \(held.joined(separator: ", "))"
        refusal.remedy = "wait for the back-off to end, or repair the hosts that did not become nodes"
        return refusal
    }

    func timedOut(_ loss: AutoscalerView.Loss) {
        aboutStatus(.warning, "ScaleUpTimedOut", "Host \(loss.host.name) of group \(loss.group) is given back: \(loss.message)")
    }

    func removesEmpty(_ node: String) {
        aboutStatus(.normal, "ScaleDownEmpty", "Scale-down: removing empty node \"\(node)\"")
    }

    private func aboutStatus(_ severity: EventRecorder.Severity, _ reason: String, _ message: String) {
        writes.add { [recorder] in
            await recorder.record(about: AutoscalerNames.statusReference, severity, reason: reason, message: message)
        }
    }
}
