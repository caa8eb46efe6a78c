/// Objects as servers and users write them.
enum Manifests {
    static let pod = #"""
        {
          "apiVersion": "v1", "kind": "Pod",
          "metadata": {
            "name": "web-1", "namespace": "team-a", "uid": "u-1", "resourceVersion": "42", "generation": 3,
            "creationTimestamp": "2026-01-31T23:59:59Z", "deletionTimestamp": "2026-02-01T00:00:29Z", "deletionGracePeriodSeconds": 30,
            "labels": {"app": "web", "tier": "front\u0065nd"}, "annotations": {"note": "a \"quoted\" word\nand 漢字 😀"},
            "finalizers": ["sluice.dev/a"],
            "ownerReferences": [
              {"apiVersion": "v1", "kind": "Other", "name": "o", "uid": "u-0"},
              {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "u-2", "controller": true, "blockOwnerDeletion": true}
            ]
          },
          "spec": {
            "containers": [{
              "name": "web", "image": "web:1", "ports": [{"containerPort": 8080, "hostPort": 80}, {"containerPort": 9090}],
              "resources": {"requests": {"cpu": "250m", "memory": "64Mi"}}
            }],
            "nodeName": "n1", "schedulerName": "mine", "restartPolicy": "OnFailure", "terminationGracePeriodSeconds": 5,
            "priority": 1000, "priorityClassName": "high", "nodeSelector": {"disk": "ssd"},
            "schedulingGates": [{"name": "quota"}],
            "tolerations": [{"key": "dedicated", "operator": "Equal", "value": "web", "effect": "NoSchedule", "tolerationSeconds": 300}],
            "affinity": {"nodeAffinity": {
              "requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [
                {"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a", "b"]}]},
                {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["n1"]}]}
              ]},
              "preferredDuringSchedulingIgnoredDuringExecution": [
                {"weight": 10, "preference": {"matchExpressions": [{"key": "cores", "operator": "Gt", "values": ["32"]}]}}
              ]
            }},
            "volumes": [
              {"name": "scratch", "emptyDir": {}}, {"name": "fast", "emptyDir": {"medium": "Memory"}},
              {"name": "host", "hostPath": {"path": "/var/lib"}}, {"name": "settings", "configMap": {"name": "s"}}
            ]
          },
          "status": {
            "phase": "Running", "podIP": "10.0.0.1", "startTime": "2026-02-01T00:00:00Z", "nominatedNodeName": "n2",
            "conditions": [{"type": "Ready", "status": "True", "lastTransitionTime": "2026-02-01T00:00:01Z"}],
            "weights": [1.0, -0, 1e3, -12.5E-1, true, false, null, 9223372036854775808]
          }
        }
        """#
}
