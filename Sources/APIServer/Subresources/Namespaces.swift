internal import APIMessages
internal import Kinds
internal import Objects
internal import Ports
internal import Store

extension APIServer {
    /// `namespaces/NAME/finalize`: says which finalizers are left; without any, a deleted namespace goes.
    func finalizeNamespace(_ call: Call) async throws(APIFailure) -> APIResponse {
        guard call.kind.kind == "Namespace" else { throw .noSuchResource }
        let body = try decodeBody(call, kind: "Namespace", apiVersion: "v1")
        let (entry, _) = try await change(call.kind, namespace: "", name: call.info.name) { (old, entry) async throws(APIFailure) in
            try self.checkPreconditions(body, old: old, entry: entry, call.kind)
            var object = old
            object["spec", "finalizers"] = body["spec", "finalizers"]
            return Deletion.isFinished(object, kind: call.kind) ? .remove(object) : .replace(object)
        }
        return try Rendering.object(entry, kind: call.kind, as: .object, query: call, now: time.now())
    }
}

/// Objects every cluster has from its first start.
enum StandardObjects {
    static let protectedNamespaces: Set<String> = ["default", "kube-system", "kube-public", "kube-node-lease"]
    static let namespaces = ["default", "kube-system", "kube-public", "kube-node-lease"]

    static let priorityClasses: [(name: String, value: Int64, description: String)] = [
        (
            "system-cluster-critical", 2_000_000_000,
            "Used for system critical pods that must run in the cluster, but can be moved to another node if necessary."
        ),
        ("system-node-critical", 2_000_001_000, "Used for system critical pods that must not be moved from their current node."),
    ]
}

extension APIServer {
    /// Creates what ``StandardObjects`` names where it does not exist yet.
    func createStandardObjects() async throws(APIFailure) {
        let registry = kinds
        if let kind = registry.kind(group: "", version: "v1", plural: "namespaces") {
            for name in StandardObjects.namespaces {
                try await createStandard(kind, ["kind": "Namespace", "apiVersion": "v1", "metadata": ["name": .string(name)]])
            }
        }
        if let kind = registry.kind(group: "scheduling.k8s.io", version: "v1", plural: "priorityclasses") {
            for item in StandardObjects.priorityClasses {
                try await createStandard(
                    kind,
                    [
                        "kind": "PriorityClass", "apiVersion": "scheduling.k8s.io/v1", "metadata": ["name": .string(item.name)],
                        "value": .integer(item.value), "description": .string(item.description), "preemptionPolicy": "PreemptLowerPriority",
                    ])
            }
        }
    }

    private func createStandard(_ kind: Kind, _ object: JSON) async throws(APIFailure) {
        let name = object["metadata", "name"]?.string ?? ""
        let key = StoreKeys.key(group: kind.group, plural: kind.plural, namespace: "", name: name)
        if try await read(key).entry != nil { return }
        var object = object
        ObjectPreparation.prepareForCreate(&object, kind: kind, namespace: "", stamp: .init(uid: newUID(), now: time.now()))
        kind.applyDefaults(to: &object)
        _ = try await tryCommit([.put(key: key, value: ObjectCodec.encode(object))], if: [.init(key: key, modified: 0)])
    }
}
