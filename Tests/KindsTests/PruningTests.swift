import Kinds
import Objects
import Testing

struct PruningTests {
    let registry: KindRegistry

    init() throws { registry = try KindRegistry.builtIn() }

    @Test func `a valid object of every stored kind passes unchanged`() throws {
        for (kind, text) in Samples.all(registry) {
            var object = json(text)
            #expect(kind.prune(&object) == [], "\(kind.kind)")
            if kind.kind != "VirtualMachine" { #expect(object.text == json(text).text, "\(kind.kind)") }
            kind.applyDefaults(to: &object)
            #expect(kind.validate(object) == [], "\(kind.kind)")
            #expect(kind.validate(object, old: object) == [], "\(kind.kind)")
        }
    }

    @Test func `unknown fields are dropped and named with their places`() throws {
        let pod = try #require(registry.kind(group: "", version: "v1", kind: "Pod"))
        var object = json(
            #"{"metadata":{"name":"p","nosuch":1},"spec":{"containers":[{"name":"c","image":"i","resources":{"foo":1},"#
                + #""imagee":"x"}]},"extra":{}}"#
        )
        #expect(
            pod.prune(&object) == ["metadata.nosuch", "spec.containers[0].resources.foo", "spec.containers[0].imagee", "extra"])
        #expect(object == json(#"{"metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"i","resources":{}}]}}"#))
    }

    @Test func `nulls are dropped without a word in Kubernetes' own kinds`() throws {
        let pod = try #require(registry.kind(group: "", version: "v1", kind: "Pod"))
        var object = json(
            #"{"metadata":{"creationTimestamp":null,"labels":{"a":"b","c":null}},"spec":{"affinity":null,"#
                + #""containers":[{"name":"c","command":null}]}}"#
        )
        #expect(pod.prune(&object) == [])
        #expect(object == json(#"{"metadata":{"labels":{"a":"b"}},"spec":{"containers":[{"name":"c"}]}}"#))
    }

    @Test func `free-form places keep everything`() throws {
        let machine = try #require(registry.kind(group: "kubevirt.io", version: "v1", kind: "VirtualMachine"))
        var object = json(
            #"{"metadata":{"creationTimestamp":null},"spec":{"template":{"metadata":{"labels":{"a":"b"},"creationTimestamp":null}}}}"#)
        #expect(machine.prune(&object) == [])
        #expect(object == json(#"{"metadata":{},"spec":{"template":{"metadata":{"labels":{"a":"b"},"creationTimestamp":null}}}}"#))
    }

    @Test(.needsRecordings) func `strict decoding names the recorded fields`() throws {
        var compared = 0
        for exchange in try Recordings.exchanges("write__field_validation") where exchange.status == 400 {
            guard var object = exchange.body, let name = object["kind"]?.string,
                let kind = registry.kind(group: "", version: "v1", kind: name)
            else { continue }
            let dropped = kind.prune(&object).map { "unknown field \"\($0)\"" }.joined(separator: ", ")
            let message = exchange.response["message"]?.string ?? ""
            #expect(message.hasSuffix("strict decoding error: \(dropped)"), "\(message)")
            compared += 1
        }
        #expect(compared == 2)
    }
}
