internal import Kinds
internal import Objects
internal import Store

/// What makes a custom resource definition more than data: its names are accepted and its kinds are served.
enum CustomResourceDefinitions {
    /// Fills in the names that Kubernetes derives.
    static func fillIn(_ object: inout JSON) {
        let kind = object["spec", "names", "kind"]?.string ?? ""
        if object["spec", "names", "singular"] == nil, !kind.isEmpty { object["spec", "names", "singular"] = .string(kind.lowercased()) }
        if object["spec", "names", "listKind"] == nil, !kind.isEmpty { object["spec", "names", "listKind"] = .string(kind + "List") }
        if object["spec", "conversion"] == nil { object["spec", "conversion"] = ["strategy": "None"] }
    }

    /// The status of a definition that is served.
    static func status(_ object: JSON, now: Timestamp) -> JSON {
        let accepted = Condition(
            type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found", lastTransitionTime: now)
        let established = Condition(
            type: "Established", status: "True", reason: "InitialNamesAccepted",
            message: "the initial names have been accepted", lastTransitionTime: now)
        let versions = (object["spec", "versions"]?.array ?? []).filter { $0["storage"]?.bool == true }.compactMap { $0["name"] }
        return [
            "conditions": [accepted.json, established.json], "acceptedNames": object["spec", "names"] ?? [:],
            "storedVersions": .array(versions),
        ]
    }

    /// Names that another kind already has; `nil` where there is no clash.
    static func clash(_ kinds: [Kind], in registry: KindRegistry) -> String? {
        for kind in kinds {
            for other in registry.kinds where other.group == kind.group && !(other.isCustomResource && other.plural == kind.plural) {
                if other.plural == kind.plural { return "\"\(kind.plural)\" is already in use" }
                if other.kind == kind.kind { return "\"\(kind.kind)\" is already in use" }
            }
        }
        return nil
    }
}

extension APIServer {
    /// Serves the kinds of every stored definition.
    func loadCustomResourceDefinitions() async throws(APIFailure) {
        let prefix = StoreKeys.prefix(group: "apiextensions.k8s.io", plural: "customresourcedefinitions", namespace: nil)
        for entry in try await readRange(prefix: prefix).entries { try serve(try ObjectCodec.decode(entry)) }
    }

    /// Called after an object has been written.
    func stored(_ kind: Kind, _ object: JSON) async throws(APIFailure) {
        if kind.kind == "CustomResourceDefinition", kind.group == "apiextensions.k8s.io" { try serve(object) }
    }

    /// Called after an object has gone.
    func removed(_ kind: Kind, _ object: JSON) async {
        guard kind.kind == "CustomResourceDefinition", kind.group == "apiextensions.k8s.io",
            let group = object["spec", "group"]?.string, let plural = object["spec", "names", "plural"]?.string
        else { return }
        changeKinds { $0.unregister(group: group, plural: plural) }
        // The objects of a kind go with its definition. What a failing store leaves behind is unreachable and goes when a
        // definition of that name is deleted again.
        let prefix = StoreKeys.prefix(group: group, plural: plural, namespace: nil)
        while let range = try? await readRange(prefix: prefix, limit: StoreLimits.mutationsPerCommit), !range.entries.isEmpty {
            guard (try? await store.commit(range.entries.map { .delete(key: $0.key) }, if: [])) != nil else { return }
        }
    }

    private func serve(_ definition: JSON) throws(APIFailure) {
        let served: [Kind]
        do throws(FieldErrors) {
            served = try Kind.fromCustomResourceDefinition(definition)
        } catch {
            throw .internalError(
                "a stored custom resource definition cannot be read: \(error.errors.map(\.description).joined(separator: "; "))")
        }
        let group = definition["spec", "group"]?.string ?? ""
        let plural = definition["spec", "names", "plural"]?.string ?? ""
        changeKinds { registry in
            registry.unregister(group: group, plural: plural)
            registry.register(served)
        }
    }
}
