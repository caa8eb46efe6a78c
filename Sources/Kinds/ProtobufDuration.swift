/// Spans of time as Go writes them, which is how JSON shows Kubernetes' `Duration`: `1h30m0s`, `1.5s`, `250ms`.
enum ProtobufDuration {
    static func text(nanoseconds: Int64) -> String {
        if nanoseconds == 0 { return "0s" }
        let sign = nanoseconds < 0 ? "-" : ""
        let magnitude = nanoseconds.magnitude
        for (unit, size) in [("ns", UInt64(1)), ("µs", 1000), ("ms", 1_000_000)] where magnitude < size * 1000 {
            return sign + decimal(magnitude, size) + unit
        }
        let minutes = magnitude / 60_000_000_000
        var text = decimal(magnitude % 60_000_000_000, 1_000_000_000) + "s"
        if minutes > 0 { text = "\(minutes % 60)m\(text)" }
        if minutes >= 60 { text = "\(minutes / 60)h\(text)" }
        return sign + text
    }

    /// `value / size` without zeros at the end; `size` is a power of ten.
    private static func decimal(_ value: UInt64, _ size: UInt64) -> String {
        // The leading 1 keeps the zeros after the point.
        var fraction = "\(size + value % size)".dropFirst()
        while fraction.last == "0" { fraction.removeLast() }
        return fraction.isEmpty ? "\(value / size)" : "\(value / size).\(fraction)"
    }
}
