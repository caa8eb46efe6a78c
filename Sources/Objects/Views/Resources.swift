/// Amounts of named resources in Sluice's units: `cpu` in millicores, `memory` and the like in bytes, anything else in
/// whole pieces.
public struct ResourceList: Sendable, Hashable {
    public private(set) var amounts: [String: Int64]

    public init(_ amounts: [String: Int64] = [:]) { self.amounts = amounts }

    /// Reads a map of quantities such as `status.allocatable`; text that is no quantity counts as 0.
    public init(_ json: JSON?) {
        amounts = [:]
        for member in json?.object ?? JSONObject() {
            let text: String
            switch member.value {
            case .string(let value): text = value
            case .integer(let value): text = String(value)
            case .number(let value): text = value
            default: continue
            }
            guard let quantity = try? Quantity(parsing: text) else { continue }
            amounts[member.key] = member.key == "cpu" ? quantity.milliValue : quantity.value
        }
    }

    /// The amount of a resource; 0 where it is not named.
    public subscript(name: String) -> Int64 {
        get { amounts[name] ?? 0 }
        set { amounts[name] = newValue }
    }

    public var names: [String] { amounts.keys.sorted() }
    public var isEmpty: Bool { amounts.isEmpty }

    /// Adds each amount; sums that overflow are capped.
    public mutating func add(_ other: ResourceList) {
        for (name, amount) in other.amounts {
            let (sum, overflow) = self[name].addingReportingOverflow(amount)
            amounts[name] = overflow ? Int64.max : sum
        }
    }

    /// Raises each amount to that of the other list where that is larger.
    public mutating func raise(to other: ResourceList) {
        for (name, amount) in other.amounts { amounts[name] = Swift.max(self[name], amount) }
    }

    /// The map of canonical quantities: `{"cpu":"2","memory":"4Gi"}`.
    public var json: JSON {
        JSON(
            Dictionary(
                uniqueKeysWithValues: amounts.map { name, amount in
                    let isBytes = name == "memory" || name == "ephemeral-storage" || name.hasPrefix("hugepages-")
                    let quantity = name == "cpu" ? Quantity(milli: amount) : Quantity(amount, format: isBytes ? .binary : .decimal)
                    return (name, quantity.description)
                }))
    }
}
