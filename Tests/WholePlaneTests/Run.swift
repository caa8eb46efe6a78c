import KubeClient
import Objects
import Simulation
import Testing

/// Plays one scenario and checks it on the way.
final class Run {
    private let scenario: Scenario
    private let plane: PlaneWorld
    /// What the audits saw, in order.
    private(set) var states: [String] = []

    init(_ scenario: Scenario) throws {
        self.scenario = scenario
        plane = try PlaneWorld(
            seed: scenario.seed, fleet: scenario.fleet, controllerFaults: scenario.controllerFaults, restarts: scenario.restarts,
            budgets: scenario.workloads.filter { $0.minAvailable > 0 }.map {
                EvictionWatch.Rule(prefix: "\($0.name)-", minimum: Int($0.minAvailable))
            }, rivalClaims: scenario.hasRival ? 1 : 0)
    }

    func play() throws {
        plane.start()
        try settle("hosts become available") { [scenario] in $0.available == scenario.totalHosts }
        try submit()
        if scenario.submitsTwice { try submit() }
        try settle("every pod that fits runs") { [scenario] audit in Run.runs(audit, scenario, isLater: false) }
        try change()
        try settle("after the changes every pod that fits runs") { [scenario] audit in Run.runs(audit, scenario, isLater: true) }
        if scenario.waitsForQuiet { try waitForQuiet() }
        try endRivalry()
        if scenario.dissolvesMixedGroup { try dissolve() }
        try withdraw()
        let kept = scenario.tenants + (scenario.hasMixedGroup && !scenario.dissolvesMixedGroup ? Scenario.mixedMinimum : 0)
        try settle("every host but the tenants' and the minimum returns") { [scenario] audit in
            audit.pods.isEmpty && audit.nodes.count == kept - scenario.tenants && audit.available == scenario.totalHosts - kept
                && audit.tenantsServed == scenario.tenants
        }
        for number in 0..<scenario.tenants { try remove(BareMetalInstance.resource, "db\(number)") }
        for group in groups { try remove(NodeGroup.resource, group, namespace: "") }
        try settle("the last hosts return") { [scenario] in $0.available == scenario.totalHosts && $0.instances.isEmpty }
        try settle("nothing is left") { [plane] _ in try Leftovers.read(plane) == [] }
        try plane.world.stop()
    }

    private var groups: [String] { scenario.hasMixedGroup ? ["alpha", "beta", "gamma"] : ["alpha", "beta"] }

    private static func runs(_ audit: Audit, _ scenario: Scenario, isLater: Bool) -> Bool {
        for workload in scenario.workloads {
            let wanted = Int(isLater ? workload.later : workload.replicas)
            guard audit.running("\(workload.name)-") == wanted, audit.count("\(workload.name)-") == wanted else { return false }
            let image = isLater ? workload.laterImage : workload.image
            guard audit.pods.allSatisfy({ !$0.metadata.name.hasPrefix("\(workload.name)-") || audit.images[$0.key] == [image] }) else {
                return false
            }
        }
        let machines = scenario.virtualMachines - (isLater && scenario.removesMachine ? 1 : 0)
        return audit.running("virt-launcher-") == machines && audit.tenantsServed == scenario.tenants && audit.remains.isEmpty
    }

    /// Drives the world in steps of five seconds until a condition holds, checking the promises at each step.
    private func settle(_ what: String, _ condition: (Audit) throws -> Bool) throws {
        var last: Audit?
        // Four hours of virtual time: the longest back-off between two tries is half an hour, and one boot in four may fail.
        for _ in 0..<2_880 {
            try plane.world.run(for: .seconds(5))
            guard let audit = try Audit.read(plane) else { continue }
            last = audit
            let broken = audit.violations() + plane.findings.broken + stolen(audit)
            states.append("\(plane.world.time.now()) \(audit.summary)")
            try #require(broken.isEmpty, "seed \(scenario.seed), \(what): \(broken) \(audit.summary)")
            if try condition(audit) { return }
        }
        let left = try Leftovers.read(plane) ?? []
        Issue.record("seed \(scenario.seed): not reached in four hours: \(what); \(last?.summary ?? "server away") \(left)")
        throw Unsettled()
    }

