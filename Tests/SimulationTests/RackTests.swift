import KubeClient
import Objects
import Ports
import Simulation
import Testing

@Suite struct RackTests {
    private static let tenant = BootConfiguration(
        image: HostImage(url: "http://images.example/tenant.qcow2", checksum: ""), userData: ["password": "x"])

    private func perform(_ fixture: RackFixture, _ work: @escaping @Sendable (SimulatedRack, HostEndpoint) async throws -> Void) throws {
        try fixture.world.perform { [rack = fixture.rack, host = fixture.endpoint("small-001")] in try await work(rack, host) }
    }

    private func observation(_ fixture: RackFixture) throws -> HostObservation {
        try #require(fixture.rack.observation(of: "small-001"))
    }

    @Test func aTenantsSystemBootsWithoutANode() throws {
        let fixture = RackFixture()
        fixture.start()
        try perform(fixture) { rack, host in
            try await rack.attach(RackTests.tenant, to: host, generation: 1)
            try await rack.setPower(host, on: true)
        }
        #expect(try observation(fixture).stage == .booting)
        try fixture.world.run(for: .seconds(60))
        let seen = try observation(fixture)
        #expect(seen.stage == .running)
        #expect(seen.running == RackTests.tenant)
        #expect(seen.residue == RackTests.tenant.image)
        #expect(try fixture.node("small-001") == nil)
        #expect(!fixture.api.requests.contains { $0.contains("leases") })
        try fixture.world.stop()
    }

    @Test func hostsStandInRacksInTurnAndDivideTheirNUMANodes() {
        let fleet = FleetSpecification(
            name: "lab",
            groups: [.init(namePrefix: "a-", count: 3, model: "A", cores: 3, memoryBytes: 7, numaNodes: 2, racks: ["r1", "r2"])])
        #expect(fleet.hosts.map(\.name) == ["a-001", "a-002", "a-003"])
        #expect(fleet.hosts.map(\.hardware.rack) == ["r1", "r2", "r1"])
        #expect(fleet.hosts[0].hardware.numaNodes.map(\.cores) == [2, 1])
        #expect(fleet.hosts[0].hardware.numaNodes.map(\.memoryBytes) == [4, 3])
        #expect(Set(fleet.hosts.map(\.bootMACAddress)).count == 3)
    }

    @Test func powerWithoutABootDiskEndsThere() throws {
        let fixture = RackFixture()
        try fixture.setPower("small-001", on: true)
        try fixture.world.run(for: .seconds(60))
        let seen = try observation(fixture)
        #expect(seen.stage == .noBootDisk)
        #expect(seen.isPoweredOn)
        #expect(seen.residue == nil)
    }

    @Test func theNextTenantReadsZerosOnlyAfterErasing() throws {
        for erases in [true, false] {
            let fixture = RackFixture()
            try perform(fixture) { rack, host in
                try await rack.attach(RackTests.tenant, to: host, generation: 1)
                try await rack.setPower(host, on: true)
                try await rack.setPower(host, on: false)
                // The same user finds its own data: no leak.
                try await rack.setPower(host, on: true)
                try await rack.setPower(host, on: false)
                try await rack.detach(host, generation: 2)
                if erases { try await rack.erase(host, generation: 2) }
            }
            #expect(try observation(fixture).residue == (erases ? nil : RackTests.tenant.image))
            #expect(try observation(fixture).leaks == 0)
            try perform(fixture) { rack, host in
                try await rack.attach(RackTests.tenant, to: host, generation: 3)
                try await rack.setPower(host, on: true)
            }
            #expect(try observation(fixture).leaks == (erases ? 0 : 1))
        }
    }

    @Test func erasingARunningServerIsRefused() throws {
        let fixture = RackFixture()
        try perform(fixture) { rack, host in
            try await rack.attach(RackTests.tenant, to: host, generation: 1)
            try await rack.setPower(host, on: true)
            let error = await #expect(throws: PortError.self) { try await rack.erase(host, generation: 2) }
            #expect(error?.kind == .failed)
            #expect(error?.message.contains("power it off") == true)
            try await rack.setPower(host, on: false)
            try await rack.erase(host, generation: 2)
        }
        #expect(try observation(fixture).residue == nil)
    }

