internal import Objects
public import Ports

/// How long something takes: any time between two bounds, each as likely.
public struct LatencyRange: Sendable, Equatable {
    public var shortest: Duration
    public var longest: Duration

    /// - Precondition: neither is negative, and the first is not longer than the second.
    public init(_ shortest: Duration, _ longest: Duration) {
        precondition(shortest >= .zero && shortest <= longest, "a latency range goes from a shorter to a longer time")
        self.shortest = shortest
        self.longest = longest
    }

    /// A time of the range, in whole microseconds; one draw whatever the range.
    public func draw(_ generator: inout SeededGenerator, scale: Double = 1) -> Duration {
        let part = Double(generator.next() >> 11) / Double(1 << 53)
        let seconds = shortest.inSeconds + (longest.inSeconds - shortest.inSeconds) * part
        return .microseconds(Int64(seconds * scale * 1_000_000))
    }
}

extension SeededGenerator {
    /// True with that probability; one draw whatever the probability.
    mutating func chance(_ probability: Double) -> Bool {
        Double(next() >> 11) / Double(1 << 53) < probability
    }

    /// The time until an event that comes `perHour` times an hour on average; `nil` for never.
    mutating func timeToEvent(perHour: Double) -> Duration? {
        let part = Double((next() >> 11) + 1) / Double(1 << 53)
        guard perHour > 0 else { return nil }
        // Beyond a century it is never.
        let seconds = -logarithm(part) / perHour * 3_600
        return seconds < 3e9 ? .microseconds(Int64(seconds * 1_000_000)) : nil
    }
}

/// The natural logarithm of a number in (0, 1], the same bits on every platform: halvings to [½, 1], then a series.
private func logarithm(_ value: Double) -> Double {
    let exponent = value.exponent
    let mantissa = value.significand  // [1, 2)
    let ratio = (mantissa - 1) / (mantissa + 1)
    let square = ratio * ratio
    var term = ratio
    var sum = 0.0
    for odd in stride(from: 1.0, through: 39.0, by: 2.0) {
        sum += term / odd
        term *= square
    }
    return 2 * sum + Double(exponent) * 0.693_147_180_559_945_3
}
