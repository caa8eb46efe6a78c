public import Objects

/// Names of resources that the ledger treats specially.
public enum ResourceNames {
    public static let cpu = "cpu"
    public static let memory = "memory"
    public static let pods = "pods"
    /// Whole graphics devices.
    public static let gpu = "nvidia.com/gpu"
    /// Thousandths of graphics devices. A node that offers this has device slots: a slice lies on one device, and a whole
    /// device is only given where nothing lies on it.
    public static let gpuMilli = "sluice.dev/gpu-milli"
}

/// What all pods with equal scheduling specs share, compiled once.
public struct PodClass: Sendable {
    /// One resource that the class asks for; the amount is above 0.
    public struct Request: Sendable, Hashable {
        /// The resource's column in the node vectors.
        public var column: Int
        public var amount: Int64
    }

    public let requirements: PodRequirements
    /// Every resource asked for, `pods` (1) among them, in ascending order of the columns.
    public let requests: [Request]
    /// What scoring counts for a pod without a CPU request, as kube-scheduler does: 100 millicores.
    public let scoringCPU: Int64
    /// What scoring counts for a pod without a memory request, as kube-scheduler does: 200 MiB.
    public let scoringMemory: Int64
    /// Whole devices asked for, which matters on nodes with device slots.
    public let wholeDevices: Int
    /// Thousandths of one device asked for; 0 for none, and where whole devices are asked for.
    public let deviceSlice: Int32

    init(_ requirements: PodRequirements, columns: inout Interner) {
        self.requirements = requirements
        var requests = [Request(column: Column.pods, amount: 1)]
        for name in requirements.requests.names where name != ResourceNames.pods && requirements.requests[name] > 0 {
            requests.append(Request(column: Int(columns.intern(name)), amount: requirements.requests[name]))
        }
        self.requests = requests.sorted { $0.column < $1.column }
        let amounts = requirements.requests.amounts
        scoringCPU = amounts[ResourceNames.cpu] ?? 100
        scoringMemory = amounts[ResourceNames.memory] ?? 200 << 20
        let milli = max(0, amounts[ResourceNames.gpuMilli] ?? 0)
        let whole = max(0, amounts[ResourceNames.gpu] ?? 0)
        // A slice cannot span devices: anything above one device is rounded up to whole ones.
        let isSlice = whole == 0 && milli < 1_000
        wholeDevices = isSlice ? 0 : Int(clamping: whole) + Int(clamping: (milli + 999) / 1_000)
        deviceSlice = isSlice ? Int32(milli) : 0
    }

    public var usesDevices: Bool { wholeDevices > 0 || deviceSlice > 0 }

    /// The amount asked for in a column; 0 where the class does not ask.
    public func amount(inColumn column: Int) -> Int64 { requests.first { $0.column == column }?.amount ?? 0 }
}

/// The columns that every fleet has.
public enum Column {
    public static let cpu = 0
    public static let memory = 1
    public static let pods = 2

    static func interner() -> Interner {
        var interner = Interner()
        for name in [ResourceNames.cpu, ResourceNames.memory, ResourceNames.pods] { _ = interner.intern(name) }
        return interner
    }
}
