import Objects

/// The objects that runs submit.
enum Manifests {
    static func nodeGroup(_ name: String) -> JSON {
        let isMixed = name == "gamma"
        let models: JSON = isMixed ? ["small", "medium"] : ["small"]
        return [
            "metadata": ["name": .string(name)],
            "spec": [
                "minSize": .integer(isMixed ? Int64(Scenario.mixedMinimum) : 0), "maxSize": .integer(isMixed ? 4 : 7),
                "hostSelector": ["matchExpressions": [["key": "sluice.dev/model", "operator": "In", "values": models]]],
                "template": ["labels": ["role": .string(name)]], "scaleDownUnneededTime": "30s", "scaleDownDelayAfterAdd": "30s",
                "scaleDownUnreadyTime": "60s", "maxNodeProvisionTime": "3m", "scaleDownDelayAfterFailure": "20s",
            ],
        ]
    }

    static let priorityClass: JSON = ["metadata": ["name": "urgent"], "value": 1_000]

    static let priorityClasses = ResourceName(
        group: "scheduling.k8s.io", version: "v1", kind: "PriorityClass", plural: "priorityclasses", isNamespaced: false)

    static func deployment(_ workload: Scenario.Workload) -> JSON {
        let labels: JSON = ["app": .string(workload.name)]
        let requests: JSON = ["cpu": .string("\(workload.cores)"), "memory": "1Gi"]
        var deployment: JSON = [
            "metadata": ["name": .string(workload.name), "namespace": "default"],
            "spec": [
                "replicas": .integer(workload.replicas), "selector": ["matchLabels": labels],
                "template": [
                    "metadata": ["labels": labels],
                    "spec": [
                        "nodeSelector": ["role": .string(workload.group)], "terminationGracePeriodSeconds": 5,
                        "tolerations": tolerations,
                        "containers": [["name": "app", "image": .string(workload.image), "resources": ["requests": requests]]],
                    ],
                ],
            ],
        ]
        if workload.isUrgent { deployment["spec", "template", "spec", "priorityClassName"] = "urgent" }
        return deployment
    }

    static func budget(_ workload: Scenario.Workload) -> JSON {
        [
            "metadata": ["name": .string(workload.name), "namespace": "default"],
            "spec": ["minAvailable": .integer(workload.minAvailable), "selector": ["matchLabels": ["app": .string(workload.name)]]],
        ]
    }

    /// Half a minute on a lost node instead of five: the runs stay short.
    private static let tolerations: JSON = .array(
        [Names.notReadyTaint, Names.unreachableTaint].map { key in
            ["key": .string(key), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 30]
        })

    static func virtualMachine(_ name: String) -> JSON {
        [
            "metadata": ["name": .string(name), "namespace": "default"],
            "spec": [
                "runStrategy": "Always",
                "template": [
                    "spec": [
                        "domain": ["cpu": ["cores": 2], "memory": ["guest": "4Gi"], "devices": [:]], "nodeSelector": ["role": "beta"],
                        "terminationGracePeriodSeconds": 5, "tolerations": tolerations,
                    ]
                ],
            ],
        ]
    }

    static func instance(_ name: String) -> JSON {
        [
            "metadata": ["name": .string(name), "namespace": "default"],
            "spec": [
                "hostSelector": ["matchLabels": ["sluice.dev/model": "large"]],
                "image": ["url": "http://images.example/tenant.qcow2", "checksum": "sha256:00"],
            ],
        ]
    }
}
