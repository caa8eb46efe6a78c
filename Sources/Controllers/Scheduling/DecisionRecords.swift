public import Objects
public import Planning
internal import Synchronization

/// What the planners last decided and refused, and a bounded ring of earlier plans; for `sluice status`, `sluice explain`
/// and the ConfigMap `kube-system/sluice-autoscaler-status`.
public final class DecisionRecords: Sendable {
    public enum Planner: String, Sendable, CaseIterable {
        case scheduler
        case claims
        case scaleUp
        case scaleDown
    }

    /// A plan and when it was made.
    public struct Record: Sendable {
        public var planner: Planner
        public var time: Timestamp
        public var plan: Plan
    }

    private struct State {
        var last: [Planner: Record] = [:]
        var ring: [Record] = []
    }

    private let capacity: Int
    private let state = Mutex(State())

    /// - Parameter capacity: how many plans that did something are kept.
    public init(capacity: Int = 32) { self.capacity = capacity }

    /// Takes a plan in; empty ones replace the last one and leave the ring alone.
    public func record(_ planner: Planner, _ plan: Plan, at time: Timestamp) {
        let record = Record(planner: planner, time: time, plan: plan)
        state.withLock { state in
            state.last[planner] = record
            guard !plan.actions.isEmpty else { return }
            if state.ring.count >= capacity { state.ring.removeFirst() }
            state.ring.append(record)
        }
    }

    /// The latest plan of a planner.
    public func last(_ planner: Planner) -> Record? { state.withLock { $0.last[planner] } }

    /// Plans that did something, the oldest first.
    public var recent: [Record] { state.withLock { $0.ring } }
}

extension DecisionRecords {
    /// The bounds of what the API is told: actions and refusals of a plan, pods named in a refusal.
    private static var longestList: Int { 100 }

    /// The refusals of a planner's latest plan, at most 100 of them with at most 100 pods each.
    func refusalsJSON(_ planner: Planner) -> JSON {
        let refusals = last(planner)?.plan.refusals ?? []
        return .array(
            refusals.prefix(DecisionRecords.longestList).map { refusal in
                guard case .pods(let keys) = refusal.subject, keys.count > DecisionRecords.longestList else { return refusal.json }
                var short = refusal
                short.subject = .pods(Array(keys.prefix(DecisionRecords.longestList)))
                var json = short.json
                json["podCount"] = .integer(Int64(keys.count))
                return json
            })
    }

    /// What was done lately, the newest last: `time`, `planner`, and how many actions of which sort.
    var recentJSON: JSON {
        .array(
            recent.map { record in
                let actions = record.plan.actions.prefix(DecisionRecords.longestList / 5).map(\.json)
                return [
                    "time": .string(record.time.rfc3339), "planner": .string(record.planner.rawValue),
                    "actionCount": .integer(Int64(record.plan.actions.count)), "actions": .array(Array(actions)),
                    "refusalCount": .integer(Int64(record.plan.refusals.count)),
                ]
            })
    }
}
