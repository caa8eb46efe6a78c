public import Objects

/// Kubernetes' `IntOrString`: a count, or a percentage of a total.
public enum IntegerOrPercent {
    /// The count that is meant; `nil` for text that is no percentage.
    ///
    /// - Parameter roundingUp: surges and minimums round up, unavailabilities down, as in Kubernetes.
    public static func resolve(_ value: JSON, of total: Int64, roundingUp: Bool) -> Int64? {
        if let count = value.integer { return count }
        guard let percent = percentage(value) else { return nil }
        let (product, overflow) = percent.multipliedReportingOverflow(by: total)
        guard !overflow else { return nil }
        return (product + (roundingUp ? 99 : 0)) / 100
    }

    /// Whether the value is a percentage.
    public static func isPercent(_ value: JSON) -> Bool { percentage(value) != nil }

    private static func percentage(_ value: JSON) -> Int64? {
        guard let text = value.string, text.hasSuffix("%") else { return nil }
        return Int64(text.dropLast())
    }
}
