public import Ports

/// The controllers of a control plane, made in the order in which they must hear of events.
public enum StandardControllers {
    /// - Parameters:
    ///   - records: where the planners' decisions are kept for people to read.
    ///   - rootCertificate: PEM; every namespace gets it in `kube-root-ca.crt`.
    public static func make(
        _ environment: ControllerEnvironment, baseboard: any BaseboardManagement, dataProcessing: any DataProcessingUnit,
        records: DecisionRecords, rootCertificate: String
    ) -> [any Controller] {
        // The ledger comes first: who wakes by an event must find it there.
        let ledger = FleetLedger(environment)
        let autoscaler = AutoscalerController(environment, ledger: ledger, records: records)
        return [
            SchedulerController(environment, ledger: ledger, records: records) { autoscaler.podsWait() },
            autoscaler,
            InstanceController(environment, ledger: ledger, records: records),
            HostController(environment, baseboard: baseboard, dataProcessing: dataProcessing),
            UserDataSweeper(environment),
            NodeLifecycleController(environment),
            TaintEvictionController(environment),
            PodCollectorController(environment),
            DeploymentController(environment),
            ReplicaSetController(environment),
            DisruptionBudgetController(environment),
            MachineController(environment),
            MachineInstanceController(environment),
            GarbageCollector(environment),
            NamespaceController(environment),
            NamespaceDefaultsController(environment, rootCertificate: rootCertificate),
        ]
    }
}
