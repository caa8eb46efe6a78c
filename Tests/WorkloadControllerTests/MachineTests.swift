import Controllers
import KubeClient
import Objects
import Testing

private let mebibyte: Int64 = 1 << 20
private let now = Timestamp(seconds: 1_000_000)

private func machineJSON(_ strategy: String, domain: JSON? = nil) -> JSON {
    [
        "metadata": ["name": "db"],
        "spec": [
            "runStrategy": .string(strategy),
            "template": [
                "metadata": ["labels": ["app": "db"]],
                "spec": [
                    "domain": domain ?? ["cpu": ["cores": 2], "memory": ["guest": "1Gi"], "devices": [:]],
                    "nodeSelector": ["role": "vms"], "priorityClassName": "high", "terminationGracePeriodSeconds": 7,
                ],
            ],
        ],
    ]
}

@Suite("Machines")
struct MachineTests {
    struct Shape: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var domain: JSON
        var cpu: Int64
        /// In bytes, without overhead.
        var memory: Int64
        var overheadMebibytes: Int64
    }

    @Test(
        "A machine's needs follow from its domain",
        arguments: [
            Shape(
                testDescription: "topology and guest memory",
                domain: ["cpu": ["cores": 2, "sockets": 2, "threads": 2], "memory": ["guest": "1Gi"]], cpu: 8_000,
                memory: 1 << 30, overheadMebibytes: 220 + 64 + 8 + 32 + 2),
            Shape(
                testDescription: "explicit requests win",
                domain: [
                    "cpu": ["cores": 4], "memory": ["guest": "2Gi"], "resources": ["requests": ["cpu": "500m", "memory": "1Gi"]],
                ], cpu: 500, memory: 1 << 30, overheadMebibytes: 220 + 32 + 8 + 32 + 4),
            Shape(
                testDescription: "requests alone", domain: ["resources": ["requests": ["cpu": "1500m", "memory": "512Mi"]]],
                cpu: 1_500, memory: 512 * mebibyte, overheadMebibytes: 220 + 16 + 8 + 32 + 1),
            Shape(
                testDescription: "passed through devices and no graphics",
                domain: [
                    "memory": ["guest": "512Mi"],
                    "devices": ["autoattachGraphicsDevice": false, "gpus": [["name": "g", "deviceName": "nvidia.com/A100"]]],
                ], cpu: 1_000, memory: 512 * mebibyte, overheadMebibytes: 220 + 8 + 8 + 1_024 + 1),
        ])
    func shapes(_ wanted: Shape) {
        let shape = MachineShape(spec: ["domain": wanted.domain])
        #expect(shape.requests["cpu"] == wanted.cpu)
        #expect(shape.overheadBytes == wanted.overheadMebibytes * mebibyte)
        #expect(shape.requests["memory"] == wanted.memory + shape.overheadBytes)
    }

    @Test("GPUs are asked for by device, and limits equal requests")
    func gpus() {
        let gpu: JSON = ["name": "g", "deviceName": "nvidia.com/A100"]
        let shape = MachineShape(spec: ["domain": ["devices": ["gpus": [gpu, gpu]]]])
        #expect(shape.requests["nvidia.com/A100"] == 2)
        #expect(shape.limits["nvidia.com/A100"] == 2)
    }

    @Test("Huge pages hold the guest, ordinary memory only the launcher")
    func hugePages() {
        let shape = MachineShape(spec: ["domain": ["memory": ["guest": "4Gi", "hugepages": ["pageSize": "1Gi"]]]])
        #expect(shape.requests["hugepages-1Gi"] == 4 << 30)
        #expect(shape.requests["memory"] == shape.overheadBytes)
    }

    @Test("The launcher carries what places and finds it")
    func launcher() {
        let instance = VirtualMachineInstance([
            "metadata": ["name": "db", "namespace": "team", "uid": "u1", "labels": ["app": "db"]],
            "spec": machineJSON("Always")["spec", "template", "spec"] ?? [:],
        ])
        let pod = Pod(LauncherPod.pod(for: instance, name: "virt-launcher-db-abcde", image: "launcher"))
        #expect(pod.metadata.labels["kubevirt.io"] == "virt-launcher")
        #expect(pod.metadata.labels["kubevirt.io/created-by"] == "u1")
        #expect(pod.metadata.labels["vm.kubevirt.io/name"] == "db")
        #expect(pod.metadata.labels["app"] == "db")
        #expect(pod.metadata.controller?.uid == "u1")
        #expect(pod.terminationGracePeriodSeconds == 7)
        #expect(pod.priorityClassName == "high")
        #expect(pod.restartPolicy == "Never")
        #expect(pod.localVolumes.isEmpty)
    }

    struct Decision: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var strategy: String
        /// Of the instance; `nil` without one.
        var phase: String?
        var request: String?
        var actions: [MachinePlan.Action]
    }

    @Test(
        "The run strategy decides whether there is an instance",
        arguments: [
            Decision(testDescription: "Always starts", strategy: "Always", actions: [.start]),
            Decision(testDescription: "Always restarts what ended", strategy: "Always", phase: "Succeeded", actions: [.stop(uid: "i")]),
            Decision(testDescription: "Always leaves what runs", strategy: "Always", phase: "Running", actions: []),
            Decision(
                testDescription: "Always restarts on request", strategy: "Always", phase: "Running", request: "Stop",
                actions: [.stop(uid: "i")]),
            Decision(
                testDescription: "RerunOnFailure restarts failures", strategy: "RerunOnFailure", phase: "Failed", actions: [.stop(uid: "i")]
            ),
            Decision(testDescription: "RerunOnFailure keeps successes", strategy: "RerunOnFailure", phase: "Succeeded", actions: []),
            Decision(testDescription: "Once starts", strategy: "Once", actions: [.start]),
            Decision(testDescription: "Once keeps what failed", strategy: "Once", phase: "Failed", actions: []),
            Decision(testDescription: "Manual waits", strategy: "Manual", actions: []),
            Decision(testDescription: "Manual starts on request", strategy: "Manual", request: "Start", actions: [.start]),
            Decision(
                testDescription: "Manual stops on request", strategy: "Manual", phase: "Running", request: "Stop",
                actions: [.stop(uid: "i")]),
            Decision(testDescription: "Halted stops", strategy: "Halted", phase: "Running", actions: [.stop(uid: "i")]),
            Decision(testDescription: "Halted stays off", strategy: "Halted", actions: []),
            Decision(testDescription: "an unknown strategy touches nothing", strategy: "Sometimes", phase: "Running", actions: []),
        ])
    func decides(_ wanted: Decision) {
        var object = machineJSON(wanted.strategy)
        object["metadata", "finalizers"] = ["kubevirt.io/virtualMachineControllerFinalize"]
        if let request = wanted.request {
            var entry: JSON = ["action": .string(request)]
            if request == "Stop" { entry["uid"] = "i" }
            object["status", "stateChangeRequests"] = [entry]
        }
        let instance = wanted.phase.map {
            VirtualMachineInstance(["metadata": ["name": "db", "uid": "i"], "spec": [:], "status": ["phase": .string($0)]])
        }
        let plan = MachinePlanner.plan(VirtualMachine(object), instance: instance, now: now)
        #expect(plan.actions == wanted.actions)
    }

    @Test("A machine that never comes up is started with growing pauses", arguments: [(1, 10), (2, 40), (3, 90), (6, 300), (99, 300)])
    func backsOff(_ failure: Int64, _ seconds: Int64) {
        var object = machineJSON("Always")
        object["metadata", "finalizers"] = ["kubevirt.io/virtualMachineControllerFinalize"]
        object["status", "startFailure"] = ["consecutiveFailCount": .integer(failure - 1), "lastFailedVMIUID": "former"]
        let failed = VirtualMachineInstance(["metadata": ["name": "db", "uid": "i"], "status": ["phase": "Failed"]])
        let plan = MachinePlanner.plan(VirtualMachine(object), instance: failed, now: now)
        #expect(plan.actions == [.stop(uid: "i")])
        #expect(plan.status?["startFailure", "consecutiveFailCount"]?.integer == failure)
        #expect(plan.status?["printableStatus"]?.string == "CrashLoopBackOff")
        object["status"] = plan.status
        let waiting = MachinePlanner.plan(VirtualMachine(object), instance: nil, now: now + .seconds(1))
        #expect(waiting.actions.isEmpty)
        #expect(waiting.nextLook == .seconds(seconds - 1))
        #expect(MachinePlanner.plan(VirtualMachine(object), instance: nil, now: now + .seconds(seconds)).actions == [.start])
    }

    // MARK: - Stories

    private func plane(becomesReady: @escaping @Sendable (Pod) -> Bool = { _ in true }) -> TestPlane {
        TestPlane {
            [
                MachineController($0), MachineInstanceController($0), GarbageCollector($0),
                FakeHosts($0, becomesReady: becomesReady),
            ]
        }
    }

    private func printable(_ plane: TestPlane) -> String? {
        plane.object(VirtualMachine.self, "db")?.status["printableStatus"]?.string
    }

    @Test("A machine starts, moves through its phases, restarts when its launcher dies, stops and goes")
    func story() throws {
        let plane = plane()
        try plane.create(VirtualMachine.self, machineJSON("Always"))
        #expect(try plane.reaches { printable(plane) == "Running" })
        let machine = try #require(plane.object(VirtualMachine.self, "db"))
        #expect(machine.status["ready"]?.bool == true)
        #expect(machine.status["created"]?.bool == true)
        let instance = try #require(plane.object(VirtualMachineInstance.self, "db"))
        #expect(instance.nodeName == "node-1")
        #expect(instance.status["interfaces"]?.array?.first?["ipAddress"]?.string == "10.0.0.1")
        #expect([Condition](status: instance.status)["LiveMigratable"]?.status == "False")
        let phases = (instance.status["phaseTransitionTimestamps"]?.array ?? []).compactMap { $0["phase"]?.string }
        #expect(phases == ["Pending", "Scheduling", "Scheduled", "Running"])
        let launcher = try #require(plane.livePods.first)
        #expect(launcher.metadata.name.wholeMatch(of: /virt-launcher-db-[a-z0-9]{5}/) != nil)
        try plane.delete(Pod.self, launcher.metadata.name)
        #expect(
            try plane.reaches {
                printable(plane) == "Running"
                    && plane.object(VirtualMachineInstance.self, "db")?.metadata.uid != instance.metadata.uid
            })
        #expect(plane.livePods.count == 1)
        try plane.patch(VirtualMachine.self, "db", ["spec": ["runStrategy": "Halted"]])
        #expect(try plane.reaches { printable(plane) == "Stopped" && plane.objects(Pod.self).isEmpty })
        #expect(plane.object(VirtualMachineInstance.self, "db") == nil)
        try plane.patch(VirtualMachine.self, "db", ["spec": ["runStrategy": "Always"]])
        #expect(try plane.reaches { printable(plane) == "Running" })
        try plane.delete(VirtualMachine.self, "db")
        #expect(try plane.reaches { plane.object(VirtualMachine.self, "db") == nil })
        #expect(plane.objects(VirtualMachineInstance.self).isEmpty)
        #expect(try plane.reaches { plane.objects(Pod.self).isEmpty })
    }

    @Test("The deprecated field running works as well")
    func running() throws {
        let plane = plane()
        var object = machineJSON("")
        object["spec", "runStrategy"] = nil
        object["spec", "running"] = true
        try plane.create(VirtualMachine.self, object)
        #expect(try plane.reaches { printable(plane) == "Running" })
    }

    @Test("A launcher that no node can take shows as ErrorUnschedulable")
    func unschedulable() throws {
        let plane = TestPlane { [MachineController($0), MachineInstanceController($0)] }
        try plane.create(VirtualMachine.self, machineJSON("Always"))
        #expect(try plane.reaches { plane.objects(Pod.self).count == 1 })
        let name = try #require(plane.objects(Pod.self).first?.metadata.name)
        let condition: JSON = ["type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "0/0 nodes"]
        try plane.patch(Pod.self, name, ["status": ["conditions": [condition]]], subresource: "status")
        #expect(try plane.reaches { printable(plane) == "ErrorUnschedulable" })
        let conditions = [Condition](status: plane.object(VirtualMachine.self, "db")?.status)
        #expect(conditions["PodScheduled"]?.message == "0/0 nodes")
    }

    @Test("A launcher that cannot be created is told of and created later, once")
    func failsToCreate() throws {
        let plane = plane()
        plane.api.fail("POST pods", code: 500, count: 2)
        try plane.create(VirtualMachine.self, machineJSON("Always"))
        #expect(try plane.reaches { printable(plane) == "Running" })
        #expect(plane.api.events.contains { $0.hasPrefix("FailedCreate: Error creating pod") })
        #expect(plane.objects(Pod.self).count == 1)
    }
}
