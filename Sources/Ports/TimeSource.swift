public import Objects

/// The clock as a port: what time it is, and waiting for a time to come.
///
/// ``SystemTime`` is the real one; `ManualTime` in Simulation moves only when a test moves it. Nothing above level 3
/// reads any other clock.
public protocol TimeSource: Sendable {
    func now() -> Timestamp
    /// Waits until `deadline`; returns at once when it has passed.
    ///
    /// - Throws: `CancellationError` when the task is cancelled while waiting.
    func sleep(until deadline: Timestamp) async throws
}

extension TimeSource {
    /// Waits for `duration`.
    public func sleep(for duration: Duration) async throws { try await sleep(until: now() + duration) }
}
