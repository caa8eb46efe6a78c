internal import Fleet
internal import KubeClient
internal import Objects
internal import Planning
internal import Ports

/// Gives each BareMetalInstance a host of its own, and the host back when the instance goes.
///
/// One owner per instance: its key in the loop. The planner chooses over all waiting instances, so that the order in
/// which keys are worked on does not decide who gets what; the claim is one guarded write on the host.
public final class InstanceController: Controller {
    public let name = "baremetalinstance"
    /// How long an instance without a host waits before it asks again when nothing happened.
    private static let patience: Duration = .seconds(60)

    private let environment: ControllerEnvironment
    private let ledger: FleetLedger
    private let records: DecisionRecords
    private let claimer: HostClaimer
    private let recorder: EventRecorder
    private let loop: ReconcileLoop<ObjectKey>
    private let instances: Informer<BareMetalInstance>

    public init(_ environment: ControllerEnvironment, ledger: FleetLedger, records: DecisionRecords) {
        self.environment = environment
        self.ledger = ledger
        self.records = records
        claimer = HostClaimer(environment)
        recorder = environment.recorder(component: "baremetal-instance-controller")
        let loop = ReconcileLoop<ObjectKey>(name: name, environment: environment)
        self.loop = loop
        let instances = environment.informers.bareMetalInstances
        self.instances = instances
        instances.onEvent { event in loop.add(event.object.key) }
        environment.informers.hosts.onEvent { event in
            var hosts = [event.object]
            if case .modified(let old, let new) = event {
                hosts = [old, new]
                // A host came free: whoever waits may have it.
                if new.isClaimable, !old.isClaimable || old.metadata.labels != new.metadata.labels {
                    InstanceController.wake(instances, loop)
                }
            } else if case .added(let host) = event, host.isClaimable {
                InstanceController.wake(instances, loop)
            }
            for claim in hosts.compactMap(\.consumer) where claim.kind == .bareMetalInstance {
                loop.add(ObjectKey(namespace: claim.namespace, name: claim.name))
            }
        }
    }

    private static func wake(_ instances: Informer<BareMetalInstance>, _ loop: ReconcileLoop<ObjectKey>) {
        for instance in instances.objects(where: { $0.hostName.isEmpty }) { loop.add(instance.key) }
    }

    public func run() async { await loop.run(workers: 4) { [self] key in try await sync(key) } }

    private func sync(_ key: ObjectKey) async throws -> Duration? {
        guard let object = try await environment.client.get(BareMetalInstance.resource, key) else { return nil }
        let instance = BareMetalInstance(object)
        let isHeld = instance.metadata.finalizers.contains(Names.instanceFinalizer)
        if instance.metadata.isDeleting { return isHeld ? try await release(instance) : nil }
        if !isHeld {
            let all = instance.metadata.finalizers + [Names.instanceFinalizer]
            try await environment.client.patch(
                BareMetalInstance.resource, key,
                HostPatches.guarded(instance, ["metadata": ["finalizers": .array(all.map { .string($0) })]]))
            return .zero
        }
        let keys = heldHosts(instance)
        guard let first = keys.first else { return try await claim(instance, object) }
        guard let host = try await environment.client.get(BareMetalHost.self, first), host.consumer == instance.claim else {
            // A claim whose answer was lost and that was not applied, or a host that is gone.
            ledger.apply(.claimAssumptionDropped(host: first))
            return .milliseconds(200)
        }
        try await follow(instance, host)
        for extra in keys.dropFirst() { try await giveBack(extra, from: instance) }
        return keys.count > 1 ? .seconds(1) : nil
    }

    /// Hosts that the instance holds: in the API, or claimed a moment ago.
    private func heldHosts(_ instance: BareMetalInstance) -> [ObjectKey] {
        let claim = instance.claim
        return ledger.withFleet { $0.hosts.keys(claimedBy: claim) }
    }

    // MARK: - Claiming

    private func claim(_ instance: BareMetalInstance, _ object: JSON) async throws -> Duration? {
        let wanted = instance.claim
        let plan = ledger.withFleet { fleet in
            let plan = Claims.plan(fleet)
            for (host, claim) in plan.claims where claim == wanted { fleet.apply(.claimAssumed(host: host, claim: claim)) }
            return plan
        }
        records.record(.claims, plan, at: environment.time.now())
        guard let key = plan.claims.first(where: { $0.claim == wanted })?.host else {
            return try await refuse(instance, plan)
        }
        do {
            let userData = try await userData(of: instance, object)
            let order = HostClaimer.Order(claim: wanted, image: instance.image, isOnline: instance.isOnline, userData: userData)
            guard let host = ledger.withFleet({ $0.hosts[key]?.host }), try await claimer.claim(host, order) else {
                ledger.apply(.claimAssumptionDropped(host: key))
                return .milliseconds(100)
            }
            await recorder.record(instance, reason: "HostClaimed", message: "claimed host \(key.name)")
            try await write(instance, phase: "Provisioning", hostName: key.name, reason: "Provisioning", "host \(key.name) is claimed")
            return nil
        } catch let error as UserDataError {
            ledger.apply(.claimAssumptionDropped(host: key))
            try await write(instance, phase: "Pending", hostName: "", reason: "UserDataUnavailable", error.message)
            return InstanceController.patience
        } catch let error as KubeError where error.code != 0 {
            ledger.apply(.claimAssumptionDropped(host: key))
            throw error
        }
        // Any other error leaves the assumption: the claim may have been applied, and the next pass asks the host.
    }

