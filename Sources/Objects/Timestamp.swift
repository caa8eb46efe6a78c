/// A point in time, in microseconds since 1970-01-01T00:00:00Z.
///
/// The only representation of time inside Sluice; it becomes RFC 3339 text at the edge.
public struct Timestamp: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Microseconds since 1970-01-01T00:00:00Z; negative before it.
    public var microseconds: Int64

    public init(microseconds: Int64) { self.microseconds = microseconds }

    /// The moment `seconds` after 1970-01-01T00:00:00Z.
    public init(seconds: Int64) { microseconds = seconds * 1_000_000 }

    /// Whole seconds since 1970, rounded towards minus infinity.
    public var seconds: Int64 {
        microseconds >= 0 ? microseconds / 1_000_000 : (microseconds - 999_999) / 1_000_000
    }

    public static func < (left: Timestamp, right: Timestamp) -> Bool { left.microseconds < right.microseconds }

    /// The moment `duration` later, rounded down to a microsecond.
    public static func + (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(microseconds: left.microseconds + right.microseconds)
    }

    public static func - (left: Timestamp, right: Duration) -> Timestamp {
        Timestamp(microseconds: left.microseconds - right.microseconds)
    }

    /// The time from `right` to `left`; negative when `left` is earlier.
    public static func - (left: Timestamp, right: Timestamp) -> Duration {
        .microseconds(left.microseconds - right.microseconds)
    }

    public var description: String { rfc3339 }
}

extension Duration {
    /// This duration in whole microseconds, rounded towards zero.
    public var microseconds: Int64 {
        let (seconds, attoseconds) = components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }

    /// This duration in seconds.
    public var inSeconds: Double { Double(microseconds) / 1_000_000 }
}

// MARK: - RFC 3339

extension Timestamp {
    /// `2026-01-31T23:59:59Z`: whole seconds, as Kubernetes' `Time`.
    public var rfc3339: String { text(fraction: false) }

    /// `2026-01-31T23:59:59.000001Z`: six digits, as Kubernetes' `MicroTime`.
    public var rfc3339Micro: String { text(fraction: true) }

    private func text(fraction: Bool) -> String {
        let total = seconds
        var days = total / 86_400
        var rest = total % 86_400
        if rest < 0 {
            rest += 86_400
            days -= 1
        }
        let date = CivilDate(daysSinceEpoch: days)
        return String(unsafeUninitializedCapacity: 32) { buffer in
            var count = 0
            func put(_ value: Int64, width: Int) {
                var divisor: Int64 = 1
                for _ in 1..<width { divisor *= 10 }
                while divisor > 0 {
                    buffer[count] = UInt8(truncatingIfNeeded: 0x30 + (value / divisor) % 10)
                    count += 1
                    divisor /= 10
                }
            }
            func put(_ character: UInt8) {
                buffer[count] = character
                count += 1
            }
            put(date.year, width: 4)
            put(0x2d)
            put(date.month, width: 2)
            put(0x2d)
            put(date.day, width: 2)
            put(0x54)
            put(rest / 3_600, width: 2)
            put(0x3a)
            put(rest / 60 % 60, width: 2)
            put(0x3a)
            put(rest % 60, width: 2)
            if fraction {
                put(0x2e)
                put(microseconds - total * 1_000_000, width: 6)
            }
            put(0x5a)
            return count
        }
    }

    /// Reads RFC 3339 text with `Z` or a numeric offset; digits after the sixth decimal are dropped.
    ///
    /// Returns `nil` for anything else, a leap second and a year outside 0000–9999 among it.
    public init?(rfc3339 text: some StringProtocol) {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int64? {
            guard range.upperBound <= bytes.count else { return nil }
            var value: Int64 = 0
            for index in range {
                guard bytes[index] >= 0x30, bytes[index] <= 0x39 else { return nil }
                value = value * 10 + Int64(bytes[index] - 0x30)
            }
            return value
        }
        func isByte(_ index: Int, _ wanted: UInt8) -> Bool { index < bytes.count && bytes[index] == wanted }
        guard bytes.count >= 20, let year = number(0..<4), isByte(4, 0x2d), let month = number(5..<7), isByte(7, 0x2d),
            let day = number(8..<10), isByte(10, 0x54) || isByte(10, 0x74), let hour = number(11..<13), isByte(13, 0x3a),
            let minute = number(14..<16), isByte(16, 0x3a), let second = number(17..<19),
            (1...12).contains(month), day >= 1, day <= CivilDate.daysIn(month: month, year: year),
            hour < 24, minute < 60, second < 60
        else { return nil }
        var index = 19
        var micro: Int64 = 0
        if isByte(index, 0x2e) {
            index += 1
            var scale: Int64 = 100_000
            let first = index
            while index < bytes.count, let digit = number(index..<(index + 1)) {
                micro += digit * scale
                scale /= 10
                index += 1
            }
            guard index > first else { return nil }
        }
        var offset: Int64 = 0
        if isByte(index, 0x5a) || isByte(index, 0x7a) {
            index += 1
        } else {
            guard isByte(index, 0x2b) || isByte(index, 0x2d), let hours = number((index + 1)..<(index + 3)),
                isByte(index + 3, 0x3a), let minutes = number((index + 4)..<(index + 6)), hours < 24, minutes < 60
            else { return nil }
            offset = (hours * 60 + minutes) * 60 * (bytes[index] == 0x2d ? -1 : 1)
            index += 6
        }
        guard index == bytes.count else { return nil }
        let days = CivilDate(year: year, month: month, day: day).daysSinceEpoch
        self.init(microseconds: (days * 86_400 + hour * 3_600 + minute * 60 + second - offset) * 1_000_000 + micro)
    }
}

/// A date of the proleptic Gregorian calendar, and its conversion to days since 1970-01-01.
///
/// - SeeAlso: Howard Hinnant, *chrono-Compatible Low-Level Date Algorithms*.
private struct CivilDate {
    var year: Int64
    var month: Int64
    var day: Int64

    init(year: Int64, month: Int64, day: Int64) {
        self.year = year
        self.month = month
        self.day = day
    }

    init(daysSinceEpoch days: Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1_460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        day = dayOfYear - (153 * shiftedMonth + 2) / 5 + 1
        month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
    }

    var daysSinceEpoch: Int64 {
        let shiftedYear = month <= 2 ? year - 1 : year
        let era = (shiftedYear >= 0 ? shiftedYear : shiftedYear - 399) / 400
        let yearOfEra = shiftedYear - era * 400
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    static func daysIn(month: Int64, year: Int64) -> Int64 {
        switch month {
        case 2: (year % 4 == 0 && year % 100 != 0) || year % 400 == 0 ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }
}
