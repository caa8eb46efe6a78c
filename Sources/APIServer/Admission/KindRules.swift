internal import Kinds
internal import Objects

/// Rules that relate fields to each other, kind by kind: what a schema cannot say.
enum KindRules {
    static func validate(_ object: JSON, old: JSON?, kind: Kind) -> [FieldError] {
        switch (kind.group, kind.kind) {
        case ("", "ConfigMap"), ("", "Secret"): size(object)
        case ("policy", "PodDisruptionBudget"): disruptionBudget(object)
        case ("sluice.dev", "NodeGroup"): nodeGroup(object)
        case ("metal3.io", "BareMetalHost"): host(object, old: old) + ownSecrets(object, ["userData", "networkData", "metaData"])
        case ("sluice.dev", "BareMetalInstance"): ownSecrets(object, ["userData"])
        default: []
        }
    }

    private static func size(_ object: JSON) -> [FieldError] {
        var bytes = 0
        for field in ["data", "binaryData"] {
            for member in object[field]?.object ?? JSONObject() { bytes += member.key.utf8.count + (member.value.string?.utf8.count ?? 0) }
        }
        if bytes <= 1_048_576 { return [] }
        return [FieldError(path: "[]", reason: .tooLong, message: "Too long: may not be more than 1048576 bytes")]
    }

    private static func disruptionBudget(_ object: JSON) -> [FieldError] {
        guard let least = object["spec", "minAvailable"], object["spec", "maxUnavailable"] != nil else { return [] }
        return [
            FieldError(
                path: "spec", reason: .invalid,
                message: "Invalid value: \(least.text): minAvailable and maxUnavailable cannot be both set")
        ]
    }

    private static func nodeGroup(_ object: JSON) -> [FieldError] {
        var errors: [FieldError] = []
        let least = object["spec", "minSize"]?.integer ?? 0
        let most = object["spec", "maxSize"]?.integer ?? 0
        if most < least {
            errors.append(
                FieldError(
                    path: "spec.maxSize", reason: .invalid,
                    message: "Invalid value: \(most): must not be less than spec.minSize (\(least))"))
        }
        let durations = [
            "scaleDownUnneededTime", "scaleDownUnreadyTime", "scaleDownDelayAfterAdd", "scaleDownDelayAfterDelete",
            "scaleDownDelayAfterFailure", "maxNodeProvisionTime",
        ]
        for field in durations {
            guard let text = object["spec"]?[field]?.string else { continue }
            if let duration = Duration(goText: text), duration >= .zero { continue }
            errors.append(
                FieldError(
                    path: "spec.\(field)", reason: .invalid,
                    message: "Invalid value: \"\(text)\": must be a duration such as 90s, 10m or 1h30m"))
        }
        if let threshold = object["spec", "scaleDownUtilizationThreshold"]?.double, !(0...1).contains(threshold) {
            errors.append(
                FieldError(
                    path: "spec.scaleDownUtilizationThreshold", reason: .invalid,
                    message: "Invalid value: \(threshold): must be between 0 and 1"))
        }
        return errors + selector(object["spec", "hostSelector"], path: "spec.hostSelector")
    }

    private static func selector(_ selector: JSON?, path: String) -> [FieldError] {
        guard let selector, LabelSelector(selector) == nil else { return [] }
        return [
            FieldError(
                path: "\(path).matchExpressions", reason: .invalid,
                message: "Invalid value: each expression needs a key and an operator of In, NotIn, Exists, DoesNotExist")
        ]
    }

    /// A Secret may only be named in the object's own namespace: nobody reads others' secrets by naming them.
    private static func ownSecrets(_ object: JSON, _ fields: [String]) -> [FieldError] {
        let own = object["metadata", "namespace"]?.string ?? ""
        return fields.compactMap { field in
            let namespace = object["spec"]?[field]?["namespace"]?.string ?? ""
            if namespace.isEmpty || namespace == own { return nil }
            return FieldError(
                path: "spec.\(field).namespace", reason: .forbidden,
                message: "Forbidden: must be the object's own namespace (\(own)) or absent")
        }
    }

    private static func host(_ object: JSON, old: JSON?) -> [FieldError] {
        let address = object["spec", "bmc", "address"]?.string ?? ""
        let before = old?["spec", "bmc", "address"]?.string ?? ""
        let state = old?["status", "provisioning", "state"]?.string ?? ""
        // Metal3's rule: the controller of a registered host cannot be exchanged under it.
        if old != nil, !before.isEmpty, address != before, state != "", state != "registering" {
            return [
                FieldError(
                    path: "spec.bmc.address", reason: .forbidden,
                    message:
                        "Forbidden: BMC address can not be changed if the BMH is not in the Registering state, "
                        + "or if the BMH is not detached"
                )
            ]
        }
        return []
    }
}
