import Lifecycles
import Objects
import Testing

/// SplitMix64, so that a failing walk can be walked again.
private struct Dice {
    var state: UInt64

    mutating func roll(_ sides: UInt64) -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return (mixed ^ (mixed >> 31)) % sides
    }
}

@Suite struct HostWalkTests {
    /// Anything that may happen to a host besides its own life.
    private static func disturb(_ world: inout HostWorld, _ dice: inout Dice) {
        switch dice.roll(9) {
        case 0:
            world.setSpec { object in
                object["spec", "image"] = HostWorld.image.json
                object["spec", "online"] = true
            }
        case 1:
            world.setSpec { object in
                object["spec", "image"] = HostWorld.otherImage.json
                object["spec", "online"] = true
            }
        case 2:
            world.setSpec { object in
                object["spec", "image"] = nil
                object["spec", "online"] = false
            }
        case 3: world.setSpec { $0["spec", "online"] = .bool(!($0["spec", "online"]?.bool ?? false)) }
        case 4: world.isPoweredOn.toggle()
        case 5: world.now = world.now + .seconds(Int64(dice.roll(4_000)))
        case 6: world.lifecycle = HostLifecycle(seed: dice.roll(1_000))  // the controller crashed
        case 7: world.powerDelay = Int(dice.roll(5))
        default: world.consumerIsGone = dice.roll(4) == 0
        }
    }

    @Test(arguments: 0..<400) func fromEveryReachableStateAHealthyHostEndsAsWanted(_ seed: Int) {
        var dice = Dice(state: UInt64(seed))
        var world = HostWorld()
        for _ in 0..<Int(dice.roll(120)) {
            if dice.roll(4) == 0 { Self.disturb(&world, &dice) }
            let decision = world.decide()
            if decision.actions.isEmpty { world.now = world.now + (decision.wakeAfter ?? .seconds(1)) }
            let isFaulty = dice.roll(3) == 0
            world.perform(decision) { _ in isFaulty ? "scripted fault" : nil }
            if world.attached != nil {
                #expect(world.host.provisionedImage != nil, "an image is on a host whose status knows of none, seed \(seed)")
            }
        }
        world.powerDelay = 2
        if dice.roll(4) == 0 { world.delete() }
        let isDone = world.run(steps: 400)
        #expect(isDone, "seed \(seed) does not come to rest: \(world.history.suffix(6))")
        if world.host.metadata.isDeleting {
            #expect(world.isRemoved, "seed \(seed)")
            return
        }
        let host = world.host
        #expect(host.operationalStatus == "OK", "seed \(seed)")
        if let image = host.image, host.isOnline || host.state == .provisioned {
            #expect(host.state == .provisioned && world.attached == image, "seed \(seed)")
        } else {
            #expect(host.state == .available && world.attached == nil && !world.isDirty, "seed \(seed)")
        }
        #expect(host.isPoweredOn == (host.state == .provisioned && host.isOnline), "seed \(seed)")
    }
}
