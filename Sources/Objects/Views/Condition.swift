/// An entry of `status.conditions`.
public struct Condition: Sendable, Equatable {
    public var type: String
    /// `True`, `False` or `Unknown`.
    public var status: String
    public var reason: String
    public var message: String
    public var lastTransitionTime: Timestamp?
    public var observedGeneration: Int64?

    public init(
        type: String, status: String, reason: String = "", message: String = "", lastTransitionTime: Timestamp? = nil,
        observedGeneration: Int64? = nil
    ) {
        self.type = type
        self.status = status
        self.reason = reason
        self.message = message
        self.lastTransitionTime = lastTransitionTime
        self.observedGeneration = observedGeneration
    }

    public init(_ json: JSON) {
        type = json["type"]?.string ?? ""
        status = json["status"]?.string ?? "Unknown"
        reason = json["reason"]?.string ?? ""
        message = json["message"]?.string ?? ""
        lastTransitionTime = Timestamp(json["lastTransitionTime"])
        observedGeneration = json["observedGeneration"]?.integer
    }

    public var json: JSON {
        var object: JSON = ["type": .string(type), "status": .string(status)]
        if !reason.isEmpty { object["reason"] = .string(reason) }
        if !message.isEmpty { object["message"] = .string(message) }
        if let lastTransitionTime { object["lastTransitionTime"] = .string(lastTransitionTime.rfc3339) }
        if let observedGeneration { object["observedGeneration"] = .integer(observedGeneration) }
        return object
    }

    public var isTrue: Bool { status == "True" }
}

extension [Condition] {
    /// Reads `status.conditions`.
    public init(status: JSON?) { self = (status?["conditions"]?.array ?? []).map(Condition.init) }

    public subscript(type: String) -> Condition? { first { $0.type == type } }

    /// Replaces the condition of that type, or adds it; `lastTransitionTime` is `now` only where the status changed.
    public mutating func set(_ condition: Condition, now: Timestamp) {
        var condition = condition
        guard let place = firstIndex(where: { $0.type == condition.type }) else {
            condition.lastTransitionTime = now
            append(condition)
            return
        }
        condition.lastTransitionTime = self[place].status == condition.status ? self[place].lastTransitionTime ?? now : now
        self[place] = condition
    }

    public var json: JSON { .array(map(\.json)) }
}
