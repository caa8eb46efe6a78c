import APIMessages
import Objects
import Ports

extension FakeAPI {
    func read(_ state: State, _ address: Address) -> APIResponse {
        guard let object = state.objects[address] else {
            return FakeAPI.failure(404, "NotFound", "\(address.plural) \(address.name) not found")
        }
        return FakeAPI.answer(200, object)
    }

    func list(_ state: State, _ address: Address, _ request: APIRequest) -> APIResponse {
        let labels = (try? LabelSelector(parsing: request.queryValue("labelSelector") ?? "")) ?? .everything
        let name = request.queryValue("fieldSelector").flatMap { $0.hasPrefix("metadata.name=") ? String($0.dropFirst(14)) : nil }
        let found = state.objects.filter { key, value in
            key.plural == address.plural && key.group == address.group
                && (address.namespace.isEmpty || key.namespace == address.namespace) && (name == nil || key.name == name)
                && labels.matches(value["metadata", "labels"]?.stringMap ?? [:])
        }
        let items = found.sorted { $0.key < $1.key }.map(\.value)
        return FakeAPI.answer(
            200, ["metadata": ["resourceVersion": .string(String(state.version))], "items": .array(items)])
    }

    func create(_ state: inout State, _ address: Address, _ subresource: String, _ body: JSON) -> APIResponse {
        if subresource == "binding" {
            guard var pod = state.objects[address] else { return FakeAPI.failure(404, "NotFound", address.name) }
            pod["spec", "nodeName"] = body["target", "name"]
            return FakeAPI.answer(201, store(&state, address, pod, "MODIFIED"))
        }
        var address = address
        address.name = body["metadata", "name"]?.string ?? ""
        guard !address.name.isEmpty else { return FakeAPI.failure(422, "Invalid", "name is required") }
        if state.objects[address] != nil { return FakeAPI.failure(409, "AlreadyExists", "\(address.name) already exists") }
        let space = Address(group: "", plural: "namespaces", namespace: "", name: address.namespace)
        if state.objects[space]?["metadata", "deletionTimestamp"] != nil {
            return FakeAPI.failure(403, "Forbidden", "namespace \(address.namespace) is being terminated")
        }
        var object = body
        object["metadata", "uid"] = .string("uid-\(state.version + 1)")
        object["metadata", "namespace"] = address.namespace.isEmpty ? nil : .string(address.namespace)
        object["metadata", "creationTimestamp"] = .string(time.now().rfc3339)
        object["metadata", "generation"] = 1
        if address.plural == "namespaces" { object["spec", "finalizers"] = ["kubernetes"] }
        return FakeAPI.answer(201, store(&state, address, object, "ADDED"))
    }

    func replace(_ state: inout State, _ address: Address, _ subresource: String, _ body: JSON) -> APIResponse {
        guard let old = state.objects[address] else { return FakeAPI.failure(404, "NotFound", address.name) }
        return change(&state, address, subresource, old, body)
    }

    func patch(
        _ state: inout State, _ address: Address, _ subresource: String, _ body: JSON, _ type: String
    ) -> APIResponse {
        guard let old = state.objects[address] else { return FakeAPI.failure(404, "NotFound", address.name) }
        if let uid = body["metadata", "uid"], uid != old["metadata", "uid"] {
            return FakeAPI.failure(409, "Conflict", "uid differs")
        }
        let isStrategic = type.hasPrefix("application/strategic")
        return change(&state, address, subresource, old, FakeAPI.merge(old, body, isStrategic: isStrategic))
    }

    private func change(
        _ state: inout State, _ address: Address, _ subresource: String, _ old: JSON, _ wanted: JSON
    ) -> APIResponse {
        if let version = wanted["metadata", "resourceVersion"], version != old["metadata", "resourceVersion"] {
            return FakeAPI.failure(409, "Conflict", "the object has been modified")
        }
        var new = old
        switch subresource {
        case "status": new["status"] = wanted["status"]
        case "finalize": new["spec", "finalizers"] = wanted["spec", "finalizers"]
        default:
            new = wanted
            // Machine instances have no status sub-resource.
            if address.plural != "virtualmachineinstances" { new["status"] = old["status"] }
            if new["spec"] != old["spec"] {
                new["metadata", "generation"] = .integer((old["metadata", "generation"]?.integer ?? 0) + 1)
            }
        }
        if new == old { return FakeAPI.answer(200, old) }
        if FakeAPI.isOver(new, address) { return FakeAPI.answer(200, remove(&state, address, new)) }
        return FakeAPI.answer(200, store(&state, address, new, "MODIFIED"))
    }

