internal import Objects
internal import Planning

/// What the autoscaler remembers between passes. Everything can be lost: the API tells what is being done, and waiting
/// times begin anew.
struct AutoscalerMemory: Sendable {
    var scaleDown = ScaleDownMemory()
    var backoffs: [String: GroupBackoff] = [:]
    /// When the node of each claimed host was last there.
    var nodeSeen: [ObjectKey: Timestamp] = [:]
    /// Claims whose answer was lost.
    var unverified: Set<ObjectKey> = []
    var lastScaleUp: [String: Timestamp] = [:]
    var lastScaleDown: [String: Timestamp] = [:]
    /// What each waiting pod was last told, and when.
    var told: [ObjectKey: (message: String, time: Timestamp)] = [:]
    /// When the `Removable` condition of each node was last written.
    var removableWritten: [String: Timestamp] = [:]
    var removability: [String: Removability] = [:]
    /// The content of the status ConfigMap as last written, without its time.
    var reported: JSON?
}

/// A NodeGroup that failed to make a node claims nothing for a while, each time longer.
struct GroupBackoff: Sendable, Equatable {
    var until: Timestamp
    var duration: Duration
    var lastFailure: Timestamp

    /// The back-off after a failure now.
    static func after(_ previous: GroupBackoff?, now: Timestamp, options: AutoscalerOptions) -> GroupBackoff {
        var duration = options.initialNodeGroupBackoff
        if let previous, now - previous.lastFailure < options.nodeGroupBackoffReset {
            // Failures of the same claims come together: they are one.
            if now < previous.until { return GroupBackoff(until: previous.until, duration: previous.duration, lastFailure: now) }
            duration = min(options.maxNodeGroupBackoff, previous.duration * 2)
        }
        return GroupBackoff(until: now + duration, duration: duration, lastFailure: now)
    }
}
