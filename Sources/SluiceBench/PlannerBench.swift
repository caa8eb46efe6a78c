import Fleet
import Objects
import Planning

/// The planner alone, on made fleets.
struct PlannerBench {
    func run() {
        var rows: [Row] = []
        for nodes in [1_000, 5_000] { rows.append(placements(nodes: nodes)) }
        for shapes in [1, 200] { rows.append(estimate(pods: 150_000, shapes: shapes)) }
        rows.append(scaleDown(nodes: 5_000))
        Measurement.print("planner", rows)
    }

    private static func node(_ number: Int) -> Node {
        Node(
            name: "node-\(number)", labels: ["kubernetes.io/hostname": "node-\(number)", "sluice.dev/nodegroup": "all"], taints: [],
            allocatable: ResourceList(["cpu": 32_000, "memory": 128 << 30, "pods": 110]))
    }

    private static func pod(_ number: Int, cpuMilli: Int64) -> Pod {
        let requests: JSON = ["cpu": .string("\(cpuMilli)m"), "memory": "512Mi"]
        return Pod([
            "metadata": [
                "name": .string("pod-\(number)"), "namespace": "default", "uid": .string("uid-\(number)"),
                "creationTimestamp": "2026-01-01T00:00:00Z",
                "ownerReferences": [["kind": "ReplicaSet", "name": "set", "uid": "set", "apiVersion": "apps/v1", "controller": true]],
            ],
            "spec": ["containers": [["name": "app", "image": "app", "resources": ["requests": requests]]]],
        ])
    }

    private func placements(nodes: Int) -> Row {
        var fleet = Fleet()
        for number in 0..<nodes { fleet.apply(.node(PlannerBench.node(number))) }
        let count = 5_000
        let pods = (0..<count).map { PlannerBench.pod($0, cpuMilli: 100 + Int64($0 % 8) * 50) }
        for pod in pods { fleet.apply(.pod(pod)) }
        let start = Measurement.ownCPU()
        let plan = Scheduler.plan(&fleet)
        let used = Measurement.ownCPU() - start
        let naive = PlannerBench.naive(nodes: nodes, pods: pods)
        return Row(
            name: "placements/s, \(Measurement.grouped(Double(nodes))) nodes, \(plan.bindings.count) pods of 8 shapes",
            value: Measurement.grouped(Double(count) / used), cpu: "\(Measurement.decimal(used / Double(count) * 1e6)) µs each",
            baseline: "naive \(Measurement.grouped(Double(count) / naive))/s; kube-scheduler 307-432/s with its API")
    }

    /// CPU seconds of a scheduler that looks at every node for every pod and takes the fullest that fits.
    private static func naive(nodes: Int, pods: [Pod]) -> Double {
        var free = [(cpu: Int64, memory: Int64, pods: Int64)](repeating: (32_000, 128 << 30, 110), count: nodes)
        let start = Measurement.ownCPU()
        var placed = 0
        for pod in pods {
            let (cpu, memory) = (pod.requirements.requests["cpu"], pod.requirements.requests["memory"])
            var best = -1
            for index in free.indices where free[index].cpu >= cpu && free[index].memory >= memory && free[index].pods > 0 {
                if best < 0 || free[index].cpu < free[best].cpu { best = index }
            }
            guard best >= 0 else { continue }
            free[best] = (free[best].cpu - cpu, free[best].memory - memory, free[best].pods - 1)
            placed += 1
        }
        precondition(placed == pods.count)
        return Measurement.ownCPU() - start
    }

    private static func host(_ number: Int) -> BareMetalHost {
        BareMetalHost([
            "metadata": ["name": .string("host-\(number)"), "namespace": "sluice-hosts", "labels": ["sluice.dev/model": "m"]],
            "spec": ["online": false],
            "status": [
                "provisioning": ["state": "available"], "operationalStatus": "OK",
                "hardware": ["cpu": ["count": 32, "arch": "x86_64"], "ramMebibytes": 131_072],
            ],
        ])
    }

    private func estimate(pods: Int, shapes: Int) -> Row {
        var fleet = Fleet()
        for number in 0..<10_000 { fleet.apply(.host(PlannerBench.host(number))) }
        fleet.apply(.nodeGroup(NodeGroup(["metadata": ["name": "all"], "spec": ["maxSize": 10_000]])))
        for number in 0..<pods { fleet.apply(.pod(PlannerBench.pod(number, cpuMilli: 500 + Int64(number % shapes) * 5))) }
        let start = Measurement.ownCPU()
        let plan = ScaleUp.plan(&fleet)
        let used = Measurement.ownCPU() - start
        return Row(
            name: "scale-up of \(Measurement.grouped(Double(pods))) pods, shapes: \(shapes), hosts claimed: \(plan.claims.count)",
            value: "\(Measurement.decimal(used * 1_000)) ms", cpu: "",
            baseline: "Cluster Autoscaler 1.31's estimator \(shapes == 1 ? "5.1" : "14.0") CPU s")
    }

    private func scaleDown(nodes: Int) -> Row {
        var fleet = Fleet()
        fleet.apply(
            .nodeGroup(
                NodeGroup([
                    "metadata": ["name": "all"],
                    "spec": ["maxSize": .integer(Int64(nodes)), "scaleDownUnneededTime": "1s", "scaleDownDelayAfterAdd": "1s"],
                ])))
        for number in 0..<nodes { fleet.apply(.node(PlannerBench.node(number))) }
        for number in 0..<(nodes * 4) {
            let pod = PlannerBench.pod(number, cpuMilli: 500)
            fleet.apply(.pod(pod))
            fleet.apply(.assumed(pod: pod.key, node: "node-\(number % nodes)"))
        }
        let start = Measurement.ownCPU()
        let result = ScaleDown.plan(&fleet, memory: ScaleDownMemory(), now: Timestamp(seconds: 1_800_000_000))
        let used = Measurement.ownCPU() - start
        return Row(
            name: "scale-down pass, \(Measurement.grouped(Double(nodes))) nodes all candidates (\(result.removability.count) judged)",
            value: "\(Measurement.decimal(used * 1_000)) ms", cpu: "", baseline: "Cluster Autoscaler 2026 112 CPU s")
    }
}
