import Objects
import Planning
import Testing

/// What the Cluster Autoscaler's rules decided about pods of one node.
struct DrainCasesTests {
    static let path = "autoscaler/drain_cases.json"

    private func options(_ json: JSON?) -> DrainOptions {
        var options = DrainOptions()
        options.skipNodesWithCustomControllerPods = json?["skipNodesWithCustomControllerPods"]?.bool ?? true
        options.skipNodesWithLocalStorage = json?["skipNodesWithLocalStorage"]?.bool ?? true
        options.skipNodesWithSystemPods = json?["skipNodesWithSystemPods"]?.bool ?? true
        options.minReplicaCount = json?["minReplicaCount"]?.integer ?? 0
        options.blockingSystemPodDisruptionTimeout = .seconds(json?["bspDisruptionTimeoutSeconds"]?.integer ?? 3_600)
        return options
    }

    private func controllers(_ json: JSON?) -> KnownControllers? {
        guard let list = json?.array else { return nil }
        var known = KnownControllers()
        for item in list {
            let key = KnownControllers.Key(
                kind: item["kind"]?.string ?? "", namespace: item["namespace"]?.string ?? "", name: item["name"]?.string ?? "")
            known.replicas[key] = item["replicas"]?.integer ?? 0
        }
        return known
    }

    @Test(
        "Every drain case ends as the peer ends it",
        .enabled(if: SharedData.isPresent(DrainCasesTests.path), "needs ../shared beside the checkout"))
    func equalsThePeer() throws {
        let items = try #require(try SharedData.json(Self.path)?.array)
        #expect(items.count >= 100)
        for item in items {
            let id = item["id"]?.string ?? ""
            let budgets = (item["pdbs"]?.array ?? []).map(PodDisruptionBudget.init)
            let now = try #require(Timestamp(rfc3339: item["now"]?.string ?? ""))
            let list = Drain.list(
                (item["pods"]?.array ?? []).map(Pod.init), budgets: { pod in budgets.filter { $0.covers(pod) } },
                options: options(item["options"]), controllers: controllers(item["controllers"]), now: now)
            let expected = item["expected"]
            func keys(_ name: String) -> [String] { (expected?[name]?.array ?? []).compactMap(\.string) }
            #expect(list.blocking?.reason.rawValue == expected?["blockingReason"]?.string, "\(id) reason")
            #expect(list.blocking?.pod.description == expected?["blockingPod"]?.string, "\(id) pod")
            #expect(list.moving.map(\.description) == keys("podsToMove"), "\(id) moving")
            #expect(list.daemonSet.map(\.description) == keys("daemonSetPods"), "\(id) daemon set")
            #expect(list.waiting.map(\.description) == keys("waitForCompletionPods"), "\(id) waiting")
        }
    }
}
