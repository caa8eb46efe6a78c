public import Objects

/// The life of one BareMetalHost: registering → inspecting → available → provisioning → provisioned → deprovisioning →
/// available, with deleting as the way out, under Metal3's names.
///
/// A value beside its runner: ``next(for:consumerIsGone:now:)`` tells what to do, the runner does it and reports with
/// ``succeeded(_:poweredOn:now:)`` or ``failed(_:now:)``. What must outlast a crash is in the host's status; what this value
/// remembers is only the current attempt, and every step of an attempt may be done again.
///
/// Nothing is stuck: each state has a deadline; a failure or a passed deadline is written to the status with a reason and
/// the attempt starts anew after a pause that grows with `status.errorCount`.
public struct HostLifecycle: Sendable {
    /// What has been reached since the state was entered or last failed.
    struct Attempt: Sendable, Equatable {
        var state: BareMetalHost.State
        /// Of the spec this attempt works for.
        var generation: Int64
        var startedAt: Timestamp
        var done: Set<HostAction> = []
        /// As last read in this attempt.
        var power: Bool?
        var powerReadAt: Timestamp?
        var powerOrder: Bool?
        var powerOrderedAt: Timestamp?
    }

    /// A failure the status does not tell of yet, and the `errorCount` it will carry.
    private struct Unreported: Sendable {
        var failure: HostFailure
        var count: Int64 = 0
    }

    public let settings: HostLifecycleSettings
    private let seed: UInt64
    private var attempt: Attempt
    private var unreported: Unreported?
    private var retryAt: Timestamp?

    /// - Parameter seed: spreads the retries of hosts that failed together; take a different one for each host.
    public init(settings: HostLifecycleSettings = HostLifecycleSettings(), seed: UInt64) {
        self.settings = settings
        self.seed = seed
        attempt = Attempt(state: .none, generation: -1, startedAt: Timestamp(seconds: 0))
    }

    /// What to do now.
    ///
    /// - Parameters:
    ///   - host: as the API has it now, not older than the last status written.
    ///   - consumerIsGone: `spec.consumerRef` names an object that certainly does not exist.
    public mutating func next(for host: BareMetalHost, consumerIsGone: Bool, now: Timestamp) -> HostDecision {
        if attempt.state != host.state || attempt.generation != host.metadata.generation {
            // A new state, or a spec that may have mended what failed: begin anew without a pause.
            attempt = Attempt(state: host.state, generation: host.metadata.generation, startedAt: now)
            retryAt = nil
            unreported = nil
        }
        let isHeld = host.metadata.finalizers.contains(Names.hostFinalizer)
        if host.metadata.isDeleting {
            if !isHeld { return HostDecision() }
        } else {
            if !isHeld { return HostDecision([.addFinalizer]) }
            if consumerIsGone { return HostDecision([.releaseClaim]) }
        }
        if let detour = detour(host) { return detour }
        if let unreported { return report(unreported.failure, on: host) }
        if let retryAt, retryAt > now { return HostDecision(wakeAfter: retryAt - now) }
        retryAt = nil
        let step = step(for: host, attempt, now: now)
        guard step.isUnderWay else {
            attempt.startedAt = now
            return step.decision
        }
        return bounded(step.decision, host, now: now)
    }

    /// Reports that an action was done.
    ///
    /// - Parameter poweredOn: the answer to ``HostAction/readPower``.
    public mutating func succeeded(_ action: HostAction, poweredOn: Bool? = nil, now: Timestamp) {
        switch action {
        case .readPower:
            attempt.power = poweredOn
            attempt.powerReadAt = now
        case .setPower(let on):
            attempt.powerOrder = on
            attempt.powerOrderedAt = now
            attempt.powerReadAt = now
        case .writeStatus:
            guard let count = unreported?.count else { return }
            let start = now + pause(after: count)
            unreported = nil
            retryAt = start
            attempt = Attempt(state: attempt.state, generation: attempt.generation, startedAt: start)
        default:
            attempt.done.insert(action)
        }
    }

    /// Reports that a port failed, or did not answer within the decision's patience; the attempt is over.
    public mutating func failed(_ action: HostAction, _ message: String, now: Timestamp) {
        unreported = Unreported(failure: HostFailure(HostLifecycle.failureKind(in: attempt.state, doing: action), message))
    }

    /// The same decision with what is left of the state's deadline; a failure where nothing is.
    private mutating func bounded(_ decision: HostDecision, _ host: BareMetalHost, now: Timestamp) -> HostDecision {
        let deadline = settings.deadline(of: host.state)
        let left = attempt.startedAt + deadline - now
        guard left > .zero else {
            let action = decision.actions.first ?? .readPower
            let place = host.state == .none ? "registering" : host.state.rawValue
            let failure = HostFailure(
                HostLifecycle.failureKind(in: host.state, doing: action),
                "\(place) did not end within \(deadline.microseconds / 1_000_000) s; next was to \(HostLifecycle.word(action))")
            unreported = Unreported(failure: failure)
            return report(failure, on: host)
        }
        var decision = decision
        decision.patience = left
        if let wake = decision.wakeAfter { decision.wakeAfter = min(wake, left) }
        return decision
    }

    /// Writes a failure down; the pause before the next attempt begins when that is done.
    private mutating func report(_ failure: HostFailure, on host: BareMetalHost) -> HostDecision {
        unreported = Unreported(failure: failure, count: host.errorCount + 1)
        return HostDecision(
            [.writeStatus],
            status: HostStatusChange(
                state: host.state, failure: failure, errorCount: host.errorCount + 1,
                isPoweredOn: attempt.power ?? host.isPoweredOn, image: host.provisionedImage))
    }

    /// The pause after so many failures in a row: doubling, between half and all of its full length.
    private func pause(after count: Int64) -> Duration {
        let full = min(settings.longestPause, settings.firstPause * (1 << min(max(0, count - 1), 20)))
        // SplitMix64's finaliser spreads neighbouring seeds and counts.
        var mixed = seed &+ UInt64(truncatingIfNeeded: count) &* 0x9E37_79B9_7F4A_7C15
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        let half = full.microseconds / 2
        return .microseconds(half + Int64(mixed >> 33) % (half + 1))
    }

    private static func failureKind(in state: BareMetalHost.State, doing action: HostAction) -> HostFailure.Kind {
        switch (state, action) {
        case (.none, _), (.registering, _): .registration
        case (.inspecting, _): .inspection
        case (_, .readPower), (_, .setPower): .power
        default: .provisioning
        }
    }

    private static func word(_ action: HostAction) -> String {
        switch action {
        case .register: "register at the management controller"
        case .inspect: "inspect the hardware"
        case .readPower: "see the power change"
        case .setPower(let on): "power \(on ? "on" : "off")"
        case .attach: "attach the image"
        case .detach: "detach disks and networks"
        case .erase: "erase"
        case .writeStatus: "write the status"
        case .releaseClaim: "release the claim"
        case .addFinalizer: "add the finalizer"
        case .removeFinalizer: "remove the finalizer"
        }
    }
}
