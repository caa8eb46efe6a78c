import Glibc
import KubeClient
import Objects
import Simulation
import Testing

/// The whole control plane in virtual time under faults. A failure names its seed; run one again with
/// `SIMULATION_SEEDS=17 swift test --filter WholePlaneTests`, or more with `SIMULATION_SEEDS=1-2000`.
struct WholePlaneTests {
    static let seeds: [UInt64] = {
        let text = getenv("SIMULATION_SEEDS").map { String(cString: $0) } ?? "1-200"
        let bounds = text.split(separator: "-").compactMap { UInt64($0) }
        guard let first = bounds.first, let last = bounds.last, first <= last else { return [] }
        return Array(first...last)
    }()

    @Test(arguments: seeds)
    func keepsItsPromisesUnderFaults(seed: UInt64) throws {
        try Run(Scenario(seed: seed)).play()
    }

    @Test func theSameSeedGivesTheSameRun() throws {
        func trace(_ seed: UInt64) throws -> [String] {
            let run = try Run(Scenario(seed: seed))
            try run.play()
            return run.states
        }
        let first = try trace(7)
        #expect(!first.isEmpty)
        #expect(try trace(7) == first)
    }
}

/// Plays one scenario and checks it on the way.
private final class Run {
    private let scenario: Scenario
    private let plane: PlaneWorld
    /// What the audits saw, in order.
    private(set) var states: [String] = []

    init(_ scenario: Scenario) throws {
        self.scenario = scenario
        plane = try PlaneWorld(
            seed: scenario.seed, fleet: scenario.fleet, controllerFaults: scenario.controllerFaults, restarts: scenario.restarts)
    }

    func play() throws {
        plane.start()
        try settle("hosts become available") { $0.available == Scenario.hostCount + Scenario.tenantHosts }
        try submit()
        try settle("every pod that fits runs") { [scenario] audit in
            audit.running == Run.pods(scenario, scenario.workloads.map(\.replicas)) && Run.tenantsServed(audit, scenario)
        }
        for (workload, replicas) in zip(scenario.workloads, scenario.later) { try scale(workload.name, replicas) }
        try settle("after scaling every pod that fits runs") { [scenario] audit in
            audit.running == Run.pods(scenario, scenario.later) && Run.tenantsServed(audit, scenario)
        }
        try withdraw()
        try settle("every host but the tenants' returns") { [scenario] audit in
            audit.pods.isEmpty && audit.nodes.isEmpty
                && audit.available == Scenario.hostCount + Scenario.tenantHosts - scenario.tenants
                && Run.tenantsServed(audit, scenario)
        }
        for number in 0..<scenario.tenants {
            try plane.request { try await $0.delete(BareMetalInstance.resource, ObjectKey(namespace: "default", name: "db\(number)")) }
        }
        try settle("the tenants' hosts return") { $0.available == Scenario.hostCount + Scenario.tenantHosts && $0.instances.isEmpty }
        try plane.world.stop()
    }

    private static func pods(_ scenario: Scenario, _ replicas: [Int64]) -> Int {
        Int(replicas.reduce(0, +)) + scenario.virtualMachines
    }

    private static func tenantsServed(_ audit: Audit, _ scenario: Scenario) -> Bool {
        audit.instances.filter { $0.phase == "Running" }.count == scenario.tenants
    }

    /// Drives the world in steps of five seconds until a condition holds, checking the promises at each step.
    private func settle(_ what: String, _ condition: (Audit) -> Bool) throws {
        var last: Audit?
        // Two hours of virtual time: many back-offs, never for ever.
        for _ in 0..<1_440 {
            try plane.world.run(for: .seconds(5))
            guard let audit = try Audit.read(plane) else { continue }
            last = audit
            let broken = audit.violations(plane.rack)
            states.append("\(plane.world.time.now()) \(audit.summary)")
            try #require(broken.isEmpty, "seed \(scenario.seed), \(what): \(broken) \(audit.summary)")
            if condition(audit) { return }
        }
        Issue.record("seed \(scenario.seed): not reached in two hours: \(what); \(last?.summary ?? "server away")")
        throw Unsettled()
    }

