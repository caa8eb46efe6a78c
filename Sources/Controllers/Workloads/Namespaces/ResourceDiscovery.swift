public import KubeClient
public import Objects

/// A resource that a server serves, with what can be done to it.
public struct DiscoveredResource: Sendable, Equatable {
    public var name: ResourceName
    public var verbs: [String]
}

/// Asks a server which resources it has.
public struct ResourceDiscovery: Sendable {
    private let client: KubeClient

    public init(client: KubeClient) { self.client = client }

    /// Every resource in its group's preferred version, sub-resources left out, in the server's order.
    ///
    /// - Returns: also the groups that could not be read; whoever must see everything must not take the rest for all.
    public func resources() async throws(KubeError) -> (found: [DiscoveredResource], unreadable: [String]) {
        var found = ResourceDiscovery.read(try await client.send("GET", "/api/v1"), group: "", version: "v1")
        var unreadable: [String] = []
        let groups = try await client.send("GET", "/apis")["groups"]?.array ?? []
        for group in groups {
            guard let name = group["name"]?.string,
                let version = group["preferredVersion", "version"]?.string ?? group["versions"]?.array?.first?["version"]?.string
            else { continue }
            do {
                let document = try await client.send("GET", "/apis/\(name)/\(version)")
                found += ResourceDiscovery.read(document, group: name, version: version)
            } catch {
                unreadable.append("\(name)/\(version): \(error)")
            }
        }
        return (found, unreadable)
    }

    private static func read(_ document: JSON, group: String, version: String) -> [DiscoveredResource] {
        (document["resources"]?.array ?? []).compactMap { entry in
            guard let plural = entry["name"]?.string, !plural.contains("/"), let kind = entry["kind"]?.string else { return nil }
            return DiscoveredResource(
                name: ResourceName(
                    group: group, version: version, kind: kind, plural: plural, isNamespaced: entry["namespaced"]?.bool ?? false),
                verbs: (entry["verbs"]?.array ?? []).compactMap(\.string))
        }
    }
}
