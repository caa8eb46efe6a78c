internal import KubeClient
internal import Lifecycles
internal import Objects
internal import Ports

/// Performs single actions of the host life cycle.
struct HostExecutor: Sendable {
    private let environment: ControllerEnvironment
    private let baseboard: any BaseboardManagement
    private let dataProcessing: any DataProcessingUnit

    init(
        environment: ControllerEnvironment, baseboard: any BaseboardManagement, dataProcessing: any DataProcessingUnit
    ) {
        self.environment = environment
        self.baseboard = baseboard
        self.dataProcessing = dataProcessing
    }

    func write(_ change: HostStatusChange, on host: BareMetalHost) async throws {
        try await environment.client.patch(
            BareMetalHost.resource, host.key, HostPatches.status(change, of: host, now: environment.time.now()),
            subresource: "status")
    }

    /// Does everything but ``HostAction/writeStatus``.
    ///
    /// - Parameter userDataName: name of the Secret in the host's namespace that `spec.userData` names; empty without one.
    /// - Returns: the answer to ``HostAction/readPower``; `nil` for the others.
    /// - Throws: `PortError` where a port failed; `KubeError` where the API did.
    func perform(_ action: HostAction, on host: BareMetalHost, userDataName: String) async throws -> Bool? {
        let client = environment.client
        switch action {
        case .register: try await baseboard.register(try await endpoint(of: host))
        case .inspect: try await inspect(host)
        case .readPower: return try await baseboard.isPoweredOn(try await endpoint(of: host))
        case .setPower(let on): try await baseboard.setPower(try await endpoint(of: host), on: on)
        case .attach(let image):
            let boot = BootConfiguration(image: image, userData: try await userData(userDataName, of: host))
            try await dataProcessing.attach(boot, to: try await endpoint(of: host), generation: generation(host, .attach))
        case .detach: try await dataProcessing.detach(try await endpoint(of: host), generation: generation(host, .clean))
        case .erase: try await dataProcessing.erase(try await endpoint(of: host), generation: generation(host, .clean))
        case .writeStatus: break
        case .releaseClaim:
            try await HostClaimer(environment).finishRelease(host)
        case .addFinalizer:
            try await client.patch(BareMetalHost.resource, host.key, HostPatches.finalizers(of: host, held: true))
        case .removeFinalizer:
            try await client.patch(BareMetalHost.resource, host.key, HostPatches.finalizers(of: host, held: false))
        }
        return nil
    }

    private func inspect(_ host: BareMetalHost) async throws {
        let details = try await baseboard.inspect(try await endpoint(of: host))
        // Neither patch is guarded: what the hardware is does not depend on what else happens to the object.
        try await environment.client.patch(BareMetalHost.resource, host.key, HostPatches.labels(details))
        try await environment.client.patch(
            BareMetalHost.resource, host.key, HostPatches.hardware(details, of: host), subresource: "status")
    }

    /// What is done to a host's disks and networks; cleaning has two steps that may be repeated in any order.
    private enum Effect: UInt64 {
        case clean = 0
        case attach = 1
    }

    /// Numbers an effect on the DPU so that a later decision always has the larger number.
    ///
    /// The API server raises `metadata.generation` with every change of the spec and with deletion, and only those start
    /// provisioning or deprovisioning: it is the number of the decision. Within one generation cleaning comes before
    /// attaching, hence the low bit. A host object that is deleted and made anew starts at generation 1 while the DPU
    /// remembers the old one's numbers, hence the time of creation above: 2³⁵ seconds, 2²⁷ changes of the spec.
    private func generation(_ host: BareMetalHost, _ effect: Effect) -> UInt64 {
        let created = UInt64(clamping: host.metadata.creationTimestamp?.seconds ?? 0)
        return created << 28 | (UInt64(clamping: host.metadata.generation) & 0x7FF_FFFF) << 1 | effect.rawValue
    }

    /// How to reach the host. Credentials come only from the host's own namespace: a host may not borrow others' secrets.
    private func endpoint(of host: BareMetalHost) async throws -> HostEndpoint {
        guard !host.bmcAddress.isEmpty else {
            throw PortError(.unknownDevice, "spec.bmc.address is empty; set it to the address of the management controller")
        }
        var endpoint = HostEndpoint(address: host.bmcAddress, bootMACAddress: host.bootMACAddress)
        guard !host.credentialsName.isEmpty else { return endpoint }
        let data = try await secret(host.credentialsName, of: host)
        guard let username = data["username"], let password = data["password"] else {
            throw PortError(
                .failed, "Secret \(host.metadata.namespace)/\(host.credentialsName) lacks username or password")
        }
        endpoint.username = String(decoding: username, as: UTF8.self)
        endpoint.password = String(decoding: password, as: UTF8.self)
        return endpoint
    }

    private func userData(_ name: String, of host: BareMetalHost) async throws -> JSON {
        guard !name.isEmpty else { return [:] }
        guard let bytes = try await secret(name, of: host)[HostNames.userDataKey] else {
            throw PortError(.failed, "Secret \(host.metadata.namespace)/\(name) lacks the key \(HostNames.userDataKey)")
        }
        // Tenants may give any text, such as cloud-init; only what is JSON is handed on as JSON.
        return (try? JSON(parsing: bytes)) ?? .string(String(decoding: bytes, as: UTF8.self))
    }

    /// The decoded data of a Secret in the host's own namespace.
    private func secret(_ name: String, of host: BareMetalHost) async throws -> [String: [UInt8]] {
        let key = ObjectKey(namespace: host.metadata.namespace, name: name)
        guard let secret = try await environment.client.get(HostNames.secret, key) else {
            throw PortError(.failed, "Secret \(key) does not exist; create it")
        }
        return (secret["data"]?.stringMap ?? [:]).compactMapValues(Base64.decode)
    }
}
