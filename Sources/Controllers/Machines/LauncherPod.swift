public import Objects

/// Makes the pod that runs a virtual machine.
///
/// With the simulated hypervisor the host's agent runs the launcher as an ordinary pod: the machine is up when the pod is
/// ready, and over when the pod is. On a host with KVM the launcher container starts the guest.
public enum LauncherPod {
    /// The pod as KubeVirt shapes it, without a name of its own choosing.
    ///
    /// - Parameters:
    ///   - name: `virt-launcher-<instance>-<random>`.
    ///   - image: of the `compute` container.
    public static func pod(for instance: VirtualMachineInstance, name: String, image: String) -> JSON {
        let shape = MachineShape(spec: instance.spec)
        var resources: JSON = ["requests": shape.requests.json]
        if !shape.limits.isEmpty { resources["limits"] = shape.limits.json }
        let grace = instance.spec["terminationGracePeriodSeconds"]?.integer ?? 30
        let container: JSON = [
            "name": "compute", "image": .string(image),
            "command": [
                "/usr/bin/virt-launcher-monitor", "--name", .string(instance.metadata.name), "--namespace",
                .string(instance.metadata.namespace), "--uid", .string(instance.metadata.uid),
            ],
            "resources": resources,
        ]
        var spec: JSON = [
            "restartPolicy": "Never", "terminationGracePeriodSeconds": .integer(grace), "automountServiceAccountToken": false,
            "enableServiceLinks": false, "containers": [container],
        ]
        for field in copied {
            if let value = instance.spec[field], !value.isNull { spec[field] = value }
        }
        let volumes = volumes(of: instance)
        if !volumes.isEmpty { spec["volumes"] = .array(volumes) }
        return [
            "metadata": [
                "name": .string(name), "namespace": .string(instance.metadata.namespace), "labels": JSON(labels(of: instance)),
                "annotations": JSON(annotations(of: instance)), "ownerReferences": [instance.ownerReference.json],
            ], "spec": spec,
        ]
    }

    /// Fields that mean the same in a pod's spec.
    private static let copied = [
        "nodeSelector", "affinity", "tolerations", "topologySpreadConstraints", "priorityClassName", "schedulerName", "hostname",
        "subdomain", "dnsPolicy", "dnsConfig",
    ]

    /// KubeVirt's labels, by which its tools find launchers, over the instance's own.
    private static func labels(of instance: VirtualMachineInstance) -> [String: String] {
        var labels = instance.metadata.labels
        labels[Names.kubevirtLabel] = "virt-launcher"
        labels[Names.kubevirtCreatedByLabel] = instance.metadata.uid
        labels[Names.kubevirtDomainLabel] = String(instance.metadata.name.prefix(63))
        return labels
    }

    private static func annotations(of instance: VirtualMachineInstance) -> [String: String] {
        var annotations = instance.metadata.annotations
        annotations["kubectl.kubernetes.io/last-applied-configuration"] = nil
        annotations["kubectl.kubernetes.io/default-container"] = "compute"
        annotations["kubevirt.io/domain"] = instance.metadata.name
        return annotations
    }

    /// Volumes that the cluster provides; what is only the machine's (such as cloud-init data) stays in the instance.
    private static func volumes(of instance: VirtualMachineInstance) -> [JSON] {
        (instance.spec["volumes"]?.array ?? []).compactMap { volume in
            guard let name = volume["name"] else { return nil }
            if let claim = volume["persistentVolumeClaim", "claimName"] ?? volume["dataVolume", "name"] {
                return ["name": name, "persistentVolumeClaim": ["claimName": claim]]
            }
            for source in ["configMap", "secret"] {
                if let value = volume[source], value[source == "secret" ? "secretName" : "name"] != nil {
                    var kept: JSON = [:]
                    for field in ["name", "secretName", "optional"] { if let part = value[field] { kept[field] = part } }
                    return ["name": name, source: kept]
                }
            }
            return nil
        }
    }
}