    func delete(_ state: inout State, _ address: Address, _ options: JSON) -> APIResponse {
        guard var object = state.objects[address] else { return FakeAPI.failure(404, "NotFound", address.name) }
        if let uid = options["preconditions", "uid"], uid != object["metadata", "uid"] {
            return FakeAPI.failure(409, "Conflict", "uid differs")
        }
        var finalizers = object["metadata", "finalizers"]?.array ?? []
        switch options["propagationPolicy"]?.string {
        case "Foreground": finalizers.append("foregroundDeletion")
        case "Orphan": finalizers.append("orphan")
        default: break
        }
        if !finalizers.isEmpty { object["metadata", "finalizers"] = .array(finalizers) }
        let grace = options["gracePeriodSeconds"]?.integer ?? object["spec", "terminationGracePeriodSeconds"]?.integer ?? 30
        let isGraceful = address.plural == "pods" && grace > 0 && object["spec", "nodeName"] != nil
        if object["metadata", "deletionTimestamp"] == nil {
            object["metadata", "deletionTimestamp"] = .string(time.now().rfc3339)
            if address.plural == "namespaces" { object["status", "phase"] = "Terminating" }
        }
        object["metadata", "deletionGracePeriodSeconds"] = isGraceful ? .integer(grace) : 0
        if FakeAPI.isOver(object, address) { return FakeAPI.answer(200, remove(&state, address, object)) }
        if object == state.objects[address] { return FakeAPI.answer(200, object) }
        return FakeAPI.answer(200, store(&state, address, object, "MODIFIED"))
    }

    /// Whether nothing keeps a deleted object any more.
    private static func isOver(_ object: JSON, _ address: Address) -> Bool {
        guard object["metadata", "deletionTimestamp"] != nil, (object["metadata", "finalizers"]?.array ?? []).isEmpty else {
            return false
        }
        if address.plural == "namespaces" { return (object["spec", "finalizers"]?.array ?? []).isEmpty }
        return object["metadata", "deletionGracePeriodSeconds"]?.integer ?? 0 == 0
    }

    @discardableResult
    private func store(_ state: inout State, _ address: Address, _ object: JSON, _ type: String) -> JSON {
        var object = object
        state.version += 1
        object["metadata", "resourceVersion"] = .string(String(state.version))
        state.objects[address] = object
        publish(&state, Change(version: state.version, type: type, address: address, object: object))
        return object
    }

    private func remove(_ state: inout State, _ address: Address, _ object: JSON) -> JSON {
        var object = object
        state.version += 1
        object["metadata", "resourceVersion"] = .string(String(state.version))
        state.objects[address] = nil
        publish(&state, Change(version: state.version, type: "DELETED", address: address, object: object))
        return object
    }

    private func publish(_ state: inout State, _ change: Change) {
        state.log.append(change)
        for continuation in state.waiting { continuation.resume() }
        state.waiting = []
    }

    private static func merge(_ target: JSON, _ patch: JSON, isStrategic: Bool) -> JSON {
        guard let members = patch.object else { return patch }
        var result = target.object == nil ? [:] : target
        for member in members {
            if member.value.isNull {
                result[member.key] = nil
            } else if isStrategic, member.key == "conditions", let added = member.value.array {
                var list = result["conditions"]?.array ?? []
                for condition in added {
                    if let place = list.firstIndex(where: { $0["type"] == condition["type"] }) {
                        list[place] = merge(list[place], condition, isStrategic: true)
                    } else {
                        list.append(condition)
                    }
                }
                result["conditions"] = .array(list)
            } else {
                result[member.key] = merge(result[member.key] ?? .null, member.value, isStrategic: isStrategic)
            }
        }
        return result
    }
}
