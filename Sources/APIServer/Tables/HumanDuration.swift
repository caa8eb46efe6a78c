public import Objects

/// The short texts in which tables show how long something took or how old it is.
///
/// - SeeAlso: Kubernetes, `k8s.io/apimachinery/pkg/util/duration`.
public enum HumanDuration {
    /// At most two units, the smaller one only while it matters: `5m32s`, `3h`, `2d5h`, `3y120d`.
    ///
    /// `<invalid>` from two seconds below zero on; less than that counts as clocks that disagree and gives `0s`.
    public static func text(_ duration: Duration) -> String {
        let seconds = duration.microseconds / 1_000_000
        let (minutes, hours) = (seconds / 60, seconds / 3_600)
        let days = hours / 24
        return switch seconds {
        case ..<(-1): "<invalid>"
        case ..<0: "0s"
        case ..<120: "\(seconds)s"
        case ..<(10 * 60): two(minutes, "m", seconds % 60, "s")
        case ..<(180 * 60): "\(minutes)m"
        case ..<(8 * 3_600): two(hours, "h", minutes % 60, "m")
        case ..<(48 * 3_600): "\(hours)h"
        case ..<(8 * 86_400): two(days, "d", hours % 24, "h")
        case ..<(2 * 365 * 86_400): "\(days)d"
        case ..<(8 * 365 * 86_400): two(days / 365, "y", days % 365, "d")
        default: "\(days / 365)y"
        }
    }

    /// One unit: `59s`, `59m`, `23h`, `364d`, `2y`; `<invalid>` as in ``text(_:)``.
    public static func shortText(_ duration: Duration) -> String {
        let seconds = duration.microseconds / 1_000_000
        return switch seconds {
        case ..<(-1): "<invalid>"
        case ..<0: "0s"
        case ..<60: "\(seconds)s"
        case ..<3_600: "\(seconds / 60)m"
        case ..<86_400: "\(seconds / 3_600)h"
        case ..<(365 * 86_400): "\(seconds / 86_400)d"
        default: "\(seconds / (365 * 86_400))y"
        }
    }

    /// The age of a moment; `<unknown>` for none and for year 1, which is how Go writes none.
    public static func since(_ time: Timestamp?, now: Timestamp) -> String {
        guard let time, time.seconds != zeroTimeSeconds else { return "<unknown>" }
        return text(now - time)
    }

    /// 0001-01-01T00:00:00Z.
    private static let zeroTimeSeconds: Int64 = -62_135_596_800

    private static func two(_ large: Int64, _ largeUnit: String, _ small: Int64, _ smallUnit: String) -> String {
        small == 0 ? "\(large)\(largeUnit)" : "\(large)\(largeUnit)\(small)\(smallUnit)"
    }
}
