internal import KindData

/// The kinds that an API server serves: those of the kind files and those of CustomResourceDefinitions.
public struct KindRegistry: Sendable {
    /// In the order of the kind files, then in the order of registration.
    public private(set) var kinds: [Kind] = []
    private var byPlural: [Key: Int] = [:]
    private var byKind: [Key: Int] = [:]

    private struct Key: Hashable {
        var group: String
        var version: String
        var name: String
    }

    /// A registry without any kind.
    public init() {}

    /// The kinds embedded in this program.
    ///
    /// - Throws: ``KindError`` with file and line when a kind file does not parse; a test proves that none of them fails.
    public static func builtIn() throws(KindError) -> KindRegistry {
        var registry = KindRegistry()
        registry.register(try KindFiles.parse(KindFiles.embedded))
        return registry
    }

    /// The kind with that plural (lower case, as in paths).
    public func kind(group: String, version: String, plural: String) -> Kind? {
        byPlural[Key(group: group, version: version, name: plural)].map { kinds[$0] }
    }

    /// The kind of that name, such as `Pod`.
    public func kind(group: String, version: String, kind: String) -> Kind? {
        byKind[Key(group: group, version: version, name: kind)].map { kinds[$0] }
    }

    /// Adds kinds; one of the same group, version and plural is replaced in its place.
    public mutating func register(_ added: [Kind]) {
        for kind in added {
            let key = Key(group: kind.group, version: kind.version, name: kind.plural)
            if let place = byPlural[key] { kinds[place] = kind } else { kinds.append(kind) }
            index()
        }
    }

    /// Removes all versions of a resource; nothing happens when there are none.
    public mutating func unregister(group: String, plural: String) {
        kinds.removeAll { $0.group == group && $0.plural == plural }
        index()
    }

    private mutating func index() {
        byPlural.removeAll(keepingCapacity: true)
        byKind.removeAll(keepingCapacity: true)
        for (place, kind) in kinds.enumerated() {
            // A request body's kind without a path of its own (Eviction, Scale) has no plural.
            if !kind.plural.isEmpty { byPlural[Key(group: kind.group, version: kind.version, name: kind.plural)] = place }
            byKind[Key(group: kind.group, version: kind.version, name: kind.kind)] = place
        }
    }
}
