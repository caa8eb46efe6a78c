import Objects

/// The manifests of the demonstration.
enum DemoDemand {
    /// A NodeGroup that gives hosts back quickly.
    static func nodeGroup(_ name: String, maxSize: Int64) -> JSON {
        [
            "metadata": ["name": .string(name)],
            "spec": [
                "minSize": 0, "maxSize": .integer(maxSize),
                "hostSelector": ["matchLabels": ["sluice.dev/model": "r64"]],
                "template": ["labels": ["role": .string(name)]], "scaleDownUnneededTime": "8s", "scaleDownDelayAfterAdd": "8s",
            ],
        ]
    }

    static func deployment(_ name: String, replicas: Int64) -> JSON {
        let labels: JSON = ["app": .string(name)]
        let resources: JSON = ["requests": ["cpu": "2", "memory": "4Gi"]]
        let container: JSON = ["name": "app", "image": "registry.example/web:1", "resources": resources]
        return [
            "metadata": ["name": .string(name), "namespace": "default"],
            "spec": [
                "replicas": .integer(replicas), "selector": ["matchLabels": labels],
                "template": [
                    "metadata": ["labels": labels],
                    "spec": [
                        "nodeSelector": ["role": "containers"], "terminationGracePeriodSeconds": 2, "containers": [container],
                    ],
                ],
            ],
        ]
    }

    static func virtualMachine(_ name: String) -> JSON {
        let domain: JSON = [
            "cpu": ["cores": 8], "memory": ["guest": "16Gi"],
            "devices": ["disks": [["name": "root", "disk": ["bus": "virtio"]]]],
        ]
        return [
            "metadata": ["name": .string(name), "namespace": "default"],
            "spec": [
                "runStrategy": "Always",
                "template": [
                    "metadata": ["labels": ["app": "vm"]],
                    "spec": [
                        "domain": domain, "nodeSelector": ["role": "vms"], "terminationGracePeriodSeconds": 2,
                        "volumes": [["name": "root", "containerDisk": ["image": "registry.example/debian:12"]]],
                    ],
                ],
            ],
        ]
    }

    static func tenant(_ name: String, namespace: String) -> JSON {
        [
            "metadata": ["name": .string(name), "namespace": .string(namespace)],
            "spec": [
                "hostSelector": ["matchLabels": ["sluice.dev/model": "r128"]],
                "image": [
                    "url": "http://images.example/debian12.qcow2",
                    "checksum": "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
                ],
            ],
        ]
    }
}
