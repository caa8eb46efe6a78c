internal import Glibc
public import Objects

/// The machine's clock.
public struct SystemTime: TimeSource {
    public init() {}

    public func now() -> Timestamp {
        var time = timespec()
        // Cannot fail: the clock exists and the pointer is valid.
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(microseconds: Int64(time.tv_sec) * 1_000_000 + Int64(time.tv_nsec) / 1_000)
    }

    /// Measures the wait on the monotonic clock: setting the machine's time does not stretch it.
    public func sleep(until deadline: Timestamp) async throws {
        let wait = deadline - now()
        if wait > .zero { try await ContinuousClock().sleep(for: wait, tolerance: .milliseconds(1)) } else { try Task.checkCancellation() }
    }
}
