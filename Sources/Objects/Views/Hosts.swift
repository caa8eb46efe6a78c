/// Who has taken a host out of the pool (`spec.consumerRef` of a BareMetalHost).
public struct HostClaim: Sendable, Hashable {
    public enum Kind: String, Sendable, Hashable {
        case nodeGroup = "NodeGroup"
        case bareMetalInstance = "BareMetalInstance"
    }

    public var kind: Kind
    /// Empty for a NodeGroup.
    public var namespace: String
    public var name: String

    public init(kind: Kind, namespace: String = "", name: String) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    /// Reads a `consumerRef`; `nil` for kinds that Sluice does not know.
    public init?(_ json: JSON?) {
        guard let json, let kind = json["kind"]?.string.flatMap(Kind.init(rawValue:)), let name = json["name"]?.string else {
            return nil
        }
        self.init(kind: kind, namespace: json["namespace"]?.string ?? "", name: name)
    }

    public var json: JSON {
        var object: JSON = ["apiVersion": "sluice.dev/v1alpha1", "kind": .string(kind.rawValue), "name": .string(name)]
        if !namespace.isEmpty { object["namespace"] = .string(namespace) }
        return object
    }
}

/// An image a host boots.
public struct HostImage: Sendable, Hashable {
    public var url: String
    /// `sha256:…` or bare hexadecimal digits.
    public var checksum: String

    public init(url: String, checksum: String) {
        self.url = url
        self.checksum = checksum
    }

    public init?(_ json: JSON?) {
        guard let url = json?["url"]?.string, !url.isEmpty else { return nil }
        self.init(url: url, checksum: json?["checksum"]?.string ?? "")
    }

    public var json: JSON {
        checksum.isEmpty ? ["url": .string(url)] : ["url": .string(url), "checksum": .string(checksum)]
    }
}

/// What Sluice's code reads of a BareMetalHost.
public struct BareMetalHost: ResourceView {
    public static let resource = ResourceName(
        group: "metal3.io", version: "v1alpha1", kind: "BareMetalHost", plural: "baremetalhosts", isNamespaced: true)

    /// `status.provisioning.state`.
    public enum State: String, Sendable, Hashable, CaseIterable {
        /// Just seen.
        case none = ""
        case registering
        case inspecting
        case available
        case provisioning
        case provisioned
        case deprovisioning
        case deleting
    }

    public var metadata: ObjectMeta
    public var isOnline: Bool
    public var bmcAddress: String
    public var credentialsName: String
    public var bootMACAddress: String
    public var image: HostImage?
    public var consumer: HostClaim?
    /// True where `consumerRef` names something, known to Sluice or not.
    public var hasConsumer: Bool
    public var state: State
    /// `status.operationalStatus`: `OK`, `discovered`, `error`, `delayed`, `detached`.
    public var operationalStatus: String
    public var errorMessage: String
    public var errorType: String
    public var errorCount: Int64
    public var isPoweredOn: Bool
    /// `status.hardware` as inspection found it.
    public var hardware: JSON?
    public var provisionedImage: HostImage?
    public var status: JSON

    public init(_ object: JSON) {
        let spec = object["spec"]
        metadata = ObjectMeta(object["metadata"])
        isOnline = spec?["online"]?.bool ?? false
        bmcAddress = spec?["bmc", "address"]?.string ?? ""
        credentialsName = spec?["bmc", "credentialsName"]?.string ?? ""
        bootMACAddress = spec?["bootMACAddress"]?.string ?? ""
        image = HostImage(spec?["image"])
        consumer = HostClaim(spec?["consumerRef"])
        hasConsumer = spec?["consumerRef"]?["name"]?.string != nil
        status = object["status"] ?? [:]
        state = status["provisioning", "state"]?.string.flatMap(State.init(rawValue:)) ?? .none
        operationalStatus = status["operationalStatus"]?.string ?? ""
        errorMessage = status["errorMessage"]?.string ?? ""
        errorType = status["errorType"]?.string ?? ""
        errorCount = status["errorCount"]?.integer ?? 0
        isPoweredOn = status["poweredOn"]?.bool ?? false
        hardware = status["hardware"]
        provisionedImage = HostImage(status["provisioning", "image"])
    }

    /// Whether anybody may claim this host now.
    public var isClaimable: Bool {
        state == .available && !hasConsumer && image == nil && operationalStatus == "OK" && !metadata.isDeleting
    }
}

/// What Sluice's code reads of a BareMetalInstance.
public struct BareMetalInstance: ResourceView {
    public static let resource = ResourceName(
        group: "sluice.dev", version: "v1alpha1", kind: "BareMetalInstance", plural: "baremetalinstances", isNamespaced: true)

    public var metadata: ObjectMeta
    /// Which hosts may serve; everything where absent, nothing where unreadable (`nil`).
    public var hostSelector: LabelSelector?
    public var image: HostImage?
    public var isOnline: Bool
    public var phase: String
    public var hostName: String
    public var conditions: [Condition]
    public var status: JSON

    public init(_ object: JSON) {
        metadata = ObjectMeta(object["metadata"])
        hostSelector = object["spec", "hostSelector"].map { LabelSelector($0) } ?? .everything
        image = HostImage(object["spec", "image"])
        isOnline = object["spec", "online"]?.bool ?? true
        status = object["status"] ?? [:]
        phase = status["phase"]?.string ?? ""
        hostName = status["hostName"]?.string ?? ""
        conditions = [Condition](status: object["status"])
    }

    public var claim: HostClaim {
        HostClaim(kind: .bareMetalInstance, namespace: metadata.namespace, name: metadata.name)
    }
}
