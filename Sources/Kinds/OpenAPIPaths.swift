internal import Objects

/// The operations of a kind as a document lists them.
enum OpenAPIPaths {
    static func add(_ kind: Kind, _ registry: KindRegistry, to paths: inout JSONObject) {
        let root = kind.group.isEmpty ? "/api/\(kind.version)" : "/apis/\(kind.group)/\(kind.version)"
        let all = "\(root)/\(kind.plural)"
        let collection = kind.isNamespaced ? "\(root)/namespaces/{namespace}/\(kind.plural)" : all
        let identity = OpenAPI.groupVersionKind(kind.group, kind.version, kind.kind)
        let writer = Writer(kind: kind, identity: identity, component: kind.schema.node.facts.name)
        var operations = JSONObject()
        if kind.verbs.contains("list") { operations["get"] = writer.operation("list", list: true) }
        if kind.verbs.contains("create") { operations["post"] = writer.operation("post") }
        if kind.verbs.contains("deletecollection") { operations["delete"] = writer.operation("deletecollection") }
        operations["parameters"] = parameters(isNamespaced: kind.isNamespaced, isNamed: false)
        paths[collection] = .object(operations)
        if kind.isNamespaced, kind.verbs.contains("list") {
            paths[all] = ["get": writer.operation("list", list: true)]
        }
        if kind.verbs.contains("get") { paths["\(collection)/{name}"] = item(writer, kind.verbs, kind) }
        for sub in kind.subresources {
            let owner = sub.group.isEmpty ? (kind.group, kind.version) : (sub.group, sub.version)
            let body = registry.kind(group: owner.0, version: owner.1, kind: sub.kind) ?? kind
            let subWriter = Writer(
                kind: kind, identity: OpenAPI.groupVersionKind(owner.0, owner.1, sub.kind), component: body.schema.node.facts.name)
            paths["\(collection)/{name}/\(sub.name)"] = item(subWriter, sub.verbs, kind)
        }
    }

    private static func item(_ writer: Writer, _ verbs: [String], _ kind: Kind) -> JSON {
        var operations = JSONObject()
        let methods = [("get", "get", "get"), ("update", "put", "put"), ("create", "post", "post"), ("delete", "delete", "delete")]
        for (verb, method, action) in methods where verbs.contains(verb) && !(verb == "create" && verbs.contains("get")) {
            operations[method] = writer.operation(action)
        }
        if verbs.contains("patch") { operations["patch"] = writer.operation("patch") }
        operations["parameters"] = parameters(isNamespaced: kind.isNamespaced, isNamed: true)
        return .object(operations)
    }

    private static func parameters(isNamespaced: Bool, isNamed: Bool) -> JSON {
        func path(_ name: String) -> JSON {
            ["name": .string(name), "in": "path", "required": true, "schema": ["type": "string", "uniqueItems": true]]
        }
        return .array((isNamed ? [path("name")] : []) + (isNamespaced ? [path("namespace")] : []) + [query("pretty")])
    }

    static func query(_ name: String, type: String = "string") -> JSON {
        ["name": .string(name), "in": "query", "schema": ["type": .string(type), "uniqueItems": true]]
    }

    /// Writes operations of one kind of body.
    struct Writer {
        let kind: Kind
        let identity: JSON
        let component: String

        func operation(_ action: String, list: Bool = false) -> JSON {
            var members = JSONObject()
            members["operationId"] = .string(operationName(action))
            let queries = queries(action)
            if !queries.isEmpty { members["parameters"] = .array(queries) }
            if let types = bodyTypes(action) {
                let schema: JSON = action == "patch" ? ["type": "object"] : OpenAPI.reference(component)
                members["requestBody"] = [
                    "required": true,
                    "content": .object(JSONObject(types.map { .init(key: $0, value: ["schema": schema]) })),
                ]
            }
            let answer = OpenAPI.reference(list ? "\(component)List" : component)
            members["responses"] = ["200": ["description": "OK", "content": ["application/json": ["schema": answer]]]]
            members["x-kubernetes-action"] = .string(action)
            members["x-kubernetes-group-version-kind"] = identity
            return .object(members)
        }

        private func operationName(_ action: String) -> String {
            let group = kind.group.isEmpty ? "core" : kind.group
            return "\(action)_\(group)_\(kind.version)_\(kind.plural)_\(identity["kind"]?.string ?? "")"
        }

        private func queries(_ action: String) -> [JSON] {
            let writing = [OpenAPIPaths.query("dryRun"), OpenAPIPaths.query("fieldManager"), OpenAPIPaths.query("fieldValidation")]
            let selecting = ["continue", "fieldSelector", "labelSelector", "resourceVersion", "resourceVersionMatch"].map {
                OpenAPIPaths.query($0)
            }
            let listing = [OpenAPIPaths.query("limit", type: "integer"), OpenAPIPaths.query("timeoutSeconds", type: "integer")]
            switch action {
            case "post", "put": return writing
            case "patch": return writing + [OpenAPIPaths.query("force", type: "boolean")]
            case "delete":
                return [
                    OpenAPIPaths.query("dryRun"), OpenAPIPaths.query("gracePeriodSeconds", type: "integer"),
                    OpenAPIPaths.query("orphanDependents", type: "boolean"), OpenAPIPaths.query("propagationPolicy"),
                ]
            case "deletecollection": return [OpenAPIPaths.query("dryRun")] + selecting + listing
            case "list":
                return selecting + listing
                    + [
                        OpenAPIPaths.query("watch", type: "boolean"), OpenAPIPaths.query("allowWatchBookmarks", type: "boolean"),
                        OpenAPIPaths.query("sendInitialEvents", type: "boolean"),
                    ]
            default: return []
            }
        }

        private func bodyTypes(_ action: String) -> [String]? {
            switch action {
            case "post", "put": return ["*/*"]
            case "patch":
                let common = ["application/apply-patch+yaml", "application/json-patch+json", "application/merge-patch+json"]
                return kind.isCustomResource ? common : common + ["application/strategic-merge-patch+json"]
            default: return nil
            }
        }
    }
}
