public import Objects

extension OpenAPI {
    /// `GET /openapi/v2`: one Swagger 2.0 document of all kinds and their paths, which older clients read.
    ///
    /// Swagger knows no alternatives, so quantities and numbers-or-names are declared as strings, as Kubernetes does.
    public static func v2(_ registry: KindRegistry) -> JSON {
        var components = OpenAPIComponents()
        var paths = JSONObject()
        for kind in registry.kinds {
            components.add(kind)
            if !kind.plural.isEmpty { OpenAPIPaths.add(kind, registry, to: &paths) }
        }
        let definitions = components.schemas.map { JSONObject.Member(key: $0.key, value: Swagger.schema($0.value)) }
        let sorted = paths.sorted { $0.key < $1.key }.map { JSONObject.Member(key: $0.key, value: Swagger.pathItem($0.value)) }
        return [
            "swagger": "2.0",
            "info": ["title": "Sluice", "version": "v1"],
            "paths": .object(JSONObject(sorted)),
            "definitions": .object(JSONObject(definitions)),
        ]
    }
}

/// Writes parts of an OpenAPI 3.0 document in the words of Swagger 2.0.
enum Swagger {
    /// Members whose values are schemas by name, one schema, or data; only schemas are rewritten.
    static func schema(_ value: JSON) -> JSON {
        guard let members = value.object else { return value }
        var result = JSONObject()
        for member in members {
            switch member.key {
            case "$ref": result["$ref"] = reference(member.value)
            // What stands beside a reference is allowed in Swagger as Kubernetes writes it, so no detour is needed.
            case "allOf":
                if let inner = member.value.array?.first?["$ref"] { result["$ref"] = reference(inner) }
            case "oneOf", "nullable": continue
            case "properties":
                let properties = (member.value.object ?? JSONObject()).map { JSONObject.Member(key: $0.key, value: schema($0.value)) }
                result["properties"] = .object(JSONObject(properties))
            case "items", "additionalProperties": result[member.key] = schema(member.value)
            default: result[member.key] = member.value
            }
        }
        if value["oneOf"] != nil { result["type"] = "string" }
        // Clients refuse members that are not among the declared ones, so none may be declared here, as Kubernetes does it too.
        if value["x-kubernetes-preserve-unknown-fields"] == true {
            for key in ["properties", "required"] { result[key] = nil }
        }
        // Readers expect lists to say of what.
        if value["type"] == "array", result["items"] == nil { result["items"] = .object(JSONObject()) }
        return .object(result)
    }

    static func pathItem(_ value: JSON) -> JSON {
        var result = JSONObject()
        for member in value.object ?? JSONObject() {
            result[member.key] = member.key == "parameters" ? parameters(member.value) : operation(member.value)
        }
        return .object(result)
    }

    private static func reference(_ target: JSON) -> JSON {
        .string("#/definitions/" + (target.string ?? "").split(separator: "/").suffix(1).joined())
    }

    private static func operation(_ value: JSON) -> JSON {
        var result = JSONObject()
        for member in value.object ?? JSONObject() {
            switch member.key {
            case "parameters", "requestBody": continue
            case "responses":
                result["produces"] = ["application/json"]
                result["responses"] = responses(member.value)
            default: result[member.key] = member.value
            }
        }
        var list = parameters(value["parameters"] ?? []).array ?? []
        if let body = value["requestBody"], let content = body["content"]?.object, let first = content.first {
            result["consumes"] = .array(content.keys.map { .string($0) })
            let inner = schema(first.value["schema"] ?? .object(JSONObject()))
            list.insert(["name": "body", "in": "body", "required": true, "schema": inner], at: 0)
        }
        if !list.isEmpty { result["parameters"] = .array(list) }
        return .object(result)
    }

    /// Parameters outside of the body carry their type themselves.
    private static func parameters(_ value: JSON) -> JSON {
        .array(
            (value.array ?? []).map { parameter in
                var result = JSONObject()
                for member in parameter.object ?? JSONObject() {
                    guard member.key == "schema" else {
                        result[member.key] = member.value
                        continue
                    }
                    for inner in member.value.object ?? JSONObject() { result[inner.key] = inner.value }
                }
                return .object(result)
            })
    }

    private static func responses(_ value: JSON) -> JSON {
        var result = JSONObject()
        for member in value.object ?? JSONObject() {
            var response = JSONObject()
            response["description"] = member.value["description"] ?? ""
            if let answer = member.value["content"]?.object?.first?.value["schema"] { response["schema"] = schema(answer) }
            result[member.key] = .object(response)
        }
        return .object(result)
    }
}
