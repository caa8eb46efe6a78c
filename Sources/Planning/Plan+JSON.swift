public import Objects

extension Refusal {
    /// The refusal as a value for programs and for `-o json`.
    public var json: JSON {
        var object: JSON = ["code": .string(code.rawValue), "message": .string(message)]
        switch subject {
        case .pods(let keys): object["pods"] = .array(keys.map { .string($0.description) })
        case .node(let name): object["node"] = .string(name)
        case .nodeGroup(let name): object["nodeGroup"] = .string(name)
        case .instance(let key): object["instance"] = .string(key.description)
        }
        if !reasons.isEmpty { object["reasons"] = .array(reasons.map(\.json)) }
        if let nearestMiss { object["nearestMiss"] = nearestMiss.json }
        object["remedy"] = .string(remedy)
        return object
    }

    /// The refusal in words, one fact a line.
    public var words: String {
        var lines = [message]
        if let nearestMiss { lines.append("nearest miss: \(nearestMiss.words)") }
        if !remedy.isEmpty { lines.append("remedy: \(remedy)") }
        return lines.joined(separator: "\n")
    }
}

extension ReasonCount {
    public var json: JSON {
        ["nodeGroup": .string(group), "code": .string(reason.code), "text": .string(reason.text), "count": .integer(Int64(count))]
    }
}

extension NearestMiss {
    public var json: JSON {
        [
            "name": .string(name),
            "reasons": .array(reasons.map { .string($0.text) }),
            "lacks": .array(
                lacks.map { lack in
                    [
                        "resource": .string(lack.resource), "wanted": .string(lack.text(lack.wanted)),
                        "free": .string(lack.text(lack.free)), "lacking": .string(lack.text(lack.lacking)),
                    ]
                }),
        ]
    }
}

extension Action {
    /// The action as a value for programs and for logs.
    public var json: JSON {
        switch self {
        case .bind(let pod, let node): ["action": "bind", "pod": .string(pod.description), "node": .string(node)]
        case .claim(let host, let claim): ["action": "claim", "host": .string(host.name), "for": claim.json]
        case .release(let host, let claim): ["action": "release", "host": .string(host.name), "for": claim.json]
        case .removeEmpty(let node, let group):
            ["action": "removeEmpty", "node": .string(node), "nodeGroup": .string(group)]
        case .drainAndRemove(let node, let group, let moves):
            [
                "action": "drainAndRemove", "node": .string(node), "nodeGroup": .string(group),
                "moves": .array(moves.map { ["pod": .string($0.pod.description), "node": .string($0.node)] }),
            ]
        }
    }
}

extension Plan {
    /// The plan as a value, for `sluice status` and for logs.
    public var json: JSON {
        [
            "basis": .integer(Int64(clamping: basis)), "actions": .array(actions.map(\.json)),
            "refusals": .array(refusals.map(\.json)),
        ]
    }
}
