internal import KubeClient
internal import Logging
internal import Objects
internal import Ports

/// A work queue with its report: what a controller's `run` consists of.
///
/// Event handlers ``add(_:)`` keys; ``run(workers:initial:_:)`` works on them, one worker a key at a time, and retries
/// with growing pauses what throws.
public final class ReconcileLoop<Key: Hashable & Comparable & Sendable>: Sendable {
    public let name: String
    private let environment: ControllerEnvironment
    private let queue: WorkQueue<Key>

    public init(name: String, environment: ControllerEnvironment) {
        self.name = name
        self.environment = environment
        queue = WorkQueue(time: environment.time)
        environment.reports.update(name) { _ in }
    }

    /// Asks for work on a key as soon as possible.
    public func add(_ key: Key) { queue.add(key) }

    /// Asks for work on a key after a pause; an earlier request stands.
    public func add(_ key: Key, after pause: Duration) { queue.add(key, after: pause) }

    /// Works until the task is cancelled.
    ///
    /// - Parameters:
    ///   - initial: keys to begin with beside those already added.
    ///   - sync: brings one key to what is wanted; returns after which pause to look again without an event, `nil` for never.
    public func run(
        workers: Int = 1, initial: [Key] = [], _ sync: @escaping @Sendable (Key) async throws -> Duration?
    ) async {
        for key in initial { queue.add(key) }
        await queue.run(workers: workers) { [self] key in try await pass(key, sync) }
    }

    private func pass(_ key: Key, _ sync: @Sendable (Key) async throws -> Duration?) async throws -> Duration? {
        let start = environment.time.now()
        do {
            let pause = try await sync(key)
            environment.reports.recordPass(name, from: start, to: environment.time.now(), queueDepth: queue.depth)
            return pause
        } catch {
            // Shutting down is no failure of the pass.
            guard !Task.isCancelled else { throw CancellationError() }
            environment.reports.recordPass(
                name, from: start, to: environment.time.now(), queueDepth: queue.depth, failure: "\(key): \(error)")
            // A conflict only says that our copy is old: the next pass has a newer one.
            let isConflict = (error as? KubeError)?.isConflict ?? false
            environment.logger.log(
                level: isConflict ? .debug : .warning, "pass failed, will be tried again",
                metadata: ["loop": "\(name)", "key": "\(key)", "error": "\(error)"])
            throw error
        }
    }
}
