import APIMessages
import KubeClient
import Objects
import Ports
import Simulation
import Testing

@Suite struct FaultyTransportTests {
    private static let pods = ResourceName(group: "", version: "v1", kind: "Pod", plural: "pods", isNamespaced: true)

    private struct Case: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var fault: MessageFault?
        /// Whether the caller gets an answer, and its code where that is no success.
        var answered: Bool
        var code: Int
        var exists: Bool
        var took: Duration
    }

    @Test(arguments: [
        Case(testDescription: "no fault", fault: nil, answered: true, code: 0, exists: true, took: .zero),
        Case(testDescription: "lost", fault: .lost, answered: false, code: 0, exists: false, took: .seconds(5)),
        Case(testDescription: "answer lost", fault: .answerLost, answered: false, code: 0, exists: true, took: .seconds(5)),
        Case(testDescription: "repeated", fault: .repeated, answered: false, code: 409, exists: true, took: .zero),
        Case(testDescription: "delayed", fault: .delayed(.seconds(3)), answered: true, code: 0, exists: true, took: .seconds(3)),
    ])
    private func eachFaultHasItsEffect(_ testCase: Case) throws {
        let world = SimulatedWorld(seed: 1)
        let api = FakeAPI(time: world.time)
        let client = KubeClient(
            transport: FaultyTransport(api, time: world.time) { serial, _ in serial == 0 ? testCase.fault : nil })
        let start = world.time.now()
        let outcome = try world.perform { () async -> (Bool, Int) in
            do throws(KubeError) {
                try await client.create(FaultyTransportTests.pods, namespace: "a", ["metadata": ["name": "p"]])
                return (true, 0)
            } catch { return (false, error.code) }
        }
        #expect(outcome == (testCase.answered, testCase.code))
        #expect(world.time.now() - start == testCase.took)
        let found = try world.perform { try await api.client.get(FaultyTransportTests.pods, ObjectKey(namespace: "a", name: "p")) }
        #expect((found != nil) == testCase.exists)
    }

    @Test func aWatchBreaksOffAfterItsReads() throws {
        let world = SimulatedWorld(seed: 1)
        let api = FakeAPI(time: world.time)
        let client = KubeClient(transport: FaultyTransport(api, time: world.time) { _, _ in .brokenWatch(reads: 2) })
        try world.perform {
            let stream = try await client.watch(FaultyTransportTests.pods, resourceVersion: "0")
            for name in ["a", "b", "c"] {
                try await api.client.create(FaultyTransportTests.pods, namespace: "x", ["metadata": ["name": .string(name)]])
                if name == "c" {
                    await #expect(throws: KubeError.self) { try await stream.next() }
                } else {
                    #expect(try await stream.next()?.count == 1)
                }
            }
        }
    }

    @Test func whatADelayedWatchReadsComesLateAndInOrder() throws {
        let world = SimulatedWorld(seed: 1)
        let api = FakeAPI(time: world.time)
        var faults = MessageFaults()
        faults.delayedWatch = 1
        faults.delay = LatencyRange(.seconds(3), .seconds(3))
        let client = KubeClient(
            transport: FaultyTransport(api, time: world.time, generator: world.generator.fork("late"), faults: faults))
        let start = world.time.now()
        let sizes = try world.perform {
            let stream = try await client.watch(FaultyTransportTests.pods, resourceVersion: "0")
            var sizes: [Int?] = []
            for name in ["a", "b"] {
                try await api.client.create(FaultyTransportTests.pods, namespace: "x", ["metadata": ["name": .string(name)]])
                sizes.append(try await stream.next()?.count)
            }
            return sizes
        }
        #expect(sizes == [1, 1])
        #expect(world.time.now() - start == .seconds(6))
    }

    @Test func anInformerSurvivesEverything() throws {
        let world = SimulatedWorld(seed: 4)
        let api = FakeAPI(time: world.time)
        var faults = MessageFaults()
        faults.lost = 0.3
        faults.delayed = 0.3
        faults.brokenWatch = 0.2
        let transport = FaultyTransport(api, time: world.time, generator: world.generator.fork("watch"), faults: faults)
        let informer = Informer<Pod>(client: KubeClient(transport: transport), time: world.time)
        world.start { await informer.run() }
        for index in 0..<40 {
            try world.perform {
                try await api.client.create(FaultyTransportTests.pods, namespace: "x", ["metadata": ["name": .string("pod-\(index)")]])
            }
            try world.run(for: .seconds(2))
        }
        #expect(try world.run(until: { informer.count == 40 }, limit: .seconds(300)))
        try world.stop()
    }

    @Test func chancesAreAsTheyAreSaidAndFollowTheSeed() throws {
        func faults(_ seed: UInt64) throws -> [String] {
            let world = SimulatedWorld(seed: seed)
            let api = FakeAPI(time: world.time)
            var faults = MessageFaults()
            faults.lost = 0.25
            let client = KubeClient(
                transport: FaultyTransport(api, time: world.time, generator: world.generator, faults: faults))
            return try world.perform {
                var outcomes: [String] = []
                for _ in 0..<1_000 {
                    do throws(KubeError) {
                        _ = try await client.list(FaultyTransportTests.pods)
                        outcomes.append("ok")
                    } catch { outcomes.append("lost") }
                }
                return outcomes
            }
        }
        let first = try faults(1)
        #expect((200...300).contains(first.filter { $0 == "lost" }.count))
        #expect(try faults(1) == first)
        #expect(try faults(2) != first)
    }
}
