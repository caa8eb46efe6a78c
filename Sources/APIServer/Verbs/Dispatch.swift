internal import APIMessages
internal import Kinds
internal import Objects

extension APIServer {
    /// Chooses the verb's code for a request about a resource.
    func dispatch(_ call: Call) async throws(APIFailure) -> APIResponse {
        guard call.info.rest.isEmpty else { throw .noSuchResource }
        guard call.request.method != "HEAD" else { throw .methodNotAllowed }
        if call.kind.isNamespaced, call.info.namespace.isEmpty, !call.info.name.isEmpty { throw .noSuchResource }
        guard call.info.subresource.isEmpty else { return try await dispatchSubresource(call) }
        guard call.kind.verbs.contains(call.info.verb), fitsPath(call.info) else { throw .methodNotAllowed }
        if call.kind.isNamespaced, call.info.namespace.isEmpty, call.info.verb == "create" || call.info.verb == "deletecollection" {
            throw .methodNotAllowed
        }
        if !call.kind.isStored { return try await review(call) }
        switch call.info.verb {
        case "get": return try await get(call)
        case "list": return try await list(call)
        case "watch": return try await watch(call)
        case "create": return try await create(call)
        case "update": return try await update(call)
        case "patch": return try await patch(call)
        case "delete": return try await delete(call)
        case "deletecollection": return try await deleteCollection(call)
        default: throw .methodNotAllowed
        }
    }

    /// Whether the verb is one for a collection where the path names one, and for an object where it names one.
    private func fitsPath(_ info: RequestInfo) -> Bool {
        switch info.verb {
        case "create": info.name.isEmpty
        case "get", "update", "patch", "delete": !info.name.isEmpty
        default: true
        }
    }

    private func dispatchSubresource(_ call: Call) async throws(APIFailure) -> APIResponse {
        let name = call.info.subresource
        guard !call.info.name.isEmpty, let subresource = call.kind.subresource(name) else { throw .noSuchResource }
        guard subresource.verbs.contains(call.info.verb) else { throw .methodNotAllowed }
        switch (name, call.info.verb) {
        case ("scale", _): return try await scale(call)
        case ("binding", "create"): return try await bind(call, podName: call.info.name)
        case ("eviction", "create"): return try await evict(call)
        case ("finalize", "update"): return try await finalizeNamespace(call)
        case (_, "get"): return try await get(call)
        case (_, "update"): return try await update(call)
        case (_, "patch"): return try await patch(call)
        default: throw .methodNotAllowed
        }
    }
}
