public import APIMessages
public import Objects

/// How a patch body is to be read.
public enum PatchKind: String, Sendable {
    case json = "application/json-patch+json"
    case merge = "application/merge-patch+json"
    case strategic = "application/strategic-merge-patch+json"
}

/// A page of a collection.
public struct KubeList: Sendable {
    public var items: [JSON]
    public var resourceVersion: String
    /// Empty on the last page.
    public var continueToken: String
}

/// Calls a Kubernetes API: Sluice's own or any other.
public struct KubeClient: Sendable {
    private let transport: any APITransport

    public init(transport: any APITransport) { self.transport = transport }

    /// The object of that key; `nil` when it does not exist.
    public func get(_ resource: ResourceName, _ key: ObjectKey) async throws(KubeError) -> JSON? {
        do {
            return try await send("GET", path(resource, key))
        } catch let error where error.isNotFound {
            return nil
        }
    }

    /// The typed view of the object of that key; `nil` when it does not exist.
    public func get<View: ResourceView>(_ view: View.Type, _ key: ObjectKey) async throws(KubeError) -> View? {
        try await get(View.resource, key).map { View($0) }
    }

    /// One page of a collection; `namespace` nil for all namespaces, `limit` 0 for no bound.
    public func list(
        _ resource: ResourceName, namespace: String? = nil, labelSelector: String = "", fieldSelector: String = "",
        limit: Int = 0, continueToken: String = ""
    ) async throws(KubeError) -> KubeList {
        var query: [(name: String, value: String)] = []
        if !labelSelector.isEmpty { query.append(("labelSelector", labelSelector)) }
        if !fieldSelector.isEmpty { query.append(("fieldSelector", fieldSelector)) }
        if limit > 0 { query.append(("limit", String(limit))) }
        if !continueToken.isEmpty { query.append(("continue", continueToken)) }
        let answer = try await send("GET", resource.path(namespace: namespace), query: query)
        return KubeList(
            items: answer["items"]?.array ?? [], resourceVersion: answer["metadata", "resourceVersion"]?.string ?? "",
            continueToken: answer["metadata", "continue"]?.string ?? "")
    }

    /// Creates an object; `apiVersion` and `kind` are filled in from the resource.
    @discardableResult
    public func create(_ resource: ResourceName, namespace: String? = nil, _ object: JSON) async throws(KubeError) -> JSON {
        var object = object
        object["apiVersion"] = .string(resource.apiVersion)
        object["kind"] = .string(resource.kind)
        return try await send("POST", resource.path(namespace: namespace), body: object)
    }

    /// Replaces an object; with `metadata.resourceVersion` only if nobody changed it since.
    @discardableResult
    public func update(
        _ resource: ResourceName, _ key: ObjectKey, _ object: JSON, subresource: String = ""
    ) async throws(KubeError) -> JSON {
        try await send("PUT", path(resource, key, subresource), body: object)
    }

    /// Patches an object or a sub-resource of it.
    ///
    /// A merge patch with `metadata.resourceVersion` is applied only if nobody changed the object since.
    @discardableResult
    public func patch(
        _ resource: ResourceName, _ key: ObjectKey, _ patch: JSON, subresource: String = "", as kind: PatchKind = .merge
    ) async throws(KubeError) -> JSON {
        try await send("PATCH", path(resource, key, subresource), body: patch, contentType: kind.rawValue)
    }

    /// Deletes an object; an object that does not exist (any more) is no error.
    ///
    /// - Parameters:
    ///   - uid: delete only this very object.
    ///   - resourceVersion: delete it only as it was at that version.
    ///   - gracePeriodSeconds: `nil` for the object's own; 0 removes a pod at once.
    public func delete(
        _ resource: ResourceName, _ key: ObjectKey, uid: String? = nil, resourceVersion: String? = nil,
        gracePeriodSeconds: Int64? = nil, propagationPolicy: String? = nil
    ) async throws(KubeError) {
        var options: JSON = ["apiVersion": "v1", "kind": "DeleteOptions"]
        if let uid { options["preconditions", "uid"] = .string(uid) }
        if let resourceVersion { options["preconditions", "resourceVersion"] = .string(resourceVersion) }
        if let gracePeriodSeconds { options["gracePeriodSeconds"] = .integer(gracePeriodSeconds) }
        if let propagationPolicy { options["propagationPolicy"] = .string(propagationPolicy) }
        do {
            _ = try await send("DELETE", path(resource, key), body: options)
        } catch let error where error.isNotFound {
            return
        }
    }

