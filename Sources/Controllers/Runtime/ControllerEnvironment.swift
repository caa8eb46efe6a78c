public import KubeClient
public import Logging
public import Ports

/// What every controller is given: the API, the clock, chance, logs, and what the controllers of a process share.
public final class ControllerEnvironment: Sendable {
    public let client: KubeClient
    public let time: any TimeSource
    public let logger: Logger
    /// Local copies of collections; each kind is listed and watched once for all controllers.
    public let informers: SharedInformers
    /// What the loops are doing, for `/metrics` and `sluice status`.
    public let reports: LoopReports
    private let generator: SeededGenerator

    /// - Parameter seed: all names the controllers generate follow from it; different for each start of a real process.
    public init(client: KubeClient, time: any TimeSource, seed: UInt64, logger: Logger) {
        self.client = client
        self.time = time
        self.logger = logger
        generator = SeededGenerator(seed: seed)
        informers = SharedInformers(client: client, time: time)
        reports = LoopReports()
    }

    /// A generator of name suffixes for one purpose, independent of all other purposes.
    public func names(for purpose: String) -> NameGenerator { NameGenerator(generator.fork(purpose)) }

    /// A recorder of Events; one for each component, kept by it.
    public func recorder(component: String) -> EventRecorder {
        EventRecorder(client: client, time: time, component: component)
    }
}
