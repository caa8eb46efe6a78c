internal import Kinds
internal import Objects

/// The fields that the server, not the client, decides: what happens to an object between its arrival and its storage.
enum ObjectPreparation {
    /// What the server stamps on a new object.
    struct Stamp: Sendable {
        var uid: String
        var now: Timestamp
    }

    /// Makes an incoming object a new one: server-side metadata set, status emptied where a controller owns it.
    static func prepareForCreate(_ object: inout JSON, kind: Kind, namespace: String, stamp: Stamp) {
        var metadata = object["metadata"] ?? [:]
        for field in ["resourceVersion", "selfLink", "deletionTimestamp", "deletionGracePeriodSeconds", "managedFields", "generation"] {
            metadata[field] = nil
        }
        if kind.isNamespaced { metadata["namespace"] = .string(namespace) } else { metadata["namespace"] = nil }
        metadata["uid"] = .string(stamp.uid)
        metadata["creationTimestamp"] = .string(stamp.now.rfc3339)
        if kind.generationTracksSpec { metadata["generation"] = 1 }
        object["metadata"] = ordered(metadata)
        if kind.hasStatus, !keepsStatusAtCreation.contains(kind.kind) { object["status"] = nil }
        KindBehaviour.prepareForCreate(&object, kind: kind)
    }

    /// Kinds whose first writer is also the owner of their status: a kubelet registers its node with status.
    private static let keepsStatusAtCreation: Set<String> = ["Node"]

    /// Puts `name`, `namespace`, `uid` … first, as people are used to read them.
    private static func ordered(_ metadata: JSON) -> JSON {
        var rest = metadata.object ?? JSONObject()
        var result = JSONObject()
        for key in ["name", "generateName", "namespace", "uid", "generation", "creationTimestamp"] {
            guard let value = rest[key] else { continue }
            result[key] = value
            rest[key] = nil
        }
        for member in rest where !(maybeEmpty.contains(member.key) && isEmpty(member.value)) { result[member.key] = member.value }
        return .object(result)
    }

    /// Lists and maps that are left out where nothing is in them.
    private static let maybeEmpty: Set<String> = ["labels", "annotations", "finalizers", "ownerReferences"]

    private static func isEmpty(_ value: JSON) -> Bool {
        switch value {
        case .null: true
        case .array(let list): list.isEmpty
        case .object(let members): members.isEmpty
        default: false
        }
    }

    /// Takes from the incoming object only what this request may change; everything else stays as it was.
    ///
    /// - Parameter subresource: empty for the object itself, `status` for its status.
    static func prepareForUpdate(_ object: inout JSON, old: JSON, kind: Kind, subresource: String) {
        keepServerMetadata(&object, old: old)
        if subresource == "status" {
            var changed = old
            changed["status"] = object["status"]
            // Labels and annotations may come with a status, as on Kubernetes; finalizers and owners may not.
            changed["metadata", "labels"] = object["metadata", "labels"]
            changed["metadata", "annotations"] = object["metadata", "annotations"]
            object = changed
            return
        }
        if kind.hasStatus { object["status"] = old["status"] }
        KindBehaviour.prepareForUpdate(&object, old: old, kind: kind)
        if kind.generationTracksSpec, content(object) != content(old) {
            object["metadata", "generation"] = .integer((old["metadata", "generation"]?.integer ?? 0) + 1)
        }
    }

    private static func keepServerMetadata(_ object: inout JSON, old: JSON) {
        var metadata = object["metadata"] ?? [:]
        let fixed = [
            "name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generation",
            "generateName", "resourceVersion",
        ]
        for field in fixed { metadata[field] = old["metadata"]?[field] }
        metadata["managedFields"] = nil
        metadata["selfLink"] = nil
        object["metadata"] = ordered(metadata)
    }

    /// What `generation` counts the changes of: everything but metadata and status.
    private static func content(_ object: JSON) -> JSON {
        var object = object
        object["metadata"] = nil
        object["status"] = nil
        return object
    }
}
