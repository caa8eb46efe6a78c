internal import KubeClient
internal import Objects

/// What is read of the ServiceAccounts and ConfigMaps that every namespace has.
struct DefaultServiceAccount: ResourceView {
    static let resource = ResourceName(
        group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts", isNamespaced: true)
    var metadata: ObjectMeta
    init(_ object: JSON) { metadata = ObjectMeta(object["metadata"]) }
}

struct RootCertificates: ResourceView {
    static let resource = ResourceName(
        group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true)
    var metadata: ObjectMeta
    var certificate: String
    init(_ object: JSON) {
        metadata = ObjectMeta(object["metadata"])
        certificate = object["data", "ca.crt"]?.string ?? ""
    }
}

/// Gives every active namespace the ServiceAccount `default` and the ConfigMap `kube-root-ca.crt`.
public final class NamespaceDefaultsController: Controller {
    private static let account = "default"
    private static let configMap = "kube-root-ca.crt"

    /// Kubernetes' own words.
    private static let description =
        "Contains a CA bundle that can be used to verify the kube-apiserver when using internal endpoints such as the internal "
        + "service IP or kubernetes.default.svc. No other usage is guaranteed across distributions of Kubernetes clusters."

    public let name = "namespace-defaults"
    private let environment: ControllerEnvironment
    private let loop: ReconcileLoop<ObjectKey>
    private let namespaces: Informer<Namespace>
    private let accounts: Informer<DefaultServiceAccount>
    private let configMaps: Informer<RootCertificates>
    private let certificate: String

    /// - Parameter rootCertificate: PEM of the authority that signed the API server's certificate.
    public init(_ environment: ControllerEnvironment, rootCertificate: String) {
        self.environment = environment
        certificate = rootCertificate
        loop = ReconcileLoop(name: name, environment: environment)
        namespaces = environment.informers.namespaces
        accounts = environment.informers.informer(fieldSelector: "metadata.name=\(NamespaceDefaultsController.account)")
        configMaps = environment.informers.informer(fieldSelector: "metadata.name=\(NamespaceDefaultsController.configMap)")
        namespaces.onEvent { [loop] event in loop.add(event.object.key) }
        accounts.onEvent { [loop] event in
            if case .deleted(let gone) = event { loop.add(ObjectKey(name: gone.metadata.namespace)) }
        }
        configMaps.onEvent { [loop] event in
            if case .added = event { return }
            loop.add(ObjectKey(name: event.object.metadata.namespace))
        }
    }

    public func run() async {
        await loop.run(workers: 2, initial: namespaces.objects().map(\.key)) { [self] key in try await sync(key) }
    }

    private func sync(_ key: ObjectKey) async throws -> Duration? {
        guard let namespace = namespaces.object(key), !namespace.metadata.isDeleting else { return nil }
        let accountKey = ObjectKey(namespace: key.name, name: NamespaceDefaultsController.account)
        if accounts.object(accountKey) == nil {
            try await create(DefaultServiceAccount.resource, ["metadata": metadata(accountKey)])
        }
        let mapKey = ObjectKey(namespace: key.name, name: NamespaceDefaultsController.configMap)
        let data: JSON = ["ca.crt": .string(certificate)]
        guard let present = configMaps.object(mapKey) else {
            var metadata = metadata(mapKey)
            metadata["annotations"] = ["kubernetes.io/description": .string(NamespaceDefaultsController.description)]
            try await create(RootCertificates.resource, ["metadata": metadata, "data": data])
            return nil
        }
        if present.certificate != certificate {
            try await environment.client.patch(RootCertificates.resource, mapKey, ["data": data])
        }
        return nil
    }

    private func metadata(_ key: ObjectKey) -> JSON {
        ["name": .string(key.name), "namespace": .string(key.namespace)]
    }

    private func create(_ resource: ResourceName, _ object: JSON) async throws(KubeError) {
        do {
            try await environment.client.create(resource, namespace: object["metadata", "namespace"]?.string, object)
        } catch {
            if !error.alreadyExists { throw error }
        }
    }
}
