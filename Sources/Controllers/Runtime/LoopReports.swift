public import Objects
internal import Synchronization

/// How one loop is doing.
public struct LoopReport: Sendable, Equatable {
    public var name: String
    /// Work on one key, or one plan, is a pass.
    public var passes: Int64 = 0
    public var failures: Int64 = 0
    /// By the environment's clock: zero in virtual time unless the pass waited.
    public var lastDuration: Duration = .zero
    public var totalDuration: Duration = .zero
    public var lastPass: Timestamp?
    /// Keys ready or worked on when the last pass ended.
    public var queueDepth = 0
    /// Of the last failed pass; stays until the next failure.
    public var lastError = ""
    public var lastErrorTime: Timestamp?
    /// One line about what was last decided; empty for loops that do not plan.
    public var lastPlan = ""
    /// What the last plan refused: how often for which reason.
    public var refusals: [String: Int] = [:]

    public init(name: String) { self.name = name }
}

/// The reports of all loops of a process; what `/metrics` and `sluice status` read.
public final class LoopReports: Sendable {
    private let state = Mutex<[String: LoopReport]>([:])

    public init() {}

    /// In ascending order of names.
    public var all: [LoopReport] { state.withLock { $0.values.sorted { $0.name < $1.name } } }

    public subscript(name: String) -> LoopReport? { state.withLock { $0[name] } }

    /// Changes the report of a loop, which is made where it does not exist yet.
    public func update(_ name: String, _ change: (inout LoopReport) -> Void) {
        state.withLock { change(&$0[name, default: LoopReport(name: name)]) }
    }

    /// Counts a pass.
    ///
    /// - Parameter failure: why the pass failed; `nil` when it did not.
    public func recordPass(_ name: String, from start: Timestamp, to end: Timestamp, queueDepth: Int, failure: String? = nil) {
        update(name) { report in
            report.passes += 1
            report.lastDuration = end - start
            report.totalDuration += end - start
            report.lastPass = end
            report.queueDepth = queueDepth
            if let failure {
                report.failures += 1
                report.lastError = failure
                report.lastErrorTime = end
            }
        }
    }
}