    @Test func aServerPoweredOnWhileItIsErasedIsNotReportedClean() throws {
        let fixture = RackFixture()
        try perform(fixture) { rack, host in
            try await rack.attach(RackTests.tenant, to: host, generation: 1)
            try await rack.setPower(host, on: true)
            try await rack.setPower(host, on: false)
            async let erasing = { () async -> PortError? in
                do throws(PortError) { try await rack.erase(host, generation: 2) } catch { return error }
                return nil
            }()
            try await rack.setPower(host, on: true)
            #expect(await erasing?.kind == .failed)
        }
        #expect(try observation(fixture).residue != nil)
    }

    @Test func aSystemThatLosesItsDiskDies() throws {
        let fixture = RackFixture()
        try fixture.startNode(pods: 1)
        try perform(fixture) { rack, host in try await rack.detach(host, generation: 2) }
        #expect(try observation(fixture).stage == .crashed)
        #expect(try observation(fixture).runningPods == [])
        try fixture.world.stop()
    }

    @Test func scriptedFaultsHappenAtTheirTime() throws {
        let fixture = RackFixture { fleet in
            fleet.faults.script = [
                ScriptedFault(after: .seconds(300), hostName: "small-001", fault: .powerLoss),
                ScriptedFault(after: .seconds(100), hostName: "small-001", fault: .crash),
                ScriptedFault(after: .seconds(200), hostName: "small-002", fault: .managementOutage(.seconds(60))),
            ]
        }
        try fixture.startNode()
        let start = Timestamp(seconds: 1_767_225_600)
        try fixture.world.run(for: start + .seconds(99) - fixture.world.time.now())
        #expect(try observation(fixture).stage == .running)
        try fixture.world.run(for: .seconds(2))
        #expect(try observation(fixture).stage == .crashed)
        #expect(try observation(fixture).isPoweredOn)
        try fixture.world.run(for: start + .seconds(201) - fixture.world.time.now())
        let error = #expect(throws: PortError.self) { try fixture.setPower("small-002", on: true) }
        #expect(error?.kind == .unreachable)
        try fixture.world.run(for: .seconds(60))
        try fixture.setPower("small-002", on: true)
        #expect(fixture.rack.observation(of: "small-002")?.isPoweredOn == false, "power takes its time")
        try fixture.world.run(for: .seconds(40))
        #expect(fixture.rack.observation(of: "small-002")?.isPoweredOn == true)
        #expect(try !observation(fixture).isPoweredOn)
        try fixture.world.stop()
    }

    @Test func aBootThatDiesHangsUntilThePowerIsCycled() throws {
        let fixture = RackFixture()
        fixture.start()
        fixture.rack.inject(.bootFailures(1), on: "small-001")
        try fixture.makeNode("small-001")
        try fixture.world.run(for: .seconds(300))
        #expect(try observation(fixture).stage == .hung)
        #expect(try fixture.node("small-001") == nil)
        try fixture.setPower("small-001", on: false)
        try fixture.setPower("small-001", on: true)
        #expect(try fixture.wait { try fixture.node("small-001")?.isReady == true })
        #expect(try observation(fixture).boots == 2)
        try fixture.world.stop()
    }

    @Test func chanceMakesManagementCallsFailAndRepeatingThemHelps() throws {
        let fixture = RackFixture { fleet in
            fleet.faults.managementUnreachable = 0.3
            fleet.faults.managementFailure = 0.2
        }
        let failures = Recorded<[PortError.Kind]>([])
        try perform(fixture) { rack, host in
            for generation in 1...100 {
                while true {
                    do throws(PortError) {
                        try await rack.attach(RackTests.tenant, to: host, generation: UInt64(generation))
                        break
                    } catch { failures.change { $0.append(error.kind) } }
                }
            }
        }
        let kinds = failures.value
        #expect((20...80).contains(kinds.filter { $0 == .unreachable }.count))
        #expect((10...50).contains(kinds.filter { $0 == .failed }.count))
        #expect(try observation(fixture).attached == RackTests.tenant)
    }

