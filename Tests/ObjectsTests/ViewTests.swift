internal import Objects
internal import Testing

@Suite struct ViewTests {
    @Test func readsMetadata() throws {
        let pod = Pod(try JSON(parsing: Manifests.pod))
        let metadata = pod.metadata
        #expect(metadata.key == ObjectKey(namespace: "team-a", name: "web-1"))
        #expect(metadata.key.description == "team-a/web-1")
        #expect((metadata.uid, metadata.resourceVersion, metadata.generation) == ("u-1", "42", 3))
        #expect(metadata.creationTimestamp?.rfc3339 == "2026-01-31T23:59:59Z")
        #expect(metadata.deletionTimestamp?.rfc3339 == "2026-02-01T00:00:29Z")
        #expect(metadata.deletionGracePeriodSeconds == 30)
        #expect(metadata.isDeleting)
        #expect(metadata.labels == ["app": "web", "tier": "frontend"])
        #expect(metadata.annotations == ["note": "a \"quoted\" word\nand 漢字 😀"])
        #expect(metadata.finalizers == ["sluice.dev/a"])
        #expect(metadata.ownerReferences.count == 2)
        #expect(metadata.controller == OwnerReference(apiVersion: "apps/v1", kind: "ReplicaSet", name: "web", uid: "u-2"))
        #expect(pod.ownerReference == OwnerReference(apiVersion: "v1", kind: "Pod", name: "web-1", uid: "u-1"))
        #expect(OwnerReference(pod.ownerReference.json) == pod.ownerReference)
        #expect(!ObjectMeta(nil).isDeleting)
    }

