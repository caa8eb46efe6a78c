import APIMessages
import KubeClient
import Objects
import Ports
import Synchronization

/// Looks over the shoulder of the controllers: every eviction that the server granted must have left the healthy pods that
/// the budget asks for.
///
/// Judged by counting pods, not by the budget's status. Budgets protect from evictions, not from lost hosts and scaling:
/// what such things took a moment ago counts as healthy still, since no eviction may know of it yet.
final class EvictionWatch: APITransport {
    /// The pods of one app and how many of them evictions must leave.
    struct Rule: Sendable {
        var prefix: String
        var minimum: Int
    }

    /// What everybody who watches finds together.
    final class Findings: Sendable {
        fileprivate struct State {
            var broken: [String] = []
            var judged = 0
            /// When pods were last deleted, or called not ready, other than by eviction.
            var disturbedAt: Timestamp?
        }

        fileprivate let state = Mutex(State())

        var broken: [String] { state.withLock { $0.broken } }
        var judged: Int { state.withLock { $0.judged } }
    }

    private static let slack: Duration = .seconds(30)

    private let base: any APITransport
    private let time: any TimeSource
    private let rules: [Rule]
    private let findings: Findings

    init(_ base: any APITransport, time: any TimeSource, rules: [Rule], findings: Findings) {
        self.base = base
        self.time = time
        self.rules = rules
        self.findings = findings
    }

    func send(_ request: APIRequest) async throws -> APIResponse {
        let parts = request.path.split(separator: "/")
        guard parts.count >= 6, parts[0] == "api", parts[4] == "pods", let rule = rules.first(where: { parts[5].hasPrefix($0.prefix) })
        else { return try await base.send(request) }
        let isEviction = request.method == "POST" && parts.count == 7 && parts[6] == "eviction"
        guard isEviction else {
            let isStatus = request.method == "PATCH" && parts.count == 7 && parts[6] == "status"
            if request.method == "DELETE" || isStatus { findings.state.withLock { $0.disturbedAt = time.now() } }
            return try await base.send(request)
        }
        let client = KubeClient(transport: base)
        let key = ObjectKey(namespace: String(parts[3]), name: String(parts[5]))
        let before = try await client.get(Pod.self, key)
        let answer = try await base.send(request)
        if answer.status == 201, let before, before.phase == "Running", !before.metadata.isDeleting {
            judge(rule, key, try await client.list(Pod.resource, namespace: key.namespace).items.map { Pod($0) })
        }
        return answer
    }

    private func judge(_ rule: Rule, _ evicted: ObjectKey, _ pods: [Pod]) {
        let now = time.now()
        let healthy = pods.count { pod in
            guard pod.metadata.name.hasPrefix(rule.prefix), pod.key != evicted, !pod.metadata.isDeleting else { return false }
            if pod.isReady { return true }
            guard let changed = pod.conditions["Ready"]?.lastTransitionTime else { return false }
            return pod.phase == "Running" && now < changed + EvictionWatch.slack
        }
        findings.state.withLock { state in
            if let disturbed = state.disturbedAt, now < disturbed + EvictionWatch.slack { return }
            state.judged += 1
            if healthy < rule.minimum {
                state.broken.append("the eviction of \(evicted) left \(healthy) healthy pods of at least \(rule.minimum)")
            }
        }
    }
}
