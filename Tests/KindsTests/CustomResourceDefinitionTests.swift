import Kinds
import Objects
import Testing

struct CustomResourceDefinitionTests {
    private func definition(_ schema: String, version: String = "", group: String = "a.example", name: String? = nil) -> JSON {
        json(
            #"""
            {"metadata":{"name":"\#(name ?? "things.\(group)")"},"spec":{"group":"\#(group)","scope":"Namespaced",
             "names":{"plural":"things","singular":"thing","kind":"Thing","listKind":"ThingList","shortNames":["th"],"categories":["all"]},
             "versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":\#(schema)}\#(version)}]}}
            """#)
    }

    private static let spec =
        #"{"type":"object","properties":{"spec":{"type":"object","properties":{"size":{"type":"integer","minimum":1,"#
        + #""maximum":10,"default":3},"color":{"type":"string","enum":["red","blue"],"default":"red"},"#
        + #""name":{"type":"string","pattern":"^[a-z]+$","maxLength":5},"tags":{"type":"array","items":{"type":"string"},"#
        + #""maxItems":2,"x-kubernetes-list-type":"set"},"port":{"x-kubernetes-int-or-string":true},"#
        + #""free":{"type":"object","x-kubernetes-preserve-unknown-fields":true},"n":{"type":"object","#
        + #""properties":{"deep":{"type":"boolean","default":true}}},"ports":{"type":"array","#
        + #""x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["port"],"items":{"type":"object","#
        + #""required":["port"],"properties":{"port":{"type":"integer"}}}}}}}}"#

    private func kind() throws -> Kind {
        let version =
            #","subresources":{"status":{},"scale":{"specReplicasPath":".spec.size","statusReplicasPath":".status.size"}},"#
            + #""additionalPrinterColumns":[{"name":"Size","type":"integer","jsonPath":".spec.size","priority":1}],"#
            + #""selectableFields":[{"jsonPath":".spec.color"}]"#
        let kinds = try Kind.fromCustomResourceDefinition(definition(Self.spec, version: version))
        return try #require(kinds.first)
    }

    @Test func `a definition gives names, columns, sub-resources and fields`() throws {
        let kind = try kind()
        #expect(kind.apiVersion == "a.example/v1")
        #expect(kind.shortNames == ["th"])
        #expect(kind.columns.map(\.name) == ["Name", "Size"])
        #expect(kind.columns[1].jsonPath?.evaluate(json(#"{"spec":{"size":4}}"#)) == [4])
        #expect(kind.subresources.map(\.name) == ["status", "scale"])
        #expect(kind.scale?.specReplicas == ".spec.size")
        #expect(kind.selectableFields == ["metadata.name", "metadata.namespace", "spec.color"])
        #expect(kind.isCustomResource && kind.hasStatus)
        #expect(kind.verbs == ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"])
    }

    @Test func `objects are defaulted and pruned by the schema, their metadata too`() throws {
        let kind = try kind()
        var object = json(
            #"{"metadata":{"name":"a","creationTimestamp":null,"nosuch":1},"spec":{"unknown":1,"n":{"zz":1},"free":{"keep":1}}}"#)
        #expect(kind.prune(&object) == ["metadata.nosuch", "spec.n.zz", "spec.unknown"])
        kind.applyDefaults(to: &object)
        #expect(object == json(#"{"metadata":{"name":"a"},"spec":{"n":{"deep":true},"free":{"keep":1},"size":3,"color":"red"}}"#))
        #expect(kind.validate(object) == [])
    }

    @Test(arguments: [
        ("size", #"{"size":99}"#, ["spec.size: Invalid value: 99: spec.size in body should be less than or equal to 10"]),
        ("color", #"{"color":"green"}"#, [#"spec.color: Unsupported value: "green": supported values: "red", "blue""#]),
        ("name too long", #"{"name":"toolong"}"#, ["spec.name: Too long: may not be more than 5 bytes"]),
        ("name of the wrong form", #"{"name":"A"}"#, ["spec.name: Invalid value: \"A\": spec.name in body should match '^[a-z]+$'"]),
        ("set", #"{"tags":["a","a"]}"#, [#"spec.tags[1]: Duplicate value: "a""#]),
        ("too many", #"{"tags":["a","b","c"]}"#, ["spec.tags: Too many: 3: must have at most 2 items"]),
        ("map list", #"{"ports":[{"port":1},{"port":1}]}"#, [#"spec.ports[1]: Duplicate value: {"port":1}"#]),
        ("required", #"{"ports":[{}]}"#, ["spec.ports[0].port: Required value"]),
        ("type", #"{"size":"x"}"#, [#"spec.size: Invalid value: "string": spec.size in body must be of type integer: "string""#]),
        ("an integer by value", #"{"size":4.0}"#, []),
        (
            "int or string", #"{"port":true}"#,
            [#"spec.port: Invalid value: "boolean": spec.port in body must be of type integer,string: "boolean""#]
        ),
    ])
    func `objects are validated in the structural validator's words`(_ name: String, _ spec: String, _ errors: [String]) throws {
        #expect(try kind().validate(json(#"{"spec":\#(spec)}"#)).map(\.description) == errors, "\(name)")
    }

    @Test(arguments: [
        ("alternatives", #"{"anyOf":[{"required":["a"]},{"required":["b"]}]}"#, #"{}"#, 1),
        ("one alternative fits", #"{"anyOf":[{"required":["a"]},{"required":["b"]}]}"#, #"{"b":"x"}"#, 0),
        ("exactly one", #"{"oneOf":[{"required":["a"]},{"required":["b"]}]}"#, #"{"a":"x","b":"x"}"#, 1),
        ("not", #"{"not":{"required":["a"]}}"#, #"{"a":"x"}"#, 1),
        ("all", #"{"allOf":[{"properties":{"a":{"enum":["x"]}}},{"properties":{"a":{"minLength":2}}}]}"#, #"{"a":"y"}"#, 2),
    ])
    func `alternatives are checked`(_ name: String, _ rule: String, _ spec: String, _ count: Int) throws {
        var inner = json(#"{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}}}"#)
        for member in json(rule).object ?? JSONObject() { inner[member.key] = member.value }
        let kind = try Kind.fromCustomResourceDefinition(definition(#"{"type":"object","properties":{"spec":\#(inner.text)}}"#))[0]
        #expect(kind.validate(json(#"{"spec":\#(spec)}"#)).count == count, "\(name)")
    }

    @Test func `a deprecated version warns, and a version that is not served brings no kind`() throws {
        let deprecated = try Kind.fromCustomResourceDefinition(definition(#"{"type":"object"}"#, version: #","deprecated":true"#))
        #expect(deprecated[0].deprecationWarning == "a.example/v1 Thing is deprecated")
        var unserved = definition(#"{"type":"object"}"#)
        var version = unserved["spec"]?["versions"]?.array?[0] ?? .null
        version["served"] = false
        unserved["spec", "versions"] = [version]
        #expect(try Kind.fromCustomResourceDefinition(unserved).isEmpty)
    }

    @Test func `a pattern that would need unbounded time is refused or bounded`() throws {
        let schema = #"{"type":"object","properties":{"a":{"type":"string","pattern":"(a{1000}){1000}"}}}"#
        let error = #expect(throws: FieldErrors.self) { try Kind.fromCustomResourceDefinition(definition(schema)) }
        #expect(error?.errors.first?.path == "spec.validation.openAPIV3Schema.properties[a].pattern")
    }

    @Test(.needsRecordings) func `invalid definitions are refused with the recorded causes`() throws {
        var compared = 0
        for exchange in try Recordings.exchanges("crd__invalid_crds") where exchange.status == 422 {
            // Rules in CEL are checked elsewhere.
            guard let body = exchange.body, !body.text.contains("x-kubernetes-validations") else { continue }
            let error = #expect(throws: FieldErrors.self) { try Kind.fromCustomResourceDefinition(body) }
            let causes = exchange.response["details"]?["causes"]?.array ?? []
            #expect((error?.errors ?? []).map(\.path) == causes.map { $0["field"]?.string ?? "" })
            #expect((error?.errors ?? []).map(\.message) == causes.map { $0["message"]?.string ?? "" })
            #expect((error?.errors ?? []).map(\.reason.rawValue) == causes.map { $0["reason"]?.string ?? "" })
            compared += 1
        }
        #expect(compared == 6)
    }

    @Test(.needsRecordings) func `custom objects are stored and refused as recorded`() throws {
        let exchanges = try Recordings.exchanges("crd__schema")
        var kind: Kind?
        var compared = 0
        for exchange in exchanges where exchange.method == "POST" {
            guard let body = exchange.body else { continue }
            if body["kind"] == "CustomResourceDefinition" { kind = try Kind.fromCustomResourceDefinition(body).first }
            guard let kind, body["kind"] == "Schema" else { continue }
            compared += 1
            var object = body
            let dropped = kind.prune(&object)
            kind.applyDefaults(to: &object)
            if exchange.status == 201 {
                #expect(object["spec"] == exchange.response["spec"])
            } else if exchange.status == 422 {
                let causes = exchange.response["details"]?["causes"]?.array ?? []
                #expect(Set(kind.validate(object).map(\.message)) == Set(causes.map { $0["message"]?.string ?? "" }))
            } else if exchange.status == 400, body["apiVersion"] == .string(kind.apiVersion) {
                #expect(dropped == ["spec.n.zz", "spec.unknown"])
            }
        }
        #expect(compared >= 6)
    }
}
