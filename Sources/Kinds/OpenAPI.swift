public import Objects

/// OpenAPI v3 documents made from the kinds: what `kubectl explain`, `apply` and the validation of manifests read.
public enum OpenAPI {
    /// `GET /openapi/v3`: where each group-version's document is, with a hash of its content in the URL.
    ///
    /// Builds every document for its hash; keep the answer until the registry changes.
    public static func v3Index(_ registry: KindRegistry) -> JSON {
        var paths = JSONObject()
        for group in [""] + registry.groups {
            for version in registry.versions(group: group) {
                guard let document = v3(registry, group: group, version: version) else { continue }
                let path = group.isEmpty ? "api/\(version)" : "apis/\(group)/\(version)"
                let hash = SHA256.hexadecimal(document.encoded)
                paths[path] = ["serverRelativeURL": .string("/openapi/v3/\(path)?hash=\(hash)")]
            }
        }
        return ["paths": .object(JSONObject(paths.sorted { $0.key < $1.key }))]
    }

    /// `GET /openapi/v3/api/VERSION` or `/openapi/v3/apis/GROUP/VERSION`; `nil` when nothing is served there.
    public static func v3(_ registry: KindRegistry, group: String, version: String) -> JSON? {
        let kinds = registry.served(group: group, version: version)
        guard !kinds.isEmpty else { return nil }
        var components = OpenAPIComponents()
        for kind in kinds {
            components.add(kind)
            for sub in kind.subresources {
                let owner = sub.group.isEmpty ? (kind.group, kind.version) : (sub.group, sub.version)
                if let body = registry.kind(group: owner.0, version: owner.1, kind: sub.kind) { components.add(body) }
            }
        }
        var paths = JSONObject()
        for kind in kinds { OpenAPIPaths.add(kind, registry, to: &paths) }
        return [
            "openapi": "3.0.0",
            "info": ["title": "Sluice", "version": "v1"],
            "paths": .object(JSONObject(paths.sorted { $0.key < $1.key })),
            "components": ["schemas": .object(components.schemas)],
        ]
    }

    static func reference(_ name: String) -> JSON { ["$ref": .string("#/components/schemas/\(name)")] }

    static func groupVersionKind(_ group: String, _ version: String, _ kind: String) -> JSON {
        ["group": .string(group), "version": .string(version), "kind": .string(kind)]
    }
}

/// The named schemas of a document.
struct OpenAPIComponents {
    private var byName: [String: JSON] = [:]

    /// By name, so that the document is the same every time.
    var schemas: JSONObject { JSONObject(byName.sorted { $0.key < $1.key }.map { .init(key: $0.key, value: $0.value) }) }

    mutating func add(_ kind: Kind) {
        let facts = kind.schema.node.facts
        guard !facts.name.isEmpty else { return }
        add(kind.schema.node, kind.schema.table)
        let identity: JSON = [OpenAPI.groupVersionKind(kind.group, kind.version, kind.kind)]
        byName[facts.name]?["x-kubernetes-group-version-kind"] = identity
        guard kind.isStored, let metadata = KindFiles.listMeta else { return }
        add(metadata.node, metadata.table)
        byName["\(facts.name)List"] = [
            "type": "object", "required": ["items"],
            "properties": [
                "apiVersion": ["type": "string"], "kind": ["type": "string"],
                "items": ["type": "array", "items": OpenAPI.reference(facts.name)],
                "metadata": OpenAPI.reference(metadata.node.facts.name),
            ],
            "x-kubernetes-group-version-kind": [OpenAPI.groupVersionKind(kind.group, kind.version, kind.listKind)],
        ]
    }

    private mutating func add(_ node: SchemaNode, _ table: SchemaTable) {
        guard byName[node.facts.name] == nil else { return }
        // Taken before the walk, because a type may contain itself.
        byName[node.facts.name] = .null
        byName[node.facts.name] = body(node.facts, table)
    }

    /// A reference for a named type, the schema itself for one written in place.
    private mutating func schema(_ place: Int, _ table: SchemaTable) -> JSON {
        let node = table.nodes[place]
        guard !node.facts.name.isEmpty else { return body(node.facts, table) }
        add(node, table)
        return OpenAPI.reference(node.facts.name)
    }

