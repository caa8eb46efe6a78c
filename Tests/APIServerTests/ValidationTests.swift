import APIMessages
import APIServer
import Objects
import Testing

/// The rules of every kind: a valid object of each, and what is wrong with others.
@Suite struct ValidationTests {
    struct Valid: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var path: String
        var object: JSON

        init(_ path: String, _ kind: String, _ object: JSON) {
            testDescription = kind
            self.path = path
            self.object = object
        }
    }

    private static let namespace = "/namespaces/default/"

    static let valid = [
        Valid("/api/v1/namespaces", "Namespace", ["metadata": ["name": "team"]]),
        Valid("/api/v1/nodes", "Node", ["metadata": ["name": "n1"], "status": ["capacity": ["cpu": "4", "memory": "8Gi"]]]),
        Valid("/api/v1\(namespace)pods", "Pod", Sample.pod("a")),
        Valid(
            "/api/v1\(namespace)events", "Event",
            ["metadata": ["name": "e"], "involvedObject": ["kind": "Pod", "namespace": "default", "name": "p"], "reason": "Test"]),
        Valid("/api/v1\(namespace)configmaps", "ConfigMap", Sample.configMap("a")),
        Valid("/api/v1\(namespace)secrets", "Secret", ["metadata": ["name": "a"], "data": ["k": "djE="]]),
        Valid("/api/v1\(namespace)serviceaccounts", "ServiceAccount", ["metadata": ["name": "a"]]),
        Valid(
            "/apis/coordination.k8s.io/v1\(namespace)leases", "Lease",
            [
                "metadata": ["name": "a"],
                "spec": ["holderIdentity": "x", "leaseDurationSeconds": 15, "renewTime": "2026-01-01T00:00:00.000000Z"],
            ]),
        Valid(Paths.deployments, "Deployment", Sample.deployment("a")),
        Valid(
            "/apis/apps/v1\(namespace)replicasets", "ReplicaSet",
            [
                "metadata": ["name": "a"],
                "spec": [
                    "selector": ["matchLabels": ["app": "a"]],
                    "template": ["metadata": ["labels": ["app": "a"]], "spec": ["containers": [["name": "c", "image": "i:1"]]]],
                ],
            ]),
        Valid(Paths.budgets, "PodDisruptionBudget", ["metadata": ["name": "a"], "spec": ["minAvailable": "50%", "selector": [:]]]),
        Valid("/apis/scheduling.k8s.io/v1/priorityclasses", "PriorityClass", ["metadata": ["name": "a"], "value": 100]),
        Valid(Paths.definitions, "CustomResourceDefinition", Sample.widgets),
        Valid(
            "/apis/metal3.io/v1alpha1\(namespace)baremetalhosts", "BareMetalHost",
            [
                "metadata": ["name": "h1"],
                "spec": [
                    "online": true, "bootMACAddress": "00:11:22:33:44:55",
                    "bmc": ["address": "redfish://10.0.0.1/redfish/v1/Systems/1", "credentialsName": "h1"],
                ],
            ]),
        Valid(
            "/apis/kubevirt.io/v1\(namespace)virtualmachines", "VirtualMachine",
            [
                "metadata": ["name": "vm"],
                "spec": [
                    "runStrategy": "Always",
                    "template": ["spec": ["domain": ["devices": [:], "resources": ["requests": ["memory": "1Gi"]]]]],
                ],
            ]),
        Valid(
            "/apis/kubevirt.io/v1\(namespace)virtualmachineinstances", "VirtualMachineInstance",
            ["metadata": ["name": "vm"], "spec": ["domain": ["devices": [:]]]]),
        Valid(
            "/apis/sluice.dev/v1alpha1/nodegroups", "NodeGroup",
            [
                "metadata": ["name": "containers"],
                "spec": [
                    "minSize": 0, "maxSize": 20, "hostSelector": ["matchLabels": ["sluice.dev/model": "r64"]],
                    "template": ["labels": ["role": "containers"], "taints": []], "scaleDownUnneededTime": "10m",
                    "scaleDownDelayAfterAdd": "10m", "scaleDownUtilizationThreshold": JSON(0.5),
                ],
            ]),
        Valid(
            "/apis/sluice.dev/v1alpha1\(namespace)baremetalinstances", "BareMetalInstance",
            [
                "metadata": ["name": "db1"],
                "spec": [
                    "hostSelector": ["matchLabels": ["sluice.dev/model": "r128"]],
                    "image": ["url": "http://images.example/debian12.qcow2", "checksum": "sha256:00"],
                ],
            ]),
    ]

    @Test(arguments: valid)
    func `every kind is created, read, listed, printed, patched and deleted`(_ test: Valid) async throws {
        let harness = try await Harness()
        let made = await harness.make("\(test.path)?fieldValidation=Strict", test.object)
        #expect(made["kind"]?.string == test.testDescription)
        let path = "\(test.path)/\(made["metadata", "name"]?.string ?? "")"
        let read = await harness.send("GET", path)
        #expect(read.status == 200)
        if test.testDescription != "CustomResourceDefinition" { #expect(read.json == made) }
        let table = await harness.send("GET", test.path, accept: "application/json;as=Table;v=v1;g=meta.k8s.io")
        let columns = table["columnDefinitions"]?.array?.count ?? 0
        #expect(columns > 1)
        for row in table["rows"]?.array ?? [] { #expect(row["cells"]?.array?.count == columns) }
        let patched = await harness.patch(path, ["metadata": ["labels": ["a": "b"]]])
        #expect(patched["metadata", "labels", "a"] == "b", "\(patched.text)")
        // Writing back what was read changes nothing.
        let written = await harness.send("PUT", path, patched.json)
        #expect(written.json == patched.json, "\(written.text)")
        #expect(await harness.send("DELETE", path).status == 200)
    }

    struct Wrong: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var kind: String
        var path: [String]
        var value: JSON?
        var field: String

        init(_ kind: String, _ path: String, _ value: JSON?, field: String? = nil) {
            testDescription = "\(kind) \(path) = \(value?.text ?? "absent")"
            self.kind = kind
            self.path = path.split(separator: ".").map(String.init)
            self.value = value
            self.field = field ?? path
        }
    }

    static let wrong = [
        Wrong("Namespace", "metadata.name", "a.b"),
        Wrong("Pod", "spec.containers", []),
        Wrong("Pod", "spec.containers", [["name": "a", "image": "x"], ["name": "a", "image": "y"]], field: "spec.containers[1].name"),
        Wrong("Pod", "spec.containers", [["name": "A_b", "image": "x"]], field: "spec.containers[0].name"),
        Wrong("Pod", "spec.containers", [["name": "a"]], field: "spec.containers[0].image"),
        Wrong(
            "Pod", "spec.containers", [["name": "a", "image": "x", "resources": ["requests": ["cpu": "2"], "limits": ["cpu": "1"]]]],
            field: "spec.containers[0].resources.requests"),
        Wrong(
            "Pod", "spec.containers", [["name": "a", "image": "x", "resources": ["requests": ["cpu": "-1"]]]],
            field: "spec.containers[0].resources.requests[cpu]"),
        Wrong(
            "Pod", "spec.containers", [["name": "a", "image": "x", "volumeMounts": [["name": "gone", "mountPath": "/x"]]]],
            field: "spec.containers[0].volumeMounts[0].name"),
        Wrong("Pod", "spec.restartPolicy", "Sometimes"),
        Wrong("Pod", "spec.terminationGracePeriodSeconds", -1),
        Wrong("Pod", "spec.nodeSelector", ["a b": "c"]),
        Wrong("Pod", "spec.tolerations", [["key": "a", "operator": "Equals"]], field: "spec.tolerations[0].operator"),
        Wrong("Pod", "metadata.labels", ["bad key!": "x"]),
        Wrong("Pod", "metadata.finalizers", ["nodomain"], field: "metadata.finalizers[0]"),
        Wrong("Deployment", "spec.selector", ["matchLabels": ["app": "other"]], field: "spec.template.metadata.labels"),
        Wrong("Deployment", "spec.replicas", -1),
        Wrong("Deployment", "spec.template.spec.restartPolicy", "Never"),
        Wrong("ReplicaSet", "spec.selector", nil),
        Wrong("PodDisruptionBudget", "spec.maxUnavailable", 1, field: "spec"),
        Wrong("ConfigMap", "data", ["bad/key": "x"], field: "data[bad/key]"),
        Wrong("Lease", "spec.leaseDurationSeconds", 0),
        Wrong("BareMetalHost", "spec.bootMACAddress", "not-a-mac"),
        Wrong("BareMetalHost", "spec.bmc", ["address": "x"], field: "spec.bmc.credentialsName"),
        Wrong("BareMetalHost", "spec.bootMode", "floppy"),
        Wrong("VirtualMachine", "spec.template", nil),
        Wrong("VirtualMachineInstance", "spec.domain", nil),
        Wrong("NodeGroup", "spec.maxSize", nil),
        Wrong("NodeGroup", "spec.maxSize", -1),
        Wrong("NodeGroup", "spec.minSize", 30, field: "spec.maxSize"),
        Wrong("NodeGroup", "spec.expander", "cheapest"),
        Wrong("NodeGroup", "spec.scaleDownUnneededTime", "soon"),
        Wrong("NodeGroup", "spec.scaleDownUtilizationThreshold", JSON(1.5)),
        Wrong("NodeGroup", "spec.hostSelector", ["matchExpressions": [["key": "a", "operator": "Near"]]]),
        Wrong("BareMetalInstance", "spec.image", ["url": 5], field: "spec.image.url"),
        Wrong("BareMetalInstance", "spec.userData", ["name": "s", "namespace": "other"], field: "spec.userData.namespace"),
        Wrong("BareMetalHost", "spec.userData", ["name": "s", "namespace": "other"], field: "spec.userData.namespace"),
        Wrong("BareMetalHost", "spec.networkData", ["name": "s", "namespace": "other"], field: "spec.networkData.namespace"),
    ]

    @Test(arguments: wrong)
    func `an object that breaks a rule is refused with the field`(_ test: Wrong) async throws {
        let harness = try await Harness()
        let sample = try #require(Self.valid.first { $0.testDescription == test.kind })
        var object = sample.object
        object.setValue(test.value, at: test.path[...])
        let answer = await harness.send("POST", sample.path, object)
        #expect(answer.status == 422, "\(answer.text)")
        #expect(answer.reason == "Invalid")
        #expect(
            answer.fields.contains { $0 == test.field || $0.hasPrefix("\(test.field).") || $0.hasPrefix("\(test.field)[") },
            "\(answer.fields)")
    }

    @Test func `the controller of a registered host cannot be exchanged`() async throws {
        let harness = try await Harness()
        let sample = try #require(Self.valid.first { $0.testDescription == "BareMetalHost" })
        await harness.make(sample.path, sample.object)
        let path = "\(sample.path)/h1"
        let address: JSON = ["spec": ["bmc": ["address": "redfish://10.0.0.2/redfish/v1/Systems/1"]]]
        _ = await harness.patch(
            "\(path)/status",
            [
                "status": [
                    "provisioning": ["state": "available", "ID": "", "image": ["url": ""]], "operationalStatus": "OK", "errorMessage": "",
                    "poweredOn": true, "hardwareProfile": "", "errorCount": 0,
                ]
            ])
        let state = await harness.send("GET", path)["status", "provisioning", "state"]
        try #require(state == "available")
        let refused = await harness.patch(path, address)
        #expect(refused.status == 422)
        #expect(refused.fields == ["spec.bmc.address"])
    }
}
