/// The controllers of workloads, machines and nodes, ready to run.
public enum WorkloadControllers {
    /// What an embedded or replicated control plane runs beside its fleet controllers.
    ///
    /// Against a real Kubernetes none of them is needed: there the kube-controller-manager and KubeVirt do this work.
    ///
    /// - Parameter rootCertificate: see ``NamespaceDefaultsController``.
    public static func all(_ environment: ControllerEnvironment, rootCertificate: String) -> [any Controller] {
        [
            DeploymentController(environment), ReplicaSetController(environment), DisruptionBudgetController(environment),
            MachineController(environment), MachineInstanceController(environment), NodeLifecycleController(environment),
            TaintEvictionController(environment), PodCollectorController(environment), GarbageCollector(environment),
            NamespaceController(environment), NamespaceDefaultsController(environment, rootCertificate: rootCertificate),
        ]
    }
}
