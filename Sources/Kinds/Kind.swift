/// A kind of object that the API serves in one version, with everything that is data about it.
public struct Kind: Sendable {
    /// Empty for the core group.
    public var group: String
    public var version: String
    public var kind: String
    public var plural: String
    public var singular: String
    /// `PodList` for `Pod`; the kind of list answers.
    public var listKind: String
    public var shortNames: [String]
    public var categories: [String]
    /// In the order in which discovery shows them.
    public var verbs: [String]
    public var isNamespaced: Bool
    /// Whether objects are kept: false for bodies of requests such as Binding, Eviction, Scale and the reviews.
    public var isStored: Bool
    /// Whether the kind behaves as one from a CustomResourceDefinition: texts of validation errors in the words of the
    /// structural schema validator, no strategic merge patch.
    public var isCustomResource: Bool
    public var subresources: [Subresource]
    /// The columns of a Table answer in order, `Name` included where Kubernetes has it.
    public var columns: [PrinterColumn]
    /// Fields that a field selector may name, `metadata.name` (and `metadata.namespace`) first.
    public var selectableFields: [String]
    public var scale: ScalePaths?
    /// `group/version` (or `v1`) under which the peer stores the kind; the base of ``storageVersionHash``.
    public var storageVersion: String
    /// The first 8 bytes of SHA-256 of `group/version/Kind` in base64, as discovery shows it; empty when nothing is stored.
    public var storageVersionHash: String
    /// Whether a change of `spec` raises `metadata.generation`.
    public var generationTracksSpec: Bool
    public var schema: Schema
    /// A warning for requests that use this version, as a CustomResourceDefinition gives it; `nil` when not deprecated.
    public var deprecationWarning: String?

    /// Whether there is a `status` sub-resource, so that writes to the main resource leave the status alone.
    public var hasStatus: Bool { subresources.contains { $0.name == "status" } }

    /// `apps/v1`, or `v1` in the core group.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }

    /// The sub-resource of that name.
    public func subresource(_ name: String) -> Subresource? { subresources.first { $0.name == name } }
}

/// A path below an object with a body of its own, such as `pods/NAME/eviction`.
public struct Subresource: Sendable, Equatable {
    public var name: String
    public var kind: String
    /// Group and version of ``kind`` where they differ from the parent's; otherwise empty.
    public var group: String
    public var version: String
    public var verbs: [String]

    public init(name: String, kind: String, group: String = "", version: String = "", verbs: [String]) {
        self.name = name
        self.kind = kind
        self.group = group
        self.version = version
        self.verbs = verbs
    }
}

/// A column of a Table answer.
public struct PrinterColumn: Sendable, Equatable {
    public var name: String
    /// `string`, `integer`, `number`, `boolean` or `date`.
    public var type: String
    /// `name` for the column that names the object; often empty.
    public var format: String
    public var description: String
    /// 0 is always shown, larger numbers only with `-o wide`.
    public var priority: Int
    /// Where the cell's value stands in the object; `nil` where code computes the cell.
    public var jsonPath: JSONPath?

    public init(
        name: String, type: String, format: String = "", description: String = "", priority: Int = 0, jsonPath: JSONPath? = nil
    ) {
        self.name = name
        self.type = type
        self.format = format
        self.description = description
        self.priority = priority
        self.jsonPath = jsonPath
    }
}

/// Where the `scale` sub-resource reads and writes: paths such as `.spec.replicas`.
public struct ScalePaths: Sendable, Equatable {
    public var specReplicas: String
    public var statusReplicas: String
    /// A selector in text or object form; empty when there is none.
    public var labelSelector: String

    public init(specReplicas: String, statusReplicas: String, labelSelector: String) {
        self.specReplicas = specReplicas
        self.statusReplicas = statusReplicas
        self.labelSelector = labelSelector
    }
}

/// Why kind data could not be read.
public struct KindError: Error, Equatable, Sendable, CustomStringConvertible {
    public var file: String
    /// Counted from 1; 0 when the whole file is meant.
    public var line: Int
    public var reason: String

    public init(file: String, line: Int, reason: String) {
        self.file = file
        self.line = line
        self.reason = reason
    }

    public var description: String { "\(file):\(line): \(reason)" }
}
