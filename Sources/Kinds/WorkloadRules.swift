internal import Objects

/// Rules of pods and of what makes pods, which look at several fields together.
enum WorkloadRules {
    /// No amount is negative and requests do not exceed limits; the value is a container's `resources`.
    static func resources(_ resources: JSON) -> [FieldError] {
        var errors: [FieldError] = []
        for field in ["limits", "requests"] {
            guard case .object(let amounts)? = resources[field] else { continue }
            for amount in amounts {
                // A minus sign first; what else a quantity may look like is checked before.
                guard (amount.value.string ?? amount.value.text).utf8.first == UInt8(ascii: "-"), let value = quantity(amount.value),
                    value.nano < 0
                else { continue }
                let path = "\(field)[\(amount.key)]"
                errors.append(.invalid(path, .string(value.description), "must be greater than or equal to 0"))
            }
        }
        guard case .object(let limits)? = resources["limits"], case .object(let requests)? = resources["requests"] else { return errors }
        for request in requests {
            guard let bound = limits[request.key], let wanted = quantity(request.value), let most = quantity(bound), wanted > most
            else { continue }
            let detail = "must be less than or equal to \(request.key) limit of \(most)"
            errors.append(.invalid("requests", .string(wanted.description), detail))
        }
        return errors
    }

    private static func quantity(_ value: JSON) -> Quantity? {
        do throws(QuantityError) { return try Quantity(parsing: value.string ?? value.text) } catch { return nil }
    }

    /// Names that must differ over several lists, and mounts of volumes that must be there.
    static func podSpec(_ spec: JSON) -> [FieldError] {
        var errors: [FieldError] = []
        if case .array(let others)? = spec["initContainers"] {
            let names = Set((spec["containers"]?.array ?? []).compactMap { $0["name"] })
            for (index, item) in others.enumerated() {
                guard let name = item["name"], names.contains(name) else { continue }
                errors.append(.duplicate("initContainers[\(index)].name", name))
            }
        }
        var volumes: Set<JSON>?
        for list in ["containers", "initContainers", "ephemeralContainers"] {
            guard case .array(let items)? = spec[list] else { continue }
            for (index, item) in items.enumerated() {
                guard case .array(let mounts)? = item["volumeMounts"] else { continue }
                let known = volumes ?? Set((spec["volumes"]?.array ?? []).compactMap { $0["name"] })
                volumes = known
                errors += checkMounts(mounts, "\(list)[\(index)].volumeMounts", known)
            }
        }
        return errors
    }

    private static func checkMounts(_ mounts: [JSON], _ path: String, _ volumes: Set<JSON>) -> [FieldError] {
        var errors: [FieldError] = []
        var places = Set<JSON>()
        for (index, mount) in mounts.enumerated() {
            if let name = mount["name"], name != "", !volumes.contains(name) {
                errors.append(FieldError(path: "\(path)[\(index)].name", reason: .notFound, message: "Not found: \(name.text)"))
            }
            if let place = mount["mountPath"], !places.insert(place).inserted {
                errors.append(.invalid("\(path)[\(index)].mountPath", place, "must be unique"))
            }
        }
        return errors
    }

    /// The selector of a Deployment or ReplicaSet must select the pods of its template; the value is the `spec`.
    static func selector(_ spec: JSON) -> [FieldError] {
        var errors: [FieldError] = []
        guard let selector = spec["selector"], let parsed = LabelSelector(selector) else { return [] }
        let labels = spec["template"]?["metadata"]?["labels"]
        if parsed.isEmpty {
            errors.append(.invalid("selector", selector, "empty selector is invalid for deployment"))
        } else if !parsed.matches(labels?.stringMap ?? [:]) {
            errors.append(.invalid("template.metadata.labels", labels ?? .null, "`selector` does not match template `labels`"))
        }
        if let policy = spec["template"]?["spec"]?["restartPolicy"], policy != "Always", ["OnFailure", "Never"].contains(policy) {
            errors.append(.notSupported("template.spec.restartPolicy", policy, ["Always"]))
        }
        if let deadline = spec["progressDeadlineSeconds"]?.integer, deadline <= spec["minReadySeconds"]?.integer ?? 0 {
            errors.append(.invalid("progressDeadlineSeconds", .integer(deadline), "must be greater than minReadySeconds"))
        }
        return errors
    }

    /// Values belong to `In` and `NotIn` only; the value is one of `matchExpressions`.
    static func labelRequirement(_ requirement: JSON) -> [FieldError] {
        let isEmpty = requirement["values"]?.array?.isEmpty ?? true
        switch requirement["operator"]?.string {
        case "In", "NotIn": return isEmpty ? [.required("values", "must be specified when `operator` is 'In' or 'NotIn'")] : []
        case "Exists", "DoesNotExist":
            return isEmpty ? [] : [.forbidden("values", "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")]
        default: return []
        }
    }
}

/// What an update must not change, beyond fields that are marked immutable.
enum UpdateRules {
    static func check(_ object: JSON, old: JSON, of kind: Kind) -> [FieldError] {
        switch (kind.group, kind.kind) {
        case ("", "Pod"): pod(object, old)
        case ("", "ConfigMap"), ("", "Secret"): frozenData(object, old)
        default: []
        }
    }

    private static func pod(_ object: JSON, _ old: JSON) -> [FieldError] {
        guard let new = object["spec"], let before = old["spec"], new != before else { return [] }
        let isGated = !(before["schedulingGates"]?.array ?? []).isEmpty
        let isSame = withoutMutable(new, isGated: isGated) == withoutMutable(before, isGated: isGated)
        if isSame, keepsTolerations(new, before), addsNoGate(new, before) { return [] }
        let fields =
            "`spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to "
            + "existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"
        return [.forbidden("spec", "pod updates may not change fields other than \(fields)")]
    }

    /// The spec without what a client may change; of a gated pod also where it shall run.
    private static func withoutMutable(_ spec: JSON, isGated: Bool) -> JSON {
        var spec = spec
        for key in ["activeDeadlineSeconds", "terminationGracePeriodSeconds", "tolerations", "schedulingGates"] { spec[key] = nil }
        if isGated {
            for key in ["nodeSelector", "affinity"] { spec[key] = nil }
        }
        for key in ["containers", "initContainers"] {
            guard case .array(var list)? = spec[key] else { continue }
            for index in list.indices { list[index]["image"] = nil }
            spec[key] = .array(list)
        }
        return spec
    }

    private static func keepsTolerations(_ new: JSON, _ old: JSON) -> Bool {
        let present = Set(new["tolerations"]?.array ?? [])
        return (old["tolerations"]?.array ?? []).allSatisfy(present.contains)
    }

    /// Gates may be taken away, never added.
    private static func addsNoGate(_ new: JSON, _ old: JSON) -> Bool {
        let present = old["schedulingGates"]?.array ?? []
        return (new["schedulingGates"]?.array ?? []).allSatisfy(present.contains)
    }

    private static func frozenData(_ object: JSON, _ old: JSON) -> [FieldError] {
        guard old["immutable"] == true else { return [] }
        var errors: [FieldError] = []
        if object["immutable"] != true { errors.append(.forbidden("immutable", "field is immutable when `immutable` is set")) }
        for key in ["data", "binaryData"] where object[key] ?? [:] != old[key] ?? [:] {
            errors.append(.forbidden(key, "field is immutable when `immutable` is set"))
        }
        return errors
    }
}
