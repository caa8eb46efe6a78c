/// One loop that drives a part of the world to what objects ask for; speaks only the Kubernetes API.
///
/// A controller registers its informers' handlers in `init` (before the informers run) and does nothing until ``run()``.
public protocol Controller: Sendable {
    /// Lower case with hyphens, such as `replicaset`; names the loop in logs, reports and metrics.
    var name: String { get }

    /// Works until the task is cancelled, with structured concurrency only. May be called again after it has returned,
    /// as when leadership is lost and won back.
    func run() async
}
