/// How long the things a fleet does take.
///
/// Times of hosts are multiplied with ``timeScale``; those of pods are not.
public struct Latencies: Sendable, Equatable {
    /// Compresses (below 1) or stretches what hosts do, so that a demonstration need not wait for real boots.
    public var timeScale = 1.0

    /// Any short call of a management controller or DPU.
    public var managementCall = LatencyRange(.milliseconds(5), .milliseconds(30))
    /// After which a caller gives up on one that does not answer.
    public var managementTimeout = LatencyRange(.seconds(5), .seconds(5))
    public var register = LatencyRange(.milliseconds(500), .seconds(2))
    public var inspect = LatencyRange(.seconds(4), .seconds(8))
    /// From the order until the power is on.
    public var powerOn = LatencyRange(.seconds(1), .seconds(3))
    /// From power until the system runs.
    public var boot = LatencyRange(.seconds(20), .seconds(40))
    /// From a running system until its agent registers the Node.
    public var nodeRegistration = LatencyRange(.seconds(1), .seconds(3))
    public var erase = LatencyRange(.seconds(5), .seconds(10))
    /// From the end of an agent until it is there again.
    public var agentRestart = LatencyRange(.seconds(1), .seconds(5))

    /// From seeing a pod until its containers run, without what has to be pulled.
    public var podStart = LatencyRange(.milliseconds(300), .milliseconds(1_500))
    /// From seeing a deletion until the containers have ended, if the grace period is not shorter.
    public var podStop = LatencyRange(.milliseconds(200), .seconds(2))
    /// The first time a host sees an image.
    public var imagePull = LatencyRange(.milliseconds(200), .seconds(1))

    public init() {}
}
