public import Ports

/// A fleet of simulated hosts: how many of which kind, how long things take, what goes wrong.
public struct FleetSpecification: Sendable, Equatable {
    /// The accelerators of one host, all alike.
    public struct Accelerators: Sendable, Equatable {
        /// The extended resource of one device.
        public var resource: String
        public var model: String
        public var count: Int64
        /// Of each device.
        public var memoryBytes: Int64

        public init(resource: String = "nvidia.com/gpu", model: String, count: Int64, memoryBytes: Int64) {
            self.resource = resource
            self.model = model
            self.count = count
            self.memoryBytes = memoryBytes
        }
    }

    /// Equal hosts.
    public struct Group: Sendable, Equatable {
        /// Host names are this and a number of at least three digits, counted from 1: `r64-001`.
        public var namePrefix: String
        public var count: Int
        /// Becomes the label `sluice.dev/model`.
        public var model: String
        public var cores: Int64
        public var memoryBytes: Int64
        public var numaNodes: Int64
        public var accelerators: Accelerators?
        /// Hosts stand in these racks in turn; may be empty.
        public var racks: [String]
        /// `pods` of the node's capacity.
        public var maximumPods: Int64

        public init(
            namePrefix: String, count: Int, model: String, cores: Int64, memoryBytes: Int64, numaNodes: Int64 = 1,
            accelerators: Accelerators? = nil, racks: [String] = [], maximumPods: Int64 = 250
        ) {
            self.namePrefix = namePrefix
            self.count = count
            self.model = model
            self.cores = cores
            self.memoryBytes = memoryBytes
            self.numaNodes = numaNodes
            self.accelerators = accelerators
            self.racks = racks
            self.maximumPods = maximumPods
        }
    }

    /// The host part of `sim://NAME/HOST`.
    public var name: String
    public var groups: [Group]
    public var latencies: Latencies
    public var faults: FleetFaults
    /// From which every draw of the fleet follows.
    public var seed: UInt64

    public init(
        name: String, groups: [Group], latencies: Latencies = Latencies(), faults: FleetFaults = FleetFaults(), seed: UInt64 = 1
    ) {
        self.name = name
        self.groups = groups
        self.latencies = latencies
        self.faults = faults
        self.seed = seed
    }

    /// How many hosts all groups have.
    public var hostCount: Int { groups.reduce(0) { $0 + $1.count } }

    /// Every host, in the order of the groups.
    public var hosts: [HostSpecification] {
        var hosts: [HostSpecification] = []
        for group in groups {
            let width = max(3, String(group.count).count)
            for number in 1...max(1, group.count) where number <= group.count {
                let digits = String(number)
                let name = group.namePrefix + String(repeating: "0", count: width - digits.count) + digits
                hosts.append(HostSpecification(fleet: self.name, name: name, index: hosts.count, number: number, group: group))
            }
        }
        return hosts
    }
}

/// One host of a fleet.
public struct HostSpecification: Sendable, Equatable {
    public var name: String
    /// Its place in the fleet, from 0: what addresses are made of.
    public var index: Int
    /// `sim://FLEET/HOST`
    public var address: String
    public var hardware: HardwareDetails
    public var maximumPods: Int64

    init(fleet: String, name: String, index: Int, number: Int, group: FleetSpecification.Group) {
        self.name = name
        self.index = index
        address = "sim://\(fleet)/\(name)"
        maximumPods = group.maximumPods
        let numaNodes = (0..<group.numaNodes).map { node in
            // What does not divide evenly goes to the first nodes.
            HardwareDetails.NUMANode(
                cores: group.cores / group.numaNodes + (node < group.cores % group.numaNodes ? 1 : 0),
                memoryBytes: group.memoryBytes / group.numaNodes + (node < group.memoryBytes % group.numaNodes ? 1 : 0))
        }
        hardware = HardwareDetails(
            manufacturer: "Sluice Simulation", model: group.model, serialNumber: "\(fleet)-\(name)", architecture: "x86_64",
            cores: group.cores, memoryBytes: group.memoryBytes, numaNodes: numaNodes,
            accelerators: group.accelerators.map(HostSpecification.devices) ?? [], macAddresses: [HostSpecification.macAddress(index)],
            rack: group.racks.isEmpty ? "" : group.racks[(number - 1) % group.racks.count])
    }

    private static func devices(_ accelerators: FleetSpecification.Accelerators) -> [HardwareDetails.Accelerator] {
        [
            HardwareDetails.Accelerator(
                resource: accelerators.resource, model: accelerators.model, count: accelerators.count,
                memoryBytes: accelerators.memoryBytes)
        ]
    }

    public var bootMACAddress: String { hardware.macAddresses.first ?? "" }

    /// A locally administered address that tells the index.
    private static func macAddress(_ index: Int) -> String {
        let bytes = [0x02, 0x51, 0x75, (index >> 16) & 0xff, (index >> 8) & 0xff, index & 0xff]
        return bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }

    /// The node's own address: 172.16.0.1 and on.
    var hostIP: String { HostSpecification.dotted(172 << 24 | 16 << 16 + UInt32(index) + 1) }

    /// The address of the host's n-th pod, 1 to 250 and more: each host has 256 addresses of 10.0.0.0/8 and what follows.
    func podIP(_ number: Int) -> String { HostSpecification.dotted(10 << 24 + (UInt32(index) + 1) << 8 + UInt32(number)) }

    private static func dotted(_ address: UInt32) -> String {
        "\(address >> 24).\(address >> 16 & 255).\(address >> 8 & 255).\(address & 255)"
    }
}
