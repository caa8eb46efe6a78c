import Synchronization

/// A value that tasks of a test write and the test reads.
final class Recorded<Value: Sendable>: Sendable {
    private let stored: Mutex<Value>

    init(_ value: Value) { stored = Mutex(value) }

    var value: Value { stored.withLock { $0 } }
    func change(_ work: @Sendable (inout Value) -> Void) { stored.withLock { work(&$0) } }
}
