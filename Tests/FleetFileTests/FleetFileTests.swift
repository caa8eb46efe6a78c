import FleetFile
import Objects
import Simulation
import Testing

@Suite struct FleetFileTests {
    @Test func theBuiltInRackIsTheOneOfTheIssue() throws {
        #expect(FleetFile.names == ["rack40"])
        let fleet = try #require(try FleetFile.named("rack40"))
        #expect(fleet.name == "rack40")
        let hosts = fleet.hosts
        #expect(hosts.count == 40)
        #expect(hosts[0].name == "r64-001")
        #expect(hosts[0].address == "sim://rack40/r64-001")
        #expect(hosts[29].name == "r64-030")
        #expect(hosts[39].name == "r128-010")
        let (small, big) = (fleet.groups[0], fleet.groups[1])
        #expect((small.cores, small.memoryBytes, small.numaNodes) == (64, 256 << 30, 2))
        #expect(small.accelerators == nil)
        #expect((big.cores, big.memoryBytes) == (128, 512 << 30))
        #expect(big.accelerators?.count == 8)
        #expect(fleet.groups.map(\.racks.count) == [4, 4])
        #expect(Set(hosts.map(\.bootMACAddress)).count == 40)
        #expect(fleet.faults == FleetFaults())
        // From claim to Ready: live, but not at once.
        let latencies = fleet.latencies
        let longest = (latencies.powerOn.longest + latencies.boot.longest + latencies.nodeRegistration.longest).inSeconds
        #expect(longest * latencies.timeScale < 15)
        #expect((latencies.register.longest + latencies.inspect.longest).inSeconds * latencies.timeScale < 5)
    }

    @Test func unknownNamesHaveNoFleet() throws {
        #expect(FleetFile.text(named: "rack41") == nil)
        #expect(try FleetFile.named("rack41") == nil)
    }

    private static let small = """
        name: lab
        groups:
          - namePrefix: a-
            count: 2
            model: A
            cores: 3
            memory: 8Gi
        """

    @Test func everyFieldIsRead() throws {
        let fleet = try FleetFile.read(
            """
            name: lab
            seed: 9
            timeScale: 2
            groups:
              - {namePrefix: a-, count: 2, model: A, cores: 3, memory: 8Gi, numaNodes: 2, maxPods: 30}
            latencies:
              boot: 30s
              podStart: [1s, 1500ms]
            faults:
              managementUnreachable: 0.1
              managementFailure: 0.2
              bootFailure: 0.3
              hostCrashesPerHour: 0.5
              agentRestartsPerHour: 2
              messages: {lost: 0.01, answerLost: 0.02, repeated: 0.03, delayed: 0.04, delay: [1s, 2s], timeout: 3s}
              script:
                - {at: 2m, host: a-001, fault: crash}
                - {at: 3m, host: a-002, fault: agentSilence, for: 90s}
                - {at: 4m, host: a-002, fault: bootFailures, count: 2}
            """)
        #expect(fleet.seed == 9)
        #expect(fleet.latencies.timeScale == 2)
        #expect(fleet.latencies.boot == LatencyRange(.seconds(30), .seconds(30)))
        #expect(fleet.latencies.podStart == LatencyRange(.seconds(1), .milliseconds(1_500)))
        #expect(fleet.groups[0].maximumPods == 30)
        #expect(fleet.groups[0].numaNodes == 2)
        var faults = FleetFaults()
        faults.managementUnreachable = 0.1
        faults.managementFailure = 0.2
        faults.bootFailure = 0.3
        faults.hostCrashesPerHour = 0.5
        faults.agentRestartsPerHour = 2
        faults.messages.lost = 0.01
        faults.messages.answerLost = 0.02
        faults.messages.repeated = 0.03
        faults.messages.delayed = 0.04
        faults.messages.delay = LatencyRange(.seconds(1), .seconds(2))
        faults.messages.timeout = .seconds(3)
        faults.script = [
            ScriptedFault(after: .seconds(120), hostName: "a-001", fault: .crash),
            ScriptedFault(after: .seconds(180), hostName: "a-002", fault: .agentSilence(.seconds(90))),
            ScriptedFault(after: .seconds(240), hostName: "a-002", fault: .bootFailures(2)),
        ]
        #expect(fleet.faults == faults)
    }

    private struct Refused: CustomTestStringConvertible, Sendable {
        var testDescription: String
        var change: (from: String, to: String)
        var line: Int
        var field: String
        var remedy: String

