import ArgumentParser
import Fleet
import KubeClient
import Objects

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "The pool at a glance: hosts by role and state, utilisation, NodeGroups, the last plan.",
        discussion: """
            EXAMPLES
              sluice status
              sluice status -o json --kubeconfig .sluice/kubeconfig
            """)

    @OptionGroup var connection: ConnectionOptions

    @Option(name: .shortAndLong, help: "table, wide, json or yaml.")
    var output = OutputFormat.table

    func run() async throws {
        let (report, plan) = try await connection.withClient { client in
            let fleet = try await LedgerReader.read(client)
            let key = ObjectKey(namespace: Names.systemNamespace, name: "sluice-autoscaler-status")
            let map = ResourceName(group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true)
            let status = try await client.get(map, key)?["data", "status"]?.string
            return (PoolReport(fleet), status.flatMap { try? JSON(parsing: $0) })
        }
        switch output {
        case .json, .yaml:
            var json = report.json
            json["lastPlans"] = plan
            print(output == .json ? json.text : YAMLText.text(json))
        case .table, .wide:
            print(report.text(isWide: output == .wide))
            if let plan { print("\n" + PlanSummary.text(plan)) }
        }
    }
}

/// The pool in numbers, from one snapshot.
struct PoolReport {
    /// Hosts of one role in one state.
    struct Role: Hashable {
        var role: String
        var state: String
    }

    struct Group {
        var name: String
        var minimum: Int64
        var maximum: Int64
        var hosts: Int
        var ready: Int
        var pods: Int
        /// Requested against allocatable, 0 to 1.
        var cpu: Double
        var memory: Double
    }

    var roles: [(role: Role, count: Int)]
    var groups: [Group]
    var podsRunning: Int
    var podsPending: Int
    var hostCount: Int

    init(_ fleet: Fleet) {
        var counts: [Role: Int] = [:]
        for row in fleet.hosts.rows.values {
            let state = row.host.operationalStatus == "error" ? "error" : row.host.state.rawValue
            counts[Role(role: PoolReport.role(row.host), state: state.isEmpty ? "new" : state), default: 0] += 1
        }
        roles = counts.sorted { ($0.key.role, $0.key.state) < ($1.key.role, $1.key.state) }.map { ($0.key, $0.value) }
        hostCount = fleet.hosts.rows.count
        groups = fleet.nodeGroups.keys.sorted().compactMap { name in
            fleet.nodeGroups[name].map { PoolReport.group($0, in: fleet) }
        }
        podsPending = fleet.pendingPods.count
        podsRunning = fleet.nodeNames.reduce(0) { $0 + fleet.pods(onNode: $1).filter { $0.phase == "Running" }.count }
    }

    private static func role(_ host: BareMetalHost) -> String {
        switch host.consumer {
        case nil: host.hasConsumer ? "claimed by others" : "pool"
        case let claim? where claim.kind == .nodeGroup: "nodegroup/\(claim.name)"
        case let claim?: "tenant/\(claim.namespace)/\(claim.name)"
        }
    }

    private static func group(_ group: NodeGroup, in fleet: Fleet) -> Group {
        let nodes = fleet.nodeNames.compactMap { fleet.node($0) }.filter { $0.nodeGroup == group.metadata.name }
        var allocatable = ResourceList()
        var requested = ResourceList()
        var pods = 0
        for node in nodes {
            allocatable.add(node.allocatable)
            for pod in fleet.pods(onNode: node.metadata.name) where !pod.isTerminated {
                requested.add(pod.requirements.requests)
                pods += 1
            }
        }
        func share(_ name: String) -> Double {
            allocatable[name] == 0 ? 0 : Double(requested[name]) / Double(allocatable[name])
        }
        return Group(
            name: group.metadata.name, minimum: group.minSize, maximum: group.maxSize,
            hosts: fleet.hosts.count(claimedBy: group.claim), ready: nodes.filter(\.isReady).count, pods: pods, cpu: share("cpu"),
            memory: share("memory"))
    }

    func text(isWide: Bool) -> String {
        var hosts = TextTable(["ROLE", "STATE", "HOSTS"])
        for entry in roles { hosts.add([entry.role.role, entry.role.state, String(entry.count)]) }
        var table = TextTable(["NODEGROUP", "MIN", "MAX", "HOSTS", "READY", "PODS", "CPU", "MEMORY"])
        for group in groups {
            table.add([
                group.name, String(group.minimum), String(group.maximum), String(group.hosts), String(group.ready), String(group.pods),
                PoolReport.percent(group.cpu), PoolReport.percent(group.memory),
            ])
        }
        let pods = "pods: \(podsRunning) running, \(podsPending) pending"
        return "\(hostCount) hosts\n\(hosts.text)\n\n\(groups.isEmpty ? "no NodeGroups" : table.text)\n\n\(pods)"
    }

    static func percent(_ share: Double) -> String { "\(Int((share * 100).rounded()))%" }

    var json: JSON {
        [
            "hosts": .array(
                roles.map { ["role": .string($0.role.role), "state": .string($0.role.state), "count": .integer(Int64($0.count))] }),
            "nodeGroups": .array(
                groups.map { group in
                    [
                        "name": .string(group.name), "minSize": .integer(group.minimum), "maxSize": .integer(group.maximum),
                        "hosts": .integer(Int64(group.hosts)), "ready": .integer(Int64(group.ready)),
                        "pods": .integer(Int64(group.pods)), "cpuUtilization": JSON(group.cpu), "memoryUtilization": JSON(group.memory),
                    ]
                }),
            "pods": ["running": .integer(Int64(podsRunning)), "pending": .integer(Int64(podsPending))],
        ]
    }
}
