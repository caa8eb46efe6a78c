internal import Objects
internal import Testing

@Suite struct ResourceTests {
    @Test(
        arguments: [
            Case("CPU in millicores", ["cpu": "1.5"], ["cpu": 1_500]),
            Case("CPU rounded up", ["cpu": "100u"], ["cpu": 1]),
            Case("memory in bytes", ["memory": "4Gi"], ["memory": 4 << 30]),
            Case("a fraction of a byte rounded up", ["memory": "1500m"], ["memory": 2]),
            Case("devices in pieces", ["nvidia.com/gpu": "8"], ["nvidia.com/gpu": 8]),
            Case("numbers as well as strings", ["cpu": 2, "memory": .number("1e3")], ["cpu": 2_000, "memory": 1_000]),
            Case("unreadable text counts as nothing", ["cpu": "lots", "memory": "1Ki"], ["memory": 1_024]),
            Case("no object", "cpu", [:]),
            Case("an amount that is too large", ["memory": "16Ei"], ["memory": .max]),
        ] as [Case<JSON, [String: Int64]>])
    func readsAmounts(_ example: Case<JSON, [String: Int64]>) {
        #expect(ResourceList(example.input).amounts == example.expected)
    }

    @Test func writesCanonicalQuantities() {
        let list = ResourceList([
            "cpu": 2_500, "memory": 4 << 30, "nvidia.com/gpu": 8, "ephemeral-storage": 1 << 40, "hugepages-2Mi": 2 << 20, "pods": 110,
        ])
        #expect(
            list.json.text
                == #"{"cpu":"2500m","ephemeral-storage":"1Ti","hugepages-2Mi":"2Mi","memory":"4Gi","nvidia.com/gpu":"8","pods":"110"}"#)
        #expect(ResourceList(list.json) == list)
    }

    @Test func addsAndRaises() {
        var list = ResourceList(["cpu": 1, "memory": .max])
        list.add(ResourceList(["cpu": 2, "memory": 1, "pods": 3]))
        #expect(list.amounts == ["cpu": 3, "memory": .max, "pods": 3])
        list.raise(to: ResourceList(["cpu": 2, "pods": 4, "x": 5]))
        #expect(list.amounts == ["cpu": 3, "memory": .max, "pods": 4, "x": 5])
        #expect(list.names == ["cpu", "memory", "pods", "x"])
        #expect(list["absent"] == 0)
        #expect(ResourceList().isEmpty)
    }

    // MARK: - Effective requests

    @Test(
        arguments: [
            Case("the sum of containers", ["containers": [.requests("1"), .requests("500m")]], 1_500),
            Case("a limit counts where there is no request", ["containers": [.limits("2")]], 2_000),
            Case(
                "a request counts where there is a limit too",
                ["containers": [["resources": ["limits": ["cpu": "2"], "requests": ["cpu": "1"]]]]], 1_000),
            Case("a larger init container", ["containers": [.requests("1")], "initContainers": [.requests("3"), .requests("2")]], 3_000),
            Case("a smaller init container", ["containers": [.requests("1")], "initContainers": [.requests("500m")]], 1_000),
            Case("a sidecar beside the containers", ["containers": [.requests("1")], "initContainers": [.sidecar("2")]], 3_000),
            Case(
                "an init container after a sidecar runs beside it",
                ["containers": [.requests("1")], "initContainers": [.sidecar("2"), .requests("3")]], 5_000),
            Case(
                "an init container before a sidecar runs alone",
                ["containers": [.requests("1")], "initContainers": [.requests("3"), .sidecar("2")]], 3_000),
            Case("overhead on top", ["containers": [.requests("1")], "overhead": ["cpu": "250m"]], 1_250),
            Case(
                "overhead on top of an init container",
                ["containers": [.requests("1")], "initContainers": [.requests("3")], "overhead": ["cpu": "1"]], 4_000),
            Case("requests of the whole pod", ["containers": [.requests("1")], "resources": ["requests": ["cpu": "4"]]], 4_000),
            Case(
                "requests of the whole pod and overhead",
                ["containers": [], "resources": ["requests": ["cpu": "4"]], "overhead": ["cpu": "1"]], 5_000),
            Case("nothing", [:], 0),
        ] as [Case<JSON, Int64>])
    func sumsEffectiveRequests(_ example: Case<JSON, Int64>) {
        #expect(PodRequirements(spec: example.input).requests["cpu"] == example.expected)
    }

