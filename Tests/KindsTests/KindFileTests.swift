import Kinds
import Objects
import Testing

struct KindFileTests {
    @Test func `every kind file parses and brings the kinds that the plane serves`() throws {
        let registry = try KindRegistry.builtIn()
        let names = registry.kinds.map { "\($0.apiVersion) \($0.kind)" }
        let wanted = [
            "v1 Namespace", "v1 Node", "v1 Pod", "v1 Event", "v1 ConfigMap", "v1 Secret", "v1 ServiceAccount", "v1 Binding", "v1 Service",
            "v1 Endpoints", "coordination.k8s.io/v1 Lease", "apps/v1 Deployment", "apps/v1 ReplicaSet", "policy/v1 PodDisruptionBudget",
            "policy/v1 Eviction", "scheduling.k8s.io/v1 PriorityClass", "autoscaling/v1 Scale",
            "apiextensions.k8s.io/v1 CustomResourceDefinition", "authorization.k8s.io/v1 SelfSubjectAccessReview",
            "authorization.k8s.io/v1 SelfSubjectRulesReview", "authorization.k8s.io/v1 SubjectAccessReview",
            "authentication.k8s.io/v1 SelfSubjectReview", "authentication.k8s.io/v1 TokenReview", "metal3.io/v1alpha1 BareMetalHost",
            "kubevirt.io/v1 VirtualMachine", "kubevirt.io/v1 VirtualMachineInstance", "sluice.dev/v1alpha1 NodeGroup",
            "sluice.dev/v1alpha1 BareMetalInstance",
        ]
        for name in wanted { #expect(names.contains(name), "\(name)") }
    }

    @Test func `a stored kind has a Name column, a metadata field and a hash`() throws {
        for kind in try KindRegistry.builtIn().kinds where kind.isStored {
            #expect(kind.columns.contains { $0.name == "Name" && $0.format == "name" }, "\(kind.kind)")
            #expect(kind.schema.property("metadata")?.property("ownerReferences") != nil, "\(kind.kind)")
            #expect(kind.storageVersionHash.utf8.count == 12, "\(kind.kind)")
            #expect(kind.selectableFields.contains("metadata.name"), "\(kind.kind)")
            #expect(!kind.schema.description.isEmpty, "\(kind.kind)")
        }
    }

    @Test func `a kind is found by its plural and by its name`() throws {
        let registry = try KindRegistry.builtIn()
        #expect(registry.kind(group: "", version: "v1", plural: "pods")?.kind == "Pod")
        #expect(registry.kind(group: "apps", version: "v1", kind: "Deployment")?.plural == "deployments")
        #expect(registry.kind(group: "apps", version: "v2", plural: "deployments") == nil)
        #expect(registry.kind(group: "policy", version: "v1", kind: "Eviction")?.isStored == false)
    }

    @Test func `registering replaces a kind in place and unregistering removes all versions`() throws {
        var registry = try KindRegistry.builtIn()
        var kind = try #require(registry.kind(group: "sluice.dev", version: "v1alpha1", plural: "nodegroups"))
        let place = registry.kinds.firstIndex { $0.plural == "nodegroups" }
        kind.shortNames = ["x"]
        var second = kind
        second.version = "v1"
        registry.register([kind, second])
        #expect(registry.kinds.firstIndex { $0.plural == "nodegroups" } == place)
        #expect(registry.kind(group: "sluice.dev", version: "v1alpha1", plural: "nodegroups")?.shortNames == ["x"])
        registry.unregister(group: "sluice.dev", plural: "nodegroups")
        #expect(registry.kind(group: "sluice.dev", version: "v1", plural: "nodegroups") == nil)
        #expect(registry.kind(group: "sluice.dev", version: "v1alpha1", kind: "NodeGroup") == nil)
        #expect(registry.kind(group: "sluice.dev", version: "v1alpha1", plural: "baremetalinstances") != nil)
    }

    struct Fault: CustomTestStringConvertible {
        var name: String
        var text: String
        var line: Int
        var reason: String
        var testDescription: String { name }
        init(_ name: String, _ text: String, line: Int, _ reason: String) {
            (self.name, self.text, self.line, self.reason) = (name, text, line, reason)
        }
    }

    @Test(arguments: [
        Fault("unknown type", "type A\n  b: Nowhere\n", line: 2, "unknown type Nowhere"),
        Fault("unknown modifier", "type A\n  b: string shiny\n", line: 2, "unknown modifier shiny"),
        Fault("a tab", "type A\n\tb: string\n", line: 2, "a tab; indent with spaces"),
        Fault("odd indentation", "type A\n   b: string\n", line: 2, "indentation is not a multiple of two spaces"),
        Fault("too deep", "type A\n  b: string\n    c: string\n", line: 3, "indented below a field that is no object"),
        Fault("field twice", "type A\n  b: string\n  b: int32\n", line: 3, "field b twice"),
        Fault("type twice", "type A\n\n\ntype A\n", line: 4, "type A twice"),
        Fault("bad default", "type A\n  b: int32 = {\n", line: 2, "default: expected a key in quotes"),
        Fault("kind without a type", "kind A\n  version v1\n", line: 1, "kind A has no type of that name"),
        Fault("unknown header", "kind A\n  colour red\n", line: 2, "unknown header colour"),
        Fault("unknown rule", "type A\n  b: string rule(none)\n", line: 2, "unknown rule [\"none\"]"),
        Fault("bad pattern", "type A\n  b: string pattern(\"(\")\n", line: 2, "pattern: missing )"),
        Fault("stray word", "type A\n  b: string ) # text\n", line: 2, "unexpected )"),
        Fault("nothing above", "  b: string\n", line: 1, "indented, but nothing stands above it"),
    ])
    func `a fault in a kind file is reported with file and line`(_ fault: Fault) {
        #expect(throws: KindError(file: "x.kind", line: fault.line, reason: fault.reason)) {
            try KindRegistry.parsing([("x.kind", fault.text)])
        }
    }
}
