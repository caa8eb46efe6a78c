internal import Objects

/// `status.conditions` of a Deployment: unlike others they carry the time of their last update, which the progress
/// deadline counts from.
struct DeploymentConditions: Equatable {
    enum Kind: String {
        case available = "Available"
        case progressing = "Progressing"
    }

    struct Entry: Equatable {
        var type: String
        var status: String
        var reason: String
        var message: String
        var lastUpdate: Timestamp?
        var lastTransition: Timestamp?
    }

    private(set) var entries: [Entry]

    init(_ status: JSON) {
        entries = (status["conditions"]?.array ?? []).map { condition in
            Entry(
                type: condition["type"]?.string ?? "", status: condition["status"]?.string ?? "Unknown",
                reason: condition["reason"]?.string ?? "", message: condition["message"]?.string ?? "",
                lastUpdate: Timestamp(condition["lastUpdateTime"]), lastTransition: Timestamp(condition["lastTransitionTime"]))
        }
    }

    subscript(kind: Kind) -> Entry? { entries.first { $0.type == kind.rawValue } }

    /// Replaces a condition; one of the same status and reason stays as it is, unless `refreshing`.
    mutating func set(
        _ kind: Kind, _ status: String, _ reason: String, _ message: String, _ deployment: Deployment, _ now: Timestamp,
        refreshing: Bool = false
    ) {
        if kind == .progressing, !deployment.hasProgressDeadline { return }
        let present = self[kind]
        if let present, present.status == status, present.reason == reason, !refreshing { return }
        let entry = Entry(
            type: kind.rawValue, status: status, reason: reason, message: message, lastUpdate: now,
            lastTransition: present?.status == status ? present?.lastTransition ?? now : now)
        if let place = entries.firstIndex(where: { $0.type == kind.rawValue }) {
            entries[place] = entry
        } else {
            entries.append(entry)
        }
    }

    mutating func setIfAbsent(
        _ kind: Kind, _ status: String, _ reason: String, _ message: String, _ deployment: Deployment, _ now: Timestamp
    ) {
        if self[kind] == nil { set(kind, status, reason, message, deployment, now) }
    }

    mutating func remove(_ kind: Kind) { entries.removeAll { $0.type == kind.rawValue } }

    var json: JSON {
        .array(
            entries.map { entry in
                var object: JSON = ["type": .string(entry.type), "status": .string(entry.status)]
                if let time = entry.lastUpdate { object["lastUpdateTime"] = .string(time.rfc3339) }
                if let time = entry.lastTransition { object["lastTransitionTime"] = .string(time.rfc3339) }
                object["reason"] = .string(entry.reason)
                object["message"] = .string(entry.message)
                return object
            })
    }
}

extension Deployment {
    /// Kubernetes' word for "no deadline" is the largest 32-bit number.
    var hasProgressDeadline: Bool { progressDeadlineSeconds < Int64(Int32.max) }
}
