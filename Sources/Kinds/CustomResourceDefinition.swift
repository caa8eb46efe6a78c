public import Objects

extension Kind {
    /// The kinds that a CustomResourceDefinition (`apiextensions.k8s.io/v1`, defaults applied) brings: one for each served version.
    ///
    /// - Throws: ``FieldErrors`` with what Kubernetes would refuse: names that do not fit, no storage version, a schema that is
    ///   not structural, defaults of the wrong type, patterns that do not compile. Rules in CEL are not looked at.
    public static func fromCustomResourceDefinition(_ definition: JSON) throws(FieldErrors) -> [Kind] {
        var errors = CustomResourceDefinition.check(definition)
        let spec = definition["spec"] ?? .null
        let versions = spec["versions"]?.array ?? []
        // Kubernetes moves a schema that all versions share to the top before it looks at it.
        let shared = versions.first?["schema"]
        let isShared = versions.allSatisfy { $0["schema"] == shared }
        var kinds: [Kind] = []
        for (index, version) in versions.enumerated() {
            let path = isShared ? "spec.validation.openAPIV3Schema" : "spec.versions[\(index)].schema.openAPIV3Schema"
            guard let schema = version["schema"]?["openAPIV3Schema"] else {
                errors.append(.required("spec.versions[\(index)].schema.openAPIV3Schema"))
                continue
            }
            if isShared, index > 0, !kinds.isEmpty || !errors.isEmpty {
                guard let first = kinds.first else { continue }
                kinds.append(CustomResourceDefinition.kind(spec, version, schema: first.schema))
                continue
            }
            var converter = StructuralSchema()
            let converted = converter.convert(schema, name: CustomResourceDefinition.componentName(spec, version))
            errors += converter.errors.map { FieldError(path: FieldPath.join(path, $0.path), reason: $0.reason, message: $0.message) }
            if let converted { kinds.append(CustomResourceDefinition.kind(spec, version, schema: converted)) }
        }
        guard errors.isEmpty else { throw FieldErrors(errors) }
        return zip(kinds, versions).filter { $0.1["served"]?.bool == true }.map(\.0)
    }
}

/// What a CustomResourceDefinition says beside its schemas.
enum CustomResourceDefinition {
    private static let approval = "api-approved.kubernetes.io"

    static func check(_ definition: JSON) -> [FieldError] {
        var errors: [FieldError] = []
        let spec = definition["spec"] ?? .null
        let group = spec["group"]?.string ?? ""
        let plural = spec["names"]?["plural"]?.string ?? ""
        let name = definition["metadata"]?["name"] ?? ""
        if name != .string("\(plural).\(group)") {
            errors.append(.invalid("metadata.name", name, "must be spec.names.plural+\".\"+spec.group"))
        }
        let isProtected = group.hasSuffix(".k8s.io") || group.hasSuffix(".kubernetes.io") || group == "k8s.io" || group == "kubernetes.io"
        if isProtected, (definition["metadata"]?["annotations"]?[approval]?.string ?? "").isEmpty {
            let detail =
                "protected groups must have approval annotation \"\(approval)\", see https://github.com/kubernetes/enhancements/pull/1111"
            errors.append(.required("metadata.annotations[\(approval)]", detail))
        }
        errors += checkNames(spec["names"] ?? .null, group: group)
        errors += checkVersions(spec["versions"]?.array ?? [])
        return errors
    }

    private static func checkNames(_ names: JSON, group: String) -> [FieldError] {
        var errors: [FieldError] = []
        if group.isEmpty {
            errors.append(.required("spec.group"))
        } else {
            errors += NameRules.subdomain(group).map { .invalid("spec.group", .string(group), $0) }
            if !group.contains(".") { errors.append(.invalid("spec.group", .string(group), "should be a domain with at least one dot")) }
        }
        for (field, isLower) in [("plural", true), ("singular", true), ("kind", false), ("listKind", false)] {
            let path = "spec.names.\(field)"
            guard let name = names[field]?.string, !name.isEmpty else {
                if field == "plural" || field == "kind" { errors.append(.required(path)) }
                continue
            }
            let form = isLower ? name : name.lowercased()
            let problems = NameRules.dns1035Label(form)
            errors += problems.map {
                .invalid(path, .string(name), isLower ? $0 : "may have mixed case, but should otherwise match: \($0)")
            }
        }
        for (index, name) in (names["shortNames"]?.array ?? []).enumerated() {
            errors += NameRules.dns1035Label(name.string ?? "").map { .invalid("spec.names.shortNames[\(index)]", name, $0) }
        }
        if let kind = names["kind"], kind == names["listKind"], kind != "" {
            errors.append(.invalid("spec.names.listKind", kind, "kind and listKind may not be the same"))
        }
        return errors
    }

