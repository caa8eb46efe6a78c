import Objects
import Ports
import Testing

/// What every implementation of the two host ports must do, simulated or real.
///
/// An implementation comes under this suite with a subject of its own: one powered-off host with nothing attached, an
/// address nobody has, and a way to let operations run and time pass.
struct PortSubject: CustomTestStringConvertible, Sendable {
    var testDescription: String
    var management: any BaseboardManagement
    var unit: any DataProcessingUnit
    var host: HostEndpoint
    var stranger: HostEndpoint
    /// How long the slowest call and a power change may take.
    var patience: Duration
    var run: @Sendable (@escaping @Sendable () async throws -> Void) throws -> Void
    var pause: @Sendable (Duration) async throws -> Void
}

struct PortContract {
    let subject: PortSubject

    private static let first = BootConfiguration(
        image: HostImage(url: "http://images.example/a.qcow2", checksum: "sha256:aa"), userData: ["owner": "a"])
    private static let second = BootConfiguration(
        image: HostImage(url: "http://images.example/b.qcow2", checksum: "sha256:bb"), userData: ["owner": "b"])

    /// Waits until the power is as wanted.
    private func awaitPower(_ isOn: Bool) async throws {
        var waited = Duration.zero
        while try await subject.management.isPoweredOn(subject.host) != isOn {
            try #require(waited < subject.patience, "the power has not changed")
            try await subject.pause(.milliseconds(250))
            waited += .milliseconds(250)
        }
    }

    func expect(_ kind: PortError.Kind, _ what: Comment, _ call: () async throws -> Void) async {
        let error = await #expect(throws: PortError.self, what) { try await call() }
        #expect(error?.kind == kind, what)
        #expect(error?.message.isEmpty == false, what)
    }

    func everyCallRefusesAStranger() throws {
        try subject.run {
            let (management, unit, stranger) = (subject.management, subject.unit, subject.stranger)
            await expect(.unknownDevice, "register") { try await management.register(stranger) }
            await expect(.unknownDevice, "inspect") { _ = try await management.inspect(stranger) }
            await expect(.unknownDevice, "isPoweredOn") { _ = try await management.isPoweredOn(stranger) }
            await expect(.unknownDevice, "setPower") { try await management.setPower(stranger, on: true) }
            await expect(.unknownDevice, "attach") {
                try await unit.attach(PortContract.first, to: stranger, generation: 1)
            }
            await expect(.unknownDevice, "detach") { try await unit.detach(stranger, generation: 1) }
            await expect(.unknownDevice, "erase") { try await unit.erase(stranger, generation: 1) }
            await expect(.unknownDevice, "attached") { _ = try await unit.attached(stranger) }
        }
    }

    func inspectionFindsRealHardwareAndTheSameAgain() throws {
        try subject.run {
            try await subject.management.register(subject.host)
            try await subject.management.register(subject.host)
            let hardware = try await subject.management.inspect(subject.host)
            #expect(hardware.cores > 0)
            #expect(hardware.memoryBytes > 0)
            #expect(!hardware.model.isEmpty)
            #expect(!hardware.macAddresses.isEmpty)
            #expect(hardware.numaNodes.reduce(0) { $0 + $1.cores } == hardware.cores)
            #expect(hardware.numaNodes.reduce(0) { $0 + $1.memoryBytes } == hardware.memoryBytes)
            #expect(try await subject.management.inspect(subject.host) == hardware)
        }
    }

    func powerFollowsOrdersAndRepeatingThemDoesNothing() throws {
        try subject.run {
            #expect(try await !subject.management.isPoweredOn(subject.host))
            for _ in 0..<2 { try await subject.management.setPower(subject.host, on: true) }
            try await awaitPower(true)
            try await subject.management.setPower(subject.host, on: true)
            #expect(try await subject.management.isPoweredOn(subject.host))
            for _ in 0..<2 { try await subject.management.setPower(subject.host, on: false) }
            try await awaitPower(false)
        }
    }

    func whatIsAttachedIsToldUntilItIsDetached() throws {
        try subject.run {
            let unit = subject.unit
            #expect(try await unit.attached(subject.host) == nil)
            for _ in 0..<2 { try await unit.attach(PortContract.first, to: subject.host, generation: 1) }
            #expect(try await unit.attached(subject.host) == PortContract.first)
            for _ in 0..<2 { try await unit.detach(subject.host, generation: 2) }
            #expect(try await unit.attached(subject.host) == nil)
        }
    }

    func aLateWriterIsRefusedAndChangesNothing() throws {
        try subject.run {
            let unit = subject.unit
            try await unit.attach(PortContract.second, to: subject.host, generation: 5)
            await expect(.failed, "late attach") {
                try await unit.attach(PortContract.first, to: subject.host, generation: 4)
            }
            await expect(.failed, "late detach") { try await unit.detach(subject.host, generation: 3) }
            await expect(.failed, "late erase") { try await unit.erase(subject.host, generation: 4) }
            #expect(try await unit.attached(subject.host) == PortContract.second)
        }
    }

    func repeatingACallOfAGenerationDoesNothing() throws {
        try subject.run {
            let unit = subject.unit
            try await unit.attach(PortContract.first, to: subject.host, generation: 7)
            try await unit.detach(subject.host, generation: 7)
            // The first call's duplicate, delivered late.
            try await unit.attach(PortContract.first, to: subject.host, generation: 7)
            #expect(try await unit.attached(subject.host) == nil)
        }
    }

    func erasingLeavesNothingAttachedAndMayBeRepeated() throws {
        try subject.run {
            let unit = subject.unit
            try await unit.attach(PortContract.first, to: subject.host, generation: 1)
            for _ in 0..<2 { try await unit.erase(subject.host, generation: 2) }
            #expect(try await unit.attached(subject.host) == nil)
            try await unit.attach(PortContract.second, to: subject.host, generation: 3)
            #expect(try await unit.attached(subject.host) == PortContract.second)
        }
    }
}