    @Test func whatOneHostDrawsDoesNotDependOnOthers() throws {
        func readyTime(alone: Bool) throws -> Duration {
            let fixture = RackFixture(seed: 5)
            fixture.start()
            if !alone {
                for _ in 0..<3 { try fixture.setPower("small-002", on: true) }
            }
            let start = fixture.world.time.now()
            try fixture.makeNode("small-001")
            let asked = fixture.world.time.now() - start
            _ = try fixture.world.run(until: { fixture.rack.observation(of: "small-001")?.stage == .running })
            return fixture.world.time.now() - start - asked
        }
        // What wakes the world differs by a moment, the boot does not.
        #expect((try readyTime(alone: true).inSeconds - readyTime(alone: false).inSeconds).magnitude < 1)
    }

    @Test func hostsAreRegisteredOnceAndLeftAlone() throws {
        let fixture = RackFixture()
        try fixture.world.perform { [rack = fixture.rack, client = fixture.client] in
            try await rack.registerHosts(client)
            try await client.patch(
                BareMetalHost.resource, ObjectKey(namespace: Names.hostNamespace, name: "big-001"), ["spec": ["online": true]])
            try await rack.registerHosts(client)
        }
        let hosts = try fixture.world.perform { [client = fixture.client] in
            try await client.list(BareMetalHost.resource, namespace: Names.hostNamespace).items.map { BareMetalHost($0) }
        }
        #expect(hosts.map(\.metadata.name) == ["big-001", "small-001", "small-002"])
        #expect(hosts.map(\.isOnline) == [true, false, false])
        #expect(hosts[1].bmcAddress == "sim://test/small-001")
        #expect(hosts[1].bootMACAddress == "02:51:75:00:00:00")
        #expect(fixture.api.requests.filter { $0 == "POST /apis/metal3.io/v1alpha1/namespaces/sluice-hosts/baremetalhosts" }.count == 3)
    }
}

@Suite struct RackStateTests {
    @Test func aRackTakenUpAgainRunsOnAsIfNothingHadHappened() throws {
        let fixture = RackFixture()
        try fixture.startNode(pods: 2)
        let before = try (0..<2).map { try fixture.podObject("pod-\($0)")?["status"] }
        let text = String(decoding: fixture.rack.savedState().encoded, as: UTF8.self)
        try fixture.world.stop()

        let rack = SimulatedRack(fixture.rack.fleet, time: fixture.world.time)
        rack.restore(try JSON(parsing: text))
        fixture.world.start { [client = fixture.client, api = fixture.api] in
            await rack.run(watching: client, transports: { _ in api })
        }
        try fixture.delete("pod-1")
        try fixture.world.run(for: .seconds(60))
        #expect(try fixture.podObject("pod-0")?["status"] == before[0])
        #expect(try fixture.pod("pod-1") == nil)
        let seen = try #require(rack.observation(of: "small-001"))
        #expect(seen.stage == .running)
        #expect(seen.runningPods.map(\.name) == ["pod-0"])
        #expect(seen.boots == 1)
        #expect(rack.observation(of: "small-002")?.boots == 0)
        let renewed = try #require(try fixture.lease("small-001")?.renewTime)
        #expect(fixture.world.time.now() - renewed <= .seconds(10))
        // Late writers are still known.
        let error = #expect(throws: PortError.self) {
            try fixture.world.perform { [host = fixture.endpoint("small-001")] in try await rack.detach(host, generation: 0) }
        }
        #expect(error?.kind == .failed)
        try fixture.world.stop()
    }

    @Test func theStateOfAnotherFleetIsNotTakenUp() throws {
        let fixture = RackFixture()
        try fixture.setPower("small-001", on: true)
        var state = fixture.rack.savedState()
        state["fleet"] = "other"
        let rack = SimulatedRack(fixture.rack.fleet, time: fixture.world.time)
        rack.restore(state)
        #expect(rack.observation(of: "small-001")?.boots == 0)
    }

    @Test func theStateIsWrittenWhenItChanges() throws {
        let fixture = RackFixture()
        let written = Recorded<[JSON]>([])
        fixture.world.start { [rack = fixture.rack] in await rack.keepState { state in written.change { $0.append(state) } } }
        try fixture.world.run(for: .seconds(10))
        #expect(written.value.isEmpty)
        try fixture.setPower("small-001", on: true)
        try fixture.world.run(for: .seconds(10))
        #expect(written.value.count == 1)
        #expect(written.value.last == fixture.rack.savedState())
        try fixture.world.stop()
    }
}
