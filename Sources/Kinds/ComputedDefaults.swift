internal import Objects

/// Defaults that depend on other fields, as Kubernetes computes them.
enum ComputedDefaults {
    static func apply(to object: inout JSON, of kind: Kind) {
        switch (kind.group, kind.kind) {
        case ("", "Pod"):
            change("spec", of: &object) { podSpec(&$0, isPod: true) }
        case ("apps", "Deployment"):
            change("spec", of: &object) { spec in
                change("strategy", of: &spec, strategy)
                template(of: &spec)
            }
        case ("apps", "ReplicaSet"):
            change("spec", of: &object) { template(of: &$0) }
        case ("", "Namespace"): namespaceLabel(&object)
        case ("", "Secret"): mergeStringData(&object)
        case ("", "Service"):
            change("spec", of: &object, service)
        case ("", "Node"):
            change("status", of: &object) { status in
                if status["allocatable"] == nil, let capacity = status["capacity"] { status["allocatable"] = capacity }
            }
        case ("apiextensions.k8s.io", "CustomResourceDefinition"):
            change("spec", of: &object) { change("names", of: &$0, customResourceNames) }
        default: break
        }
    }

    /// Changes a member in place if it is there.
    private static func change(_ key: String, of object: inout JSON, _ body: (inout JSON) -> Void) {
        guard var value = object[key] else { return }
        body(&value)
        object[key] = value
    }

    /// Changes every item of a list in place if the list is there.
    private static func changeEach(_ key: String, of object: inout JSON, _ body: (inout JSON) -> Void) {
        guard case .array(var list)? = object[key], !list.isEmpty else { return }
        for index in list.indices { body(&list[index]) }
        object[key] = .array(list)
    }

    private static func template(of spec: inout JSON) {
        change("template", of: &spec) { template in change("spec", of: &template) { podSpec(&$0, isPod: false) } }
    }

    private static func strategy(_ strategy: inout JSON) {
        guard strategy["type"] == "RollingUpdate" else { return }
        var rolling = strategy["rollingUpdate"] ?? .object(JSONObject())
        for key in ["maxUnavailable", "maxSurge"] where rolling[key] == nil { rolling[key] = "25%" }
        strategy["rollingUpdate"] = rolling
    }

    private static func namespaceLabel(_ object: inout JSON) {
        guard let name = object["metadata", "name"]?.string, !name.isEmpty else { return }
        if object["metadata", "labels", "kubernetes.io/metadata.name"] == nil {
            object["metadata", "labels", "kubernetes.io/metadata.name"] = .string(name)
        }
    }

    /// `stringData` is for writing only: its values go into `data` in base64.
    private static func mergeStringData(_ secret: inout JSON) {
        guard case .object(let texts)? = secret["stringData"] else { return }
        for text in texts {
            guard let value = text.value.string else { continue }
            secret["data", text.key] = .string(Base64.encode(Array(value.utf8)))
        }
        secret["stringData"] = nil
    }

    private static func service(_ spec: inout JSON) {
        let isExternal = spec["type"] == "ExternalName"
        changeEach("ports", of: &spec) { port in
            if port["targetPort"] == nil, let number = port["port"] { port["targetPort"] = number }
        }
        if !isExternal, spec["internalTrafficPolicy"] == nil { spec["internalTrafficPolicy"] = "Cluster" }
        if spec["type"] == "NodePort" || spec["type"] == "LoadBalancer", spec["externalTrafficPolicy"] == nil {
            spec["externalTrafficPolicy"] = "Cluster"
        }
    }

    private static func customResourceNames(_ names: inout JSON) {
        guard let kind = names["kind"]?.string, !kind.isEmpty else { return }
        if (names["singular"]?.string ?? "").isEmpty { names["singular"] = .string(kind.lowercased()) }
        if (names["listKind"]?.string ?? "").isEmpty { names["listKind"] = .string("\(kind)List") }
    }
}

// MARK: - Pods

extension ComputedDefaults {
    /// `isPod` is false for the template of a controller, which leaves to its pods what depends on more than the container.
    private static func podSpec(_ spec: inout JSON, isPod: Bool) {
        let usesHostNetwork = spec["hostNetwork"]?.bool == true
        for key in ["initContainers", "containers", "ephemeralContainers"] {
            changeEach(key, of: &spec) { container in
                if container["imagePullPolicy"] == nil { container["imagePullPolicy"] = .string(pullPolicy(of: container["image"])) }
                if isPod, key != "ephemeralContainers" { requestsFromLimits(&container) }
                if usesHostNetwork { hostPorts(&container) }
            }
        }
        changeEach("volumes", of: &spec) { volume in
            if let members = volume.object, members.allSatisfy({ $0.key == "name" || $0.value.isNull }) {
                volume["emptyDir"] = .object(JSONObject())
            }
        }
        if let name = spec["serviceAccountName"], name != "", spec["serviceAccount"] == nil {
            spec["serviceAccount"] = name
        } else if let name = spec["serviceAccount"], name != "", spec["serviceAccountName"] == nil {
            spec["serviceAccountName"] = name
        }
        if isPod, spec["enableServiceLinks"] == nil { spec["enableServiceLinks"] = true }
    }

    /// `Always` for `latest` or no tag, otherwise `IfNotPresent`; a digest counts as a tag.
    private static func pullPolicy(of image: JSON?) -> String {
        let name = image?.string ?? ""
        let last = name.utf8.split(separator: UInt8(ascii: "/")).last ?? name.utf8[...]
        if last.contains(UInt8(ascii: "@")) { return "IfNotPresent" }
        guard let colon = last.lastIndex(of: UInt8(ascii: ":")) else { return "Always" }
        return last[last.index(after: colon)...].elementsEqual("latest".utf8) ? "Always" : "IfNotPresent"
    }

    private static func requestsFromLimits(_ container: inout JSON) {
        guard case .object(let limits)? = container["resources"]?["limits"], !limits.isEmpty else { return }
        var requests = container["resources"]?["requests"]?.object ?? JSONObject()
        var isChanged = false
        for limit in limits where requests[limit.key] == nil {
            requests[limit.key] = limit.value
            isChanged = true
        }
        if isChanged { container["resources", "requests"] = .object(requests) }
    }

    private static func hostPorts(_ container: inout JSON) {
        changeEach("ports", of: &container) { port in
            if port["hostPort"] == nil, let number = port["containerPort"] { port["hostPort"] = number }
        }
    }
}
