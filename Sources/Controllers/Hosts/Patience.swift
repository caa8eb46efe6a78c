internal import Objects
internal import Ports

/// Runs work for at most that long; a port that does not answer in time is unreachable.
///
/// The work is cancelled at the deadline and must then end: ports wait only in ways that heed cancellation.
func withPatience<Result: Sendable>(
    _ patience: Duration, _ time: any TimeSource, _ work: @escaping @Sendable () async throws -> Result
) async throws -> Result {
    try await withThrowingTaskGroup(of: Result?.self) { group in
        group.addTask { try await work() }
        group.addTask {
            try await time.sleep(for: patience)
            return nil
        }
        defer { group.cancelAll() }
        guard let first = try await group.next(), let result = first else {
            throw PortError(.unreachable, "no answer within \(patience.microseconds / 1_000_000) s")
        }
        return result
    }
}
