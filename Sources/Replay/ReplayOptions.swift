public import Planning

/// Settings of a replay.
public struct ReplayOptions: Sendable {
    /// Seconds from the claim of a host to its node being ready.
    public var bootLatency: Int64 = 300
    /// Seconds from the removal of a node to its host being back in the pool.
    public var releaseLatency: Int64 = 60
    /// Seconds for which a node must be idle before it goes.
    public var scaleDownUnneededTime: Int64 = 600
    /// Seconds after a claim in which no node goes.
    public var scaleDownDelayAfterAdd: Int64 = 600
    /// The most points of each series in the report.
    public var points = 600
    public var scheduling = SchedulingOptions()

    public init() {}
}
