internal import APIMessages
internal import Kinds
internal import Objects
internal import Ports

extension APIServer {
    private static let success = Rendering.json(
        ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201], status: 201)

    /// Assigns a pod to a node: `pods/NAME/binding`, or `bindings` with the pod's name in the body.
    func bind(_ call: Call, podName: String) async throws(APIFailure) -> APIResponse {
        let isDryRun = try call.isDryRun("CreateOptions")
        let binding = try decodeBody(call, kind: "Binding", apiVersion: "v1")
        let target = try bindingTarget(binding)
        guard let pods = call.kinds.kind(group: "", version: "v1", plural: "pods") else { throw .noSuchResource }
        let name = podName.isEmpty ? binding["metadata", "name"]?.string ?? "" : podName
        let given = binding["metadata", "name"]?.string ?? ""
        guard given.isEmpty || given == name else { throw .badRequest("name in URL does not match name in Binding object") }
        let now = time.now()
        _ = try await change(pods, namespace: call.info.namespace, name: name, isDryRun: isDryRun) { (old, entry) throws(APIFailure) in
            func refuse(_ why: String) -> APIFailure { .conflict(pods, name, subresource: "binding", why) }
            if let uid = binding["metadata", "uid"]?.string, !uid.isEmpty, uid != old["metadata", "uid"]?.string {
                throw refuse(
                    "Precondition failed: UID in precondition: \(uid), UID in object meta: \(old["metadata", "uid"]?.string ?? "")")
            }
            if old["metadata", "deletionTimestamp"] != nil { throw refuse("pod \(name) is being deleted, cannot be assigned to a host") }
            if let node = old["spec", "nodeName"]?.string, !node.isEmpty {
                throw refuse("pod \(name) is already assigned to node \"\(node)\"")
            }
            if !(old["spec", "schedulingGates"]?.array ?? []).isEmpty { throw refuse("pod \(name) has non-empty .spec.schedulingGates") }
            var pod = old
            pod["spec", "nodeName"] = .string(target)
            for member in binding["metadata", "annotations"]?.object ?? JSONObject() {
                pod["metadata", "annotations", member.key] = member.value
            }
            var conditions = [Condition](status: pod["status"])
            conditions.set(Condition(type: "PodScheduled", status: "True"), now: now)
            pod["status", "conditions"] = conditions.json
            return .replace(pod)
        }
        return APIServer.success
    }

    private func bindingTarget(_ binding: JSON) throws(APIFailure) -> String {
        var errors: [FieldError] = []
        let kind = binding["target", "kind"]?.string ?? ""
        let name = binding["target", "name"]?.string ?? ""
        if !kind.isEmpty, kind != "Node" {
            errors.append(
                FieldError(
                    path: "target.kind", reason: .notSupported,
                    message: "Unsupported value: \"\(kind)\": supported values: \"Node\", \"<empty>\""))
        }
        if name.isEmpty { errors.append(FieldError(path: "target.name", reason: .required, message: "Required value")) }
        // Kubernetes answers with the bare list.
        guard errors.isEmpty else {
            let list = errors.map(\.description)
            throw .unclassified(list.count == 1 ? list[0] : "[\(list.joined(separator: ", "))]")
        }
        return name
    }
}
