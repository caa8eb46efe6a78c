import Lifecycles
import Objects
import Testing

@Suite struct HostFailureTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var world: HostWorld
        var fails: HostAction
        var kind: HostFailure.Kind
        var endsIn: BareMetalHost.State

        init(_ name: String, _ world: HostWorld, fails: HostAction, _ kind: HostFailure.Kind, endsIn: BareMetalHost.State) {
            self.name = name
            self.world = world
            self.fails = fails
            self.kind = kind
            self.endsIn = endsIn
        }

        var testDescription: String { name }
    }

    static let image = HostWorld.image
    static let toProvision = HostWorld(state: .provisioning, image: image, provisioned: image, online: true)
    static let toClean = HostWorld(state: .deprovisioning, provisioned: image, poweredOn: true)
    static let cases: [Case] = [
        Case("registering", HostWorld(state: .registering), fails: .register, .registration, endsIn: .available),
        Case("inspecting", HostWorld(state: .inspecting), fails: .inspect, .inspection, endsIn: .available),
        Case("looking after inspection", HostWorld(state: .inspecting), fails: .readPower, .inspection, endsIn: .available),
        Case(
            "powering off an unused host", HostWorld(state: .available, poweredOn: true), fails: .setPower(on: false), .power,
            endsIn: .available),
        Case("looking before provisioning", toProvision, fails: .readPower, .power, endsIn: .provisioned),
        Case("attaching", toProvision, fails: .attach(image), .provisioning, endsIn: .provisioned),
        Case("powering on", toProvision, fails: .setPower(on: true), .power, endsIn: .provisioned),
        Case("powering off before cleaning", toClean, fails: .setPower(on: false), .power, endsIn: .available),
        Case("detaching", toClean, fails: .detach, .provisioning, endsIn: .available),
        Case("erasing", toClean, fails: .erase, .provisioning, endsIn: .available),
    ]

    @Test(arguments: cases) func writesTheErrorWaitsAndGoesOn(_ example: Case) {
        var world = example.world
        var failures = 0
        let isDone = world.run { action in
            guard action == example.fails, failures < 3 else { return nil }
            failures += 1
            return "the device is on fire"
        }
        #expect(isDone && failures == 3)
        let error = "\(example.world.host.state.rawValue): \(example.kind.rawValue)"
        #expect(world.history.filter { $0 == error }.count == 3)
        #expect(world.host.state == example.endsIn)
        #expect(world.host.operationalStatus == "OK" && world.host.errorMessage.isEmpty && world.host.errorCount == 0)
    }

    @Test func `pauses grow up to the longest one and differ between seeds`() {
        var pauses: [Int64] = []
        var world = HostWorld(state: .registering)
        for _ in 0..<12 {
            world.perform(world.decide()) { _ in "no answer" }
            world.perform(world.decide())
            let wait = world.decide()
            #expect(wait.actions.isEmpty)
            guard let wake = wait.wakeAfter else { break }
            pauses.append(wake.microseconds / 1_000)
            world.now = world.now + wake
        }
        #expect(pauses.count == 12)
        for (count, pause) in pauses.enumerated() {
            let full: Int64 = min(300_000, 5_000 << Int64(count))
            #expect((full / 2...full).contains(pause))
        }
        var other = HostWorld(state: .registering)
        other.lifecycle = HostLifecycle(seed: 8)
        other.perform(other.decide()) { _ in "no answer" }
        other.perform(other.decide())
        let later = other.decide()
        #expect(later.wakeAfter.map { $0.microseconds / 1_000 } != pauses.first)
    }

    @Test(arguments: [BareMetalHost.State.provisioning, .deprovisioning, .available])
    func powerThatNeverChangesMeetsTheDeadline(_ state: BareMetalHost.State) {
        var world = HostWorld(
            state: state, image: state == .provisioning ? Self.image : nil, provisioned: state == .available ? nil : Self.image,
            online: state == .provisioning, poweredOn: true)
        world.powerDelay = .max
        let start = world.now
        var orders = 0
        while world.host.operationalStatus != "error", world.now < start + .seconds(7_200) {
            let decision = world.decide()
            if decision.actions.isEmpty { world.now = world.now + (decision.wakeAfter ?? .seconds(9_999)) }
            orders += decision.actions.count { $0 == .setPower(on: false) }
            world.perform(decision)
        }
        #expect(world.now - start >= HostLifecycleSettings().deadline(of: state))
        #expect(world.now - start <= HostLifecycleSettings().deadline(of: state) + .seconds(2))
        #expect(world.host.errorMessage.contains("did not end within"))
        #expect(world.host.errorType == "power management error")
        #expect(orders > 2, "an order that was lost is given again")
    }

    @Test func `what is wanted beats the pause after a failure`() {
        var world = Self.toProvision
        world.perform(world.decide()) { _ in "no answer" }
        world.perform(world.decide())
        let decision = world.decide()
        #expect(decision.actions.isEmpty)
        world.setSpec { $0["spec", "image"] = nil }
        let decision2 = world.decide()
        #expect(decision2.status?.state == .deprovisioning)
    }

    @Test func `a changed spec is tried at once`() {
        var world = HostWorld(state: .registering)
        world.perform(world.decide()) { _ in "Secret does not exist" }
        world.perform(world.decide())
        let decision = world.decide()
        #expect(decision.actions.isEmpty)
        world.setSpec { $0["spec", "bmc", "credentialsName"] = "right" }
        let decision2 = world.decide()
        #expect(decision2.actions == [.register])
    }

    @Test func `a host that cannot be cleaned can still be deleted`() {
        var world = HostWorld(state: .provisioned, image: Self.image, provisioned: Self.image, online: true, poweredOn: true)
        world.delete()
        let isDone = world.run { _ in "no answer" }
        #expect(isDone)
        #expect(world.isRemoved)
        #expect(world.history.first == "deprovisioning")
        #expect(world.history.filter { $0.hasPrefix("deprovisioning:") }.count == 4)
    }

    @Test func `a failure is written even after the host was read anew`() {
        var world = HostWorld(state: .inspecting)
        world.perform(world.decide()) { _ in "the lid is open" }
        let first = world.decide()
        // The write was refused by the server: the same decision comes again.
        let decision = world.decide()
        #expect(decision == first)
        #expect(first.status?.failure == HostFailure(.inspection, "the lid is open"))
        #expect(first.status?.errorCount == 1)
    }
}
