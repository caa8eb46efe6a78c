/// A Kubernetes resource quantity such as `100m`, `1.5Gi` or `2e3`: an exact decimal number with a preferred suffix.
///
/// - SeeAlso: Kubernetes API reference, *Quantity*. Digits below one nano are rounded up, magnitudes above 2⁶³−1 are capped,
///   as there.
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

    /// The value in billionths: wide enough for every quantity Kubernetes takes (2⁶³−1 units and nine decimals).
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
        Quantity(nano: left.nano + right.nano, format: left.nano == 0 ? right.format : left.format)
    }

    public static func - (left: Quantity, right: Quantity) -> Quantity {
        Quantity(nano: left.nano - right.nano, format: left.nano == 0 ? right.format : left.format)
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
    private static let largest = Int128(Int64.max) * 1_000_000_000

    /// Reads a quantity in any of Kubernetes' forms: a signed decimal number, then nothing, a decimal suffix
    /// (`n u m k M G T P E`), a binary one (`Ki Mi Gi Ti Pi Ei`) or an exponent (`e3`, `E-2`).
    public init(parsing text: some StringProtocol) throws(QuantityError) {
        let bytes = Array(text.utf8)
        var index = 0
        var negative = false
        if index < bytes.count, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
            negative = bytes[index] == UInt8(ascii: "-")
            index += 1
        }
        var digits: Int128 = 0
        var decimals = 0
        var hasDigit = false
        var seenPoint = false
        var lost = false
        while index < bytes.count {
            let byte = bytes[index]
            if byte == UInt8(ascii: "."), !seenPoint {
                seenPoint = true
            } else if byte >= 0x30, byte <= 0x39 {
                hasDigit = true
                if digits > Int128.max / 1_000 / 1_000_000_000 / 1_000_000_000 {
                    // More digits than can matter: fractions are rounded up, whole ones run into the cap.
                    if seenPoint { lost = lost || byte != 0x30 } else { digits = Int128.max / 1_000 / 1_000_000_000 }
                } else {
                    digits = digits * 10 + Int128(byte - 0x30)
                    if seenPoint { decimals += 1 }
                }
            } else {
                break
            }
            index += 1
        }
        guard hasDigit, let scale = Scale(suffix: bytes[index...]) else { throw QuantityError() }
        var value = scale.apply(to: digits, decimals: decimals, lost: lost)
        if value > Quantity.largest { value = Quantity.largest }
        self.init(nano: negative ? -value : value, format: scale.format)
    }

    /// What a suffix multiplies by: a power of two or of ten.
    private struct Scale {
        var format: Format
        var binaryShift = 0
        var power = 0

        init?(suffix: ArraySlice<UInt8>) {
            switch String(decoding: suffix, as: UTF8.self) {
            case "": format = .decimal
            case "n": (format, power) = (.decimal, -9)
            case "u": (format, power) = (.decimal, -6)
            case "m": (format, power) = (.decimal, -3)
            case "k": (format, power) = (.decimal, 3)
            case "M": (format, power) = (.decimal, 6)
            case "G": (format, power) = (.decimal, 9)
            case "T": (format, power) = (.decimal, 12)
            case "P": (format, power) = (.decimal, 15)
            case "E": (format, power) = (.decimal, 18)
            case "Ki": (format, binaryShift) = (.binary, 10)
            case "Mi": (format, binaryShift) = (.binary, 20)
            case "Gi": (format, binaryShift) = (.binary, 30)
            case "Ti": (format, binaryShift) = (.binary, 40)
            case "Pi": (format, binaryShift) = (.binary, 50)
            case "Ei": (format, binaryShift) = (.binary, 60)
            case let text:
                guard text.first == "e" || text.first == "E", let value = Int(text.dropFirst()), value.magnitude <= 1_000 else {
                    return nil
                }
                (format, power) = (.exponent, value)
            }
        }

        /// Billionths of `digits / 10^decimals` scaled; rounded up, and far above the cap instead of overflowing.
        func apply(to digits: Int128, decimals: Int, lost: Bool) -> Int128 {
            if digits == 0 { return lost ? 1 : 0 }
            var value = digits
            let ceiling = Quantity.largest * 2
            var exponent = 9 + power - decimals
            // The shift is applied before dividing, so that 1.5Gi is exact.
            if binaryShift > 0 {
                value = value > ceiling >> Int128(binaryShift) && exponent >= 0 ? ceiling : Scale.shifted(value, binaryShift)
            }
            while exponent > 0, value < ceiling {
                value *= 10
                exponent -= 1
            }
            var roundUp = lost
            while exponent < 0, value > 0 {
                roundUp = roundUp || value % 10 != 0
                value /= 10
                exponent += 1
            }
            return roundUp ? value + 1 : value
        }

        private static func shifted(_ value: Int128, _ shift: Int) -> Int128 {
            let (product, overflow) = value.multipliedReportingOverflow(by: Int128(1) << Int128(shift))
            return overflow ? Int128.max : product
        }
    }
}

// MARK: - Canonical text

extension Quantity: CustomStringConvertible {
    /// The canonical text: the largest suffix of the format that leaves no fraction, no more digits than needed.
    ///
    /// A binary quantity that is no whole number of units is written in decimal form, as Kubernetes does.
    public var description: String {
        if nano == 0 { return "0" }
        let sign = nano < 0 ? "-" : ""
        let magnitude = nano < 0 ? -nano : nano
        if format == .binary, magnitude >= 1_024 * 1_000_000_000, magnitude % 1_000_000_000 == 0 {
            return sign + binaryText(magnitude / 1_000_000_000)
        }
        var mantissa = magnitude
        var power = -9
        while mantissa % 10 == 0 {
            mantissa /= 10
            power += 1
        }
        while power % 3 != 0 || power > 18 {
            mantissa *= 10
            power -= 1
        }
        if format == .exponent { return power == 0 ? "\(sign)\(mantissa)" : "\(sign)\(mantissa)e\(power)" }
        let suffixes = [-9: "n", -6: "u", -3: "m", 0: "", 3: "k", 6: "M", 9: "G", 12: "T", 15: "P", 18: "E"]
        return "\(sign)\(mantissa)\(suffixes[power] ?? "e\(power)")"
    }

    private func binaryText(_ units: Int128) -> String {
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