    private mutating func body(_ facts: SchemaFacts, _ table: SchemaTable) -> JSON {
        var result = JSONObject()
        if !facts.description.isEmpty { result["description"] = .string(facts.description) }
        if !facts.type.openAPIType.isEmpty { result["type"] = .string(facts.type.openAPIType) }
        switch facts.type {
        case .quantity: result["oneOf"] = [["type": "string"], ["type": "number"]]
        case .intOrString:
            result["format"] = "int-or-string"
            result["oneOf"] = [["type": "integer"], ["type": "string"]]
        default: if !facts.format.isEmpty { result["format"] = .string(facts.format) }
        }
        if facts.isNullable { result["nullable"] = true }
        if !facts.properties.isEmpty {
            var properties = JSONObject()
            for property in facts.properties { properties[property.name] = self.property(property, table) }
            result["properties"] = .object(properties)
            let required = facts.properties.filter { $0.presence != .optional }.map { JSON.string($0.name) }
            if !required.isEmpty { result["required"] = .array(required) }
        }
        if let items = facts.items { result["items"] = schema(items, table) }
        if let values = facts.mapValues { result["additionalProperties"] = schema(values, table) }
        if let limits = facts.limits { addLimits(limits.values, to: &result) }
        addExtensions(facts, to: &result)
        return .object(result)
    }

    private mutating func property(_ property: Property, _ table: SchemaTable) -> JSON {
        var inner = schema(property.node, table)
        let hasMore = property.defaultValue != nil || !property.description.isEmpty || property.retainsKeysOnPatch
        guard hasMore else { return inner }
        // Nothing may stand beside a reference in OpenAPI 3.0.
        if inner["$ref"] != nil { inner = ["allOf": [inner]] }
        if !property.description.isEmpty {
            guard var members = inner.object else { return inner }
            members["description"] = nil
            members.prepend("description", .string(property.description))
            inner = .object(members)
        }
        if let value = property.defaultValue { inner["default"] = value }
        if property.retainsKeysOnPatch {
            let merges = inner["x-kubernetes-patch-strategy"] == "merge"
            inner["x-kubernetes-patch-strategy"] = merges ? "merge,retainKeys" : "retainKeys"
        }
        return inner
    }

    private func addLimits(_ limits: ValueLimits.Values, to result: inout JSONObject) {
        func set(_ key: String, _ count: Int?) { if let count { result[key] = .integer(Int64(count)) } }
        if !limits.allowed.isEmpty { result["enum"] = .array(limits.allowed) }
        if let bound = limits.minimum { result["minimum"] = bound }
        if let bound = limits.maximum { result["maximum"] = bound }
        if limits.isMinimumExclusive { result["exclusiveMinimum"] = true }
        if limits.isMaximumExclusive { result["exclusiveMaximum"] = true }
        if let factor = limits.multipleOf { result["multipleOf"] = factor }
        if let pattern = limits.pattern { result["pattern"] = .string(pattern.text) }
        set("minLength", limits.minLength)
        set("maxLength", limits.maxLength)
        set("minItems", limits.minItems)
        set("maxItems", limits.maxItems)
        set("minProperties", limits.minProperties)
        set("maxProperties", limits.maxProperties)
    }

    private func addExtensions(_ facts: SchemaFacts, to result: inout JSONObject) {
        if facts.preservesUnknown, facts.type == .object { result["x-kubernetes-preserve-unknown-fields"] = true }
        if facts.isEmbeddedResource { result["x-kubernetes-embedded-resource"] = true }
        if facts.isAtomicMap { result["x-kubernetes-map-type"] = "atomic" }
        if facts.declaresListType {
            switch facts.listType {
            case .atomic: result["x-kubernetes-list-type"] = "atomic"
            case .set: result["x-kubernetes-list-type"] = "set"
            case .map(let keys):
                result["x-kubernetes-list-map-keys"] = .array(keys.map { .string($0) })
                result["x-kubernetes-list-type"] = "map"
            }
        }
        if let key = facts.mergeKey { result["x-kubernetes-patch-merge-key"] = .string(key) }
        if facts.mergesOnPatch { result["x-kubernetes-patch-strategy"] = "merge" }
    }
}
