internal import KubeClient
internal import Objects
internal import Ports
internal import Synchronization

/// Tells pods why they wait: the condition `PodScheduled=False` and the Event FailedScheduling, each time the words change,
/// but a pod at most every ten seconds.
final class SchedulingNotices: Sendable {
    private struct Told {
        var message: String
        var time: Timestamp
    }

    private static let interval: Duration = .seconds(10)

    private let environment: ControllerEnvironment
    private let recorder: EventRecorder
    private let writes: WriteBehind
    private let told = Mutex<[ObjectKey: Told]>([:])

    init(_ environment: ControllerEnvironment, recorder: EventRecorder, writes: WriteBehind) {
        self.environment = environment
        self.recorder = recorder
        self.writes = writes
    }

    /// Forgets a pod that waits no longer.
    func forget(_ pod: ObjectKey) { told.withLock { $0[pod] = nil } }

    /// Tells a pod that no node takes it.
    ///
    /// - Returns: how long to wait where the words have changed but the pod was told others a moment ago.
    func tell(_ pod: Pod, _ message: String) -> Duration? {
        let now = environment.time.now()
        let key = pod.key
        let wait = told.withLock { told -> Duration? in
            if let known = told[key] {
                if known.message == message { return .zero }
                let wait = known.time + SchedulingNotices.interval - now
                if wait > .zero { return wait }
            }
            told[key] = Told(message: message, time: now)
            return nil
        }
        if let wait { return wait > .zero ? wait : nil }
        let present = pod.conditions["PodScheduled"]
        // After a restart the pod may know already.
        if let present, present.status == "False", present.message == message { return nil }
        var condition = Condition(type: "PodScheduled", status: "False", reason: "Unschedulable", message: message)
        condition.lastTransitionTime = present?.status == "False" ? present?.lastTransitionTime ?? now : now
        let patch: JSON = ["status": ["conditions": [condition.json]]]
        let isTaken = writes.add { [self] in
            do {
                try await environment.client.patch(Pod.resource, key, patch, subresource: "status", as: .strategic)
                await recorder.record(pod, .warning, reason: "FailedScheduling", message: message)
            } catch {
                forget(key)  // the next pass tells again, if the pod still waits
            }
        }
        if !isTaken { forget(key) }
        return nil
    }
}
