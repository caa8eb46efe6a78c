public import Objects

/// Tells pod templates apart.
public enum TemplateHash {
    public static let label = "pod-template-hash"

    /// The end of a ReplicaSet's name: the same for templates that mean the same, whatever their order of keys.
    ///
    /// FNV-1a over the template's canonical JSON, written in the alphabet of names. Not the digits kube-controller-manager
    /// would give (it hashes Go's memory layout), which nobody may depend on.
    ///
    /// - Parameter collisions: `status.collisionCount` of the Deployment; another number gives another hash.
    public static func hash(_ template: JSON, collisions: Int64) -> String {
        var hash: UInt32 = 2_166_136_261
        func add(_ bytes: some Sequence<UInt8>) { for byte in bytes { hash = (hash ^ UInt32(byte)) &* 16_777_619 } }
        add(sorted(normalized(template)).encoded)
        if collisions > 0 { add(String(collisions).utf8) }
        return NameGenerator.encode(hash)
    }

    /// Whether two templates mean the same, the hash label apart.
    public static func areEqual(_ left: JSON, _ right: JSON) -> Bool { normalized(left) == normalized(right) }

    /// Without the hash label and without members that are `null`, which mean absence.
    static func normalized(_ template: JSON) -> JSON {
        var template = withoutNulls(template)
        template["metadata", "labels", label] = nil
        if template["metadata", "labels"]?.object?.isEmpty == true { template["metadata", "labels"] = nil }
        if template["metadata"]?.object?.isEmpty == true { template["metadata"] = nil }
        return template
    }

    private static func withoutNulls(_ value: JSON) -> JSON {
        switch value {
        case .object(let members):
            .object(
                JSONObject(
                    members.compactMap { $0.value.isNull ? nil : .init(key: $0.key, value: withoutNulls($0.value)) }))
        case .array(let elements): .array(elements.map(withoutNulls))
        default: value
        }
    }

    private static func sorted(_ value: JSON) -> JSON {
        switch value {
        case .object(let members):
            .object(JSONObject(members.map { .init(key: $0.key, value: sorted($0.value)) }.sorted { $0.key < $1.key }))
        case .array(let elements): .array(elements.map(sorted))
        default: value
        }
    }
}