    /// Binds a pod to a node, as a scheduler does.
    public func bind(pod: ObjectKey, uid: String, to node: String) async throws(KubeError) {
        _ = try await send(
            "POST", path(Pod.resource, pod, "binding"),
            body: [
                "apiVersion": "v1", "kind": "Binding",
                "metadata": ["name": .string(pod.name), "namespace": .string(pod.namespace), "uid": .string(uid)],
                "target": ["apiVersion": "v1", "kind": "Node", "name": .string(node)],
            ])
    }

    /// Asks to evict a pod; code 429 where a disruption budget forbids it now.
    public func evict(pod: ObjectKey, uid: String? = nil, gracePeriodSeconds: Int64? = nil) async throws(KubeError) {
        var options: JSON = [:]
        if let uid { options["preconditions", "uid"] = .string(uid) }
        if let gracePeriodSeconds { options["gracePeriodSeconds"] = .integer(gracePeriodSeconds) }
        _ = try await send(
            "POST", path(Pod.resource, pod, "eviction"),
            body: [
                "apiVersion": "policy/v1", "kind": "Eviction",
                "metadata": ["name": .string(pod.name), "namespace": .string(pod.namespace)], "deleteOptions": options,
            ])
    }

    /// Every change after `resourceVersion`, until the server ends the watch.
    public func watch(
        _ resource: ResourceName, namespace: String? = nil, resourceVersion: String, labelSelector: String = "",
        fieldSelector: String = ""
    ) async throws(KubeError) -> WatchStream {
        var query: [(name: String, value: String)] = [
            ("watch", "true"), ("resourceVersion", resourceVersion), ("allowWatchBookmarks", "true"),
        ]
        if !labelSelector.isEmpty { query.append(("labelSelector", labelSelector)) }
        if !fieldSelector.isEmpty { query.append(("fieldSelector", fieldSelector)) }
        let response = try await exchange(
            APIRequest(method: "GET", path: resource.path(namespace: namespace), query: query, headers: KubeClient.headers("")))
        switch response.body {
        case .stream(let stream) where response.status == 200: return WatchStream(stream)
        case .bytes(let bytes) where response.status == 200: return WatchStream(WholeBody(bytes))
        default: throw KubeError(code: response.status, body: try await KubeClient.collect(response.body))
        }
    }

    // MARK: - Exchange

    private func path(_ resource: ResourceName, _ key: ObjectKey, _ subresource: String = "") -> String {
        let path = "\(resource.path(namespace: key.namespace))/\(key.name)"
        return subresource.isEmpty ? path : "\(path)/\(subresource)"
    }

    private static func headers(_ contentType: String) -> [(name: String, value: String)] {
        var headers: [(name: String, value: String)] = [("accept", "application/json")]
        if !contentType.isEmpty { headers.append(("content-type", contentType)) }
        return headers
    }

    /// Sends any request and reads the whole answer as JSON.
    public func send(
        _ method: String, _ path: String, query: [(name: String, value: String)] = [], body: JSON? = nil,
        contentType: String = "application/json"
    ) async throws(KubeError) -> JSON {
        let request = APIRequest(
            method: method, path: path, query: query, headers: KubeClient.headers(body == nil ? "" : contentType),
            body: body?.encoded ?? [])
        let response = try await exchange(request)
        let bytes = try await KubeClient.collect(response.body)
        guard (200..<300).contains(response.status) else { throw KubeError(code: response.status, body: bytes) }
        do {
            return try JSON(parsing: bytes)
        } catch {
            throw .transport("\(method) \(path): answer is not JSON: \(error)")
        }
    }

    private func exchange(_ request: APIRequest) async throws(KubeError) -> APIResponse {
        do {
            return try await transport.send(request)
        } catch {
            throw .transport("\(request.method) \(request.path): \(error)")
        }
    }

    private static func collect(_ body: APIResponse.Body) async throws(KubeError) -> [UInt8] {
        switch body {
        case .bytes(let bytes): return bytes
        case .stream(let stream):
            var bytes: [UInt8] = []
            do {
                while let chunks = try await stream.next() {
                    for chunk in chunks { bytes.append(contentsOf: chunk) }
                }
            } catch {
                throw .transport("answer broke off: \(error)")
            }
            return bytes
        }
    }
}
