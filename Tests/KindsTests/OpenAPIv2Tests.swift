import Kinds
import Objects
import Testing

struct OpenAPIv2Tests {
    let registry: KindRegistry
    let document: JSON

    init() throws {
        registry = try KindRegistry.builtIn()
        document = OpenAPI.v2(registry)
    }

    private var definitions: JSONObject { document["definitions"]?.object ?? JSONObject() }

    private func references(_ value: JSON) -> [String] {
        switch value {
        case .object(let members):
            members.flatMap { member in
                if member.key == "$ref", let target = member.value.string { [target] } else { references(member.value) }
            }
        case .array(let list): list.flatMap(references)
        default: []
        }
    }

    @Test func `the document resolves its own references`() throws {
        #expect(document["swagger"] == "2.0")
        let targets = Set(references(document))
        #expect(targets.count > 100)
        for target in targets {
            let name = try #require(
                target.hasPrefix("#/definitions/") ? String(target.dropFirst("#/definitions/".count)) : nil, "\(target)")
            #expect(definitions[name] != nil, "\(target)")
        }
    }

    @Test func `every served kind and its list have one definition that names them`() {
        var count: [JSON: Int] = [:]
        for definition in definitions {
            for identity in definition.value["x-kubernetes-group-version-kind"]?.array ?? [] { count[identity, default: 0] += 1 }
        }
        for kind in registry.kinds {
            for name in kind.isStored ? [kind.kind, kind.listKind] : [kind.kind] {
                let identity: JSON = ["group": .string(kind.group), "version": .string(kind.version), "kind": .string(name)]
                #expect(count[identity] == 1, "\(kind.apiVersion) \(name)")
            }
        }
    }

    @Test func `no word of OpenAPI 3 is left`() {
        var found: [String] = []
        func walk(_ schema: JSON, _ place: String) {
            for word in ["oneOf", "anyOf", "allOf", "nullable"] where schema[word] != nil { found.append("\(place) \(word)") }
            if schema["type"] == "array", schema["items"] == nil { found.append("\(place) without items") }
            if schema["$ref"] != nil, schema["type"] != nil || schema["properties"] != nil { found.append("\(place) $ref and more") }
            for member in schema["properties"]?.object ?? JSONObject() { walk(member.value, "\(place).\(member.key)") }
            for key in ["items", "additionalProperties"] { if let inner = schema[key] { walk(inner, "\(place).\(key)") } }
        }
        for definition in definitions { walk(definition.value, definition.key) }
        #expect(found == [])
        #expect(!document.encoded.isEmpty)
        #expect(document["paths"]?["/api/v1/nodes"]?["post"]?["requestBody"] == nil)
    }

    @Test(
        arguments: [
            ("io.k8s.api.core.v1.PodSpec", "containers", "x-kubernetes-patch-merge-key", "name"),
            ("io.k8s.api.core.v1.PodSpec", "volumes", "x-kubernetes-patch-strategy", "merge,retainKeys"),
            ("io.k8s.api.core.v1.PodSpec", "containers", "x-kubernetes-list-type", "map"),
            ("io.k8s.api.apps.v1.Deployment", "spec", "$ref", "#/definitions/io.k8s.api.apps.v1.DeploymentSpec"),
            ("io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "name", "type", "string"),
        ] as [(String, String, String, JSON)])
    func `what kubectl patches by is there`(_ definition: String, _ property: String, _ key: String, _ wanted: JSON) {
        #expect(document["definitions"]?[definition]?["properties"]?[property]?[key] == wanted)
    }

    @Test func `values of several types are strings`() {
        let limits = document["definitions"]?["io.k8s.api.core.v1.ResourceRequirements"]?["properties"]?["limits"]
        #expect(limits?["additionalProperties"]?["type"] == "string")
        let surge = document["definitions"]?["io.k8s.api.apps.v1.RollingUpdateDeployment"]?["properties"]?["maxSurge"]
        #expect(surge?["type"] == "string")
        #expect(surge?["format"] == "int-or-string")
    }

    @Test func `every kind that is patched says that it knows dry runs`() throws {
        let items = try #require(document["paths"]?.object)
        for kind in registry.kinds where !kind.plural.isEmpty && kind.verbs.contains("patch") {
            let identity: JSON = ["group": .string(kind.group), "version": .string(kind.version), "kind": .string(kind.kind)]
            let patch = items.first { $0.value["patch"]?["x-kubernetes-group-version-kind"] == identity }?.value["patch"]
            let parameter = patch?["parameters"]?.array?.first { $0["name"] == "dryRun" }
            #expect(parameter?["in"] == "query", "\(kind.kind)")
            #expect(parameter?["type"] == "string", "\(kind.kind)")
            #expect(patch?["parameters"]?.array?.first?["in"] == "body", "\(kind.kind)")
        }
    }

    @Test func `a custom resource comes and goes with its definition`() throws {
        var changed = registry
        changed.unregister(group: "sluice.dev", plural: "nodegroups")
        #expect(OpenAPI.v2(changed)["paths"]?["/apis/sluice.dev/v1alpha1/nodegroups"] == nil)
        #expect(document["paths"]?["/apis/sluice.dev/v1alpha1/nodegroups"] != nil)
        #expect(OpenAPI.v2Protobuf(changed) != OpenAPI.v2Protobuf(registry))
        #expect(OpenAPI.v2Protobuf(registry) == OpenAPI.v2Protobuf(registry))
    }

    @Test func `nothing is declared that would make a client refuse what the server takes`() throws {
        let definition = json(
            #"""
            {"metadata":{"name":"things.a.example"},"spec":{"group":"a.example","scope":"Namespaced",
             "names":{"plural":"things","singular":"thing","kind":"Thing","listKind":"ThingList"},
             "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","properties":{
              "open":{"type":"object","description":"Free.","required":["a"],"properties":{"a":{"type":"string"}},
               "x-kubernetes-preserve-unknown-fields":true},
              "gap":{"type":"integer","nullable":true}}}}}]}}
            """#)
        var changed = registry
        changed.register(try Kind.fromCustomResourceDefinition(definition))
        let things = OpenAPI.v2(changed)["definitions"]?.object?.first { member in
            member.value["x-kubernetes-group-version-kind"] == [["group": "a.example", "version": "v1", "kind": "Thing"]]
        }
        let properties = try #require(things?.value["properties"])
        #expect(properties["open"] == ["description": "Free.", "type": "object", "x-kubernetes-preserve-unknown-fields": true])
        #expect(properties["gap"] == ["type": "integer"])
    }

    // MARK: - Protobuf

    @Test func `the protobuf form says what the JSON form says`() throws {
        let read = try Gnostic.document(OpenAPI.v2Protobuf(registry))
        #expect(read["swagger"] == "2.0")
        #expect(read["info"] == document["info"])
        let readDefinitions = try #require(read["definitions"]?.object)
        #expect(readDefinitions.keys == definitions.keys)
        for definition in definitions {
            #expect(readDefinitions[definition.key] == withoutZeroBounds(definition.value), "\(definition.key)")
        }
        let paths = try #require(document["paths"]?.object)
        let readPaths = try #require(read["paths"]?.object)
        #expect(readPaths.keys == paths.keys)
        for path in paths { #expect(readPaths[path.key] == path.value, "\(path.key)") }
    }

    /// A bound of zero and no bound are the same in that message, whose numbers cannot be absent.
    private func withoutZeroBounds(_ schema: JSON) -> JSON {
        var result = schema
        for bound in ["minimum", "maximum", "minLength", "minItems", "minProperties"] where result[bound]?.double == 0 {
            result[bound] = nil
        }
        for key in ["items", "additionalProperties"] { if let inner = result[key] { result[key] = withoutZeroBounds(inner) } }
        for member in result["properties"]?.object ?? JSONObject() {
            result["properties"]?[member.key] = withoutZeroBounds(member.value)
        }
        return result
    }

    @Test func `the document stays small`() {
        #expect(document.encoded.count < 1 << 20)
        #expect(OpenAPI.v2Protobuf(registry).count < document.encoded.count)
    }
}

/// Reads gnostic's messages back, by tables of field numbers written for the test alone.
private enum Gnostic {
    indirect enum Form: Sendable {
        case text, flag, count, number, yaml
        case message([Int: (String, Form)])
        /// A list of texts or messages.
        case list(Form)
        /// Names with values.
        case map(Form)
        /// A list of one, standing for the one.
        case only(Form)
        case schema
    }

    static let extensions = ("x-", Form.map(.yaml))
    static let schemaFields: [Int: (String, Form)] = [
        1: ("$ref", .text), 2: ("format", .text), 4: ("description", .text), 5: ("default", .yaml), 6: ("multipleOf", .number),
        7: ("maximum", .number), 8: ("exclusiveMaximum", .flag), 9: ("minimum", .number), 10: ("exclusiveMinimum", .flag),
        11: ("maxLength", .count), 12: ("minLength", .count), 13: ("pattern", .text), 14: ("maxItems", .count), 15: ("minItems", .count),
        16: ("uniqueItems", .flag), 17: ("maxProperties", .count), 18: ("minProperties", .count), 19: ("required", .list(.text)),
        20: ("enum", .list(.yaml)), 21: ("additionalProperties", .only(.schema)), 22: ("type", .only(.text)),
        23: ("items", .only(.schema)), 25: ("properties", .message([1: ("", .map(.schema))])), 31: extensions,
    ]
    static let query: Form = .message([
        1: ("required", .flag), 2: ("in", .text), 4: ("name", .text), 6: ("type", .text), 20: ("uniqueItems", .flag),
    ])
    static let path: Form = .message([
        1: ("required", .flag), 2: ("in", .text), 4: ("name", .text), 5: ("type", .text), 19: ("uniqueItems", .flag),
    ])
    static let parameter: Form = .message([
        1: (
            "",
            .message([
                1: ("", .message([2: ("name", .text), 3: ("in", .text), 4: ("required", .flag), 5: ("schema", .schema)])),
                2: ("", .message([3: ("", query), 4: ("", path)])),
            ])
        )
    ])
    static let response: Form = .only(.message([1: ("description", .text), 2: ("schema", .only(.schema))]))
    static let operation: Form = .message([
        5: ("operationId", .text), 6: ("produces", .list(.text)), 7: ("consumes", .list(.text)), 8: ("parameters", .list(parameter)),
        9: ("responses", .message([1: ("", .map(response))])), 13: extensions,
    ])
    static let item: Form = .message([
        2: ("get", operation), 3: ("put", operation), 4: ("post", operation), 5: ("delete", operation), 8: ("patch", operation),
        9: ("parameters", .list(parameter)),
    ])

    static func document(_ bytes: [UInt8]) throws -> JSON {
        try value(
            bytes[...],
            .message([
                1: ("swagger", .text), 2: ("info", .message([1: ("title", .text), 2: ("version", .text)])),
                8: ("paths", .message([2: ("", .map(item))])), 9: ("definitions", .message([1: ("", .map(.schema))])),
            ]))
    }

    private static func value(_ bytes: ArraySlice<UInt8>, _ form: Form) throws -> JSON {
        switch form {
        case .text: return .string(String(decoding: bytes, as: UTF8.self))
        case .yaml: return try JSON(parsing: text(bytes, 2))
        case .only(let inner):
            var result: JSON = .null
            for field in try fields(bytes) {
                try #require(field.number == 1)
                result = try value(field.bytes, inner)
            }
            return result
        case .schema: return try value(bytes, .message(schemaFields))
        case .message(let known): return try message(bytes, known)
        case .list(let inner), .map(let inner): return try value(bytes, inner)
        case .flag, .count, .number: throw Malformed()
        }
    }

    private static func message(_ bytes: ArraySlice<UInt8>, _ known: [Int: (String, Form)]) throws -> JSON {
        var result = JSONObject()
        for field in try fields(bytes) {
            let (name, form) = try #require(known[field.number], "field \(field.number)")
            switch form {
            case .flag: result[name] = .bool(field.scalar == 1)
            case .count: result[name] = .integer(Int64(field.scalar))
            case .number:
                let number = Double(bitPattern: field.scalar)
                result[name] = number == number.rounded() ? .integer(Int64(number)) : JSON(number)
            case .list(let inner): result[name] = .array((result[name]?.array ?? []) + [try value(field.bytes, inner)])
            case .map(let inner):
                let key = try text(field.bytes, 1)
                let content = try #require(try fields(field.bytes).first { $0.number == 2 })
                result[key] = try value(content.bytes, inner)
            case _ where name.isEmpty: return try value(field.bytes, form)
            default: result[name] = try value(field.bytes, form)
            }
        }
        return .object(result)
    }

    private static func text(_ bytes: ArraySlice<UInt8>, _ number: Int) throws -> String {
        String(decoding: try #require(try fields(bytes).first { $0.number == number }).bytes, as: UTF8.self)
    }

    struct Malformed: Error {}

    private static func fields(_ bytes: ArraySlice<UInt8>) throws -> [(number: Int, scalar: UInt64, bytes: ArraySlice<UInt8>)] {
        var rest = bytes
        var result: [(number: Int, scalar: UInt64, bytes: ArraySlice<UInt8>)] = []
        func varint() throws -> UInt64 {
            var (number, shift) = (UInt64(0), UInt64(0))
            while let byte = rest.popFirst() {
                number |= UInt64(byte & 0x7F) << shift
                if byte < 0x80 { return number }
                shift += 7
            }
            throw Malformed()
        }
        while !rest.isEmpty {
            let tag = try varint()
            switch tag & 7 {
            case 0: result.append((Int(tag >> 3), try varint(), []))
            case 1:
                result.append((Int(tag >> 3), rest.prefix(8).reversed().reduce(0) { $0 << 8 | UInt64($1) }, []))
                rest = rest.dropFirst(8)
            case 2:
                let length = Int(try varint())
                try #require(length <= rest.count)
                result.append((Int(tag >> 3), 0, rest.prefix(length)))
                rest = rest.dropFirst(length)
            default: throw Malformed()
            }
        }
        return result
    }
}
