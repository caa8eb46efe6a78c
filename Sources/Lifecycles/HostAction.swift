public import Objects

/// What went wrong with a host, under Metal3's names.
public struct HostFailure: Sendable, Equatable {
    /// `status.errorType`.
    public enum Kind: String, Sendable, Hashable, CaseIterable {
        case registration = "registration error"
        case inspection = "inspection error"
        case provisioning = "provisioning error"
        case power = "power management error"
    }

    public var kind: Kind
    /// One sentence for the operator, without secrets.
    public var message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }
}

/// A member of `status.operationHistory`.
public enum HostOperation: String, Sendable, Hashable, CaseIterable {
    case register
    case inspect
    case provision
    case deprovision
}

/// What the status of a host is to say from now on.
public struct HostStatusChange: Sendable, Equatable {
    public var state: BareMetalHost.State
    /// `nil` clears the error and makes `operationalStatus` `OK`.
    public var failure: HostFailure?
    /// `status.errorCount`; 0 without a failure.
    public var errorCount: Int64
    public var isPoweredOn: Bool
    /// `status.provisioning.image`; `nil` when none is or will be on the host.
    public var image: HostImage?
    /// Whose start, and whose end, is now.
    public var started: HostOperation?
    public var ended: HostOperation?

    public init(
        state: BareMetalHost.State, failure: HostFailure? = nil, errorCount: Int64 = 0, isPoweredOn: Bool, image: HostImage?,
        started: HostOperation? = nil, ended: HostOperation? = nil
    ) {
        self.state = state
        self.failure = failure
        self.errorCount = errorCount
        self.isPoweredOn = isPoweredOn
        self.image = image
        self.started = started
        self.ended = ended
    }
}

/// One small thing to do for a host. Each may be repeated without harm.
public enum HostAction: Sendable, Hashable {
    /// Check that the management controller answers and takes the credentials.
    case register
    /// Read the hardware and record it in the status and the labels.
    case inspect
    case readPower
    case setPower(on: Bool)
    /// Present the image (and the user data of the claim) as boot disk.
    case attach(HostImage)
    case detach
    case erase
    /// Write the status; the decision holds what.
    case writeStatus
    /// Take the claim of a consumer that does not exist any more off the host's spec.
    case releaseClaim
    case addFinalizer
    case removeFinalizer
}

/// What to do next for a host, and when to look again.
public struct HostDecision: Sendable, Equatable {
    /// In this order; after the first that fails the rest is left out.
    public var actions: [HostAction]
    /// What ``HostAction/writeStatus`` writes.
    public var status: HostStatusChange?
    /// How long the actions may take at most; then they count as failed.
    public var patience: Duration
    /// Look again after this time; `nil` when only a change of the host can make a difference.
    public var wakeAfter: Duration?

    public init(
        _ actions: [HostAction] = [], status: HostStatusChange? = nil, patience: Duration = .seconds(60),
        wakeAfter: Duration? = nil
    ) {
        self.actions = actions
        self.status = status
        self.patience = patience
        self.wakeAfter = wakeAfter
    }
}

/// How patient the life cycle of hosts is.
public struct HostLifecycleSettings: Sendable, Equatable {
    /// One attempt at registering must end within this time; likewise the others.
    public var registering: Duration = .seconds(120)
    public var inspecting: Duration = .seconds(1_800)
    public var provisioning: Duration = .seconds(900)
    public var deprovisioning: Duration = .seconds(1_800)
    public var deleting: Duration = .seconds(300)
    /// An attempt at changing the power of a host that is available or provisioned.
    public var power: Duration = .seconds(120)
    /// Pause between two looks at a host whose power is changing.
    public var powerPoll: Duration = .seconds(1)
    /// A power order without effect is given again after this time.
    public var powerReorder: Duration = .seconds(30)
    /// How often the power of a provisioned host is compared with what it should be.
    public var powerCheck: Duration = .seconds(60)
    /// Pause after the first failure; doubles with each further one.
    public var firstPause: Duration = .seconds(5)
    public var longestPause: Duration = .seconds(300)
    /// A host that is to be deleted and cannot be cleaned is let go after that many failures.
    public var deletionAttempts: Int64 = 4

    public init() {}

    /// How long an attempt in that state may take.
    public func deadline(of state: BareMetalHost.State) -> Duration {
        switch state {
        case .none, .registering: registering
        case .inspecting: inspecting
        case .provisioning: provisioning
        case .deprovisioning: deprovisioning
        case .deleting: deleting
        case .available, .provisioned: power
        }
    }
}
