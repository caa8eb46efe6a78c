internal import Objects
internal import Synchronization

/// The `date` header, made once a second.
final class DateHeader: Sendable {
    private let now: @Sendable () -> Timestamp
    private let cached = Mutex<(second: Int64, text: String)>((Int64.min, ""))

    init(now: @escaping @Sendable () -> Timestamp) { self.now = now }

    var value: String {
        let moment = now()
        let second = moment.seconds
        return cached.withLock { cached in
            if cached.second != second { cached = (second, Self.text(moment)) }
            return cached.text
        }
    }

    /// `Sun, 06 Nov 1994 08:49:37 GMT`, the preferred form of RFC 9110.
    static func text(_ moment: Timestamp) -> String {
        let weekdays = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let text = moment.rfc3339.utf8
        func part(_ start: Int, _ length: Int) -> String { String(decoding: text.dropFirst(start).prefix(length), as: UTF8.self) }
        let days = moment.seconds >= 0 ? moment.seconds / 86_400 : (moment.seconds - 86_399) / 86_400
        let weekday = weekdays[Int(((days % 7) + 7) % 7)]
        let month = months[(Int(part(5, 2)) ?? 1) - 1]
        return "\(weekday), \(part(8, 2)) \(month) \(part(0, 4)) \(part(11, 8)) GMT"
    }
}
