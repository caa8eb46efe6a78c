import Fleet
import Objects
import Planning
import Testing

struct EstimatorTests {
    static let path = "autoscaler/estimator_cases.json"
    static let mebibyte: Int64 = 1 << 20

    private func requirements(_ group: JSON) -> PodRequirements? {
        // Rules between pods come with a later issue.
        if group["antiAffinityHostname"] != nil || group["spreadHostname"] != nil || group["labels"] != nil { return nil }
        var requests = ResourceList(["cpu": group["cpuMilli"]?.integer ?? 0, "memory": (group["memMiB"]?.integer ?? 0) * Self.mebibyte])
        for member in group["extended"]?.object ?? JSONObject() { requests[member.key] = member.value.integer ?? 0 }
        var requirements = PodRequirements(requests: requests)
        requirements.nodeSelector = group["nodeSelector"]?.stringMap ?? [:]
        requirements.tolerations = (group["tolerations"]?.array ?? []).map(Toleration.init)
        if let port = group["hostPort"]?.integer { requirements.hostPorts = [HostPort(port: port)] }
        return requirements
    }

    @Test(
        "As many pods are placed as by the peer, on no more nodes",
        .enabled(if: SharedData.isPresent(EstimatorTests.path), "needs ../shared beside the checkout"))
    func equalsThePeer() throws {
        let items = try #require(try SharedData.json(Self.path)?.array)
        var checked = 0
        for item in items {
            let groups = item["groups"]?.array ?? []
            let demand = groups.compactMap { group in requirements(group).map { ($0, Int(group["count"]?.integer ?? 0)) } }
            guard demand.count == groups.count, let shape = item["template"] else { continue }
            var resources = ["cpu": shape["cpuMilli"]?.integer ?? 0, "memory": (shape["memMiB"]?.integer ?? 0) * Self.mebibyte]
            resources["pods"] = shape["pods"]?.integer ?? 0
            for member in shape["extended"]?.object ?? JSONObject() { resources[member.key] = member.value.integer ?? 0 }
            var template = Node(
                name: "template", labels: shape["labels"]?.stringMap ?? [:], taints: (shape["taints"]?.array ?? []).map(Taint.init),
                allocatable: ResourceList(resources))
            template.isUnschedulable = shape["unschedulable"]?.bool ?? false
            let limit = Int(item["maxNodes"]?.integer ?? 0)
            let estimate = Estimator.estimate(template: template, demand: demand, maxNodes: limit == 0 ? nil : limit)
            let expected = item["expected", "default"]
            checked += 1
            #expect(
                estimate.placed.map(Int64.init) == (expected?["podsPlacedPerGroup"]?.array ?? []).compactMap(\.integer), "\(item["id"]!)")
            #expect(Int64(estimate.nodes) <= expected?["nodes"]?.integer ?? 0, "\(item["id"]!)")
        }
        #expect(checked >= 40)
    }

    @Test("150,000 equal pods need exactly as many nodes as division says")
    func countsAreCheap() {
        let template = node("template", cpu: 64_000, memory: 256 * gibibyte)
        let demand = [(PodRequirements(requests: ResourceList(["cpu": 2_000, "memory": 4 * gibibyte])), 150_000)]
        #expect(Estimator.estimate(template: template, demand: demand) == Estimate(nodes: 4_688, placed: [150_000]))
    }

    @Test("Higher priorities are placed first where the limit leaves pods over")
    func prioritiesWin() {
        let template = node("template", cpu: 4_000)
        let large = PodRequirements(requests: ResourceList(["cpu": 4_000]), priority: 0)
        let small = PodRequirements(requests: ResourceList(["cpu": 1_000]), priority: 10)
        let estimate = Estimator.estimate(template: template, demand: [(large, 1), (small, 4)], maxNodes: 1)
        #expect(estimate == Estimate(nodes: 1, placed: [0, 4]))
    }

    @Test("Slices share devices, whole devices do not")
    func devicesArePacked() {
        let template = node("template", cpu: 96_000, extra: ["nvidia.com/gpu": 8, "sluice.dev/gpu-milli": 8_000])
        let slice = PodRequirements(requests: ResourceList(["cpu": 100, "sluice.dev/gpu-milli": 400]))
        let whole = PodRequirements(requests: ResourceList(["cpu": 100, "nvidia.com/gpu": 1]))
        // Two slices of 400 a device: 10 slices take 5 devices and 4 pods one each, which is one more than a node has.
        let estimate = Estimator.estimate(template: template, demand: [(slice, 10), (whole, 4)])
        #expect(estimate == Estimate(nodes: 2, placed: [10, 4]))
    }

    @Test("A mixed demand is placed whole, on a number of nodes between the lower bound and twice that")
    func staysWithinBounds() {
        for seed in 0..<40 {
            var generator = SeededGenerator(seed: UInt64(seed))
            let template = node("template", cpu: 16_000, memory: 64 * gibibyte, pods: 30)
            let demand = (0..<Int.random(in: 1...6, using: &generator)).map { _ in
                (
                    PodRequirements(
                        requests: ResourceList([
                            "cpu": Int64.random(in: 1...8, using: &generator) * 500,
                            "memory": Int64.random(in: 1...16, using: &generator) * gibibyte,
                        ])), Int.random(in: 1...60, using: &generator)
                )
            }
            let estimate = Estimator.estimate(template: template, demand: demand)
            #expect(estimate.placed == demand.map(\.1), "seed \(seed): everything fits")
            // No bin packing may need more than twice the lower bound of any resource, plus one.
            let bound =
                ["cpu": 16_000, "memory": 64 * gibibyte].map { name, capacity in
                    demand.reduce(0.0) { $0 + Double($1.0.requests[name]) * Double($1.1) } / Double(capacity)
                }.max() ?? 0
            let byPods = Double(demand.reduce(0) { $0 + $1.1 }) / 30
            #expect(Double(estimate.nodes) >= max(bound, byPods).rounded(.up), "seed \(seed): not fewer than the bound")
            #expect(Double(estimate.nodes) <= 2 * max(bound, byPods) + 2, "seed \(seed): not far above the bound")
        }
    }
}
