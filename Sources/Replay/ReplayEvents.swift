/// What happens at a moment of a replay, in the order in which it happens when several things do.
enum ReplayEvent: Int, Sendable {
    case podDeleted
    case hostReturned
    case nodeReady
    case podCreated
    /// A planner wants to look again.
    case deadline
}

/// Events in the order of their times; a binary heap.
struct EventQueue {
    struct Entry {
        /// Seconds since the start of the trace.
        var time: Int64
        var event: ReplayEvent
        /// Index of the pod or of the host.
        var index: Int

        func isBefore(_ other: Entry) -> Bool {
            (time, event.rawValue, index) < (other.time, other.event.rawValue, other.index)
        }
    }

    private var heap: [Entry] = []

    var nextTime: Int64? { heap.first?.time }

    mutating func add(_ time: Int64, _ event: ReplayEvent, _ index: Int = 0) {
        heap.append(Entry(time: time, event: event, index: index))
        var child = heap.count - 1
        while child > 0, heap[child].isBefore(heap[(child - 1) / 2]) {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// The first event, where it happens at that time.
    mutating func pop(at time: Int64) -> Entry? {
        guard let first = heap.first, first.time == time, let last = heap.popLast() else { return nil }
        guard !heap.isEmpty else { return first }
        heap[0] = last
        var parent = 0
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2] where child < heap.count && heap[child].isBefore(heap[least]) {
                least = child
            }
            if least == parent { return first }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
