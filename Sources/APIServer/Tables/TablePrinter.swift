public import Objects

/// The cells that `kubectl get` shows of an object, computed as Kubernetes computes them.
///
/// - SeeAlso: Kubernetes, `pkg/printers/internalversion/printers.go`; cells are always the wide ones, as a server sends them.
public enum TablePrinter {
    /// The cells of an object in the order of its kind's columns.
    ///
    /// `nil` for kinds whose cells no code computes: custom resources, printed by ``cells(columns:object:now:)``, and
    /// the rest, printed by ``fallbackCells(object:)``.
    public static func cells(kind: String, group: String, object: JSON, now: Timestamp) -> [JSON]? {
        switch (group, kind) {
        case ("", "Pod"): PodPrinter(object).cells(now: now)
        case ("", "Node"): node(object, now)
        case ("", "Event"), ("events.k8s.io", "Event"): event(object, now, isCore: group.isEmpty)
        case ("", "Namespace"): [name(object), text(object["status", "phase"]), age(object, now)]
        case ("", "ConfigMap"):
            [name(object), .integer(count(of: object["data"]) + count(of: object["binaryData"])), age(object, now)]
        case ("", "Secret"): [name(object), text(object["type"]), .integer(count(of: object["data"])), age(object, now)]
        case ("", "ServiceAccount"): [name(object), age(object, now)]
        case ("", "Service"): service(object, now)
        case ("", "Endpoints"): [name(object), .string(addresses(ofEndpoints: object)), age(object, now)]
        case ("coordination.k8s.io", "Lease"): [name(object), text(object["spec", "holderIdentity"]), age(object, now)]
        case ("apps", "Deployment"): deployment(object, now)
        case ("apps", "ReplicaSet"): replicaSet(object, now)
        case ("policy", "PodDisruptionBudget"): podDisruptionBudget(object, now)
        case ("scheduling.k8s.io", "PriorityClass"): priorityClass(object, now)
        case ("autoscaling", "Scale"): scale(object, now)
        case ("apiextensions.k8s.io", "CustomResourceDefinition"): fallbackCells(object: object)
        default: nil
        }
    }

    /// Name and creation time in RFC 3339: what Kubernetes shows of kinds without a printer, under the columns `Name`
    /// and `Created At`.
    public static func fallbackCells(object: JSON) -> [JSON] {
        [name(object), text(object["metadata", "creationTimestamp"])]
    }

    /// Conditions of an object's row: `Completed` for pods that have ended, `nil` for all others.
    ///
    /// Clients grey such rows out or leave them away.
    public static func rowConditions(kind: String, group: String, object: JSON) -> JSON? {
        guard kind == "Pod", group.isEmpty else { return nil }
        return switch object["status", "phase"]?.string {
        case "Succeeded": completed("Succeeded", "The pod has completed successfully.")
        case "Failed": completed("Failed", "The pod failed.")
        default: nil
        }
    }

    private static func completed(_ reason: String, _ message: String) -> JSON {
        [["type": "Completed", "status": "True", "reason": .string(reason), "message": .string(message)]]
    }
}

// MARK: - Parts of cells

extension TablePrinter {
    static func name(_ object: JSON) -> JSON { object["metadata", "name"] ?? "" }

    /// The age of an object by its creation time.
    static func age(_ object: JSON, _ now: Timestamp) -> JSON { since(object["metadata", "creationTimestamp"], now) }

    static func since(_ time: JSON?, _ now: Timestamp) -> JSON { .string(HumanDuration.since(Timestamp(time), now: now)) }

    /// A string, or "" for anything else.
    static func text(_ value: JSON?) -> JSON { .string(value?.string ?? "") }

    /// A string that is not empty, or the words for none.
    static func text(_ value: JSON?, orElse none: String) -> String {
        guard let text = value?.string, !text.isEmpty else { return none }
        return text
    }

    static func number(_ value: JSON?) -> JSON { .integer(value?.integer ?? 0) }

    /// Members of an object or elements of an array.
    static func count(of value: JSON?) -> Int64 { Int64(value?.object?.count ?? value?.array?.count ?? 0) }

    /// Names and images of containers, each joined by commas.
    static func containers(_ specification: JSON?) -> [JSON] {
        let containers = specification?["containers"]?.array ?? []
        return ["name", "image"].map { key in .string(containers.map { $0[key]?.string ?? "" }.joined(separator: ",")) }
    }

    /// `a=b,c=d` in the order of the keys; `<none>` without any.
    static func labels(_ value: JSON?) -> String {
        let labels = (value?.stringMap ?? [:]).sorted { $0.key < $1.key }
        return labels.isEmpty ? "<none>" : labels.map { "\($0.key)=\($0.value)" }.joined(separator: ",")
    }

    /// A label selector as text, in the order of the keys: `a=b,c in (d,e),!f`; empty when it selects everything or nothing.
    static func selector(_ value: JSON?) -> String {
        var terms = (value?["matchLabels"]?.stringMap ?? [:]).map { (key: $0.key, text: "\($0.key)=\($0.value)") }
        for expression in value?["matchExpressions"]?.array ?? [] {
            let key = expression["key"]?.string ?? ""
            let values = (expression["values"]?.array ?? []).compactMap(\.string).sorted().joined(separator: ",")
            switch expression["operator"]?.string {
            case "In": terms.append((key, "\(key) in (\(values))"))
            case "NotIn": terms.append((key, "\(key) notin (\(values))"))
            case "Exists": terms.append((key, key))
            case "DoesNotExist": terms.append((key, "!\(key)"))
            default: return "<invalid>"
            }
        }
        return terms.sorted { ($0.key, $0.text) < ($1.key, $1.text) }.map(\.text).joined(separator: ",")
    }
}
