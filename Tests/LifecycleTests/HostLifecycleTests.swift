import Lifecycles
import Objects
import Testing

@Suite struct HostLifecycleTests {
    struct Step: Sendable, CustomTestStringConvertible {
        var name: String
        var world: HostWorld
        /// The actions of the first decision.
        var actions: [HostAction]
        /// The state it writes, where it writes one.
        var writes: BareMetalHost.State?

        init(_ name: String, _ world: HostWorld, _ actions: [HostAction], writes: BareMetalHost.State? = nil) {
            self.name = name
            self.world = world
            self.actions = actions
            self.writes = writes
        }

        var testDescription: String { name }
    }

    static func deleting(_ world: HostWorld) -> HostWorld {
        var world = world
        world.delete()
        return world
    }

    static func orphaned(_ world: HostWorld) -> HostWorld {
        var world = world
        world.consumerIsGone = true
        return world
    }

    static let image = HostWorld.image
    static let steps: [Step] = [
        Step("a new host is registered", HostWorld(), [.writeStatus], writes: .registering),
        Step("a new host that is deleted goes", deleting(HostWorld()), [.writeStatus], writes: .deleting),
        Step("registering asks the controller", HostWorld(state: .registering), [.register]),
        Step("registering ends with deletion", deleting(HostWorld(state: .registering)), [.writeStatus], writes: .deleting),
        Step("inspecting inspects", HostWorld(state: .inspecting), [.inspect]),
        Step("inspecting ends with deletion", deleting(HostWorld(state: .inspecting)), [.writeStatus], writes: .deleting),
        Step("inspecting heeds no image", HostWorld(state: .inspecting, image: image, online: true), [.inspect]),
        Step("an available host rests", HostWorld(state: .available), []),
        Step("an available host that is on is looked at", HostWorld(state: .available, poweredOn: true), [.readPower]),
        Step("an available host with an error is looked at", HostWorld(state: .available, operationalStatus: "error"), [.readPower]),
        Step(
            "an image starts provisioning", HostWorld(state: .available, image: image, online: true), [.writeStatus],
            writes: .provisioning),
        Step("an image alone does not", HostWorld(state: .available, image: image), []),
        Step("online alone does not", HostWorld(state: .available, online: true), []),
        Step("an available host is deleted at once", deleting(HostWorld(state: .available)), [.writeStatus], writes: .deleting),
        Step(
            "provisioning begins with the power", HostWorld(state: .provisioning, image: image, provisioned: image, online: true),
            [.readPower]),
        Step(
            "provisioning ends when the image goes", HostWorld(state: .provisioning, provisioned: image), [.writeStatus],
            writes: .deprovisioning),
        Step(
            "provisioning ends when the image differs",
            HostWorld(state: .provisioning, image: HostWorld.otherImage, provisioned: image, online: true), [.writeStatus],
            writes: .deprovisioning),
        Step(
            "provisioning ends with deletion",
            deleting(HostWorld(state: .provisioning, image: image, provisioned: image, online: true)), [.writeStatus],
            writes: .deprovisioning),
        Step(
            "a provisioned host is looked at",
            HostWorld(state: .provisioned, image: image, provisioned: image, online: true, poweredOn: true),
            [.readPower]),
        Step(
            "a provisioned host is cleaned when the image goes", HostWorld(state: .provisioned, provisioned: image, poweredOn: true),
            [.writeStatus], writes: .deprovisioning),
        Step(
            "a provisioned host is cleaned when the image differs",
            HostWorld(state: .provisioned, image: HostWorld.otherImage, provisioned: image, online: true), [.writeStatus],
            writes: .deprovisioning),
        Step(
            "a provisioned host is cleaned before deletion",
            deleting(HostWorld(state: .provisioned, image: image, provisioned: image, online: true)), [.writeStatus],
            writes: .deprovisioning),
        Step(
            "a vanished consumer loses its claim",
            orphaned(HostWorld(state: .provisioned, image: image, provisioned: image, online: true)), [.releaseClaim]),
        Step(
            "deletion needs no claim released",
            orphaned(deleting(HostWorld(state: .provisioned, image: image, provisioned: image, online: true))), [.writeStatus],
            writes: .deprovisioning),
        Step("deprovisioning begins with the power", HostWorld(state: .deprovisioning, provisioned: image), [.readPower]),
        Step(
            "deprovisioning heeds no new image",
            HostWorld(state: .deprovisioning, image: HostWorld.otherImage, provisioned: image, online: true), [.readPower]),
        Step("deprovisioning goes on under deletion", deleting(HostWorld(state: .deprovisioning, provisioned: image)), [.readPower]),
        Step(
            "deprovisioning that failed often gives way to deletion",
            deleting(HostWorld(state: .deprovisioning, provisioned: image, operationalStatus: "error", errorCount: 4)), [.writeStatus],
            writes: .deleting),
        Step("deleting begins with the power", deleting(HostWorld(state: .deleting)), [.readPower]),
        Step(
            "deleting that failed often lets go", deleting(HostWorld(state: .deleting, operationalStatus: "error", errorCount: 4)),
            [.removeFinalizer]),
    ]

    @Test(arguments: steps) func decidesTheFirstStep(_ step: Step) {
        var world = step.world
        let decision = world.decide()
        #expect(decision.actions == step.actions)
        #expect(decision.status?.state == step.writes)
    }

    @Test func `a host lives from registering to provisioned and back`() {
        var world = HostWorld()
        let isDone = world.run()
        #expect(isDone)
        #expect(world.history == ["registering", "inspecting", "available"])
        world.history = []
        world.setSpec { object in
            object["spec", "image"] = HostWorld.image.json
            object["spec", "online"] = true
        }
        let isDone2 = world.run()
        #expect(isDone2)
        #expect(world.history == ["provisioning", "provisioned"])
        #expect(world.isPoweredOn && world.attached == HostWorld.image)
        world.history = []
        world.setSpec { object in
            object["spec", "image"] = nil
            object["spec", "online"] = false
        }
        let isDone3 = world.run()
        #expect(isDone3)
        #expect(world.history == ["deprovisioning", "available"])
        #expect(!world.isPoweredOn && world.attached == nil && !world.isDirty)
        #expect(world.host.isClaimable)
    }

    @Test func `a host without our finalizer gets it first, and is let alone when it goes without`() {
        var world = HostWorld()
        world.object["metadata", "finalizers"] = []
        let decision = world.decide()
        #expect(decision.actions == [.addFinalizer])
        world.delete()
        let decision2 = world.decide()
        #expect(decision2 == HostDecision())
    }

    @Test func `the power of a provisioned host follows online and is repaired`() {
        var world = HostWorld(state: .provisioned, image: Self.image, provisioned: Self.image, online: true, poweredOn: true)
        world.run()
        world.isPoweredOn = false
        world.now = world.now + .seconds(61)
        for _ in 0..<6 { world.perform(world.decide()); world.now = world.now + .seconds(1) }
        #expect(world.isPoweredOn)
        world.setSpec { $0["spec", "online"] = false }
        let isDone = world.run()
        #expect(isDone)
        for _ in 0..<6 { world.perform(world.decide()); world.now = world.now + .seconds(1) }
        #expect(!world.isPoweredOn)
        #expect(world.host.state == .provisioned)
    }
}

extension HostWorld: CustomTestStringConvertible {
    var testDescription: String { host.state.rawValue }
}
