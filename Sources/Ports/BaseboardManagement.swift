public import Objects

/// How to reach the management controller of one server.
public struct HostEndpoint: Sendable, Hashable {
    /// `spec.bmc.address` of the BareMetalHost, such as `redfish+https://10.0.0.7/redfish/v1/Systems/1` or
    /// `sim://rack40/r64-001`.
    public var address: String
    /// From the Secret that `spec.bmc.credentialsName` names, in the host's own namespace; empty without one.
    public var username: String
    public var password: String
    public var bootMACAddress: String

    public init(address: String, username: String = "", password: String = "", bootMACAddress: String = "") {
        self.address = address
        self.username = username
        self.password = password
        self.bootMACAddress = bootMACAddress
    }
}

/// What inspection finds of a server.
public struct HardwareDetails: Sendable, Hashable {
    public struct Accelerator: Sendable, Hashable {
        /// Such as `nvidia.com/gpu`: the extended resource of one device.
        public var resource: String
        public var model: String
        public var count: Int64
        public var memoryBytes: Int64

        public init(resource: String, model: String, count: Int64, memoryBytes: Int64) {
            self.resource = resource
            self.model = model
            self.count = count
            self.memoryBytes = memoryBytes
        }
    }

    /// One NUMA cell.
    public struct NUMANode: Sendable, Hashable {
        public var cores: Int64
        public var memoryBytes: Int64

        public init(cores: Int64, memoryBytes: Int64) {
            self.cores = cores
            self.memoryBytes = memoryBytes
        }
    }

    public var manufacturer: String
    /// The product name; becomes the label `sluice.dev/model`.
    public var model: String
    public var serialNumber: String
    public var architecture: String
    public var cores: Int64
    public var memoryBytes: Int64
    public var numaNodes: [NUMANode]
    public var accelerators: [Accelerator]
    public var macAddresses: [String]
    /// Where it stands; empty when the port does not know.
    public var rack: String

    public init(
        manufacturer: String, model: String, serialNumber: String, architecture: String, cores: Int64, memoryBytes: Int64,
        numaNodes: [NUMANode], accelerators: [Accelerator], macAddresses: [String], rack: String
    ) {
        self.manufacturer = manufacturer
        self.model = model
        self.serialNumber = serialNumber
        self.architecture = architecture
        self.cores = cores
        self.memoryBytes = memoryBytes
        self.numaNodes = numaNodes
        self.accelerators = accelerators
        self.macAddresses = macAddresses
        self.rack = rack
    }
}

/// The port to baseboard management controllers (Redfish, IPMI): power and inspection of servers.
///
/// Every call may be repeated: asking for what is already so does nothing.
public protocol BaseboardManagement: Sendable {
    /// Checks that the controller answers and takes the credentials.
    func register(_ host: HostEndpoint) async throws(PortError)
    /// Reads the hardware; may take minutes on real machines.
    func inspect(_ host: HostEndpoint) async throws(PortError) -> HardwareDetails
    func isPoweredOn(_ host: HostEndpoint) async throws(PortError) -> Bool
    /// Returns when the controller has taken the order; ``isPoweredOn(_:)`` tells when it is done.
    func setPower(_ host: HostEndpoint, on: Bool) async throws(PortError)
}

/// What a diskless server boots, served by its DPU.
public struct BootConfiguration: Sendable, Hashable {
    public var image: HostImage
    /// Handed to the booting system unchanged; for nodes of a NodeGroup an object with `nodeName`, `nodeGroup`, `labels`,
    /// `annotations` and `taints`, for tenants what they gave.
    public var userData: JSON

    public init(image: HostImage, userData: JSON) {
        self.image = image
        self.userData = userData
    }
}

/// The port to data processing units: the disks and the network of diskless servers.
///
/// Effects are numbered: a call with a generation lower than one already seen is refused with ``PortError/Kind/failed``,
/// so that a late writer cannot undo a newer decision. Repeating a call with the same generation does nothing.
public protocol DataProcessingUnit: Sendable {
    /// Presents the image as the server's boot disk; takes effect at its next power-on.
    func attach(_ boot: BootConfiguration, to host: HostEndpoint, generation: UInt64) async throws(PortError)
    /// Takes every disk and network of the tenant away from the server.
    func detach(_ host: HostEndpoint, generation: UInt64) async throws(PortError)
    /// Erases what the last user left: disk, NVRAM, DPU rules. Returns when it is done.
    func erase(_ host: HostEndpoint, generation: UInt64) async throws(PortError)
    /// What is attached now; `nil` when nothing is.
    func attached(_ host: HostEndpoint) async throws(PortError) -> BootConfiguration?
}
