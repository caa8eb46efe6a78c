public import Objects

/// How many pods a Deployment may have too many and too few while it changes them.
public struct RolloutBounds: Sendable, Equatable {
    /// Zero under `Recreate`.
    public var maxSurge: Int64
    /// Never more than the wanted replicas; zero under `Recreate`.
    public var maxUnavailable: Int64

    /// Kubernetes' rounding: surge up, unavailable down, and one unavailable where both would be zero.
    public init(_ deployment: Deployment) {
        guard deployment.strategy == "RollingUpdate" else {
            (maxSurge, maxUnavailable) = (0, 0)
            return
        }
        let replicas = deployment.replicas
        maxSurge = max(0, IntegerOrPercent.resolve(deployment.maxSurge, of: replicas, roundingUp: true) ?? 0)
        let unavailable = max(0, IntegerOrPercent.resolve(deployment.maxUnavailable, of: replicas, roundingUp: false) ?? 0)
        maxUnavailable = min(replicas, maxSurge == 0 && unavailable == 0 ? 1 : unavailable)
    }
}
