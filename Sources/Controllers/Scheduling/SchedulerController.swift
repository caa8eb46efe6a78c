internal import Fleet
internal import KubeClient
internal import Objects
public import Planning
internal import Ports
internal import Synchronization

/// Binds waiting pods to nodes: the part of kube-scheduler.
///
/// Plans for all waiting pods at once, marks the bindings in the ledger as assumed, and sends them with bounded
/// concurrency. It plans again when something happened that can help a pod: a pod came, a node came or got better, room
/// came free. A pod whose binding failed keeps its assumed room and is tried again after 1 s, doubling up to 10 s.
public final class SchedulerController: Controller {
    public let name = "scheduler"
    private static let pass = "all"

    private let environment: ControllerEnvironment
    private let ledger: FleetLedger
    private let options: SchedulingOptions
    private let concurrency: Int
    private let records: DecisionRecords
    private let loop: ReconcileLoop<String>
    private let recorder: EventRecorder
    private let writes = WriteBehind()
    private let notices: SchedulingNotices
    private let refused: @Sendable () -> Void
    private let retries = Retries()

    private struct BindingRetry {
        var failures: Int
        /// When the assumption is dropped; `nil` when that has been done.
        var due: Timestamp?
    }

    /// By pod. A class, because event handlers share it.
    private final class Retries: Sendable {
        let entries = Mutex<[ObjectKey: BindingRetry]>([:])
    }

    /// One binding to send.
    private struct Binding: Sendable {
        var pod: Pod
        var node: String
    }

    /// What one look at the ledger decided.
    private struct Decision: Sendable {
        var plan: Plan
        var bindings: [Binding] = []
        var refused: [(pod: Pod, message: String)] = []
    }

    /// - Parameters:
    ///   - concurrency: bindings on their way at once.
    ///   - refused: called after a plan that left pods without a node; wakes the autoscaler.
    public init(
        _ environment: ControllerEnvironment, ledger: FleetLedger, records: DecisionRecords,
        options: SchedulingOptions = SchedulingOptions(), concurrency: Int = 32, refused: @escaping @Sendable () -> Void = {}
    ) {
        self.environment = environment
        self.ledger = ledger
        self.records = records
        self.options = options
        self.concurrency = concurrency
        self.refused = refused
        let loop = ReconcileLoop<String>(name: name, environment: environment)
        self.loop = loop
        recorder = environment.recorder(component: "default-scheduler")
        notices = SchedulingNotices(environment, recorder: recorder, writes: writes)
        environment.informers.pods.onEvent { [notices, retries] event in
            let pod = event.object
            var isGone = false
            if case .deleted = event { isGone = true }
            if isGone || !pod.nodeName.isEmpty {
                notices.forget(pod.key)
                retries.entries.withLock { $0[pod.key] = nil }
            }
            if SchedulerController.helps(event) { loop.add(SchedulerController.pass) }
        }
        environment.informers.nodes.onEvent { event in
            if SchedulerController.helps(event) { loop.add(SchedulerController.pass) }
        }
    }

