import Objects
import Ports
import Simulation

/// One run: a fleet, its faults, and a demand that fits; all from the seed.
struct Scenario {
    struct Workload {
        var name: String
        var group: String
        var replicas: Int64
        var cores: Int64
        /// How many there are to be after a while.
        var later: Int64
        /// Whether that comes with a new image.
        var isRolledOut = false
        /// What a PodDisruptionBudget asks for; 0 without one.
        var minAvailable: Int64 = 0
        var isUrgent = false

        var image: String { "registry.example/app:1" }
        var laterImage: String { isRolledOut ? "registry.example/app:2" : image }
    }

    let seed: UInt64
    var fleet: FleetSpecification
    var controllerFaults = MessageFaults()
    var restarts: [(after: Duration, away: Duration)] = []
    var workloads: [Workload] = []
    var virtualMachines = 0
    var tenants = 0
    /// Whether `gamma` is there: a third group over hosts of two models, one of which the others draw from, with a minimum.
    var hasMixedGroup = false
    /// Whether it is deleted while its pods run.
    var dissolvesMixedGroup = false
    /// Whether one virtual machine goes while the others stay.
    var removesMachine = false
    /// Whether somebody cordons a node that serves.
    var cordons = false
    /// Whether everything is submitted twice.
    var submitsTwice = false

    /// Whether somebody takes a host that is just being claimed.
    var hasRival = false
    /// Whether it is made sure that what has settled stays as it is.
    var waitsForQuiet = false

    static let hostCores: Int64 = 16
    static let mixedCores: Int64 = 8
    static let hostCount = 8
    /// Hosts that only tenants use.
    static let tenantHosts = 2
    /// Smaller hosts that only `gamma` can use.
    static let mixedHosts = 2
    static let mixedMinimum = 1

    var totalHosts: Int { fleet.hostCount }

    init(seed: UInt64) {
        self.seed = seed
        var random = SeededGenerator(seed: seed).fork("scenario")
        let gibibyte: Int64 = 1 << 30
        let groups = [
            FleetSpecification.Group(
                namePrefix: "s-", count: Scenario.hostCount, model: "small", cores: Scenario.hostCores, memoryBytes: 64 * gibibyte,
                numaNodes: 2, racks: ["rack-1", "rack-2"]),
            FleetSpecification.Group(
                namePrefix: "l-", count: Scenario.tenantHosts, model: "large", cores: 32, memoryBytes: 128 * gibibyte, numaNodes: 2,
                racks: ["rack-1"]),
        ]
        fleet = FleetSpecification(name: "scenario", groups: groups, seed: seed)
        chooseFaults(&random)
        scriptFaults(&random)
        var time = Duration.seconds(0)
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            time += .seconds(Int.random(in: 30...300, using: &random))
            restarts.append((after: time, away: .seconds(Int.random(in: 1...20, using: &random))))
        }
        chooseDemand(&random)
        // Draws of their own: what is above stays what it was for a seed when something is added here.
        var extras = SeededGenerator(seed: seed).fork("extras")
        chooseExtras(&extras)
    }

    private mutating func chooseFaults(_ random: inout SeededGenerator) {
        fleet.faults.managementUnreachable = Double.random(in: 0...0.04, using: &random)
        fleet.faults.managementFailure = Double.random(in: 0...0.04, using: &random)
        fleet.faults.bootFailure = Double.random(in: 0...0.25, using: &random)
        fleet.faults.messages.lost = Double.random(in: 0...0.05, using: &random)
        fleet.faults.messages.answerLost = Double.random(in: 0...0.05, using: &random)
        fleet.faults.messages.delayed = Double.random(in: 0...0.1, using: &random)
        fleet.faults.messages.brokenWatch = Double.random(in: 0...0.02, using: &random)
        controllerFaults.lost = Double.random(in: 0...0.01, using: &random)
        controllerFaults.answerLost = Double.random(in: 0...0.01, using: &random)
        controllerFaults.delayed = Double.random(in: 0...0.02, using: &random)
        controllerFaults.delay = LatencyRange(.milliseconds(10), .milliseconds(500))
        controllerFaults.brokenWatch = Double.random(in: 0...0.005, using: &random)
    }

    private mutating func scriptFaults(_ random: inout SeededGenerator) {
        let faults: [HostFault] = [
            .crash, .powerLoss, .managementOutage(.seconds(60)), .bootFailures(2), .agentRestart, .agentSilence(.seconds(90)),
        ]
        for _ in 0..<Int.random(in: 0...5, using: &random) {
            let host = fleet.hosts[Int.random(in: 0..<Scenario.hostCount, using: &random)].name
            fleet.faults.script.append(
                ScriptedFault(
                    after: .seconds(Int.random(in: 20...500, using: &random)), hostName: host,
                    fault: faults[Int.random(in: 0..<faults.count, using: &random)]))
        }
    }

    /// Takes at most five of the eight hosts' room, so that faults leave enough.
    private mutating func chooseDemand(_ random: inout SeededGenerator) {
        var room = 5
        for index in 0..<Int.random(in: 1...3, using: &random) where room > 0 {
            let hosts = Int.random(in: 1...room, using: &random)
            let cores = [1, 2, 4, 5][Int.random(in: 0..<4, using: &random)]
            let perHost = Scenario.hostCores / Int64(cores)
            let replicas = max(1, perHost * Int64(hosts) - Int64.random(in: 0..<perHost, using: &random))
            let later = Int64.random(in: 0...replicas, using: &random)
            workloads.append(
                Workload(name: "app\(index)", group: index == 2 ? "beta" : "alpha", replicas: replicas, cores: Int64(cores), later: later))
            room -= hosts
        }
        virtualMachines = Int.random(in: 0...2, using: &random)
        tenants = Int.random(in: 0...Scenario.tenantHosts, using: &random)
    }

    private mutating func chooseExtras(_ random: inout SeededGenerator) {
        for index in workloads.indices {
            workloads[index].isRolledOut = Scenario.happens(0.3, &random)
            workloads[index].isUrgent = Scenario.happens(0.3, &random)
            let least = min(workloads[index].replicas, workloads[index].later)
            if Scenario.happens(0.5, &random) { workloads[index].minAvailable = max(0, least - 1) }
        }
        removesMachine = virtualMachines > 0 && Scenario.happens(0.5, &random)
        cordons = Scenario.happens(0.25, &random)
        submitsTwice = Scenario.happens(0.25, &random)
        hasRival = Scenario.happens(0.25, &random)
        waitsForQuiet = Scenario.happens(0.2, &random)
        controllerFaults.delayedWatch = Double.random(in: 0...0.1, using: &random)
        hasMixedGroup = Scenario.happens(0.3, &random)
        dissolvesMixedGroup = hasMixedGroup && Scenario.happens(0.5, &random)
        guard hasMixedGroup else { return }
        fleet.groups.append(
            FleetSpecification.Group(
                namePrefix: "m-", count: Scenario.mixedHosts, model: "medium", cores: Scenario.mixedCores, memoryBytes: 32 << 30,
                numaNodes: 1, racks: ["rack-2"]))
        let replicas = Int64.random(in: 1...4, using: &random)
        workloads.append(
            Workload(name: "mixed", group: "gamma", replicas: replicas, cores: 4, later: Int64.random(in: 0...4, using: &random)))
    }

    private static func happens(_ probability: Double, _ random: inout SeededGenerator) -> Bool {
        Double.random(in: 0..<1, using: &random) < probability
    }
}