    @Test func readsAPod() throws {
        let pod = Pod(try JSON(parsing: Manifests.pod))
        #expect((pod.nodeName, pod.schedulerName, pod.phase, pod.restartPolicy) == ("n1", "mine", "Running", "OnFailure"))
        #expect(
            (pod.hasSchedulingGates, pod.isReady, pod.isTerminated, pod.isMirror, pod.isOwnedByDaemonSet) == (
                true, true, false, false, false
            ))
        #expect(
            (pod.terminationGracePeriodSeconds, pod.priorityClassName, pod.nominatedNodeName, pod.podIP) == (5, "high", "n2", "10.0.0.1"))
        #expect(pod.localVolumes == ["scratch", "host"], "memory and settings are not lost with the node")
        #expect(pod.startTime?.rfc3339 == "2026-02-01T00:00:00Z")
        let zones = LabelRequirement(key: "zone", comparison: .isIn, values: ["a", "b"])
        let name = LabelRequirement(key: "metadata.name", comparison: .isIn, values: ["n1"])
        let cores = LabelRequirement(key: "cores", comparison: .greaterThan, values: ["32"])
        let expected = PodRequirements(
            requests: ResourceList(["cpu": 250, "memory": 64 << 20]), nodeSelector: ["disk": "ssd"],
            requiredNodeTerms: [NodeSelectorTerm(expressions: [zones]), NodeSelectorTerm(fields: [name])],
            preferredNodeTerms: [PreferredNodeTerm(weight: 10, term: NodeSelectorTerm(expressions: [cores]))],
            tolerations: [Toleration(key: "dedicated", value: "web", effect: "NoSchedule", seconds: 300)],
            hostPorts: [HostPort(port: 80)], priority: 1_000)
        #expect(pod.requirements == expected)
    }

    @Test func fillsInAPodsDefaults() {
        let pod = Pod([:])
        #expect((pod.phase, pod.schedulerName, pod.restartPolicy, pod.nodeName) == ("Pending", "default-scheduler", "Always", ""))
        #expect(pod.terminationGracePeriodSeconds == 30)
        #expect(pod.requirements == PodRequirements())
        #expect(Pod(["status": ["phase": "Failed"]]).isTerminated)
        #expect(Pod(["metadata": ["annotations": ["kubernetes.io/config.mirror": "x"]]]).isMirror)
        #expect(Pod(["metadata": ["ownerReferences": [["kind": "DaemonSet", "controller": true]]]]).isOwnedByDaemonSet)
        let ports = PodRequirements(spec: [
            "hostNetwork": true, "containers": [["ports": [["containerPort": 53, "protocol": "UDP", "hostIP": "10.0.0.1"]]]],
        ]).hostPorts
        #expect(ports == [HostPort(address: "10.0.0.1", transport: "UDP", port: 53)])
        #expect(
            PodRequirements(spec: [
                "affinity": [
                    "nodeAffinity": [
                        "requiredDuringSchedulingIgnoredDuringExecution": [
                            "nodeSelectorTerms": [["matchExpressions": [["key": "a", "operator": "Odd"]]]]
                        ]
                    ]
                ]
            ]).requiredNodeTerms == [], "a term that cannot be read matches nothing")
    }

    @Test func readsANode() {
        let node = Node([
            "metadata": ["name": "n1", "labels": ["sluice.dev/nodegroup": "containers"]],
            "spec": [
                "unschedulable": true, "providerID": "sluice://h1",
                "taints": [["key": "a", "effect": "NoExecute", "timeAdded": "2026-01-31T23:59:59Z"]],
            ],
            "status": ["capacity": ["cpu": "64"], "allocatable": ["cpu": "63"], "conditions": [["type": "Ready", "status": "True"]]],
        ])
        #expect((node.isUnschedulable, node.isReady, node.providerID, node.nodeGroup) == (true, true, "sluice://h1", "containers"))
        #expect((node.capacity["cpu"], node.allocatable["cpu"]) == (64_000, 63_000))
        #expect(node.taints == [Taint(key: "a", effect: "NoExecute", timeAdded: Timestamp(rfc3339: "2026-01-31T23:59:59Z"))])
        #expect(node.taints.map { Taint($0.json) } == node.taints)
        #expect(Node(["status": ["capacity": ["cpu": "1"]]]).allocatable["cpu"] == 1_000, "without allocatable, all of it")
        #expect(!Node([:]).isReady)
        #expect(Node(name: "imagined", labels: [:], taints: [], allocatable: ResourceList()).isReady)
    }

    @Test func readsAHost() {
        let host = BareMetalHost([
            "metadata": ["name": "h1", "namespace": "sluice-hosts"],
            "spec": [
                "online": true, "bmc": ["address": "sim://rack/h1", "credentialsName": "h1-bmc"], "bootMACAddress": "02:00:00:00:00:01",
                "image": ["url": "http://images/a", "checksum": "sha256:00"], "consumerRef": ["kind": "NodeGroup", "name": "containers"],
            ],
            "status": [
                "provisioning": ["state": "provisioned", "image": ["url": "http://images/a"]], "operationalStatus": "OK", "poweredOn": true,
                "errorMessage": "m", "errorType": "power management error", "errorCount": 2, "hardware": ["cpu": ["count": 64]],
            ],
        ])
        #expect(
            (host.isOnline, host.bmcAddress, host.credentialsName, host.bootMACAddress) == (
                true, "sim://rack/h1", "h1-bmc", "02:00:00:00:00:01"
            ))
        #expect((host.state, host.operationalStatus, host.isPoweredOn, host.errorCount) == (.provisioned, "OK", true, 2))
        #expect((host.errorMessage, host.errorType, host.hardware?["cpu", "count"]) == ("m", "power management error", 64))
        #expect(host.image == HostImage(url: "http://images/a", checksum: "sha256:00"))
        #expect(host.provisionedImage == HostImage(url: "http://images/a", checksum: ""))
        #expect(host.consumer == HostClaim(kind: .nodeGroup, name: "containers"))
        #expect(HostClaim(host.consumer?.json) == host.consumer)
        #expect(!host.isClaimable)
    }

    @Test(
        arguments: [
            Case("available and free", [:], true),
            Case("taken by a stranger", ["spec": ["consumerRef": ["kind": "Other", "name": "x"]]], false),
            Case("has an image", ["spec": ["image": ["url": "u"]]], false),
            Case("in trouble", ["status": ["operationalStatus": "error", "provisioning": ["state": "available"]]], false),
            Case("not inspected yet", ["status": ["operationalStatus": "OK", "provisioning": ["state": "inspecting"]]], false),
            Case("in a state nobody knows", ["status": ["operationalStatus": "OK", "provisioning": ["state": "dancing"]]], false),
            Case("going away", ["metadata": ["deletionTimestamp": "2026-01-31T23:59:59Z"]], false),
        ] as [Case<JSON, Bool>])
    func claimsOnlyFreeHosts(_ example: Case<JSON, Bool>) {
        var host: JSON = ["status": ["operationalStatus": "OK", "provisioning": ["state": "available"]]]
        for member in example.input.object ?? JSONObject() { host[member.key] = member.value }
        #expect(BareMetalHost(host).isClaimable == example.expected)
    }

    @Test func readsABareMetalInstance() {
        let instance = BareMetalInstance([
            "metadata": ["name": "db1", "namespace": "tenant-a"],
            "spec": ["hostSelector": ["matchLabels": ["sluice.dev/model": "r128"]], "image": ["url": "u"], "online": false],
            "status": ["phase": "Provisioned", "hostName": "h1", "conditions": [["type": "Ready", "status": "True"]]],
        ])
        #expect(instance.hostSelector?.matches(["sluice.dev/model": "r128"]) == true)
        #expect(instance.hostSelector?.matches([:]) == false)
        #expect((instance.isOnline, instance.phase, instance.hostName, instance.conditions.count) == (false, "Provisioned", "h1", 1))
        #expect(instance.image?.json == ["url": "u"])
        #expect(instance.claim.json["namespace"] == "tenant-a")
        #expect(BareMetalInstance([:]).hostSelector == .everything)
        #expect(BareMetalInstance(["spec": ["hostSelector": ["matchExpressions": [["key": "a"]]]]]).hostSelector == nil)
    }

    @Test func readsANodeGroup() {
        let group = NodeGroup([
            "metadata": ["name": "containers"],
            "spec": [
                "minSize": 1, "maxSize": 20, "expander": "most-pods", "scaleDownEnabled": false, "scaleDownUnneededTime": "1h30m",
                "scaleDownUnreadyTime": "soon", "scaleDownUtilizationThreshold": .number("0.25"), "maxGracefulTerminationSeconds": 60,
                "image": ["url": "u"],
                "template": [
                    "labels": ["role": "containers"], "annotations": ["a": "b"], "taints": [["key": "t", "effect": "NoSchedule"]],
                ],
            ],
        ])
        #expect((group.minSize, group.maxSize, group.expander, group.isScaleDownEnabled) == (1, 20, .mostPods, false))
        #expect((group.labels, group.annotations) == (["role": "containers"], ["a": "b"]))
        #expect(group.taints == [Taint(key: "t", effect: "NoSchedule")])
        #expect(
            (group.scaleDownUnneededTime, group.scaleDownUnreadyTime) == (.seconds(5_400), .seconds(1_200)),
            "an unreadable time is the default")
        #expect((group.scaleDownUtilizationThreshold, group.maxGracefulTermination) == (0.25, .seconds(60)))
        #expect(group.claim == HostClaim(kind: .nodeGroup, name: "containers"))
        let plain = NodeGroup([:])
        #expect((plain.expander, plain.isScaleDownEnabled, plain.hostSelector) == (.leastWaste, true, .everything))
        #expect(
            (plain.scaleDownUnneededTime, plain.scaleDownDelayAfterAdd, plain.maxNodeProvisionTime) == (
                .seconds(600), .seconds(600), .seconds(900)
            ))
    }

    @Test func readsWorkloads() {
        let template: JSON = ["metadata": ["labels": ["app": "web"]]]
        let spec: JSON = [
            "replicas": 3, "minReadySeconds": 5, "selector": ["matchLabels": ["app": "web"]], "template": template, "paused": true,
            "strategy": ["type": "RollingUpdate", "rollingUpdate": ["maxSurge": 1]], "revisionHistoryLimit": 2,
            "progressDeadlineSeconds": 9,
        ]
        let set = ReplicaSet([
            "spec": spec, "status": ["replicas": 2, "readyReplicas": 1, "availableReplicas": 1, "observedGeneration": 4],
        ])
        #expect((set.replicas, set.minReadySeconds, set.template) == (3, 5, template))
        #expect(set.selector?.matches(["app": "web"]) == true)
        #expect(
            (set.status.replicas, set.status.readyReplicas, set.status.fullyLabeledReplicas, set.status.observedGeneration) == (2, 1, 0, 4))
        let deployment = Deployment(["spec": spec])
        #expect(
            (deployment.isPaused, deployment.strategy, deployment.maxSurge, deployment.maxUnavailable) == (true, "RollingUpdate", 1, "25%"))
        #expect((deployment.revisionHistoryLimit, deployment.progressDeadlineSeconds) == (2, 9))
        #expect((Deployment([:]).replicas, ReplicaSet([:]).replicas) == (1, 1))
        #expect(ReplicaSet([:]).selector == nil)
    }

    @Test func readsABudget() {
        let budget = PodDisruptionBudget([
            "metadata": ["namespace": "team-a"], "spec": ["selector": ["matchLabels": ["app": "web"]], "minAvailable": "50%"],
            "status": ["disruptionsAllowed": 1, "observedGeneration": 2],
        ])
        #expect((budget.minAvailable, budget.maxUnavailable, budget.disruptionsAllowed, budget.observedGeneration) == ("50%", nil, 1, 2))
        func pod(_ namespace: String, _ labels: JSON) -> Pod { Pod(["metadata": ["namespace": .string(namespace), "labels": labels]]) }
        #expect(budget.covers(pod("team-a", ["app": "web"])))
        #expect(!budget.covers(pod("team-a", ["app": "db"])))
        #expect(!budget.covers(pod("team-b", ["app": "web"])))
        #expect(PodDisruptionBudget(["spec": ["selector": [:]]]).covers(pod("", [:])), "an empty selector selects everything")
        #expect(!PodDisruptionBudget([:]).covers(pod("", [:])), "no selector selects nothing")
    }

    @Test func readsLeasesNamespacesAndMachines() {
        let lease = Lease(["spec": ["holderIdentity": "n1", "renewTime": "2026-01-31T23:59:59.500000Z", "leaseDurationSeconds": 15]])
        #expect((lease.holder, lease.renewTime?.rfc3339Micro, lease.durationSeconds) == ("n1", "2026-01-31T23:59:59.500000Z", 15))
        #expect(Namespace(["status": ["phase": "Terminating"]]).phase == "Terminating")
        #expect(Namespace([:]).phase == "Active")
        #expect(VirtualMachine(["spec": ["runStrategy": "Manual"]]).runStrategy == "Manual")
        #expect(VirtualMachine(["spec": ["running": true, "template": ["a": 1]]]).runStrategy == "Always")
        #expect(VirtualMachine(["spec": ["running": false]]).runStrategy == "Halted")
        let instance = VirtualMachineInstance(["spec": ["domain": [:]], "status": ["phase": "Succeeded", "nodeName": "n1"]])
        #expect((instance.isFinal, instance.nodeName, instance.spec) == (true, "n1", ["domain": [:]]))
        #expect(!VirtualMachineInstance(["status": ["phase": "Running"]]).isFinal)
    }

    @Test(
        arguments: [
            Case("core, one namespace", (Pod.resource, "a" as String?), "/api/v1/namespaces/a/pods"),
            Case("core, all namespaces", (Pod.resource, nil), "/api/v1/pods"),
            Case("a group", (Deployment.resource, "a"), "/apis/apps/v1/namespaces/a/deployments"),
            Case("cluster-scoped, whatever the namespace", (Node.resource, "a"), "/api/v1/nodes"),
        ] as [Case<(ResourceName, String?), String>])
    func makesPaths(_ example: Case<(ResourceName, String?), String>) {
        #expect(example.input.0.path(namespace: example.input.1) == example.expected)
    }

    @Test func ordersKeysByNamespaceThenName() {
        let keys = [
            ObjectKey(namespace: "b", name: "a"), ObjectKey(namespace: "a", name: "b"), ObjectKey(name: "z"),
            ObjectKey(namespace: "a", name: "a"),
        ]
        #expect(keys.sorted().map(\.description) == ["z", "a/a", "a/b", "b/a"])
    }
}
