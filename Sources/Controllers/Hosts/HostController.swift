internal import KubeClient
public import Lifecycles
internal import Logging
internal import Objects
public import Ports
internal import Synchronization

/// Drives every BareMetalHost through its life cycle: asks ``HostLifecycle`` what to do and does it through the two ports
/// and the API.
///
/// One owner per host: a host is a key of the loop, and the loop gives a key to one worker at a time. What the worker
/// decides on is read from the API, not from the informer's copy, and every status it writes carries the resource version
/// it was decided on, so that neither an old copy nor a second process can undo a newer decision.
public final class HostController: Controller {
    public let name = "host"
    private let environment: ControllerEnvironment
    private let loop: ReconcileLoop<ObjectKey>
    private let executor: HostExecutor
    private let consumers: HostConsumers
    private let recorder: EventRecorder
    private let settings: HostLifecycleSettings
    private let concurrency: Int
    private let lifecycles = Mutex<[ObjectKey: HostLifecycle]>([:])

    /// - Parameter concurrency: how many hosts are worked on at once; a call of a port takes seconds to minutes.
    public init(
        _ environment: ControllerEnvironment, baseboard: any BaseboardManagement, dataProcessing: any DataProcessingUnit,
        settings: HostLifecycleSettings = HostLifecycleSettings(), concurrency: Int = 64
    ) {
        self.environment = environment
        self.settings = settings
        self.concurrency = concurrency
        let loop = ReconcileLoop<ObjectKey>(name: name, environment: environment)
        self.loop = loop
        recorder = environment.recorder(component: "baremetal-host-controller")
        executor = HostExecutor(environment: environment, baseboard: baseboard, dataProcessing: dataProcessing)
        consumers = HostConsumers(environment)
        consumers.onLoss { keys in for key in keys { loop.add(key) } }
        environment.informers.hosts.onEvent { event in loop.add(event.object.key) }
    }

    public func run() async {
        // Attempts that another leader may have continued meanwhile are not ours any more.
        lifecycles.withLock { $0 = [:] }
        let known = environment.informers.hosts.objects().map(\.key)
        await loop.run(workers: concurrency, initial: known) { [self] key in try await sync(key) }
    }

    /// Does everything that can be done for a host now; returns after which pause to look again.
    private func sync(_ key: ObjectKey) async throws -> Duration? {
        while true {
            guard let object = try await environment.client.get(BareMetalHost.resource, key) else {
                lifecycles.withLock { $0[key] = nil }
                return nil
            }
            let host = BareMetalHost(object)
            let userDataName = object["spec", "userData", "name"]?.string ?? ""
            var lifecycle = lifecycles.withLock { $0[key] } ?? HostLifecycle(settings: settings, seed: HostController.seed(key))
            // Only this worker has the key, so nobody else writes the entry meanwhile.
            defer { lifecycles.withLock { $0[key] = lifecycle } }
            let isGone = try await consumers.isGone(host)
            let decision = lifecycle.next(for: host, consumerIsGone: isGone, now: environment.time.now())
            if decision.actions.isEmpty { return decision.wakeAfter }
            for action in decision.actions {
                guard try await perform(action, of: decision, on: host, userDataName, &lifecycle) else { break }
            }
            if Task.isCancelled { throw CancellationError() }
        }
    }

    /// Performs one action; false where a port failed, which the life cycle then knows.
    private func perform(
        _ action: HostAction, of decision: HostDecision, on host: BareMetalHost, _ userDataName: String,
        _ lifecycle: inout HostLifecycle
    ) async throws -> Bool {
        if action == .writeStatus {
            guard let change = decision.status else { return false }
            try await executor.write(change, on: host)
            lifecycle.succeeded(.writeStatus, now: environment.time.now())
            await tell(change, of: host)
            return true
        }
        do {
            let executor = executor
            let power = try await withPatience(decision.patience, environment.time) {
                try await executor.perform(action, on: host, userDataName: userDataName)
            }
            lifecycle.succeeded(action, poweredOn: power, now: environment.time.now())
            return true
        } catch let error as PortError {
            if Task.isCancelled { throw CancellationError() }
            lifecycle.failed(action, error.message, now: environment.time.now())
            return false
        }
    }

    /// Logs and records each change of state once.
    private func tell(_ change: HostStatusChange, of host: BareMetalHost) async {
        if let failure = change.failure {
            environment.logger.warning(
                "host failed", metadata: ["host": "\(host.key)", "state": "\(host.state.rawValue)", "error": "\(failure.message)"])
            await recorder.record(host, .warning, reason: HostController.reason(failure.kind), message: failure.message)
        } else if change.state != host.state {
            environment.logger.info(
                "host changed state",
                metadata: ["host": "\(host.key)", "from": "\(host.state.rawValue)", "to": "\(change.state.rawValue)"])
            await recorder.record(
                host, reason: HostController.reason(change.state),
                message: host.state == .none ? "\(change.state.rawValue)" : "\(change.state.rawValue), was \(host.state.rawValue)")
        }
    }

    private static func reason(_ kind: HostFailure.Kind) -> String {
        switch kind {
        case .registration: "RegistrationError"
        case .inspection: "InspectionError"
        case .provisioning: "ProvisioningError"
        case .power: "PowerManagementError"
        }
    }

    private static func reason(_ state: BareMetalHost.State) -> String {
        state.rawValue.prefix(1).uppercased() + state.rawValue.dropFirst()
    }

    /// The same for the same host in every run.
    private static func seed(_ key: ObjectKey) -> UInt64 {
        var generator = SeededGenerator(seed: 0).fork(key.description)
        return generator.next()
    }
}