    private struct Unsettled: Error {}

    private func submit() throws {
        for group in ["alpha", "beta"] {
            try plane.create(
                NodeGroup.resource,
                [
                    "metadata": ["name": .string(group)],
                    "spec": [
                        "maxSize": .integer(Int64(Scenario.hostCount)), "hostSelector": ["matchLabels": ["sluice.dev/model": "small"]],
                        "template": ["labels": ["role": .string(group)]], "scaleDownUnneededTime": "30s",
                        "scaleDownDelayAfterAdd": "30s", "scaleDownUnreadyTime": "60s", "maxNodeProvisionTime": "3m",
                        "scaleDownDelayAfterFailure": "20s",
                    ],
                ])
        }
        for workload in scenario.workloads { try plane.create(Deployment.resource, namespace: "default", Run.deployment(workload)) }
        for number in 0..<scenario.virtualMachines {
            try plane.create(VirtualMachine.resource, namespace: "default", Run.virtualMachine("vm\(number)"))
        }
        for number in 0..<scenario.tenants {
            try plane.create(
                BareMetalInstance.resource, namespace: "default",
                [
                    "metadata": ["name": .string("db\(number)"), "namespace": "default"],
                    "spec": [
                        "hostSelector": ["matchLabels": ["sluice.dev/model": "large"]],
                        "image": ["url": "http://images.example/tenant.qcow2", "checksum": "sha256:00"],
                    ],
                ])
        }
    }

    private func scale(_ name: String, _ replicas: Int64) throws {
        try plane.request {
            try await $0.patch(
                Deployment.resource, ObjectKey(namespace: "default", name: name), ["spec": ["replicas": .integer(replicas)]],
                subresource: "scale")
        }
    }

    private func withdraw() throws {
        for workload in scenario.workloads {
            try plane.request { try await $0.delete(Deployment.resource, ObjectKey(namespace: "default", name: workload.name)) }
        }
        for number in 0..<scenario.virtualMachines {
            try plane.request { try await $0.delete(VirtualMachine.resource, ObjectKey(namespace: "default", name: "vm\(number)")) }
        }
    }

    private static func deployment(_ workload: Scenario.Workload) -> JSON {
        let labels: JSON = ["app": .string(workload.name)]
        let requests: JSON = ["cpu": .string("\(workload.cores)"), "memory": "1Gi"]
        return [
            "metadata": ["name": .string(workload.name), "namespace": "default"],
            "spec": [
                "replicas": .integer(workload.replicas), "selector": ["matchLabels": labels],
                "template": [
                    "metadata": ["labels": labels],
                    "spec": [
                        "nodeSelector": ["role": .string(workload.group)], "terminationGracePeriodSeconds": 5,
                        "tolerations": tolerations,
                        "containers": [["name": "app", "image": "registry.example/app:1", "resources": ["requests": requests]]],
                    ],
                ],
            ],
        ]
    }

    /// Half a minute on a lost node instead of five: the runs stay short.
    private static let tolerations: JSON = .array(
        [Names.notReadyTaint, Names.unreachableTaint].map { key in
            ["key": .string(key), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 30]
        })

    private static func virtualMachine(_ name: String) -> JSON {
        [
            "metadata": ["name": .string(name), "namespace": "default"],
            "spec": [
                "runStrategy": "Always",
                "template": [
                    "spec": [
                        "domain": ["cpu": ["cores": 2], "memory": ["guest": "4Gi"], "devices": [:]], "nodeSelector": ["role": "beta"],
                        "terminationGracePeriodSeconds": 5, "tolerations": tolerations,
                    ]
                ],
            ],
        ]
    }
}
