/// Exact reading of JSON number texts.
enum DecimalText {
    /// The value of a number without a fraction that fits into 64 bits, `1e3` and `2.0` among them; `nil` for others.
    ///
    /// Not by way of `Double`, which cannot tell whole numbers above 2⁵³ apart.
    static func integer(_ text: String) -> Int64? {
        var rest = Substring(text)
        let isNegative = rest.first == "-"
        if isNegative { rest.removeFirst() }
        let mantissa = rest.prefix { $0 != "e" && $0 != "E" }
        let exponentText = rest.dropFirst(mantissa.count + 1)
        let parts = mantissa.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        var digits = parts.joined()[...]
        guard !digits.isEmpty, let exponent = exponentText.isEmpty ? 0 : Int(exponentText), exponent.magnitude < 1_000_000 else {
            return digits.allSatisfy { $0 == "0" } ? 0 : nil
        }
        var power = exponent - (parts.count > 1 ? parts[1].count : 0)
        while digits.first == "0" { digits.removeFirst() }
        while digits.last == "0" {
            digits.removeLast()
            power += 1
        }
        if digits.isEmpty { return 0 }
        guard power >= 0, digits.count + power <= 19 else { return nil }
        return Int64((isNegative ? "-" : "") + digits + String(repeating: "0", count: power))
    }
}
