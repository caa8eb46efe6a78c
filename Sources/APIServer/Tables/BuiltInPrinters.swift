internal import Objects

// One function for each kind whose cells need more than a field each.
extension TablePrinter {
    static func node(_ object: JSON, _ now: Timestamp) -> [JSON] {
        let status = object["status"]
        let information = status?["nodeInfo"]
        let isReady = status?["conditions"]?.array?.last { $0["type"]?.string == "Ready" }
        var state = isReady.map { $0["status"]?.string == "True" ? "Ready" : "NotReady" } ?? "Unknown"
        if object["spec", "unschedulable"]?.bool == true { state += ",SchedulingDisabled" }
        var kernel = text(information?["kernelVersion"], orElse: "<unknown>")
        if let architecture = information?["architecture"]?.string, !architecture.isEmpty { kernel += " (\(architecture))" }
        func address(_ type: String) -> JSON {
            let entry = status?["addresses"]?.array?.first { $0["type"]?.string == type }
            return entry?["address"] ?? "<none>"
        }
        return [
            name(object), .string(state), .string(roles(object["metadata", "labels"])), age(object, now),
            text(information?["kubeletVersion"]), address("InternalIP"), address("ExternalIP"),
            .string(text(information?["osImage"], orElse: "<unknown>")), .string(kernel),
            .string(text(information?["containerRuntimeVersion"], orElse: "<unknown>")),
        ]
    }

    /// Roles are what follows `node-role.kubernetes.io/` in a key, and the value of `kubernetes.io/role`.
    private static func roles(_ labels: JSON?) -> String {
        let prefix = "node-role.kubernetes.io/"
        var roles: Set<String> = []
        for member in labels?.object ?? JSONObject() {
            if member.key.hasPrefix(prefix) {
                roles.insert(String(member.key.dropFirst(prefix.count)))
            } else if member.key == "kubernetes.io/role", let role = member.value.string {
                roles.insert(role)
            }
        }
        roles.remove("")
        return roles.isEmpty ? "<none>" : roles.sorted().joined(separator: ",")
    }

    /// An event in the fields of `v1`, or in those of `events.k8s.io/v1`, where the same things have other names.
    static func event(_ object: JSON, _ now: Timestamp, isCore: Bool) -> [JSON] {
        func field(_ core: String, _ new: String) -> JSON? { object[isCore ? core : new] }
        func isSet(_ time: JSON?) -> Bool { time?.string?.isEmpty == false }
        let firstTime = field("firstTimestamp", "deprecatedFirstTimestamp")
        let first = since(isSet(firstTime) ? firstTime : object["eventTime"], now)
        let lastTime = field("lastTimestamp", "deprecatedLastTimestamp")
        var last = isSet(lastTime) ? since(lastTime, now) : first
        var count = field("count", "deprecatedCount")?.integer ?? 0
        if let series = object["series"], !series.isNull {
            last = since(series["lastObservedTime"], now)
            count = series["count"]?.integer ?? 0
        } else if count == 0 {
            count = 1
        }
        let involved = field("involvedObject", "regarding")
        var target = (involved?["kind"]?.string ?? "").lowercased()
        if let name = involved?["name"]?.string, !name.isEmpty { target += "/\(name)" }
        let source = field("source", "deprecatedSource")
        var origin = text(source?["component"], orElse: text(field("reportingComponent", "reportingController"), orElse: ""))
        let instance = text(source?["host"], orElse: text(object["reportingInstance"], orElse: ""))
        if !instance.isEmpty { origin += ", \(instance)" }
        let message = (field("message", "note")?.string ?? "").trimmed
        return [
            last, text(object["type"]), text(object["reason"]), .string(target), text(involved?["fieldPath"]), .string(origin),
            .string(message), first, .integer(count), name(object),
        ]
    }

    static func deployment(_ object: JSON, _ now: Timestamp) -> [JSON] {
        let status = object["status"]
        let ready = status?["readyReplicas"]?.integer ?? 0
        let wanted = object["spec", "replicas"]?.integer ?? 1
        return [
            name(object), .string("\(ready)/\(wanted)"), number(status?["updatedReplicas"]), number(status?["availableReplicas"]),
            age(object, now),
        ] + containers(object["spec", "template", "spec"]) + [.string(selector(object["spec", "selector"]))]
    }

    static func replicaSet(_ object: JSON, _ now: Timestamp) -> [JSON] {
        let status = object["status"]
        let selector = selector(object["spec", "selector"])
        return [
            name(object), .integer(object["spec", "replicas"]?.integer ?? 1), number(status?["replicas"]),
            number(status?["readyReplicas"]), age(object, now),
        ] + containers(object["spec", "template", "spec"])
            + [.string(selector.isEmpty ? "<none>" : selector == "<invalid>" ? "<error>" : selector)]
    }

    static func podDisruptionBudget(_ object: JSON, _ now: Timestamp) -> [JSON] {
        func amount(_ value: JSON?) -> JSON {
            if let number = value?.integer { return .string(String(number)) }
            return .string(value?.string ?? "N/A")
        }
        let specification = object["spec"]
        return [
            name(object), amount(specification?["minAvailable"]), amount(specification?["maxUnavailable"]),
            number(object["status", "disruptionsAllowed"]), age(object, now),
        ]
    }

    static func priorityClass(_ object: JSON, _ now: Timestamp) -> [JSON] {
        [
            name(object), number(object["value"]), .bool(object["globalDefault"]?.bool ?? false), age(object, now),
            text(object["preemptionPolicy"]),
        ]
    }

    static func scale(_ object: JSON, _ now: Timestamp) -> [JSON] {
        [name(object), number(object["spec", "replicas"]), number(object["status", "replicas"]), age(object, now)]
    }
}

extension String {
    /// This text without white space at its ends.
    fileprivate var trimmed: String {
        let start = self[...].drop { $0.isWhitespace }
        guard let last = start.lastIndex(where: { !$0.isWhitespace }) else { return "" }
        return String(start[...last])
    }
}
