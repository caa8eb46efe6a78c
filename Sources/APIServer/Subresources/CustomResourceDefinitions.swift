internal import Kinds
internal import Objects
internal import Ports
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

    static let cleanup = "customresourcecleanup.apiextensions.k8s.io"

    static func isDefinition(_ kind: Kind) -> Bool { kind.kind == "CustomResourceDefinition" && kind.group == "apiextensions.k8s.io" }

    /// The status of a definition that has just been written and is not served yet.
    static func firstStatus(_ object: JSON) -> JSON {
        let versions = (object["spec", "versions"]?.array ?? []).filter { $0["storage"]?.bool == true }.compactMap { $0["name"] }
        return ["acceptedNames": ["plural": "", "kind": ""], "storedVersions": .array(versions)]
    }

    /// The definition as one that is served; the same object where it is one already.
    static func established(_ object: JSON, now: Timestamp) -> JSON {
        var conditions = [Condition](status: object["status"])
        conditions.set(
            Condition(type: "NamesAccepted", status: "True", reason: "NoConflicts", message: "no conflicts found"), now: now)
        conditions.set(
            Condition(
                type: "Established", status: "True", reason: "InitialNamesAccepted",
                message: "the initial names have been accepted"), now: now)
        var object = object
        object["status", "conditions"] = conditions.json
        object["status", "acceptedNames"] = object["spec", "names"] ?? [:]
        return object
    }

    /// The definition with its deletion begun: it goes when its objects have gone.
    static func terminating(_ object: JSON, now: Timestamp) -> JSON {
        guard object["metadata", "deletionTimestamp"] == nil else { return object }
        var object = object
        object["metadata", "deletionTimestamp"] = .string(now.rfc3339)
        var finalizers = object["metadata", "finalizers"]?.array ?? []
        if !finalizers.contains(.string(cleanup)) { finalizers.append(.string(cleanup)) }
        object["metadata", "finalizers"] = .array(finalizers)
        var conditions = [Condition](status: object["status"])
        conditions.set(
            Condition(
                type: "Terminating", status: "True", reason: "InstanceDeletionPending",
                message: "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon"), now: now)
        object["status", "conditions"] = conditions.json
        return object
    }

    /// Names that another kind already has; `nil` where there is no clash.
    ///
    /// - Parameters:
    ///   - registry: all kinds that are served, those of the definition itself among them.
    ///   - builtIn: the kinds of this program.
    static func clash(_ kinds: [Kind], in registry: KindRegistry, builtIn: KindRegistry) -> String? {
        for kind in kinds {
            for other in builtIn.kinds where other.group == kind.group && other.plural == kind.plural {
                return "\"\(kind.plural)\" is already in use"
            }
            for other in registry.kinds where other.group == kind.group && other.plural != kind.plural && other.kind == kind.kind {
                return "\"\(kind.kind)\" is already in use"
            }
        }
        return nil
    }
}

extension APIServer {
    /// Serves the kinds of every stored definition, and finishes what an end of the process interrupted.
    func loadCustomResourceDefinitions() async throws(APIFailure) {
        guard let kind = kinds.kind(group: "apiextensions.k8s.io", version: "v1", plural: "customresourcedefinitions") else { return }
        let prefix = StoreKeys.prefix(group: kind.group, plural: kind.plural, namespace: nil)
        for entry in try await readRange(prefix: prefix).entries {
            let definition = try ObjectCodec.decode(entry)
            if definition["metadata", "deletionTimestamp"] == nil {
                try await stored(kind, definition)
            } else {
                try await finishDefinition(kind, definition["metadata", "name"]?.string ?? "")
            }
        }
    }

    /// Called after an object has been written.
    func stored(_ kind: Kind, _ object: JSON) async throws(APIFailure) {
        guard CustomResourceDefinitions.isDefinition(kind), object["metadata", "deletionTimestamp"] == nil else { return }
        try serve(object)
        let now = time.now()
        _ = try await change(kind, namespace: "", name: object["metadata", "name"]?.string ?? "") { (old, _) in
            let established = CustomResourceDefinitions.established(old, now: now)
            return established == old ? .unchanged : .replace(established)
        }
    }

    /// Removes the objects of a definition that is being deleted, then the definition unless others hold it.
    func finishDefinition(_ kind: Kind, _ name: String) async throws(APIFailure) {
        let key = StoreKeys.key(group: kind.group, plural: kind.plural, namespace: "", name: name)
        guard let entry = try await read(key).entry else { return }
        let definition = try ObjectCodec.decode(entry)
        guard definition["metadata", "deletionTimestamp"] != nil, let group = definition["spec", "group"]?.string,
            let plural = definition["spec", "names", "plural"]?.string
        else { return }
        changeKinds { $0.unregister(group: group, plural: plural) }
        let prefix = StoreKeys.prefix(group: group, plural: plural, namespace: nil)
        while true {
            let range = try await readRange(prefix: prefix, limit: StoreLimits.mutationsPerCommit)
            if range.entries.isEmpty { break }
            _ = try await tryCommit(range.entries.map { .delete(key: $0.key) }, if: [])
        }
        _ = try await change(kind, namespace: "", name: name) { (old, _) in
            var object = old
            let finalizers = (old["metadata", "finalizers"]?.array ?? []).filter { $0 != .string(CustomResourceDefinitions.cleanup) }
            object["metadata", "finalizers"] = finalizers.isEmpty ? nil : .array(finalizers)
            if Deletion.isFinished(object, kind: kind) { return .remove(object) }
            return object == old ? .unchanged : .replace(object)
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