    private func refuse(_ instance: BareMetalInstance, _ plan: Plan) async throws -> Duration? {
        let refusal = plan.refusals.first { $0.subject == .instance(instance.key) }
        let words = refusal?.words ?? "no host is available"
        let isNews = instance.conditions["Ready"]?.reason != "NoHostAvailable"
        try await write(instance, phase: "Pending", hostName: "", reason: "NoHostAvailable", words)
        if isNews { await recorder.record(instance, .warning, reason: "NoHostAvailable", message: words) }
        return InstanceController.patience
    }

    private struct UserDataError: Error {
        var message: String
    }

    /// The tenant's first-boot data, from the instance's own namespace only: nobody may read others' Secrets by naming them.
    private func userData(of instance: BareMetalInstance, _ object: JSON) async throws -> [UInt8]? {
        guard let name = object["spec", "userData", "name"]?.string, !name.isEmpty else { return nil }
        let own = instance.metadata.namespace
        let namespace = object["spec", "userData", "namespace"]?.string ?? own
        guard namespace == own || namespace.isEmpty else {
            throw UserDataError(message: "spec.userData.namespace must be \(own), the instance's own")
        }
        let key = ObjectKey(namespace: own, name: name)
        guard let secret = try await environment.client.get(HostNames.secret, key) else {
            throw UserDataError(message: "Secret \(key) does not exist; create it")
        }
        guard let bytes = secret["data", HostNames.userDataKey]?.string.flatMap(Base64.decode) else {
            throw UserDataError(message: "Secret \(key) lacks the key \(HostNames.userDataKey)")
        }
        return bytes
    }

    // MARK: - Holding

    /// Hands changes of the instance on to its host, and the host's state back.
    private func follow(_ instance: BareMetalInstance, _ host: BareMetalHost) async throws {
        if host.image != instance.image || host.isOnline != instance.isOnline {
            let patch: JSON = [
                "spec": ["image": instance.image.map(HostPatches.image) ?? .null, "online": .bool(instance.isOnline)]
            ]
            try await environment.client.patch(BareMetalHost.resource, host.key, HostPatches.guarded(host, patch))
        }
        let name = host.metadata.name
        if host.operationalStatus == "error" {
            try await write(
                instance, phase: host.state == .provisioned ? "Running" : "Provisioning", hostName: name, reason: "HostError",
                "host \(name): \(host.errorType): \(host.errorMessage)")
        } else if host.state != .provisioned || host.image != host.provisionedImage {
            let isStopped = !instance.isOnline && host.state == .available
            try await write(
                instance, phase: isStopped ? "Stopped" : "Provisioning", hostName: name,
                reason: isStopped ? "Stopped" : "Provisioning", "host \(name) is \(host.state.rawValue)")
        } else if host.isPoweredOn {
            try await write(instance, phase: "Running", hostName: name, reason: "Running", "host \(name) runs", isReady: true)
        } else {
            let phase = instance.isOnline ? "Provisioning" : "Stopped"
            try await write(instance, phase: phase, hostName: name, reason: phase, "host \(name) is powered off")
        }
    }

    // MARK: - Releasing

    /// Gives the host back and lets the instance go when the host is clean.
    private func release(_ instance: BareMetalInstance) async throws -> Duration? {
        var keys = heldHosts(instance)
        let namespaces = Set(keys.map(\.namespace)).union([Names.hostNamespace])
        if !instance.hostName.isEmpty {
            // Perhaps our copy of the hosts is older than the claim.
            keys += namespaces.sorted().map { ObjectKey(namespace: $0, name: instance.hostName) }.filter { !keys.contains($0) }
        }
        var isHeld = false
        for key in keys where try await giveBack(key, from: instance) { isHeld = true }
        if isHeld {
            try await write(
                instance, phase: "Releasing", hostName: instance.hostName, reason: "Releasing", "the host is being cleaned")
            return .milliseconds(500)
        }
        let rest = instance.metadata.finalizers.filter { $0 != Names.instanceFinalizer }
        try await environment.client.patch(
            BareMetalInstance.resource, instance.key,
            HostPatches.guarded(instance, ["metadata": ["finalizers": .array(rest.map { .string($0) })]]))
        return nil
    }

    /// Takes one step in giving a host back; false where the instance does not hold it (any more).
    @discardableResult
    private func giveBack(_ key: ObjectKey, from instance: BareMetalInstance) async throws -> Bool {
        guard let host = try await environment.client.get(BareMetalHost.self, key), host.consumer == instance.claim else {
            ledger.apply(.claimAssumptionDropped(host: key))
            return false
        }
        if HostClaimer.isClean(host) { try await claimer.finishRelease(host) } else { try await claimer.release(host) }
        return true
    }

    // MARK: - Status

    /// Writes the status where it says something new.
    private func write(
        _ instance: BareMetalInstance, phase: String, hostName: String, reason: String, _ message: String, isReady: Bool = false
    ) async throws {
        var conditions = instance.conditions
        conditions.set(
            Condition(
                type: "Ready", status: isReady ? "True" : "False", reason: reason, message: message,
                observedGeneration: instance.metadata.generation),
            now: environment.time.now())
        let isSame = phase == instance.phase && hostName == instance.hostName && conditions == instance.conditions
        if isSame { return }
        try await environment.client.patch(
            BareMetalInstance.resource, instance.key,
            [
                "status": [
                    "observedGeneration": .integer(instance.metadata.generation), "phase": .string(phase),
                    "hostName": hostName.isEmpty ? .null : .string(hostName), "conditions": conditions.json,
                ]
            ], subresource: "status")
    }
}
