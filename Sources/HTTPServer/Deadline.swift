internal import NIOCore

/// One deadline that moves with every request; its timer is set anew only when it fires, not for each request.
///
/// Used on its event loop only.
final class Deadline {
    private let eventLoop: NIOIsolatedEventLoop
    private let passed: () -> Void
    private var deadline: NIODeadline?
    private var timer: Scheduled<Void>?
    private var timerFires: NIODeadline = .distantFuture

    /// - Parameter passed: called once for each deadline that passes; must not keep its owner alive.
    init(eventLoop: any EventLoop, passed: @escaping () -> Void) {
        self.eventLoop = eventLoop.assumeIsolated()
        self.passed = passed
    }

    func set(_ duration: Duration) {
        let deadline = NIODeadline.now() + TimeAmount(duration)
        self.deadline = deadline
        if timer == nil || timerFires > deadline { schedule(deadline) }
    }

    func clear() { deadline = nil }

    /// Drops the timer too: the connection is closed.
    func cancel() {
        deadline = nil
        timer?.cancel()
        timer = nil
    }

    private func schedule(_ moment: NIODeadline) {
        timer?.cancel()
        timerFires = moment
        timer = eventLoop.scheduleTask(deadline: moment) { [weak self] in self?.fired() }
    }

    private func fired() {
        timer = nil
        guard let deadline else { return }
        if NIODeadline.now() >= deadline {
            self.deadline = nil
            passed()
        } else {
            schedule(deadline)
        }
    }
}
