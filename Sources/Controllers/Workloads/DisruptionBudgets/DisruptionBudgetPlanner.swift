public import Objects

/// What a budget's status should say.
public struct DisruptionBudgetStatus: Sendable, Equatable {
    public var currentHealthy: Int64 = 0
    public var desiredHealthy: Int64 = 0
    public var expectedPods: Int64 = 0
    public var disruptionsAllowed: Int64 = 0
    /// Pods whose eviction was granted and which are not gone yet: name and time of the grant.
    public var disruptedPods: [String: Timestamp] = [:]
    /// When the oldest grant lapses.
    public var nextLook: Duration?
    /// Granted evictions that did not happen in time.
    public var lapsed: [String] = []

    public init() {}
}

/// Computes the status of PodDisruptionBudgets; no effects.
public enum DisruptionBudgetPlanner {
    /// How long a granted eviction may take before the pod counts as staying, as in Kubernetes.
    public static let grantPatience = Duration.seconds(120)

    /// - Parameters:
    ///   - pods: all pods the budget selects.
    ///   - expected: the replicas that the pods' controllers ask for, each controller counted once.
    public static func status(
        _ budget: PodDisruptionBudget, pods: [Pod], expected: Int64, now: Timestamp
    ) -> DisruptionBudgetStatus {
        var status = DisruptionBudgetStatus()
        (status.expectedPods, status.desiredHealthy) = goal(budget, podCount: Int64(pods.count), expected: expected)
        for member in (budget.status["disruptedPods"]?.object ?? JSONObject()).sorted(by: { $0.key < $1.key }) {
            guard let granted = Timestamp(member.value),
                let pod = pods.first(where: { $0.metadata.name == member.key }), !pod.metadata.isDeleting
            else { continue }
            let lapse = granted + grantPatience
            if lapse < now {
                status.lapsed.append(member.key)
                continue
            }
            status.disruptedPods[member.key] = granted
            status.nextLook = min(status.nextLook ?? .seconds(3_600), max(.seconds(1), lapse - now + .seconds(1)))
        }
        let healthy = pods.filter { pod in
            !pod.metadata.isDeleting && pod.isReady && status.disruptedPods[pod.metadata.name] == nil
        }
        status.currentHealthy = Int64(healthy.count)
        let spare = status.currentHealthy - status.desiredHealthy
        status.disruptionsAllowed = status.expectedPods > 0 ? max(0, spare) : 0
        return status
    }

    private static func goal(
        _ budget: PodDisruptionBudget, podCount: Int64, expected: Int64
    ) -> (expected: Int64, desired: Int64) {
        if let maximum = budget.maxUnavailable {
            let unavailable = IntegerOrPercent.resolve(maximum, of: expected, roundingUp: true) ?? 0
            return (expected, max(0, expected - unavailable))
        }
        guard let minimum = budget.minAvailable else { return (podCount, 0) }
        if let count = minimum.integer { return (podCount, count) }
        // Text that is no percentage must protect, not expose.
        return (expected, IntegerOrPercent.resolve(minimum, of: expected, roundingUp: true) ?? expected)
    }
}
