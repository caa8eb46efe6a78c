import Fleet
import Objects
import Planning
import Testing

struct ScaleDownTests {
    static let quick: JSON = ["scaleDownUnneededTime": "10m", "scaleDownDelayAfterAdd": "0s"]

    /// Two passes, the second after the unneeded time.
    private func plan(_ fleet: inout Fleet, options: ScaleDownOptions = ScaleDownOptions(), after: Int64 = 600) -> ScaleDownPlan {
        let first = ScaleDown.plan(&fleet, options: options, now: start)
        return ScaleDown.plan(&fleet, memory: first.memory, options: options, now: start + .seconds(after))
    }

    private func group(min: Int64 = 0, settings: JSON = ScaleDownTests.quick) -> FleetChange {
        .nodeGroup(nodeGroup("g", min: min, settings: settings))
    }

    @Test("An idle node goes after its time and not before")
    func removesIdleNodes() throws {
        var fleet = Fleet([group(), .node(node("a", group: "g")), .node(node("b", group: "g")), .pod(pod("p", cpu: 6_000, on: "b"))])
        let before = fleet
        let first = ScaleDown.plan(&fleet, now: start)
        #expect(first.plan.actions.isEmpty)
        #expect(first.removability["a"]?.reason == .notUnneededLongEnough)
        #expect(first.removability["a"]?.removableAt == start + .seconds(600))
        #expect(first.nextDeadline == start + .seconds(600))
        let second = ScaleDown.plan(&fleet, memory: first.memory, now: start + .seconds(599))
        #expect(second.plan.actions.isEmpty)
        let third = ScaleDown.plan(&fleet, memory: second.memory, now: start + .seconds(600))
        #expect(third.plan.actions == [.removeEmpty(node: "a", group: "g")])
        #expect(third.removability["b"]?.reason == .notUnderutilized)
        #expect(fleet == before)
    }

    @Test("A node that was needed in between starts anew")
    func forgets() {
        var fleet = Fleet([group(), .node(node("a", group: "g"))])
        var memory = ScaleDown.plan(&fleet, now: start).memory
        fleet.apply(.pod(pod("p", cpu: 7_000, on: "a")))
        memory = ScaleDown.plan(&fleet, memory: memory, now: start + .seconds(300)).memory
        #expect(memory.unneededSince.isEmpty)
        fleet.apply(.podRemoved(ObjectKey(namespace: "default", name: "p")))
        #expect(ScaleDown.plan(&fleet, memory: memory, now: start + .seconds(700)).plan.actions.isEmpty)
    }

    @Test("Pods move where there is room, and no room is counted twice")
    func drainsJointly() throws {
        // Three nodes a third full: two can be emptied onto the third and not more.
        var fleet = Fleet(
            [group()] + ["a", "b", "c"].map { .node(node($0, cpu: 9_000, group: "g")) }
                + ["a", "b", "c"].map { .pod(pod("on-\($0)", cpu: 3_000, on: $0)) })
        let plan = plan(&fleet).plan
        var used: [String: Int64] = [:]
        var removed: Set<String> = []
        for action in plan.actions {
            guard case .drainAndRemove(let node, _, let moves) = action else {
                Issue.record("\(action)")
                continue
            }
            removed.insert(node)
            for move in moves { used[move.node, default: 0] += 3_000 }
        }
        #expect(removed == ["a", "c"])
        #expect(used == ["b": 6_000])
    }

    struct BlockCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var changes: [FleetChange]
        var reason: Removability.Reason
        var blocking: BlockingReason?

