/// A Kubernetes resource quantity such as `100m`, `1.5Gi` or `2e3`: an exact decimal number with a preferred suffix.
///
/// - SeeAlso: Kubernetes API reference, *Quantity*. Digits below one nano are rounded away from zero, and binary quantities
///   are capped at 2⁶³−1, as there.
public struct Quantity: Sendable, Hashable, Comparable {
    /// Which family of suffixes the canonical text uses.
    public enum Format: Sendable, Hashable {
        /// `k`, `M`, `G` … and `m`, `u`, `n`
        case decimal
        /// `Ki`, `Mi`, `Gi` …
        case binary
        /// `e3`, `E6` …
        case exponent
    }

    /// The value in billionths.
    public private(set) var nano: Int128
    public private(set) var format: Format

    /// - Parameter nano: billionths of the unit.
    public init(nano: Int128, format: Format = .decimal) {
        self.nano = nano
        self.format = format
    }

    /// A whole number of units.
    public init(_ value: Int64, format: Format = .decimal) { self.init(nano: Int128(value) * 1_000_000_000, format: format) }

    /// A number of thousandths, as CPU is counted.
    public init(milli: Int64) { self.init(nano: Int128(milli) * 1_000_000) }

    /// Whole units, rounded up, capped to 64 bits.
    public var value: Int64 { Quantity.scaled(nano, by: 1_000_000_000) }

    /// Thousandths, rounded up, capped to 64 bits.
    public var milliValue: Int64 { Quantity.scaled(nano, by: 1_000_000) }

    private static func scaled(_ nano: Int128, by unit: Int128) -> Int64 {
        let (quotient, remainder) = nano.quotientAndRemainder(dividingBy: unit)
        return Int64(clamping: remainder > 0 ? quotient + 1 : quotient)
    }

    public static func < (left: Quantity, right: Quantity) -> Bool { left.nano < right.nano }
    /// Compares values: `1000m` equals `1`.
    public static func == (left: Quantity, right: Quantity) -> Bool { left.nano == right.nano }
    public func hash(into hasher: inout Hasher) { hasher.combine(nano) }

    /// The sum, in the format of the left side unless that is zero.
    public static func + (left: Quantity, right: Quantity) -> Quantity {
        Quantity(nano: capped(capped(left.nano) + capped(right.nano)), format: left.nano == 0 ? right.format : left.format)
    }

    public static func - (left: Quantity, right: Quantity) -> Quantity {
        Quantity(nano: capped(capped(left.nano) - capped(right.nano)), format: left.nano == 0 ? right.format : left.format)
    }
}

// MARK: - Parsing

/// Why a text is no quantity; the text is Kubernetes' own.
public struct QuantityError: Error, Equatable, Sendable, CustomStringConvertible {
    public var description: String {
        "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
    }

    public init() {}
}

extension Quantity {
    /// Where magnitudes are capped: 10²⁷ units, far above every real amount and far below an overflow of sums.
    private static let largest = QuantityScale.ten(to: 36)
    /// Binary quantities are capped at 2⁶³−1 units, as in Kubernetes; decimal ones are not.
    private static let largestBinary = Int128(Int64.max) * 1_000_000_000

    /// Reads a quantity in any of Kubernetes' forms: a signed decimal number, then nothing, a decimal suffix
    /// (`n u m k M G T P E`), a binary one (`Ki Mi Gi Ti Pi Ei`) or an exponent (`e3`, `E-2`).
    ///
    /// Text without any digit is refused, where Kubernetes' own reader takes `.` and `Ki` for zero.
    public init(parsing text: some StringProtocol) throws(QuantityError) {
        var rest = Array(text.utf8)[...]
        var isNegative = false
        if let sign = rest.first, sign == UInt8(ascii: "-") || sign == UInt8(ascii: "+") {
            isNegative = sign == UInt8(ascii: "-")
            rest.removeFirst()
        }
        guard let number = DecimalDigits(&rest), let scale = QuantityScale(suffix: rest) else { throw QuantityError() }
        let magnitude = scale.nano(of: number)
        var value = Int128(clamping: magnitude)
        value = min(value, scale.format == .binary ? Quantity.largestBinary : Quantity.largest)
        // As in Kubernetes: a binary quantity below one is a decimal one from then on.
        let format = scale.format == .binary && value > 0 && value < 1_000_000_000 ? .decimal : scale.format
        self.init(nano: isNegative ? -value : value, format: format)
    }

    fileprivate static func capped(_ nano: Int128) -> Int128 { min(max(nano, -largest), largest) }
}