    public func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { [self] in await writes.run() }
            group.addTask { [self] in
                await loop.run(initial: [SchedulerController.pass]) { [self] _ in await schedule() }
            }
            await group.waitForAll()
        }
    }

    // MARK: - What can help

    private static func helps(_ event: InformerEvent<Pod>) -> Bool {
        switch event {
        case .added(let pod): pod.nodeName.isEmpty && !pod.isTerminated
        case .deleted(let pod): !pod.nodeName.isEmpty
        case .modified(let old, let new):
            if new.nodeName.isEmpty {
                old.requirements != new.requirements || old.hasSchedulingGates != new.hasSchedulingGates
                    || old.metadata.isDeleting != new.metadata.isDeleting || old.metadata.uid != new.metadata.uid
            } else {
                (new.isTerminated && !old.isTerminated) || old.requirements != new.requirements
            }
        }
    }

    private static func helps(_ event: InformerEvent<Node>) -> Bool {
        switch event {
        case .added: true
        case .deleted: false
        case .modified(let old, let new):
            old.isUnschedulable != new.isUnschedulable || old.taints != new.taints || old.allocatable != new.allocatable
                || old.metadata.labels != new.metadata.labels || old.isReady != new.isReady
        }
    }

    // MARK: - A pass

    /// The most bindings of one plan: a long queue begins to run before all of it is planned.
    private static let batch = 512

    private func schedule() async -> Duration? {
        dropOverdueAssumptions()
        let decision = decide()
        records.record(.scheduler, decision.plan, at: environment.time.now())
        report(decision)
        await bind(decision.bindings)
        var pause: Duration?
        for (pod, message) in decision.refused {
            if let wait = notices.tell(pod, message) { pause = Swift.min(pause ?? wait, wait) }
        }
        if !decision.refused.isEmpty { refused() }
        if decision.bindings.count == SchedulerController.batch { loop.add(SchedulerController.pass) }
        guard let due = retries.entries.withLock({ $0.values.compactMap(\.due).min() }) else { return pause }
        let wait = max(due - environment.time.now(), .milliseconds(1))
        return Swift.min(pause ?? wait, wait)
    }

    private func decide() -> Decision {
        ledger.withFleet { fleet in
            var decision = Decision(plan: Scheduler.plan(&fleet, options: options, limit: SchedulerController.batch))
            for (key, node) in decision.plan.bindings {
                guard let pod = fleet.pod(key) else { continue }
                fleet.apply(.assumed(pod: key, node: node))
                decision.bindings.append(Binding(pod: pod, node: node))
            }
            for refusal in decision.plan.refusals {
                guard case .pods(let keys) = refusal.subject, refusal.code == .unschedulable else { continue }
                for key in keys {
                    if let pod = fleet.pod(key) { decision.refused.append((pod, refusal.message)) }
                }
            }
            return decision
        }
    }

    private func report(_ decision: Decision) {
        guard !decision.plan.actions.isEmpty || !decision.refused.isEmpty else { return }
        environment.reports.update(name) { report in
            report.lastPlan = "\(decision.bindings.count) bound, \(decision.refused.count) refused"
            report.refusals = [:]
            for refusal in decision.plan.refusals {
                for reason in refusal.reasons { report.refusals[reason.reason.code, default: 0] += reason.count }
            }
        }
    }

    // MARK: - Binding

    private func bind(_ bindings: [Binding]) async {
        await withTaskGroup(of: Void.self) { group in
            for (index, binding) in bindings.enumerated() {
                if index >= concurrency { await group.next() }
                group.addTask { [self] in await bind(binding) }
            }
            await group.waitForAll()
        }
    }

    private func bind(_ binding: Binding) async {
        let key = binding.pod.key
        do {
            try await environment.client.bind(pod: key, uid: binding.pod.metadata.uid, to: binding.node)
            retries.entries.withLock { $0[key] = nil }
            writes.add { [recorder] in
                await recorder.record(
                    binding.pod, reason: "Scheduled", message: "Successfully assigned \(key) to \(binding.node)")
            }
        } catch {
            // Perhaps it is bound all the same: the room stays taken until the pod's event says so, or the pause is over.
            retries.entries.withLock { retries in
                let failures = (retries[key]?.failures ?? 0) + 1
                let pause = Duration.seconds(Swift.min(10, 1 << Swift.min(failures - 1, 4)))
                retries[key] = BindingRetry(failures: failures, due: environment.time.now() + pause)
            }
            guard error.code != 0, !error.isNotFound else { return }
            writes.add { [recorder] in
                await recorder.record(binding.pod, .warning, reason: "FailedScheduling", message: "binding rejected: \(error)")
            }
        }
    }

    /// Lets pods whose pause after a failed binding is over be planned again.
    private func dropOverdueAssumptions() {
        let now = environment.time.now()
        let due = retries.entries.withLock { retries in
            let due = retries.filter { entry in entry.value.due.map { $0 <= now } ?? false }.keys.sorted()
            // The count of failures stays until the pod is bound or gone.
            for key in due { retries[key]?.due = nil }
            return due
        }
        for key in due { ledger.apply(.assumptionDropped(pod: key)) }
    }
}
