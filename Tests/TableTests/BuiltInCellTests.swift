import APIServer
import Objects
import Testing

/// An object of some kind, as JSON without metadata, and its cells.
struct CellCase: Sendable, CustomTestStringConvertible {
    var name: String
    var kind: String
    var group = ""
    var object: String
    var cells: [JSON]

    init(_ name: String, _ kind: String, group: String = "", _ object: String, _ cells: [JSON]) {
        self.name = name
        self.kind = kind
        self.group = group
        self.object = object
        self.cells = cells
    }

    var testDescription: String { name }
}

@Suite("Cells of built-in kinds")
struct BuiltInCellTests {
    static let core: [CellCase] = [
        CellCase("namespace", "Namespace", #"{"status":{"phase":"Active"}}"#, ["x", "Active", "10m"]),
        CellCase("config map", "ConfigMap", #"{"data":{"a":"1","b":"2"},"binaryData":{"c":"MQ=="}}"#, ["x", 3, "10m"]),
        CellCase("empty config map", "ConfigMap", "{}", ["x", 0, "10m"]),
        CellCase("secret", "Secret", #"{"type":"Opaque","data":{"a":"MQ=="}}"#, ["x", "Opaque", 1, "10m"]),
        CellCase("service account", "ServiceAccount", #"{"secrets":[{"name":"s"}]}"#, ["x", "10m"]),
        CellCase(
            "node without a status", "Node", "{}",
            ["x", "Unknown", "<none>", "10m", "", "<none>", "<none>", "<unknown>", "<unknown>", "<unknown>"]),
        CellCase(
            "node", "Node",
            """
            {"metadata":{"name":"x","creationTimestamp":"2026-01-01T00:00:00Z","labels":{"node-role.kubernetes.io/worker":"",
            "node-role.kubernetes.io/":"","kubernetes.io/role":"edge","node-role.kubernetes.io/control-plane":""}},
            "spec":{"unschedulable":true},"status":{"conditions":[{"type":"Ready","status":"Unknown"}],
            "addresses":[{"type":"Hostname","address":"h"},{"type":"ExternalIP","address":"203.0.113.1"},
            {"type":"InternalIP","address":"10.0.0.1"},{"type":"InternalIP","address":"10.0.0.2"}],
            "nodeInfo":{"kubeletVersion":"v1.36.2","osImage":"Debian","kernelVersion":"6.1","architecture":"arm64",
            "containerRuntimeVersion":"containerd://2.0"}}}
            """,
            [
                "x", "NotReady,SchedulingDisabled", "control-plane,edge,worker", "10m", "v1.36.2", "10.0.0.1", "203.0.113.1", "Debian",
                "6.1 (arm64)", "containerd://2.0",
            ]),
        CellCase(
            "event with times of its own", "Event",
            """
            {"involvedObject":{"kind":"BareMetalHost","name":"h","fieldPath":"spec.online"},"type":"Warning","reason":"R",
            "message":" power lost \\n","source":{"component":"c","host":"n"},"count":4,
            "firstTimestamp":"2026-01-01T00:00:00Z","lastTimestamp":"2026-01-01T00:09:00Z"}
            """,
            ["60s", "Warning", "R", "baremetalhost/h", "spec.online", "c, n", "power lost", "10m", 4, "x"]),
        CellCase(
            "event of a series", "Event",
            """
            {"involvedObject":{"kind":"Pod"},"reportingComponent":"s","reportingInstance":"i","firstTimestamp":null,
            "eventTime":"2026-01-01T00:00:00.000001Z","series":{"count":7,"lastObservedTime":"2026-01-01T00:09:30.000000Z"}}
            """,
            ["30s", "", "", "pod", "", "s, i", "", "9m59s", 7, "x"]),
        CellCase(
            "single event without times", "Event", "{}", ["<unknown>", "", "", "", "", "", "", "<unknown>", 1, "x"]),
        CellCase(
            "event in the fields of events.k8s.io", "Event", group: "events.k8s.io",
            """
            {"regarding":{"kind":"Pod","name":"p"},"note":"n","reportingController":"c","eventTime":"2026-01-01T00:00:00Z",
            "deprecatedCount":2,"deprecatedLastTimestamp":"2026-01-01T00:08:00Z"}
            """,
            ["2m", "", "", "pod/p", "", "c", "n", "10m", 2, "x"]),
    ]

    static let services: [CellCase] = [
        CellCase(
            "cluster address", "Service",
            """
            {"spec":{"type":"ClusterIP","clusterIPs":["10.96.0.1"],
            "ports":[{"port":80,"protocol":"TCP"},{"port":53,"protocol":"UDP"}]}}
            """,
            ["x", "ClusterIP", "10.96.0.1", "<none>", "80/TCP,53/UDP", "10m", "<none>"]),
        CellCase(
            "node port", "Service",
            """
            {"spec":{"type":"NodePort","clusterIP":"10.96.0.1","externalIPs":["1.2.3.4"],
            "selector":{"b":"2","a":"1"},"ports":[{"port":80,"nodePort":30080}]}}
            """,
            ["x", "NodePort", "10.96.0.1", "1.2.3.4", "80:30080/TCP", "10m", "a=1,b=2"]),
        CellCase(
            "load balancer without an address", "Service", #"{"spec":{"type":"LoadBalancer"}}"#,
            ["x", "LoadBalancer", "<none>", "<pending>", "<none>", "10m", "<none>"]),
        CellCase(
            "load balancer", "Service",
            """
            {"spec":{"type":"LoadBalancer","externalIPs":["9.9.9.9"]},
            "status":{"loadBalancer":{"ingress":[{"hostname":"z.example"},{"ip":"5.6.7.8"},{"ip":"5.6.7.8"},{}]}}}
            """,
            ["x", "LoadBalancer", "<none>", "5.6.7.8,z.example,9.9.9.9", "<none>", "10m", "<none>"]),
        CellCase(
            "external name", "Service", #"{"spec":{"type":"ExternalName","externalName":"a.example"}}"#,
            ["x", "ExternalName", "<none>", "a.example", "<none>", "10m", "<none>"]),
        CellCase("service without a type", "Service", "{}", ["x", "", "<none>", "<unknown>", "<none>", "10m", "<none>"]),
        CellCase("no endpoints", "Endpoints", "{}", ["x", "<none>", "10m"]),
        CellCase("no ready endpoints", "Endpoints", #"{"subsets":[{"notReadyAddresses":[{"ip":"a"}]}]}"#, ["x", "", "10m"]),
        CellCase(
            "three endpoints", "Endpoints",
            #"{"subsets":[{"addresses":[{"ip":"10.0.0.1"},{"ip":"fd00::1"}],"ports":[{"port":80}]},{"addresses":[{"ip":"10.0.0.3"}]}]}"#,
            ["x", "10.0.0.1:80,[fd00::1]:80,10.0.0.3", "10m"]),
        CellCase(
            "more endpoints than are shown", "Endpoints",
            """
            {"subsets":[{"addresses":[{"ip":"a"},{"ip":"b"}],"ports":[{"port":1},
            {"port":2}]},{"addresses":[{"ip":"c"}],"ports":[{"port":3}]}]}
            """,
            ["x", "a:1,b:1,a:2 + 2 more...", "10m"]),
    ]

    static let workloads: [CellCase] = [
        CellCase("lease", "Lease", group: "coordination.k8s.io", #"{"spec":{"holderIdentity":"h"}}"#, ["x", "h", "10m"]),
        CellCase("free lease", "Lease", group: "coordination.k8s.io", "{}", ["x", "", "10m"]),
        CellCase(
            "deployment", "Deployment", group: "apps",
            """
            {"spec":{"replicas":3,"selector":{"matchLabels":{"m":"1","a":"2"},"matchExpressions":[{"key":"c","operator":"In",
            "values":["z","y"]},{"key":"d","operator":"Exists"},{"key":"b","operator":"NotIn","values":["q"]},
            {"key":"e","operator":"DoesNotExist"}]},"template":{"spec":{"containers":[{"name":"a","image":"i"},{"name":"b","image":"j"}]}}},
            "status":{"readyReplicas":2,"updatedReplicas":1}}
            """,
            ["x", "2/3", 1, 0, "10m", "a,b", "i,j", "a=2,b notin (q),c in (y,z),d,!e,m=1"]),
        CellCase(
            "bare deployment", "Deployment", group: "apps", "{}", ["x", "0/1", 0, 0, "10m", "", "", ""]),
        CellCase(
            "replica set", "ReplicaSet", group: "apps",
            """
            {"spec":{"replicas":0,"template":{"spec":{"containers":[{"name":"a",
            "image":"i"}]}}},"status":{"replicas":2,"readyReplicas":1}}
            """,
            ["x", 0, 2, 1, "10m", "a", "i", "<none>"]),
        CellCase(
            "replica set with a bad selector", "ReplicaSet", group: "apps",
            #"{"spec":{"replicas":1,"selector":{"matchExpressions":[{"key":"a","operator":"Near"}]}}}"#,
            ["x", 1, 0, 0, "10m", "", "", "<error>"]),
        CellCase(
            "disruption budget with a percentage", "PodDisruptionBudget", group: "policy",
            #"{"spec":{"maxUnavailable":"25%"},"status":{"disruptionsAllowed":2}}"#, ["x", "N/A", "25%", 2, "10m"]),
        CellCase(
            "disruption budget with a number", "PodDisruptionBudget", group: "policy", #"{"spec":{"minAvailable":1}}"#,
            ["x", "1", "N/A", 0, "10m"]),
        CellCase(
            "priority class", "PriorityClass", group: "scheduling.k8s.io",
            #"{"value":2000000000,"globalDefault":true,"preemptionPolicy":"Never"}"#, ["x", 2_000_000_000, true, "10m", "Never"]),
        CellCase(
            "custom resource definition", "CustomResourceDefinition", group: "apiextensions.k8s.io", "{}",
            ["x", "2026-01-01T00:00:00Z"]),
        CellCase("scale", "Scale", group: "autoscaling", #"{"spec":{"replicas":3},"status":{"replicas":2}}"#, ["x", 3, 2, "10m"]),
    ]

    @Test("Each kind has its cells", arguments: core + services + workloads)
    func cells(_ example: CellCase) throws {
        var object = try parsed(example.object)
        if object["metadata"] == nil { object["metadata"] = ["name": "x", "creationTimestamp": testCreation] }
        #expect(TablePrinter.cells(kind: example.kind, group: example.group, object: object, now: testNow) == example.cells)
    }

    @Test("A kind of another group or of no printer has no cells, but a fallback")
    func fallback() {
        let object: JSON = ["metadata": ["name": "x", "creationTimestamp": testCreation]]
        #expect(TablePrinter.cells(kind: "Pod", group: "example.com", object: object, now: testNow) == nil)
        #expect(TablePrinter.cells(kind: "Widget", group: "", object: object, now: testNow) == nil)
        #expect(TablePrinter.fallbackCells(object: object) == ["x", "2026-01-01T00:00:00Z"])
        #expect(TablePrinter.fallbackCells(object: [:]) == ["", ""])
    }
}