        init(_ name: String, _ changes: [FleetChange], _ reason: Removability.Reason, _ blocking: BlockingReason? = nil) {
            testDescription = name
            self.changes = changes
            self.reason = reason
            self.blocking = blocking
        }
    }

    static let system = "kube-system"
    static let blockCases = [
        BlockCase(
            "a budget allows nothing",
            [.pod(pod("p", on: "a", labels: ["x": "y"])), .budget(budget("b", selector: ["x": "y"], allowed: 0))],
            .blockedByPod, .notEnoughBudget),
        BlockCase("a young system pod", [.pod(pod("p", namespace: system, on: "a"))], .blockedByPod, .unmovableSystemPod),
        BlockCase("no controller", [.pod(pod("p", on: "a", owner: nil))], .blockedByPod, .notReplicated),
        BlockCase(
            "local storage",
            [
                .pod(
                    {
                        var storing = pod("p", on: "a")
                        storing.localVolumes = ["scratch"]
                        return storing
                    }())
            ], .blockedByPod, .localStorageRequested),
        BlockCase(
            "nowhere to go", [.pod(pod("p", cpu: 100, on: "a") { $0.nodeSelector = ["kubernetes.io/hostname": "a"] })], .noPlaceToMove),
        BlockCase(
            "the node says no", [.node(node("a", group: "g", annotations: [Names.scaleDownDisabled: "true"]))], .disabledAnnotation),
        BlockCase(
            "the pod says no", [.pod(pod("p", on: "a", annotations: [Names.safeToEvict: "false"]))], .blockedByPod, .notSafeToEvict),
        BlockCase(
            "a pod runs to its end", [.pod(pod("p", on: "a", annotations: [Names.safeToEvict: "on-completion"]))], .waitsForCompletion),
        BlockCase("half used", [.pod(pod("p", cpu: 4_000, on: "a"))], .notUnderutilized),
        BlockCase(
            "already on its way", [.node(node("a", taints: [Taint(key: Names.toBeDeletedTaint, effect: "NoSchedule")], group: "g"))],
            .beingRemoved),
        BlockCase("a waiting pod needs it", [.pod(pod("p", cpu: 7_000)), .pod(pod("q", cpu: 7_000))], .neededByOthers),
        BlockCase("nothing", [.pod(pod("p", on: "a"))], .removed),
        BlockCase(
            "safe-to-evict overrides a budget",
            [
                .pod(pod("p", on: "a", labels: ["x": "y"], annotations: [Names.safeToEvict: "true"])),
                .budget(budget("b", selector: ["x": "y"], allowed: 0)),
            ], .removed),
    ]

    @Test("Each rule keeps a node and names what blocks", arguments: blockCases)
    func blocks(_ item: BlockCase) throws {
        var fleet = Fleet(
            [
                group(settings: ["scaleDownUnneededTime": "0s", "scaleDownDelayAfterAdd": "0s"]), .node(node("a", group: "g")),
                .node(node("z")),
            ] + item.changes)
        let result = ScaleDown.plan(&fleet, now: start + .seconds(60))
        let verdict = try #require(result.removability["a"])
        #expect(verdict.reason == item.reason)
        #expect(verdict.blocking == item.blocking)
        if item.blocking != nil {
            #expect(verdict.blockingPod?.name == "p" && !verdict.remedy.isEmpty)
            #expect(result.plan.refusals.first?.message.hasPrefix(item.blocking?.rawValue ?? "") == true)
        }
        #expect(result.plan.actions.isEmpty == !(item.reason == .removed))
    }

    @Test("The minimum stays")
    func keepsMinimum() {
        var fleet = Fleet([group(min: 2)] + (0..<5).map { .node(node("n\($0)", group: "g")) })
        let result = plan(&fleet)
        #expect(result.plan.actions.count == 3)
        #expect(result.removability.values.filter { $0.reason == .minSizeReached }.map(\.node).sorted() == ["n3", "n4"])
    }

    @Test("A new host, a removal and a failure each hold removals back for their time")
    func coolsDown() {
        let settings: JSON = [
            "scaleDownUnneededTime": "0s", "scaleDownDelayAfterAdd": "10m", "scaleDownDelayAfterDelete": "1m",
            "scaleDownDelayAfterFailure": "3m",
        ]
        var fleet = Fleet([group(settings: settings), .node(node("a", group: "g"))])
        for (record, seconds) in [(0, 600), (1, 60), (2, 180)] {
            var memory = ScaleDownMemory()
            switch record {
            case 0: memory.recordAdd(group: "g", at: start)
            case 1: memory.recordDelete(group: "g", at: start)
            default: memory.recordFailure(group: "g", at: start)
            }
            let early = ScaleDown.plan(&fleet, memory: memory, now: start + .seconds(seconds - 1))
            #expect(early.removability["a"]?.reason == .coolingDown && early.nextDeadline == start + .seconds(seconds))
            #expect(ScaleDown.plan(&fleet, memory: memory, now: start + .seconds(seconds)).plan.actions.count == 1)
        }
    }

    @Test("A group that grew between two passes cools down by itself")
    func noticesGrowth() {
        var fleet = Fleet([.nodeGroup(nodeGroup("g", settings: ["scaleDownUnneededTime": "0s"])), .node(node("a", group: "g"))])
        let memory = ScaleDown.plan(&fleet, now: start).memory
        fleet.apply(.node(node("b", group: "g")))
        #expect(ScaleDown.plan(&fleet, memory: memory, now: start + .seconds(5)).removability["a"]?.reason == .coolingDown)
    }

    @Test("Drains in one pass share a budget; a single drain that needs more may go alone")
    func sharesBudgets() {
        let settings: JSON = ["scaleDownUnneededTime": "0s", "scaleDownDelayAfterAdd": "0s"]
        var fleet = Fleet(
            [
                group(settings: settings), .node(node("z")), .pod(pod("full", cpu: 7_000, on: "z")),
                .budget(budget("b", selector: ["x": "y"], allowed: 1)),
            ]
                + ["a", "b"].map { .node(node($0, group: "g")) }
                + ["a", "b"].map { .pod(pod("on-\($0)", cpu: 100, on: $0, labels: ["x": "y"])) })
        let result = ScaleDown.plan(&fleet, now: start)
        #expect(result.plan.actions.count == 1)
        #expect(result.removability["b"]?.reason == .budgetShared)
        fleet.apply(.nodeRemoved("b"))
        fleet.apply(.pod(pod("on-b", cpu: 100, on: "a", labels: ["x": "y"])))
        #expect(ScaleDown.plan(&fleet, now: start).plan.actions.count == 1, "two pods under a budget of one drain one after the other")
    }

    @Test("An unready node goes after its own time, and nothing is moved to one")
    func removesUnready() {
        var fleet = Fleet([group(), .node(node("a", group: "g", ready: false)), .node(node("b", group: "g")), .pod(pod("p", on: "b"))])
        let early = plan(&fleet, after: 1_199)
        #expect(early.removability["a"]?.reason == .notUnreadyLongEnough)
        #expect(early.removability["b"]?.reason == .noPlaceToMove)
        #expect(plan(&fleet, after: 1_200).plan.actions == [.removeEmpty(node: "a", group: "g")])
    }

    @Test("A host whose node never comes is given back in time")
    func releasesHosts() {
        let claim = HostClaim(kind: .nodeGroup, name: "g")
        var fleet = Fleet([group(), .host(host("h", claim: claim, state: "provisioning"))])
        let first = ScaleDown.plan(&fleet, now: start)
        #expect(first.nextDeadline == start + .seconds(900))
        let late = ScaleDown.plan(&fleet, memory: first.memory, now: start + .seconds(900))
        #expect(late.plan.actions == [.release(host: ObjectKey(namespace: "sluice-hosts", name: "h"), claim: claim)])
    }

    @Test("Whatever goes, every pod that has to move has a place, and nothing is over-committed", arguments: 0..<40)
    func staysSafe(_ seed: Int) {
        var generator = SeededGenerator(seed: UInt64(seed))
        let count = Int.random(in: 2...12, using: &generator)
        var changes: [FleetChange] = [group(settings: ["scaleDownUnneededTime": "0s", "scaleDownDelayAfterAdd": "0s"])]
        for index in 0..<count { changes.append(.node(node("n\(index)", group: Int.random(in: 0..<5, using: &generator) == 0 ? "" : "g"))) }
        for index in 0..<Int.random(in: 0...(count * 3), using: &generator) {
            let name = "n\(Int.random(in: 0..<count, using: &generator))"
            changes.append(.pod(pod("p\(index)", cpu: Int64.random(in: 1...12, using: &generator) * 100, memory: gibibyte, on: name)))
        }
        var fleet = Fleet(changes)
        var options = ScaleDownOptions()
        options.maxDrains = 100
        let result = ScaleDown.plan(&fleet, options: options, now: start)
        var removed: Set<String> = []
        for action in result.plan.actions {
            switch action {
            case .removeEmpty(let node, _):
                #expect(fleet.pods(onNode: node).isEmpty, "seed \(seed)")
                removed.insert(node)
            case .drainAndRemove(let node, _, let moves):
                #expect(Set(moves.map(\.pod)) == Set(fleet.pods(onNode: node).map(\.key)), "seed \(seed)")
                removed.insert(node)
                for move in moves {
                    guard var pod = fleet.pod(move.pod) else { continue }
                    pod.nodeName = move.node
                    fleet.apply(.pod(pod))
                }
            default: Issue.record("seed \(seed): \(action)")
            }
        }
        for node in removed {
            #expect(fleet.pods(onNode: node).isEmpty, "seed \(seed): nothing moves to a node that goes")
            fleet.apply(.nodeRemoved(node))
        }
        #expect(fleet.violations().isEmpty, "seed \(seed)")
    }
}