    private static func checkVersions(_ versions: [JSON]) -> [FieldError] {
        var errors: [FieldError] = []
        var names = Set<String>()
        for (index, version) in versions.enumerated() {
            let name = version["name"]?.string ?? ""
            if !names.insert(name).inserted {
                errors.append(.duplicate("spec.versions[\(index)].name", .string(name)))
            }
            errors += NameRules.dns1035Label(name).map { .invalid("spec.versions[\(index)].name", .string(name), $0) }
        }
        let stored = versions.count { $0["storage"]?.bool == true }
        if stored != 1 {
            errors.append(.invalid("spec.versions", goText(versions), "must have exactly one version marked as storage version"))
        }
        if stored == 0 { errors.append(.invalid("status.storedVersions", .null, "must have at least one stored version")) }
        return errors
    }

    /// The versions as the peer prints its internal type.
    private static func goText(_ versions: [JSON]) -> JSON {
        .array(
            versions.map { version in
                [
                    "Name": version["name"] ?? "", "Served": version["served"] ?? false, "Storage": version["storage"] ?? false,
                    "Deprecated": version["deprecated"] ?? false, "DeprecationWarning": version["deprecationWarning"] ?? nil,
                    "Schema": nil, "Subresources": nil, "AdditionalPrinterColumns": nil, "SelectableFields": nil,
                ]
            })
    }

    /// `com.example.corpus.v1.Thing` for the kind Thing of `corpus.example.com/v1`.
    static func componentName(_ spec: JSON, _ version: JSON) -> String {
        let group = (spec["group"]?.string ?? "").split(separator: ".").reversed().joined(separator: ".")
        return "\(group).\(version["name"]?.string ?? "").\(spec["names"]?["kind"]?.string ?? "")"
    }

    static func kind(_ spec: JSON, _ version: JSON, schema: Schema) -> Kind {
        let names = spec["names"] ?? .null
        func strings(_ value: JSON?) -> [String] { value?.array?.compactMap(\.string) ?? [] }
        var kind = Kind(kind: names["kind"]?.string ?? "")
        kind.group = spec["group"]?.string ?? ""
        kind.version = version["name"]?.string ?? ""
        kind.plural = names["plural"]?.string ?? ""
        kind.singular = names["singular"]?.string ?? kind.kind.lowercased()
        kind.listKind = names["listKind"]?.string ?? "\(kind.kind)List"
        kind.shortNames = strings(names["shortNames"])
        kind.categories = strings(names["categories"])
        kind.verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]
        kind.isNamespaced = spec["scope"] == "Namespaced"
        kind.isCustomResource = true
        kind.generationTracksSpec = true
        kind.schema = schema
        kind.storageVersion = kind.apiVersion
        if let stored = spec["versions"]?.array?.first(where: { $0["storage"] == true })?["name"]?.string {
            kind.storageVersion = "\(kind.group)/\(stored)"
        }
        kind.storageVersionHash = Kind.hash(storageVersion: kind.storageVersion, kind: kind.kind)
        let fixed = kind.isNamespaced ? ["metadata.name", "metadata.namespace"] : ["metadata.name"]
        let paths = (version["selectableFields"]?.array ?? []).compactMap { $0["jsonPath"]?.string }
        kind.selectableFields = fixed + paths.map { $0.hasPrefix(".") ? String($0.dropFirst()) : $0 }
        kind.columns = columns(version)
        addSubresources(version["subresources"] ?? .null, to: &kind)
        if version["deprecated"] == true {
            kind.deprecationWarning = version["deprecationWarning"]?.string ?? "\(kind.apiVersion) \(kind.kind) is deprecated"
        }
        return kind
    }

    private static func addSubresources(_ subresources: JSON, to kind: inout Kind) {
        let verbs = ["get", "patch", "update"]
        if subresources["status"] != nil { kind.subresources.append(Subresource(name: "status", kind: kind.kind, verbs: verbs)) }
        guard let scale = subresources["scale"], !scale.isNull else { return }
        kind.subresources.append(Subresource(name: "scale", kind: "Scale", group: "autoscaling", version: "v1", verbs: verbs))
        kind.scale = ScalePaths(
            specReplicas: scale["specReplicasPath"]?.string ?? "", statusReplicas: scale["statusReplicasPath"]?.string ?? "",
            labelSelector: scale["labelSelectorPath"]?.string ?? "")
    }

    /// `Name`, then the version's own columns; `Age` when it has none.
    private static func columns(_ version: JSON) -> [PrinterColumn] {
        let name = PrinterColumn(
            name: "Name", type: "string", format: "name", description: "The object's name.", jsonPath: try? JSONPath(".metadata.name"))
        let list = version["additionalPrinterColumns"]?.array ?? []
        guard !list.isEmpty else {
            let age = PrinterColumn(
                name: "Age", type: "date", description: "When the object was created.",
                jsonPath: try? JSONPath(".metadata.creationTimestamp"))
            return [name, age]
        }
        return [name]
            + list.map { column in
                PrinterColumn(
                    name: column["name"]?.string ?? "", type: column["type"]?.string ?? "string", format: column["format"]?.string ?? "",
                    description: column["description"]?.string ?? "", priority: Int(column["priority"]?.integer ?? 0),
                    jsonPath: try? JSONPath(column["jsonPath"]?.string ?? ""))
            }
    }
}
