public import Objects

/// When taints drive a pod from its node; no effects.
public enum TaintEviction {
    public enum Verdict: Sendable, Equatable {
        case stays
        /// At once, or when the tolerated time is over.
        case leaves(at: Timestamp)
    }

    /// Kubernetes' rule: a taint that nothing tolerates drives out at once; otherwise the shortest `tolerationSeconds` among
    /// the tolerations that are used counts, from when the last taint came; without any, the pod stays.
    public static func verdict(_ pod: Pod, taints: [Taint], now: Timestamp) -> Verdict {
        let driving = taints.filter { $0.effect == "NoExecute" }
        guard !driving.isEmpty else { return .stays }
        var shortest: Int64?
        for taint in driving {
            guard let used = pod.requirements.tolerations.first(where: { $0.tolerates(taint) }) else { return .leaves(at: now) }
            if let seconds = used.seconds { shortest = min(shortest ?? Int64.max, max(0, seconds)) }
        }
        guard let shortest else { return .stays }
        let since = driving.compactMap(\.timeAdded).max() ?? now
        return .leaves(at: since + .seconds(shortest))
    }
}
