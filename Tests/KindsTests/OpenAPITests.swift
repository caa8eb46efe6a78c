import Kinds
import Objects
import Testing

struct OpenAPITests {
    let registry: KindRegistry

    init() throws { registry = try KindRegistry.builtIn() }

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

    @Test func `every document resolves its own references and holds its kinds`() throws {
        for group in [""] + registry.groups {
            for version in registry.versions(group: group) {
                let document = try #require(OpenAPI.v3(registry, group: group, version: version))
                let schemas = try #require(document["components"]?["schemas"])
                for reference in Set(references(document)) {
                    let name = String(reference.dropFirst("#/components/schemas/".count))
                    #expect(schemas[name] != nil, "\(group)/\(version): \(reference)")
                }
                for kind in registry.served(group: group, version: version) {
                    let identity: JSON = ["group": .string(group), "version": .string(version), "kind": .string(kind.kind)]
                    #expect(schemas.object?.contains { $0.value["x-kubernetes-group-version-kind"] == [identity] } == true, "\(kind.kind)")
                }
            }
        }
    }

    @Test func `patch operations accept fieldValidation, and strategic merge only where it is served`() throws {
        let pods = try #require(
            OpenAPI.v3(registry, group: "", version: "v1")?["paths"]?["/api/v1/namespaces/{namespace}/pods/{name}"]?["patch"])
        #expect(pods["x-kubernetes-action"] == "patch")
        #expect(pods["parameters"]?.array?.contains { $0["name"] == "fieldValidation" } == true)
        #expect(pods["requestBody"]?["content"]?["application/strategic-merge-patch+json"] != nil)
        let groups = try #require(OpenAPI.v3(registry, group: "sluice.dev", version: "v1alpha1"))
        let patch = groups["paths"]?["/apis/sluice.dev/v1alpha1/nodegroups/{name}"]?["patch"]
        #expect(patch?["requestBody"]?["content"]?["application/merge-patch+json"] != nil)
        #expect(patch?["requestBody"]?["content"]?["application/strategic-merge-patch+json"] == nil)
    }

    @Test func `lists keep their merge keys and types may contain themselves`() throws {
        let core = try #require(OpenAPI.v3(registry, group: "", version: "v1")?["components"]?["schemas"])
        let containers = core["io.k8s.api.core.v1.PodSpec"]?["properties"]?["containers"]
        #expect(containers?["x-kubernetes-patch-merge-key"] == "name")
        #expect(containers?["x-kubernetes-list-map-keys"] == ["name"])
        #expect(core["io.k8s.api.core.v1.PodSpec"]?["required"] == ["containers"])
        #expect(core["io.k8s.api.core.v1.PodSpec"]?["properties"]?["volumes"]?["x-kubernetes-patch-strategy"] == "merge,retainKeys")
        let extensions = try #require(OpenAPI.v3(registry, group: "apiextensions.k8s.io", version: "v1")?["components"]?["schemas"])
        let props = extensions["io.k8s.apiextensions-apiserver.pkg.apis.apiextensions.v1.JSONSchemaProps"]
        #expect(props?["properties"]?["not"] != nil)
    }

    @Test func `the index names every document with a hash that follows its content`() throws {
        let index = OpenAPI.v3Index(registry)
        #expect(index["paths"]?["api/v1"]?["serverRelativeURL"]?.string?.hasPrefix("/openapi/v3/api/v1?hash=") == true)
        #expect(index["paths"]?["apis/apps/v1"] != nil)
        #expect(index == OpenAPI.v3Index(registry))
        var changed = registry
        changed.unregister(group: "sluice.dev", plural: "nodegroups")
        #expect(OpenAPI.v3Index(changed)["paths"]?["apis/sluice.dev/v1alpha1"] != index["paths"]?["apis/sluice.dev/v1alpha1"])
        #expect(OpenAPI.v3(registry, group: "nosuch", version: "v1") == nil)
    }

    @Test(.needsRecordings) func `component names are the recorded ones`() throws {
        let schemas = try #require(OpenAPI.v3(registry, group: "apps", version: "v1")?["components"]?["schemas"]?.object)
        for name in [
            "io.k8s.api.apps.v1.Deployment", "io.k8s.api.apps.v1.DeploymentList", "io.k8s.api.core.v1.Container",
            "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta", "io.k8s.api.autoscaling.v1.Scale",
        ] {
            #expect(schemas[name] != nil, "\(name)")
        }
    }
}
