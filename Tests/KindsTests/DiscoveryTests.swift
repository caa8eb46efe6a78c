import Kinds
import Objects
import Testing

struct DiscoveryTests {
    let registry: KindRegistry

    init() throws { registry = try KindRegistry.builtIn() }

    @Test func `versions are ordered by stability and number`() throws {
        var registry = registry
        let kind = try #require(registry.kind(group: "sluice.dev", version: "v1alpha1", kind: "NodeGroup"))
        registry.register(
            ["v1beta1", "v2", "v1", "v10", "v1beta2", "other"].map { version in
                var copy = kind
                copy.version = version
                return copy
            })
        #expect(registry.versions(group: "sluice.dev") == ["v10", "v2", "v1", "v1beta2", "v1beta1", "v1alpha1", "other"])
        #expect(Discovery.group(registry, "sluice.dev")?["preferredVersion"]?["version"] == "v10")
    }

    @Test func `unknown groups and versions have no answer`() {
        #expect(Discovery.group(registry, "nosuch") == nil)
        #expect(Discovery.group(registry, "autoscaling") == nil, "Scale is a body, not a resource")
        #expect(Discovery.resourceList(registry, group: "apps", version: "v9") == nil)
    }

    @Test func `own kinds are listed with their sub-resources`() throws {
        let list = try #require(Discovery.resourceList(registry, group: "sluice.dev", version: "v1alpha1"))
        let names = (list["resources"]?.array ?? []).compactMap { $0["name"]?.string }
        #expect(names == ["baremetalinstances", "baremetalinstances/status", "nodegroups", "nodegroups/status"])
    }

    @Test(.needsRecordings) func `version and group lists have the recorded form`() throws {
        let versions = try Recordings.exchanges("discovery__api_versions")[0].response
        #expect(Discovery.apiVersions(registry, serverAddress: "127.0.0.1:16443").text == versions.text)
        let groups = try Recordings.exchanges("discovery__apis_groups")[0].response["groups"]?.array ?? []
        let mine = Discovery.groupList(registry)["groups"]?.array ?? []
        let known = groups.filter { group in mine.contains { $0["name"] == group["name"] } }
        #expect(known.count == 7)
        #expect(mine.prefix(known.count).map(\.text) == known.map(\.text))
    }

    @Test(.needsRecordings, arguments: [("discovery__api_v1_resources", "", "v1"), ("discovery__apis_apps_v1_resources", "apps", "v1")])
    func `resource lists are the recorded ones`(_ file: String, _ group: String, _ version: String) throws {
        let recorded = try Recordings.exchanges(file)[0].response
        let mine = try #require(Discovery.resourceList(registry, group: group, version: version))
        #expect(mine["groupVersion"] == recorded["groupVersion"])
        let names = (mine["resources"]?.array ?? []).compactMap { $0["name"]?.string }
        let known = (recorded["resources"]?.array ?? []).filter { names.contains($0["name"]?.string ?? "") }
        #expect(known.map(\.text) == (mine["resources"]?.array ?? []).map(\.text))
    }

    @Test(.needsRecordings) func `aggregated discovery is the recorded one for the resources at hand`() throws {
        let exchanges = try Recordings.exchanges("discovery__aggregated_discovery")
        for (recorded, mine) in [
            (exchanges[0].response, Discovery.aggregatedCore(registry)), (exchanges[2].response, Discovery.aggregatedGroups(registry)),
        ] {
            for group in mine["items"]?.array ?? [] {
                guard let other = recorded["items"]?.array?.first(where: { $0["metadata"] == group["metadata"] }) else {
                    #expect(["metal3.io", "kubevirt.io", "sluice.dev"].contains(group["metadata"]?["name"]?.string ?? ""))
                    continue
                }
                let known = other["versions"]?.array?.first?["resources"]?.array ?? []
                for resource in group["versions"]?.array?.first?["resources"]?.array ?? [] {
                    var expected = known.first { $0["resource"] == resource["resource"] } ?? .null
                    let subs = resource["subresources"]?.array?.compactMap { $0["subresource"] } ?? []
                    expected["subresources"] = expected["subresources"].map { list in
                        .array((list.array ?? []).filter { subs.contains($0["subresource"] ?? .null) })
                    }
                    if expected["subresources"] == [] { expected["subresources"] = nil }
                    #expect(resource.text == expected.text)
                }
            }
        }
    }
}
