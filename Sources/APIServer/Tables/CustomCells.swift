public import Objects

extension TablePrinter {
    /// Where the cells of one column of a custom resource come from.
    public struct CellSource: Sendable {
        /// `string`, `integer`, `number`, `boolean` or `date`.
        public var type: String
        /// The first value that the column's JSON path finds in an object; `nil` for the column that names the object.
        public var evaluate: (@Sendable (JSON) -> JSON?)?

        public init(type: String, evaluate: (@Sendable (JSON) -> JSON?)?) {
            self.type = type
            self.evaluate = evaluate
        }
    }

    /// The cells of a custom resource, one for each column.
    public static func cells(columns: [CellSource], object: JSON, now: Timestamp) -> [JSON] {
        columns.map { column in
            guard let evaluate = column.evaluate else { return name(object) }
            return cell(value: evaluate(object), type: column.type, now: now)
        }
    }

    /// What a column of some type shows of the value that its JSON path found.
    ///
    /// `null` for nothing found and for a value of another type; a `string` column takes every type, a `date` column
    /// shows the age.
    public static func cell(value: JSON?, type: String, now: Timestamp) -> JSON {
        guard let value else { return .null }
        switch type {
        case "string": return .string(printed(value))
        case "integer":
            if case .integer = value { return value }
            // The conversion cuts the fraction off; 2⁶³ is the first magnitude that does not fit.
            guard let number = value.double, number.magnitude < 0x1p63 else { return .null }
            return .integer(Int64(number))
        case "number":
            if case .number(let text) = value { return .number(GoNumber(text).json) }
            if case .integer = value { return value }
            return .null
        case "boolean": return value.bool.map(JSON.bool) ?? .null
        case "date": return value.string.map { .string(date($0, now)) } ?? .null
        default: return .null
        }
    }

    private static func date(_ text: String, _ now: Timestamp) -> String {
        if text.isEmpty || text == "null" { return "<unknown>" }
        return Timestamp(rfc3339: text).map { HumanDuration.since($0, now: now) } ?? "<invalid>"
    }

    /// A value as Go's `fmt` prints it; arrays and objects as JSON.
    private static func printed(_ value: JSON) -> String {
        switch value {
        case .null: return "<no value>"
        case .bool(let flag): return flag ? "true" : "false"
        case .integer(let number): return String(number)
        case .number(let text): return GoNumber(text).plain
        case .string(let text): return text
        case .array, .object:
            var escaped = ""
            for scalar in canonical(value).text.unicodeScalars {
                switch scalar {
                case "<": escaped += "\\u003c"
                case ">": escaped += "\\u003e"
                case "&": escaped += "\\u0026"
                case "\u{2028}": escaped += "\\u2028"
                case "\u{2029}": escaped += "\\u2029"
                default: escaped.unicodeScalars.append(scalar)
                }
            }
            return escaped
        }
    }

    /// A value with the members of objects in the order of their keys and numbers as Go writes them.
    private static func canonical(_ value: JSON) -> JSON {
        switch value {
        case .array(let elements): return .array(elements.map(canonical))
        case .object(let members):
            return .object(JSONObject(members.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: canonical($0.value)) }))
        case .number(let text): return .number(GoNumber(text).json)
        default: return value
        }
    }
}

/// A number that is no 64-bit integer, in the texts that Go gives to a double.
private struct GoNumber {
    private let isNegative: Bool
    /// Significant digits without zeros at the ends; the decimal point stands after the first one, times ten to `exponent`.
    private let digits: String
    private let exponent: Int

    init(_ text: String) {
        let value = Double(text) ?? 0
        isNegative = value.sign == .minus
        // Swift's shortest text reads back as the same double, as Go's does; only the placing of the point differs.
        let parts = value.magnitude.description.split(separator: "e", omittingEmptySubsequences: false)
        let mantissa = parts[0].split(separator: ".", omittingEmptySubsequences: false)
        let whole = String(mantissa[0])
        let all = whole + (mantissa.count > 1 ? mantissa[1] : "")
        let leading = all.prefix { $0 == "0" }.count
        var significant = all.dropFirst(leading)
        while significant.last == "0" { significant.removeLast() }
        digits = significant.isEmpty ? "0" : String(significant)
        let scale = parts.count > 1 ? Int(parts[1]) ?? 0 : 0
        exponent = significant.isEmpty ? 0 : whole.count - 1 - leading + scale
    }

    /// As `%v` prints it: with an exponent of two digits below 1e-4 and from 1e21 on.
    var plain: String { text(smallest: -4, exponentDigits: 2) }
    /// As JSON: with an exponent below 1e-6 and from 1e21 on.
    var json: String { text(smallest: -6, exponentDigits: 1) }

    private func text(smallest: Int, exponentDigits: Int) -> String {
        let sign = isNegative ? "-" : ""
        if exponent < smallest || exponent >= 21 {
            let fraction = digits.dropFirst()
            let power = String(exponent.magnitude)
            let padding = String(repeating: "0", count: max(0, exponentDigits - power.count))
            return sign + digits.prefix(1) + (fraction.isEmpty ? "" : "." + fraction) + (exponent < 0 ? "e-" : "e+") + padding + power
        }
        if exponent < 0 { return sign + "0." + String(repeating: "0", count: -exponent - 1) + digits }
        if digits.count <= exponent + 1 { return sign + digits + String(repeating: "0", count: exponent + 1 - digits.count) }
        return sign + digits.prefix(exponent + 1) + "." + digits.dropFirst(exponent + 1)
    }
}
