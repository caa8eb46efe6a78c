internal import APIMessages
internal import Kinds
internal import Objects
internal import Ports
internal import Store

extension APIServer {
    /// Replaces an object or its status.
    func update(_ call: Call) async throws(APIFailure) -> APIResponse {
        let representation = try call.representation()
        let validation = try FieldValidation(call)
        let isDryRun = try call.isDryRun("UpdateOptions")
        var object = try decodeBody(call, kind: call.kind.kind, apiVersion: call.kind.apiVersion)
        let name = object["metadata", "name"]?.string ?? ""
        guard name.isEmpty || name == call.info.name else {
            throw .badRequest("the name of the object (\(name)) does not match the name on the URL (\(call.info.name))")
        }
        let namespace = object["metadata", "namespace"]?.string ?? ""
        guard namespace.isEmpty || namespace == call.namespace else {
            throw .badRequest("the namespace of the provided object does not match the namespace sent on the request")
        }
        let warnings = try tidy(&object, call, validation)
        let new = object
        let (entry, _) = try await change(call.kind, namespace: call.namespace, name: call.info.name, isDryRun: isDryRun) {
            (old, entry) async throws(APIFailure) in
            if UpdateRules.needsVersion(call.kind), (new["metadata", "resourceVersion"]?.string ?? "").isEmpty {
                throw UpdateRules.missingVersion(call)
            }
            try self.checkPreconditions(new, old: old, entry: entry, call.kind)
            return try await self.replacement(new, old: old, call)
        }
        return try Rendering.object(
            entry, kind: call.kind, as: representation, query: call, now: time.now(), warnings: warnings)
    }

    /// An incoming object may name the version and the identity it is meant for.
    func checkPreconditions(_ new: JSON, old: JSON, entry: StoreEntry, _ kind: Kind) throws(APIFailure) {
        let name = old["metadata", "name"]?.string ?? ""
        if let version = new["metadata", "resourceVersion"]?.string, !version.isEmpty {
            guard let revision = Revision(version) else {
                throw .unclassified("strconv.ParseUint: parsing \"\(version)\": invalid syntax")
            }
            if revision != entry.modified { throw .conflict(kind, name) }
        }
        if let uid = new["metadata", "uid"]?.string, !uid.isEmpty, uid != old["metadata", "uid"]?.string {
            throw .conflict(
                kind, name,
                "Precondition failed: UID in precondition: \(uid), UID in object meta: \(old["metadata", "uid"]?.string ?? "")")
        }
    }

    /// What replacing `old` by `new` comes to: prepared, admitted, validated; a deletion where the last finalizer has gone.
    func replacement(_ new: JSON, old: JSON, _ call: Call) async throws(APIFailure) -> Change {
        var object = new
        ObjectPreparation.prepareForUpdate(&object, old: old, kind: call.kind, subresource: call.info.subresource)
        call.kind.applyDefaults(to: &object)
        try await admit(&object, old: old, call)
        try validate(object, old: old, call.kind)
        if object == old { return .unchanged }
        return Deletion.isFinished(object, kind: call.kind) ? .remove(object) : .replace(object)
    }
}

/// What Kubernetes asks of replacements, kind by kind.
enum UpdateRules {
    private static let kinds: Set<String> = ["CustomResourceDefinition", "Lease", "PodDisruptionBudget"]

    /// Whether a replacement must name the version it replaces.
    static func needsVersion(_ kind: Kind) -> Bool { kind.isCustomResource || kinds.contains(kind.kind) }

    static func missingVersion(_ call: Call) -> APIFailure {
        .invalid(
            kind: call.kind.isCustomResource ? call.kind.plural : call.kind.kind, group: call.kind.group, name: call.info.name,
            [
                FieldError(
                    path: "metadata.resourceVersion", reason: .invalid, message: "Invalid value: 0: must be specified for an update")
            ])
    }
}
