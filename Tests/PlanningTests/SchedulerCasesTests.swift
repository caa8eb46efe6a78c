import Fleet
import Objects
import Planning
import Testing

/// What a running kube-scheduler 1.36 decided, for the filters and scores that this planner has.
struct SchedulerCasesTests {
    static let path = "scheduler/cases.json"
    static let topics: Set<String> = ["fit", "nodeaffinity", "taints", "ports", "score", "combo"]
    /// Why a case of those topics is left out.
    static let skipped = [
        "fit-033": "counts what a resize has allocated, which the Pod view does not read",
        "ports-009": "counts ports of sidecars, which the Pod view does not read",
        "fit-022": "the peer's resource score leaves requests of the whole pod out",
        "fit-023": "the peer's resource score leaves requests of the whole pod out",
        "score-008": "counts a default for each container without requests, which the Pod view does not read",
    ]

    /// Whether a case needs what later issues bring: spreading, pod affinity, volumes, images.
    private func isCovered(_ item: JSON) -> Bool {
        guard Self.topics.contains(item["topic"]?.string ?? ""), Self.skipped[item["id"]?.string ?? ""] == nil else { return false }
        let pods = [item["pod"]].compactMap { $0 } + (item["objects"]?.array ?? []).filter { $0["kind"]?.string == "Pod" }
        for pod in pods {
            let affinity = pod["spec", "affinity"]
            if affinity?["podAffinity"] != nil || affinity?["podAntiAffinity"] != nil { return false }
            if pod["spec", "topologySpreadConstraints"] != nil { return false }
            if (pod["spec", "volumes"]?.array ?? []).contains(where: { $0["persistentVolumeClaim"] != nil }) { return false }
        }
        return true
    }

    private func fleet(_ item: JSON) -> (Fleet, ObjectKey) {
        var fleet = Fleet()
        for object in item["objects"]?.array ?? [] where object["kind"]?.string == "Node" { fleet.apply(.node(Node(object))) }
        var pending = ObjectKey(name: "")
        for member in item["storedPods"]?.object ?? JSONObject() {
            let pod = Pod(member.value)
            if member.key == "pending" { pending = pod.key }
            fleet.apply(.pod(pod))
        }
        return (fleet, pending)
    }

    @Test(
        "Feasible nodes, scores and messages equal kube-scheduler's",
        .enabled(if: SharedData.isPresent(SchedulerCasesTests.path), "needs ../shared beside the checkout"))
    func equalsThePeer() throws {
        let items = try #require(try SharedData.json(Self.path)?.array)
        let options = SchedulingOptions(strategy: .leastAllocated)
        var checked = 0
        var scored = 0
        var told = 0
        for item in items where isCovered(item) {
            let id = item["id"]?.string ?? ""
            var (fleet, pending) = fleet(item)
            #expect(fleet.pod(pending) != nil, "\(id)")
            let scores = Placement.scores(pending, in: &fleet, options: options)
            let victims = item["expected", "victims"]?.array ?? []
            guard victims.isEmpty else { continue }
            #expect(scores.map(\.node) == (item["expected", "feasible"]?.array ?? []).compactMap(\.string), "\(id) feasible")
            checked += 1
            for score in scores {
                guard let expected = item["expected", "scores", score.node] else { continue }
                scored += 1
                #expect(Int64(score.taints * 3) == expected["TaintToleration"]?.integer ?? 300, "\(id) \(score.node) taints")
                #expect(Int64(score.affinity * 2) == expected["NodeAffinity"]?.integer ?? 0, "\(id) \(score.node) affinity")
                #expect(Int64(score.fit) == expected["NodeResourcesFit"]?.integer, "\(id) \(score.node) fit")
                #expect(Int64(score.balance) == expected["NodeResourcesBalancedAllocation"]?.integer ?? 0, "\(id) \(score.node) balance")
            }
            if let message = item["expected", "message"]?.string, item["expected", "reason"]?.string == "Unschedulable" {
                told += 1
                let refusal = Scheduler.plan(&fleet, options: options).refusals.first
                // What the peer adds about preemption comes with preemption.
                let filters = message.split(separator: " no new claims", maxSplits: 1).first.map(String.init)
                #expect(refusal?.message == filters, "\(id)")
            }
        }
        #expect(checked >= 60 && scored >= 100 && told >= 10, "checked \(checked), scored \(scored), told \(told)")
    }
}
