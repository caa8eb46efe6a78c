internal import Kinds
internal import Objects

/// Kubernetes' rules for a pod's spec that relate fields to each other.
enum PodRules {
    static func validate(_ spec: JSON?, path: String) -> [FieldError] {
        var errors: [FieldError] = []
        let containers = spec?["containers"]?.array ?? []
        if containers.isEmpty { errors.append(FieldError(path: "\(path).containers", reason: .required, message: "Required value")) }
        let volumes = Set((spec?["volumes"]?.array ?? []).compactMap { $0["name"]?.string })
        var names: Set<String> = []
        for (field, list) in [("initContainers", spec?["initContainers"]?.array ?? []), ("containers", containers)] {
            for (index, container) in list.enumerated() {
                errors += validate(container: container, path: "\(path).\(field)[\(index)]", volumes: volumes, names: &names)
            }
        }
        if let selector = spec?["nodeSelector"] { errors += NameRules.labels(selector, path: "\(path).nodeSelector") }
        if let grace = spec?["terminationGracePeriodSeconds"]?.integer, grace < 0 {
            errors.append(
                FieldError(
                    path: "\(path).terminationGracePeriodSeconds", reason: .invalid,
                    message: "Invalid value: \(grace): must be greater than or equal to 0"))
        }
        return errors
    }

    private static func validate(
        container: JSON, path: String, volumes: Set<String>, names: inout Set<String>
    ) -> [FieldError] {
        var errors: [FieldError] = []
        let name = container["name"]?.string ?? ""
        if name.isEmpty {
            errors.append(FieldError(path: "\(path).name", reason: .required, message: "Required value"))
        } else {
            errors += NameRules.label(name).map {
                FieldError(path: "\(path).name", reason: .invalid, message: "Invalid value: \"\(name)\": \($0)")
            }
            if !names.insert(name).inserted {
                errors.append(FieldError(path: "\(path).name", reason: .duplicate, message: "Duplicate value: \"\(name)\""))
            }
        }
        if (container["image"]?.string ?? "").isEmpty {
            errors.append(FieldError(path: "\(path).image", reason: .required, message: "Required value"))
        }
        for (index, mount) in (container["volumeMounts"]?.array ?? []).enumerated() {
            let volume = mount["name"]?.string ?? ""
            if !volumes.contains(volume) {
                errors.append(
                    FieldError(path: "\(path).volumeMounts[\(index)].name", reason: .notFound, message: "Not found: \"\(volume)\""))
            }
        }
        return errors + validate(resources: container["resources"], path: "\(path).resources")
    }

    /// Amounts must be quantities, not negative, and requests not above limits.
    private static func validate(resources: JSON?, path: String) -> [FieldError] {
        var errors: [FieldError] = []
        var limits: [String: Quantity] = [:]
        for field in ["limits", "requests"] {
            for member in resources?[field]?.object ?? JSONObject() {
                let text = member.value.string ?? member.value.text
                guard let quantity = try? Quantity(parsing: text) else {
                    errors.append(
                        FieldError(
                            path: "\(path).\(field)[\(member.key)]", reason: .invalid,
                            message: "Invalid value: \"\(text)\": \(QuantityError())"))
                    continue
                }
                if quantity.nano < 0 {
                    errors.append(
                        FieldError(
                            path: "\(path).\(field)[\(member.key)]", reason: .invalid,
                            message: "Invalid value: \"\(quantity)\": must be greater than or equal to 0"))
                }
                if field == "limits" { limits[member.key] = quantity }
                if field == "requests", let limit = limits[member.key], quantity > limit {
                    errors.append(
                        FieldError(
                            path: "\(path).requests", reason: .invalid,
                            message: "Invalid value: \"\(quantity)\": must be less than or equal to \(member.key) limit of \(limit)"))
                }
            }
        }
        return errors
    }

    /// A running pod's spec is fixed but for a few fields.
    static func validateUpdate(_ object: JSON, old: JSON) -> [FieldError] {
        var new = object["spec"] ?? [:]
        let before = old["spec"] ?? [:]
        for field in ["containers", "initContainers"] {
            guard let list = new[field]?.array, let oldList = before[field]?.array, list.count == oldList.count else { continue }
            new[field] = .array(
                zip(list, oldList).map { container, oldContainer in
                    var container = container
                    container["image"] = oldContainer["image"]
                    return container
                })
        }
        for field in ["activeDeadlineSeconds", "terminationGracePeriodSeconds"] { new[field] = before[field] }
        let tolerations = new["tolerations"]?.array ?? []
        let oldTolerations = before["tolerations"]?.array ?? []
        if oldTolerations.allSatisfy(tolerations.contains) { new["tolerations"] = before["tolerations"] }
        // Scheduling gates may be taken away, and a gated pod may still be given where it shall run.
        let oldGates = before["schedulingGates"]?.array ?? []
        if (new["schedulingGates"]?.array ?? []).allSatisfy(oldGates.contains) { new["schedulingGates"] = before["schedulingGates"] }
        if !oldGates.isEmpty {
            for field in ["nodeSelector", "affinity"] { new[field] = before[field] }
        }
        if new == before { return [] }
        return [
            FieldError(
                path: "spec", reason: .forbidden,
                message: "Forbidden: pod updates may not change fields other than `spec.containers[*].image`,"
                    + "`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing "
                    + "tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)")
        ]
    }
}
