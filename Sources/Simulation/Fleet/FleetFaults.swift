/// What goes wrong in a fleet: by chance and by script.
public struct FleetFaults: Sendable, Equatable {
    /// Probability that a call of a management controller or DPU gets no answer; every other such call has its effect
    /// nevertheless.
    public var managementUnreachable = 0.0
    /// Probability that such a call is refused.
    public var managementFailure = 0.0
    /// Probability that a boot dies and the host hangs until it is power-cycled.
    public var bootFailure = 0.0
    /// How often an hour of running ends in a crash, on average; the host then hangs until it is power-cycled.
    public var hostCrashesPerHour = 0.0
    public var agentRestartsPerHour = 0.0
    /// What happens to the messages of agents.
    public var messages = MessageFaults()
    public var script: [ScriptedFault] = []

    public init() {}
}

/// Something that goes wrong with one host.
public enum HostFault: Sendable, Equatable {
    /// The running system dies; power stays on.
    case crash
    /// The power goes off.
    case powerLoss
    /// Management controller and DPU do not answer for so long.
    case managementOutage(Duration)
    /// The next boots die.
    case bootFailures(Int)
    /// The agent ends and comes back; pods go on.
    case agentRestart
    /// The agent can neither hear nor speak for so long; pods go on.
    case agentSilence(Duration)
}

/// A fault at a time.
public struct ScriptedFault: Sendable, Equatable {
    /// After the rack began to run.
    public var after: Duration
    public var hostName: String
    public var fault: HostFault

    public init(after: Duration, hostName: String, fault: HostFault) {
        self.after = after
        self.hostName = hostName
        self.fault = fault
    }
}

/// Probabilities with which requests to the API go wrong.
public struct MessageFaults: Sendable, Equatable {
    /// The request never arrives.
    public var lost = 0.0
    /// The request has its effect, its answer never arrives.
    public var answerLost = 0.0
    /// The request arrives twice; the caller gets the second answer.
    public var repeated = 0.0
    /// The request arrives late by ``delay``.
    public var delayed = 0.0
    public var delay = LatencyRange(.milliseconds(100), .seconds(5))
    /// A running watch breaks off, for each time it is read.
    public var brokenWatch = 0.0
    /// What a running watch reads comes late by ``delay``, and all after it with it, for each time it is read.
    public var delayedWatch = 0.0
    /// After which a caller gives up on a lost request or answer.
    public var timeout = Duration.seconds(5)

    public init() {}
}
