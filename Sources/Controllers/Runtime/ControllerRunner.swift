internal import Logging

/// Runs controllers and the informers they share.
///
/// With leader election: run it while leading, cancel it when leadership is lost, run it again later.
public struct ControllerRunner: Sendable {
    private let environment: ControllerEnvironment
    private let controllers: [any Controller]

    public init(environment: ControllerEnvironment, controllers: [any Controller]) {
        self.environment = environment
        self.controllers = controllers
    }

    /// Starts the informers, waits until each has its first list, then runs every controller until the task is cancelled.
    public func run() async {
        let informers = environment.informers.entries
        await withTaskGroup(of: Void.self) { group in
            for informer in informers { group.addTask { await informer.run() } }
            for informer in informers { await informer.waitUntilSynced() }
            guard !Task.isCancelled else { return }
            environment.logger.info(
                "controllers start", metadata: ["controllers": "\(controllers.count)", "informers": "\(informers.count)"])
            for controller in controllers {
                group.addTask { await controller.run() }
            }
            await group.waitForAll()
        }
    }
}
