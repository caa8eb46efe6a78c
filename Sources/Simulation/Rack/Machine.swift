public import Objects
public import Ports

/// The state of one simulated server and its DPU. What time brings (booted, crashed) follows from the moments noted here,
/// so nobody needs to be awake for it.
struct Machine {
    /// One power-on and what came of it.
    struct Boot {
        /// Counted from 1: names the boot, so that what belongs to an earlier one is recognised.
        var number: Int
        /// When power is really on.
        var poweredAt: Timestamp
        /// When the system runs.
        var bootedAt: Timestamp
        var diesBooting: Bool
        /// When the running system dies by itself.
        var crashesAt: Timestamp?
        /// What was attached at power-on.
        var configuration: BootConfiguration?
        /// When the agent begins to work: after boot, and later after each restart.
        var agentStartsAt: Timestamp
    }

    /// What a system has left on the disk, until it is erased.
    struct Residue {
        var image: HostImage
        /// The generation of the attachment that wrote it: the same user may find it again.
        var generation: UInt64
    }

    enum Operation: String { case attach, detach, erase }

    var boot: Boot?
    var bootCount = 0
    var attached: BootConfiguration?
    var attachedGeneration: UInt64 = 0
    /// The highest generation seen; lower ones come from late writers.
    var generation: UInt64 = 0
    /// The generation with which each operation was last done.
    var done: [Operation: UInt64] = [:]
    var residue: Residue?
    var refusedWrites = 0
    /// How often a system found at its boot what another had left.
    var leaks = 0
    var bootFailuresLeft = 0
    var managementOutageEnds: Timestamp?
    var silenceEnds: Timestamp?
    var pods = PodRuntime()
    /// Counts the calls and faults that may have changed something.
    var revision: UInt64 = 0

    func stage(_ now: Timestamp) -> HostObservation.Stage {
        guard let boot else { return .off }
        if now < boot.bootedAt { return .booting }
        guard boot.configuration != nil else { return .noBootDisk }
        if boot.diesBooting { return .hung }
        if let crash = boot.crashesAt, now >= crash { return .crashed }
        return .running
    }

    func isPoweredOn(_ now: Timestamp) -> Bool { boot.map { now >= $0.poweredAt } ?? false }

    // MARK: - Power

    mutating func powerOn(_ now: Timestamp, _ fleet: FleetSpecification, _ generator: SeededGenerator) {
        guard boot == nil else { return }
        bootCount += 1
        // A generator for each boot: how often somebody asked the controller before changes nothing.
        var generator = generator.fork("boot-\(bootCount)")
        let latencies = fleet.latencies
        let poweredAt = now + latencies.powerOn.draw(&generator, scale: latencies.timeScale)
        let bootedAt = poweredAt + latencies.boot.draw(&generator, scale: latencies.timeScale)
        let registration = latencies.nodeRegistration.draw(&generator, scale: latencies.timeScale)
        let diesByChance = generator.chance(fleet.faults.bootFailure)
        let crash = generator.timeToEvent(perHour: fleet.faults.hostCrashesPerHour)
        let diesByScript = bootFailuresLeft > 0
        if diesByScript { bootFailuresLeft -= 1 }
        boot = Boot(
            number: bootCount, poweredAt: poweredAt, bootedAt: bootedAt, diesBooting: diesByChance || diesByScript,
            crashesAt: crash.map { bootedAt + $0 }, configuration: attached, agentStartsAt: bootedAt + registration)
        pods = PodRuntime()
        if let attached {
            if let residue, residue.generation != attachedGeneration { leaks += 1 }
            residue = Residue(image: attached.image, generation: attachedGeneration)
        }
    }

    mutating func powerOff() {
        boot = nil
        pods = PodRuntime()
    }

    /// The running or booting system dies.
    mutating func crash(_ now: Timestamp) {
        guard var current = boot else { return }
        if now < current.bootedAt { current.diesBooting = true } else { current.crashesAt = min(now, current.crashesAt ?? now) }
        boot = current
        pods = PodRuntime()
    }

    // MARK: - DPU

    /// Notes the generation of a call; returns whether the call has been carried out before.
    mutating func admit(_ operation: Operation, generation: UInt64) throws(PortError) -> Bool {
        guard generation >= self.generation else {
            refusedWrites += 1
            throw PortError(.failed, "generation \(generation) comes too late: \(self.generation) was seen")
        }
        self.generation = generation
        return done[operation] == generation
    }

    mutating func attach(_ configuration: BootConfiguration, generation: UInt64) throws(PortError) {
        if try admit(.attach, generation: generation) { return }
        attached = configuration
        attachedGeneration = generation
        done[.attach] = generation
    }

    mutating func detach(_ now: Timestamp, generation: UInt64) throws(PortError) {
        if try admit(.detach, generation: generation) { return }
        // A system that loses its disk dies.
        if attached != nil { crash(now) }
        attached = nil
        done[.detach] = generation
    }

    mutating func finishErasing(generation: UInt64) throws(PortError) {
        if try admit(.erase, generation: generation) { return }
        if boot != nil { throw PortError(.failed, "the server is powered on: power it off before erasing") }
        attached = nil
        residue = nil
        done[.erase] = generation
    }
}

/// What a simulated host does just now, for tests and consoles; no port tells this much.
public struct HostObservation: Sendable, Equatable {
    public enum Stage: String, Sendable, Equatable {
        case off
        case booting
        case running
        /// Powered on with nothing attached.
        case noBootDisk
        /// Died while booting.
        case hung
        /// Died while running.
        case crashed
    }

    public var stage: Stage
    public var isPoweredOn: Bool
    /// What the DPU presents.
    public var attached: BootConfiguration?
    /// What was booted and runs.
    public var running: BootConfiguration?
    /// What is left on the disk since it was last erased.
    public var residue: HostImage?
    /// How often a system found at its boot what another had left there.
    public var leaks: Int
    /// How often the host was powered on.
    public var boots: Int
    /// Calls refused because a newer generation had been seen.
    public var refusedWrites: Int
    /// Pods whose containers run, by namespace and name.
    public var runningPods: [ObjectKey]
}
