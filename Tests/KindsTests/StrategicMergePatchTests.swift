import Kinds
import Objects
import Testing

struct StrategicMergePatchTests {
    let registry: KindRegistry

    init() throws { registry = try KindRegistry.builtIn() }

    struct Case: CustomTestStringConvertible {
        var name: String
        var object: String
        var patch: String
        var result: String
        var testDescription: String { name }
        init(_ name: String, _ object: String, _ patch: String, _ result: String) {
            (self.name, self.object, self.patch, self.result) = (name, object, patch, result)
        }
    }

    @Test(arguments: [
        Case(
            "items with the key are merged", #"{"containers":[{"name":"a","image":"1","args":["x"]}]}"#,
            #"{"containers":[{"name":"a","image":"2"}]}"#, #"{"containers":[{"name":"a","image":"2","args":["x"]}]}"#),
        Case(
            "a new item goes before the server's own", #"{"containers":[{"name":"a"}]}"#, #"{"containers":[{"name":"b"}]}"#,
            #"{"containers":[{"name":"b"},{"name":"a"}]}"#),
        Case(
            "a patched item keeps its place before a new one", #"{"containers":[{"name":"a"},{"name":"b"}]}"#,
            #"{"containers":[{"name":"b","image":"2"},{"name":"c"}]}"#,
            #"{"containers":[{"name":"a"},{"name":"b","image":"2"},{"name":"c"}]}"#),
        Case(
            "delete by key", #"{"containers":[{"name":"a"},{"name":"b"}]}"#, #"{"containers":[{"name":"a","$patch":"delete"}]}"#,
            #"{"containers":[{"name":"b"}]}"#),
        Case(
            "replace a list", #"{"containers":[{"name":"a"},{"name":"b"}]}"#, #"{"containers":[{"$patch":"replace"},{"name":"z"}]}"#,
            #"{"containers":[{"name":"z"}]}"#),
        Case(
            "replace an object", #"{"securityContext":{"runAsUser":1,"fsGroup":2}}"#,
            #"{"securityContext":{"$patch":"replace","runAsUser":3}}"#, #"{"securityContext":{"runAsUser":3}}"#),
        Case(
            "delete an object", #"{"securityContext":{"runAsUser":1},"hostPID":true}"#, #"{"securityContext":{"$patch":"delete"}}"#,
            #"{"hostPID":true}"#),
        Case(
            "merge is the same as nothing", #"{"securityContext":{"runAsUser":1}}"#, #"{"securityContext":{"$patch":"merge","fsGroup":2}}"#,
            #"{"securityContext":{"runAsUser":1,"fsGroup":2}}"#),
        Case("null removes a member", #"{"nodeName":"n","hostPID":true}"#, #"{"nodeName":null}"#, #"{"hostPID":true}"#),
        Case(
            "a list without a merge key is replaced", #"{"tolerations":[{"key":"a"}]}"#, #"{"tolerations":[{"key":"b"}]}"#,
            #"{"tolerations":[{"key":"b"}]}"#),
        Case(
            "the order of a list is set", #"{"containers":[{"name":"a"},{"name":"b"}]}"#,
            #"{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}]}"#, #"{"containers":[{"name":"b"},{"name":"a"}]}"#),
        Case(
            "the order of a list with a new item is set", #"{"containers":[{"name":"a"},{"name":"b"}]}"#,
            #"{"$setElementOrder/containers":[{"name":"c"},{"name":"b"},{"name":"a"}],"containers":[{"name":"c"}]}"#,
            #"{"containers":[{"name":"c"},{"name":"b"},{"name":"a"}]}"#),
        Case(
            "retained keys", #"{"volumes":[{"name":"v","emptyDir":{}}]}"#,
            #"{"volumes":[{"name":"v","$retainKeys":["name","configMap"],"configMap":{"name":"k"}}]}"#,
            #"{"volumes":[{"name":"v","configMap":{"name":"k"}}]}"#),
        Case(
            "nested lists merge by their own keys", #"{"containers":[{"name":"a","env":[{"name":"A","value":"1"}]}]}"#,
            #"{"containers":[{"name":"a","env":[{"name":"A","value":"2"},{"name":"B"}]}]}"#,
            #"{"containers":[{"name":"a","env":[{"name":"A","value":"2"},{"name":"B"}]}]}"#),
        Case(
            "directives of a new object do not stay", #"{}"#, #"{"securityContext":{"$patch":"replace","runAsUser":3}}"#,
            #"{"securityContext":{"runAsUser":3}}"#),
    ])
    func `a pod's spec is patched`(_ c: Case) throws {
        let schema = try #require(registry.kind(group: "", version: "v1", kind: "Pod")?.schema)
        let result = try StrategicMergePatch.apply(json(#"{"spec":\#(c.patch)}"#), to: json(#"{"spec":\#(c.object)}"#), schema: schema)
        #expect(result == json(#"{"spec":\#(c.result)}"#), "\(result.text)")
    }

    @Test func `finalizers are a set of texts`() throws {
        let schema = try #require(registry.kind(group: "", version: "v1", kind: "Pod")?.schema)
        let object = json(#"{"metadata":{"finalizers":["a","b"]}}"#)
        let added = try StrategicMergePatch.apply(json(#"{"metadata":{"finalizers":["b","c"]}}"#), to: object, schema: schema)
        #expect(Set(added["metadata"]?["finalizers"]?.array ?? []) == ["a", "b", "c"])
        let removed = try StrategicMergePatch.apply(
            json(#"{"metadata":{"$deleteFromPrimitiveList/finalizers":["a"]}}"#), to: object, schema: schema)
        #expect(removed == json(#"{"metadata":{"finalizers":["b"]}}"#))
    }

    @Test(arguments: [
        (
            "no merge key", #"{"spec":{"containers":[{"image":"nokey"}]}}"#,
            "map: map[image:nokey] does not contain declared merge key: name"
        ),
        (
            "unknown directive", #"{"spec":{"containers":[{"name":"c","$patch":"bogus"}]}}"#,
            "unknown patch type: bogus in map: map[$patch:bogus name:c]"
        ),
        ("no object", "[]", "cannot apply a strategic merge patch that is not an object"),
    ])
    func `a malformed patch is refused in Kubernetes' words`(_ name: String, _ patch: String, _ message: String) throws {
        let schema = try #require(registry.kind(group: "", version: "v1", kind: "Pod")?.schema)
        #expect(throws: PatchError(reason: .malformed, message: message)) {
            try StrategicMergePatch.apply(json(patch), to: json(#"{"spec":{"containers":[{"name":"c"}]}}"#), schema: schema)
        }
    }

    @Test(.needsRecordings) func `the recorded patches of a deployment give the recorded objects`() throws {
        let kind = try #require(registry.kind(group: "apps", version: "v1", kind: "Deployment"))
        var object: JSON?
        var compared = 0
        for exchange in try Recordings.exchanges("write__strategic_merge_patch") {
            if exchange.path.hasSuffix("/deployments") { object = exchange.response }
            guard exchange.method == "PATCH", let patch = exchange.body, let before = object else { continue }
            if exchange.contentType.contains("strategic") {
                if exchange.status == 200 {
                    var mine = try StrategicMergePatch.apply(patch, to: before, schema: kind.schema)
                    kind.applyDefaults(to: &mine)
                    #expect(mine["spec"] == exchange.response["spec"], "\(patch.text)\n\(mine["spec"]?.text ?? "")")
                    #expect(mine["metadata"]?["labels"] == exchange.response["metadata"]?["labels"])
                    #expect(mine["metadata"]?["finalizers"] == exchange.response["metadata"]?["finalizers"])
                } else {
                    let error = #expect(throws: PatchError.self) { try StrategicMergePatch.apply(patch, to: before, schema: kind.schema) }
                    #expect(error?.message == exchange.response["message"]?.string)
                }
                compared += 1
            } else {
                #expect(MergePatch.apply(patch, to: before)["spec"] == exchange.response["spec"])
            }
            if exchange.status == 200 { object = exchange.response }
        }
        #expect(compared == 13)
    }
}
