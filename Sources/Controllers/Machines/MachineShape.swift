public import Objects

/// What a virtual machine needs of its host: the resources of its launcher pod's container.
public struct MachineShape: Sendable, Equatable {
    private static let mebibyte: Int64 = 1 << 20

    /// At least one.
    public var virtualCPUs: Int64
    /// What the guest sees, in bytes.
    public var guestMemoryBytes: Int64
    /// What the machine costs beside its guest's memory, in bytes.
    public var overheadBytes: Int64
    public var requests: ResourceList
    public var limits: ResourceList

    /// - Parameter spec: of a VirtualMachineInstance.
    public init(spec: JSON) {
        let domain = spec["domain"] ?? [:]
        let given = ResourceList(domain["resources", "requests"])
        let bound = ResourceList(domain["resources", "limits"])
        virtualCPUs = MachineShape.virtualCPUs(domain, given, bound)
        guestMemoryBytes = MachineShape.guestMemory(domain, given, bound)
        let isPassingThrough = !MachineShape.passedThrough(domain).isEmpty
        overheadBytes = MachineShape.overhead(
            virtualCPUs: virtualCPUs, guestMemoryBytes: guestMemoryBytes, domain: domain, isPassingThrough: isPassingThrough)
        requests = given
        limits = bound
        fillIn(domain, given, bound)
    }

    /// Completes what the spec gives by what the machine is made of.
    private mutating func fillIn(_ domain: JSON, _ given: ResourceList, _ bound: ResourceList) {
        let isDedicated = domain["cpu", "dedicatedCpuPlacement"]?.bool ?? false
        if isDedicated {
            requests["cpu"] = virtualCPUs * 1_000
            limits["cpu"] = virtualCPUs * 1_000
        } else if given["cpu"] == 0 {
            requests["cpu"] = bound["cpu"] > 0 ? bound["cpu"] : virtualCPUs * 1_000
        }
        if let page = domain["memory", "hugepages", "pageSize"]?.string, !page.isEmpty {
            // The guest lives in huge pages; ordinary memory serves the launcher alone.
            requests["hugepages-\(page)"] = guestMemoryBytes
            limits["hugepages-\(page)"] = guestMemoryBytes
            requests["memory"] = overheadBytes
        } else {
            requests["memory"] = (given["memory"] > 0 ? given["memory"] : guestMemoryBytes) + overheadBytes
        }
        if bound["memory"] > 0 { limits["memory"] = bound["memory"] + overheadBytes }
        if isDedicated { limits["memory"] = max(limits["memory"], requests["memory"]) }
        for device in MachineShape.passedThrough(domain) {
            requests[device] += 1
            limits[device] = requests[device]
        }
    }

    /// The extended resources of GPUs and other host devices, one entry for each device.
    static func passedThrough(_ domain: JSON) -> [String] {
        ["gpus", "hostDevices"].flatMap { domain["devices", $0]?.array ?? [] }.compactMap { $0["deviceName"]?.string }
    }

    private static func virtualCPUs(_ domain: JSON, _ given: ResourceList, _ bound: ResourceList) -> Int64 {
        if let cpu = domain["cpu"] {
            func count(_ name: String) -> Int64 { max(1, cpu[name]?.integer ?? 1) }
            return count("cores") * count("sockets") * count("threads")
        }
        let millicores = bound["cpu"] > 0 ? bound["cpu"] : given["cpu"]
        return max(1, (millicores + 999) / 1_000)
    }

    private static func guestMemory(_ domain: JSON, _ given: ResourceList, _ bound: ResourceList) -> Int64 {
        let guest = domain["memory", "guest"].map { ResourceList(["memory": $0] as JSON)["memory"] } ?? 0
        if guest > 0 { return guest }
        return given["memory"] > 0 ? given["memory"] : bound["memory"]
    }

    /// What KubeVirt's launcher, libvirt and QEMU take beside the guest's memory, in bytes.
    ///
    /// - SeeAlso: KubeVirt, *Memory overhead* of the user guide and `GetMemoryOverhead` of its launcher template:
    ///   page tables (a 512th), five processes, 8 MiB for each vCPU and for the I/O thread, video RAM, firmware flash on
    ///   arm64, 1 GiB for devices that are passed through, 256 MiB for SEV, 53 MiB for a TPM.
    public static func overhead(
        virtualCPUs: Int64, guestMemoryBytes: Int64, domain: JSON, isPassingThrough: Bool
    ) -> Int64 {
        let launcherMonitor: Int64 = 25
        let launcher: Int64 = 100
        let logging: Int64 = 25
        let daemon: Int64 = 40
        let emulator: Int64 = 30
        var mebibytes = launcherMonitor + launcher + logging + daemon + emulator
        mebibytes += 8 * virtualCPUs + 8
        if domain["devices", "autoattachGraphicsDevice"]?.bool ?? true { mebibytes += 32 }
        if isPassingThrough { mebibytes += 1_024 }
        if domain["launchSecurity", "sev"] != nil { mebibytes += 256 }
        if domain["devices", "tpm"] != nil { mebibytes += 53 }
        if domain["cpu", "dedicatedCpuPlacement"]?.bool ?? false { mebibytes += 100 }
        return mebibytes * mebibyte + guestMemoryBytes / 512
    }
}
