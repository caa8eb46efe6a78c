internal import Synchronization

/// Tells waiting tasks that something has changed.
final class ChangeSignal: Sendable {
    private struct State {
        var epoch: UInt64 = 0
        var serial: UInt64 = 0
        var waiting: [(serial: UInt64, continuation: CheckedContinuation<Void, Never>)] = []
    }

    private let state = Mutex(State())

    /// Counts the changes; read it before reading what may change.
    var epoch: UInt64 { state.withLock { $0.epoch } }

    func tell() {
        let waiting = state.withLock { state in
            state.epoch += 1
            defer { state.waiting = [] }
            return state.waiting
        }
        for waiter in waiting { waiter.continuation.resume() }
    }

    /// Returns once there was a change after `epoch`, or when the task is cancelled.
    func wait(after epoch: UInt64) async {
        let serial = state.withLock { state in
            state.serial += 1
            return state.serial
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let isOver = state.withLock { state in
                    // Under the lock: a cancellation before it is seen here, one after it finds the waiter.
                    if state.epoch != epoch || Task.isCancelled { return true }
                    state.waiting.append((serial, continuation))
                    return false
                }
                if isOver { continuation.resume() }
            }
        } onCancel: {
            let waiter = state.withLock { state in
                state.waiting.firstIndex { $0.serial == serial }.map { state.waiting.remove(at: $0).continuation }
            }
            waiter?.resume()
        }
    }
}
