internal import Kinds
internal import Objects

extension APIServer {
    /// Refuses an object that breaks the rules of its schema, of names, or of its kind.
    ///
    /// - Parameter old: the present object; `nil` at creation.
    func validate(_ object: JSON, old: JSON?, _ kind: Kind) throws(APIFailure) {
        let schemaErrors = kind.validate(object, old: old)
        if !kind.isCustomResource, let wrong = schemaErrors.first(where: { $0.reason == .typeInvalid }) {
            throw .undecodable(kind, wrong.message)
        }
        var errors = MetadataRules.validate(object, old: old, kind: kind)
        errors += schemaErrors.filter { !errors.contains($0) }
        // Rules of the kind's own read a well-formed object.
        if errors.isEmpty { errors += KindRules.validate(object, old: old, kind: kind) }
        if errors.isEmpty, kind.kind == "CustomResourceDefinition" { errors += definitionErrors(object) }
        guard errors.isEmpty else {
            throw .invalid(kind: kind.kind, group: kind.group, name: object["metadata", "name"]?.string ?? "", errors)
        }
    }

    private func definitionErrors(_ object: JSON) -> [FieldError] {
        do throws(FieldErrors) {
            let kinds = try Kind.fromCustomResourceDefinition(object)
            guard let clash = CustomResourceDefinitions.clash(kinds, in: self.kinds, builtIn: builtInKinds) else { return [] }
            return [FieldError(path: "spec.names", reason: .invalid, message: "Invalid value: \(clash)")]
        } catch {
            return error.errors
        }
    }
}

/// Rules for `metadata`, the same for every kind.
enum MetadataRules {
    private static let labelNames: Set<String> = ["Namespace"]

    static func validate(_ object: JSON, old: JSON?, kind: Kind) -> [FieldError] {
        let metadata = object["metadata"]
        var errors: [FieldError] = []
        let name = metadata?["name"]?.string ?? ""
        if name.isEmpty {
            errors.append(FieldError(path: "metadata.name", reason: .required, message: "Required value: name or generateName is required"))
        } else {
            let rules = labelNames.contains(kind.kind) ? NameRules.label(name) : NameRules.subdomain(name)
            errors += rules.map { FieldError(path: "metadata.name", reason: .invalid, message: "Invalid value: \"\(name)\": \($0)") }
        }
        if let labels = metadata?["labels"] { errors += NameRules.labels(labels, path: "metadata.labels") }
        if let annotations = metadata?["annotations"] { errors += NameRules.annotations(annotations, path: "metadata.annotations") }
        errors += finalizers(metadata?["finalizers"]?.array ?? [], old: old, kind: kind)
        for (index, owner) in (metadata?["ownerReferences"]?.array ?? []).enumerated() {
            for field in ["apiVersion", "kind", "name", "uid"] where (owner[field]?.string ?? "").isEmpty {
                errors.append(
                    FieldError(
                        path: "metadata.ownerReferences[\(index)].\(field)", reason: .invalid,
                        message: "Invalid value: \"\": \(field) must not be empty"))
            }
        }
        return errors
    }

    /// Finalizers are qualified names (of built-in kinds with a domain, as Kubernetes asks), and none is added to an object that is going.
    private static func finalizers(_ finalizers: [JSON], old: JSON?, kind: Kind) -> [FieldError] {
        let standard: Set<String> = ["orphan", "foregroundDeletion", "kubernetes"]
        var errors: [FieldError] = []
        for (index, finalizer) in finalizers.enumerated() {
            let name = finalizer.string ?? ""
            let path = "metadata.finalizers[\(index)]"
            errors += NameRules.qualifiedName(name).map {
                FieldError(path: path, reason: .invalid, message: "Invalid value: \"\(name)\": \($0)")
            }
            if !kind.isCustomResource, !name.contains("/"), !standard.contains(name), errors.isEmpty {
                let why = "name is neither a standard finalizer name nor is it fully qualified"
                errors.append(FieldError(path: path, reason: .invalid, message: "Invalid value: \"\(name)\": \(why)"))
            }
        }
        if let old, old["metadata", "deletionTimestamp"] != nil {
            let present = old["metadata", "finalizers"]?.array ?? []
            let added = finalizers.filter { !present.contains($0) }.map(\.text)
            if !added.isEmpty {
                let why =
                    "no new finalizers can be added if the object is being deleted, found new finalizers "
                    + "[]string{\(added.joined(separator: ", "))}"
                errors.append(FieldError(path: "metadata.finalizers", reason: .forbidden, message: "Forbidden: \(why)"))
            }
        }
        return errors
    }
}