    private struct Unsettled: Error {}

    /// Hosts that somebody took from the rival.
    private func stolen(_ audit: Audit) -> [String] {
        plane.rival.held.filter { key in
            audit.hosts.first { $0.key == key }.map { !$0.hasConsumer || $0.consumer != nil } ?? true
        }.map { "host \($0.name) was taken from the rival" }
    }

    private func endRivalry() throws {
        let held = plane.rival.held
        plane.rival.end()
        for key in held { try patch(BareMetalHost.resource, key, ["spec": ["consumerRef": nil]]) }
    }

    /// When the faults are over and what is too much has gone, no pod moves and no host changes hands without a reason.
    private func waitForQuiet() throws {
        func places() throws -> [String]? {
            guard let audit = try Audit.read(plane) else { return nil }
            return audit.pods.map { "\($0.key) on \($0.nodeName)" } + audit.hosts.map { "\($0.key): \($0.consumer?.name ?? "")" }
        }
        try plane.world.run(for: .seconds(1_800))
        let before = try places()
        try plane.world.run(for: .seconds(900))
        let after = try places()
        try #require(before != nil && before == after, "seed \(scenario.seed): nothing was asked for, and things moved")
    }

    // MARK: - What is asked for

    private func submit() throws {
        try plane.create(Manifests.priorityClasses, Manifests.priorityClass)
        for group in groups { try plane.create(NodeGroup.resource, Manifests.nodeGroup(group)) }
        for workload in scenario.workloads {
            try plane.create(Deployment.resource, namespace: "default", Manifests.deployment(workload))
            guard workload.minAvailable > 0 else { continue }
            try plane.create(PodDisruptionBudget.resource, namespace: "default", Manifests.budget(workload))
        }
        for number in 0..<scenario.virtualMachines {
            try plane.create(VirtualMachine.resource, namespace: "default", Manifests.virtualMachine("vm\(number)"))
        }
        for number in 0..<scenario.tenants {
            try plane.create(BareMetalInstance.resource, namespace: "default", Manifests.instance("db\(number)"))
        }
    }

    /// Other counts, other images, a machine less, a node that takes no more pods.
    private func change() throws {
        if scenario.cordons, let node = try Audit.read(plane)?.nodes.first?.metadata.name {
            try patch(Node.resource, ObjectKey(name: node), ["spec": ["unschedulable": true]])
        }
        for workload in scenario.workloads {
            let key = ObjectKey(namespace: "default", name: workload.name)
            if workload.isRolledOut {
                let image: JSON = ["name": "app", "image": .string(workload.laterImage)]
                try plane.request {
                    try await $0.patch(
                        Deployment.resource, key, ["spec": ["template": ["spec": ["containers": [image]]]]], as: .strategic)
                }
            }
            try patch(Deployment.resource, key, ["spec": ["replicas": .integer(workload.later)]], subresource: "scale")
        }
        if scenario.removesMachine { try remove(VirtualMachine.resource, "vm0") }
    }

    /// Takes a group away while its pods run.
    private func dissolve() throws {
        try remove(NodeGroup.resource, "gamma", namespace: "")
        try settle("the deleted group gives its hosts back") { audit in
            !audit.groups.contains { $0.metadata.name == "gamma" } && !audit.nodes.contains { $0.nodeGroup == "gamma" }
                && !audit.hosts.contains { $0.consumer?.name == "gamma" } && audit.running("mixed-") == 0
        }
    }

    private func withdraw() throws {
        for workload in scenario.workloads { try remove(Deployment.resource, workload.name) }
        for number in 0..<scenario.virtualMachines where number > 0 || !scenario.removesMachine {
            try remove(VirtualMachine.resource, "vm\(number)")
        }
    }

    private func patch(_ resource: ResourceName, _ key: ObjectKey, _ patch: JSON, subresource: String = "") throws {
        try plane.request {
            do {
                try await $0.patch(resource, key, patch, subresource: subresource)
            } catch let error as KubeError where error.isNotFound {
                return
            }
        }
    }

    private func remove(_ resource: ResourceName, _ name: String, namespace: String = "default") throws {
        try plane.request { try await $0.delete(resource, ObjectKey(namespace: namespace, name: name)) }
    }
}