    // MARK: - Taints

    @Test(
        arguments: [
            Case("the same key, value and effect", ["key": "a", "operator": "Equal", "value": "b", "effect": "NoSchedule"], true),
            Case("Equal is the default", ["key": "a", "value": "b", "effect": "NoSchedule"], true),
            Case("any effect", ["key": "a", "value": "b"], true),
            Case("any value", ["key": "a", "operator": "Exists"], true),
            Case("any key", ["operator": "Exists"], true),
            Case("any key of that effect", ["operator": "Exists", "effect": "NoSchedule"], true),
            Case("any key of another effect", ["operator": "Exists", "effect": "NoExecute"], false),
            Case("another key", ["key": "x", "operator": "Exists"], false),
            Case("another value", ["key": "a", "value": "x"], false),
            Case("no value", ["key": "a"], false),
            Case("another effect", ["key": "a", "value": "b", "effect": "PreferNoSchedule"], false),
            Case("nothing at all", [:], false),
        ] as [Case<JSON, Bool>])
    func toleratesTaints(_ example: Case<JSON, Bool>) {
        #expect(Toleration(example.input).tolerates(Taint(key: "a", value: "b", effect: "NoSchedule")) == example.expected)
    }

    @Test func toleratesATaintWithoutAValue() {
        #expect(Toleration(["key": "a"]).tolerates(Taint(key: "a", effect: "NoExecute")))
    }

    // MARK: - Conditions

    @Test func aConditionsTimeMovesWithItsStatusOnly() {
        let first = Timestamp(seconds: 100)
        let later = Timestamp(seconds: 200)
        var conditions: [Condition] = []
        conditions.set(Condition(type: "Ready", status: "False", reason: "Starting"), now: first)
        #expect(conditions["Ready"]?.lastTransitionTime == first)
        conditions.set(
            Condition(type: "Ready", status: "False", reason: "Waiting", message: "for a host", observedGeneration: 2), now: later)
        #expect(
            conditions == [
                Condition(
                    type: "Ready", status: "False", reason: "Waiting", message: "for a host", lastTransitionTime: first,
                    observedGeneration: 2)
            ])
        conditions.set(Condition(type: "Ready", status: "True"), now: later)
        #expect(conditions["Ready"]?.lastTransitionTime == later)
        #expect(conditions["Ready"]?.isTrue == true)
        conditions.set(Condition(type: "Healthy", status: "Unknown"), now: later)
        #expect(conditions.map(\.type) == ["Ready", "Healthy"], "the order stays")
        #expect(conditions["Absent"] == nil)
    }

    @Test func aConditionWithoutATimeGetsOne() {
        var conditions = [Condition](status: ["conditions": [["type": "Ready", "status": "True"]]])
        conditions.set(Condition(type: "Ready", status: "True"), now: Timestamp(seconds: 7))
        #expect(conditions["Ready"]?.lastTransitionTime == Timestamp(seconds: 7))
    }

    @Test func conditionsAreReadAndWritten() {
        let json: JSON = [
            [
                "type": "Ready", "status": "True", "reason": "R", "message": "M", "lastTransitionTime": "2026-01-31T23:59:59Z",
                "observedGeneration": 4,
            ],
            ["type": "Plain", "status": "Unknown"],
        ]
        #expect([Condition](status: ["conditions": json]).json == json)
        #expect([Condition](status: nil).isEmpty)
        #expect(Condition([:]).status == "Unknown")
    }
}

extension JSON {
    fileprivate static func requests(_ cpu: String) -> JSON { ["resources": ["requests": ["cpu": .string(cpu)]]] }
    fileprivate static func limits(_ cpu: String) -> JSON { ["resources": ["limits": ["cpu": .string(cpu)]]] }
    fileprivate static func sidecar(_ cpu: String) -> JSON {
        ["restartPolicy": "Always", "resources": ["requests": ["cpu": .string(cpu)]]]
    }
}
