public import Objects
public import Ports
internal import Synchronization

/// A clock that stands still until it is moved.
///
/// Sleepers wake in the order of their deadlines; equal deadlines in the order in which they began to sleep.
public final class ManualTime: TimeSource {
    fileprivate typealias Sleeper = CheckedContinuation<Void, any Error>

    fileprivate struct State {
        var now: Timestamp
        /// Bumped for every sleeper: its name, and what orders equal deadlines.
        var serial: UInt64 = 0
        var deadlines = DeadlineHeap()
        var sleepers: [UInt64: Sleeper] = [:]
    }

    private let state: Mutex<State>

    /// - Parameter start: 2026-01-01T00:00:00Z unless given.
    public init(start: Timestamp = Timestamp(seconds: 1_767_225_600)) { state = Mutex(State(now: start)) }

    public func now() -> Timestamp { state.withLock { $0.now } }

    /// How many tasks sleep now.
    public var sleeperCount: Int { state.withLock { $0.sleepers.count } }

    /// When the next sleeper wakes; `nil` when nobody sleeps.
    public var nextDeadline: Timestamp? { state.withLock { $0.nextDeadline() } }

    public func sleep(until deadline: Timestamp) async throws {
        let serial = state.withLock { state in
            state.serial += 1
            return state.serial
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (sleeper: Sleeper) in
                // Read under the lock: a cancellation before it is seen here, one after it finds the sleeper.
                let outcome = state.withLock { state -> Result<Void, any Error>? in
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if deadline <= state.now { return .success(()) }
                    state.sleepers[serial] = sleeper
                    state.deadlines.insert(DeadlineHeap.Entry(deadline: deadline, serial: serial))
                    return nil
                }
                if let outcome { sleeper.resume(with: outcome) }
            }
        } onCancel: {
            state.withLock { $0.sleepers.removeValue(forKey: serial) }?.resume(throwing: CancellationError())
        }
    }

    /// Moves the clock and wakes everybody whose deadline has come.
    public func advance(by duration: Duration) {
        precondition(duration >= .zero, "time does not run backwards")
        let due = state.withLock { state in
            state.now = state.now + duration
            return state.takeDue()
        }
        for sleeper in due { sleeper.resume() }
    }

    /// Moves the clock to the next deadline and wakes those who wait for it; `false` when nobody sleeps, or when that
    /// deadline lies after `limit`: the clock stays where it is then.
    @discardableResult
    public func advanceToNextDeadline(limit: Timestamp? = nil) -> Bool {
        let due = state.withLock { state -> [Sleeper] in
            guard let next = state.nextDeadline() else { return [] }
            if let limit, next > limit { return [] }
            state.now = max(state.now, next)
            return state.takeDue()
        }
        for sleeper in due { sleeper.resume() }
        return !due.isEmpty
    }
}

extension ManualTime.State {
    /// The earliest deadline of a sleeper who still sleeps.
    fileprivate mutating func nextDeadline() -> Timestamp? {
        while let first = deadlines.first {
            if sleepers[first.serial] != nil { return first.deadline }
            deadlines.removeFirst()
        }
        return nil
    }

    fileprivate mutating func takeDue() -> [ManualTime.Sleeper] {
        var due: [ManualTime.Sleeper] = []
        while let next = nextDeadline(), next <= now {
            guard let first = deadlines.first, let sleeper = sleepers.removeValue(forKey: first.serial) else { break }
            deadlines.removeFirst()
            due.append(sleeper)
        }
        // Cancelled sleepers leave their entries behind; when they are most of the heap it is built anew.
        if deadlines.count > 64, deadlines.count > 4 * sleepers.count {
            let present = sleepers
            deadlines.keep { present[$0.serial] != nil }
        }
        return due
    }
}

/// A binary heap of deadlines, the earliest first.
struct DeadlineHeap {
    struct Entry: Comparable {
        var deadline: Timestamp
        var serial: UInt64

        static func < (left: Entry, right: Entry) -> Bool {
            (left.deadline, left.serial) < (right.deadline, right.serial)
        }
    }

    private var entries: [Entry] = []

    var first: Entry? { entries.first }
    var count: Int { entries.count }

    mutating func insert(_ entry: Entry) {
        entries.append(entry)
        var child = entries.count - 1
        while child > 0, entries[child] < entries[(child - 1) / 2] {
            entries.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    mutating func removeFirst() {
        guard let last = entries.popLast(), !entries.isEmpty else { return }
        entries[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < entries.count && entries[child] < entries[least] {
                least = child
            }
            if least == parent { return }
            entries.swapAt(parent, least)
            parent = least
        }
    }

    mutating func keep(where condition: (Entry) -> Bool) {
        // A sorted array is a heap.
        entries = entries.filter(condition).sorted()
    }
}
