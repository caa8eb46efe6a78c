import Objects
import Ports
import Simulation
import Testing

@Suite struct PortContractTests {
    /// Each test gets fresh hosts.
    private struct Implementation: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var make: @Sendable () -> PortSubject
    }

    private static let implementations = [
        Implementation(testDescription: "simulated") {
            let fixture = RackFixture()
            let world = fixture.world
            return PortSubject(
                testDescription: "simulated", management: fixture.rack, unit: fixture.rack, host: fixture.endpoint("small-001"),
                stranger: fixture.endpoint("nobody"), patience: .seconds(10),
                run: { work in try world.perform { try await work() } }, pause: { try await world.time.sleep(for: $0) })
        }
    ]

    private struct Clause: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var check: @Sendable (PortContract) throws -> Void

        init(_ name: String, _ check: @escaping @Sendable (PortContract) throws -> Void) {
            testDescription = name
            self.check = check
        }
    }

    private static let clauses = [
        Clause("every call refuses a stranger") { try $0.everyCallRefusesAStranger() },
        Clause("inspection finds real hardware, and the same again") { try $0.inspectionFindsRealHardwareAndTheSameAgain() },
        Clause("power follows orders, and repeating them does nothing") { try $0.powerFollowsOrdersAndRepeatingThemDoesNothing() },
        Clause("what is attached is told until it is detached") { try $0.whatIsAttachedIsToldUntilItIsDetached() },
        Clause("a late writer is refused and changes nothing") { try $0.aLateWriterIsRefusedAndChangesNothing() },
        Clause("repeating a call of a generation does nothing") { try $0.repeatingACallOfAGenerationDoesNothing() },
        Clause("erasing leaves nothing attached and may be repeated") { try $0.erasingLeavesNothingAttachedAndMayBeRepeated() },
    ]

    @Test(arguments: implementations, clauses)
    private func holds(_ implementation: Implementation, _ clause: Clause) throws {
        try clause.check(PortContract(subject: implementation.make()))
    }
}