/// The digits of a decimal number: `digits` × 10^`power`, and whether anything beyond them was left out.
private struct DecimalDigits {
    var digits: UInt128 = 0
    var power = 0
    var isInexact = false

    /// Takes digits with at most one point off the front; `nil` where there is no digit.
    init?(_ bytes: inout ArraySlice<UInt8>) {
        var hasDigit = false
        var isFraction = false
        while let byte = bytes.first {
            if byte == UInt8(ascii: "."), !isFraction {
                isFraction = true
            } else if byte >= 0x30, byte <= 0x39 {
                hasDigit = true
                if digits < 1_000_000_000_000_000_000_000_000_000 {
                    digits = digits * 10 + UInt128(byte - 0x30)
                    if isFraction { power -= 1 }
                } else {
                    isInexact = isInexact || byte != 0x30
                    if !isFraction { power += 1 }
                }
            } else {
                break
            }
            bytes.removeFirst()
        }
        if !hasDigit { return nil }
    }
}

/// What a suffix multiplies by: a power of two or of ten.
private struct QuantityScale {
    var format: Quantity.Format
    var binaryShift = 0
    var power = 0

    static func ten(to power: Int) -> Int128 { (0..<power).reduce(1) { product, _ in product * 10 } }

    private static let binary: [String: Int] = ["Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60]
    private static let decimal: [String: Int] = [
        "": 0, "n": -9, "u": -6, "m": -3, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18,
    ]

    init?(suffix: ArraySlice<UInt8>) {
        let text = String(decoding: suffix, as: UTF8.self)
        if let power = QuantityScale.decimal[text] {
            (format, self.power) = (.decimal, power)
        } else if let shift = QuantityScale.binary[text] {
            (format, binaryShift) = (.binary, shift)
        } else if text.first == "e" || text.first == "E", let power = Int(text.dropFirst()), power.magnitude <= 1_000 {
            (format, self.power) = (.exponent, power)
        } else {
            return nil
        }
    }

    /// Billionths of the number scaled; rounded up, and `UInt128.max` where that is not wide enough.
    func nano(of number: DecimalDigits) -> UInt128 {
        if number.digits == 0 { return number.isInexact ? 1 : 0 }
        // Shifted before anything is divided away, so that 1.5Gi is exact.
        var (high, low) = number.digits.multipliedFullWidth(by: 1 << UInt128(binaryShift))
        var exponent = 9 + power + number.power
        var roundUp = number.isInexact
        while exponent > 0 {
            let (product, overflow) = low.multipliedReportingOverflow(by: 10)
            if overflow || high > 0 { return .max }
            low = product
            exponent -= 1
        }
        while exponent < 0, high > 0 || low > 0 {
            let (highQuotient, highRemainder) = high.quotientAndRemainder(dividingBy: 10)
            let (lowQuotient, remainder) = (10 as UInt128).dividingFullWidth((highRemainder, low))
            (high, low) = (highQuotient, lowQuotient)
            roundUp = roundUp || remainder != 0
            exponent += 1
        }
        if high > 0 || low == .max { return .max }
        return roundUp ? low + 1 : low
    }
}

// MARK: - Canonical text

extension Quantity: CustomStringConvertible {
    /// The canonical text: the largest suffix of the format that leaves no fraction, no more digits than needed.
    ///
    /// As in Kubernetes, a binary quantity below 1024 or with a fraction is written in decimal form, and a decimal one
    /// beyond `E` with an exponent.
    public var description: String {
        if nano == 0 { return "0" }
        let sign = nano < 0 ? "-" : ""
        let magnitude = nano.magnitude
        if format == .binary, magnitude >= 1_024 * 1_000_000_000, magnitude % 1_000_000_000 == 0 {
            return sign + binaryText(magnitude / 1_000_000_000)
        }
        var mantissa = magnitude
        var power = -9
        while mantissa % 10 == 0 {
            mantissa /= 10
            power += 1
        }
        while power % 3 != 0 {
            mantissa *= 10
            power -= 1
        }
        if format == .exponent { return power == 0 ? "\(sign)\(mantissa)" : "\(sign)\(mantissa)e\(power)" }
        let suffixes = [-9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"]
        return "\(sign)\(mantissa)\(suffixes[power] ?? "e\(power)")"
    }

    private func binaryText(_ units: UInt128) -> String {
        var value = units
        var index = 0
        let suffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"]
        while value % 1_024 == 0, index < suffixes.count - 1 {
            value /= 1_024
            index += 1
        }
        return "\(value)\(suffixes[index])"
    }
}