        init(_ name: String, _ from: String, _ to: String, line: Int, field: String, remedy: String) {
            testDescription = name
            change = (from, to)
            self.line = line
            self.field = field
            self.remedy = remedy
        }
    }

    @Test(arguments: [
        Refused("a wrong unit", "8Gi", "8Gb", line: 7, field: "groups[0].memory", remedy: "256Gi"),
        Refused("no cores", "cores: 3", "cores: 0", line: 6, field: "groups[0].cores", remedy: "1 to 4096"),
        Refused("too many hosts", "count: 2", "count: 100001", line: 4, field: "groups[0].count", remedy: "100000"),
        Refused("an unknown field", "model: A", "modle: A", line: 3, field: "groups[0]", remedy: "add 'model:"),
        Refused(
            "an unknown field beside all others", "model: A", "model: A\n    colour: red", line: 6, field: "groups[0].colour",
            remedy: "known here are"),
        Refused("a field twice", "model: A", "model: A\n    model: B", line: 5, field: "", remedy: "keep one"),
        Refused("no name", "name: lab\n", "", line: 1, field: "", remedy: "add 'name:"),
        Refused("a host name that no host may have", "a-", "A_", line: 3, field: "groups[0].namePrefix", remedy: "lower-case"),
        Refused("no groups", "groups:", "seed: 1\nclusters:", line: 1, field: "", remedy: "add 'groups:"),
        Refused("a broken line", "  - namePrefix", "  - {namePrefix", line: 4, field: "", remedy: "check indentation"),
        Refused(
            "a range upside down", "name: lab", "name: lab\nlatencies: {boot: [40s, 20s]}", line: 2, field: "latencies.boot",
            remedy: "shorter time first"),
        Refused(
            "a duration without a unit", "name: lab", "name: lab\nlatencies: {boot: 40}", line: 2, field: "latencies.boot", remedy: "20s"),
        Refused(
            "a probability above 1", "name: lab", "name: lab\nfaults: {bootFailure: 2}", line: 2, field: "faults.bootFailure",
            remedy: "0.0 to 1.0"),
        Refused(
            "a script for nobody", "name: lab", "name: lab\nfaults: {script: [{at: 1s, host: b-001, fault: crash}]}", line: 2,
            field: "faults.script[0].host", remedy: "namePrefix"),
        Refused(
            "an unknown fault", "name: lab", "name: lab\nfaults: {script: [{at: 1s, host: a-001, fault: fire}]}", line: 2,
            field: "faults.script[0].fault", remedy: "crash"),
        Refused(
            "an outage without an end", "name: lab", "name: lab\nfaults: {script: [{at: 1s, host: a-001, fault: agentSilence}]}", line: 2,
            field: "faults.script[0]", remedy: "add 'for:"),
        Refused("too deep", "name: lab", "name: lab\nfaults: " + String(repeating: "[", count: 20), line: 2, field: "", remedy: "brackets"),
        Refused("too long", "name: lab", "name: " + String(repeating: "a", count: 500), line: 1, field: "", remedy: "bytes"),
        Refused("a second document", "name: lab", "name: x\n---\nname: lab", line: 2, field: "", remedy: "check indentation"),
    ])
    private func mistakesAreToldWithPlaceAndRemedy(_ refused: Refused) throws {
        let parts = FleetFileTests.small.split(separator: refused.change.from, maxSplits: 1, omittingEmptySubsequences: false)
        try #require(parts.count == 2)
        let text = parts.joined(separator: refused.change.to)
        let error = try #require(throws: FleetFileError.self) { try FleetFile.read(text) }
        #expect(error.line == refused.line, "\(error)")
        #expect(error.field == refused.field, "\(error)")
        #expect(error.remedy.contains(refused.remedy), "\(error)")
        #expect(!error.description.contains("\n"))
    }

    @Test(arguments: ["", "# nothing\n", "42", "[]"])
    func filesThatAreNoFleetAreRefused(_ text: String) {
        #expect(throws: FleetFileError.self) { try FleetFile.read(text) }
    }

    @Test func aFileOfTheGreatestSizeIsRefusedBeyondIt() {
        let padding = String(repeating: "# padding\n", count: 30_000)
        let error = #expect(throws: FleetFileError.self) { try FleetFile.read(FleetFileTests.small + padding) }
        #expect(error?.description.contains("256 KiB") == true)
    }
}
