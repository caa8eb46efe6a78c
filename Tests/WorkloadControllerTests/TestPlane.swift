import Controllers
import KubeClient
import Logging
import Objects
import Ports
import Simulation

/// Controllers against the fake API, in virtual time.
final class TestPlane {
    let world: SimulatedWorld
    let api: FakeAPI
    let client: KubeClient
    let environment: ControllerEnvironment

    /// - Parameter controllers: beside the host, which runs every pod.
    init(seed: UInt64 = 1, _ controllers: (ControllerEnvironment) -> [any Controller]) {
        world = SimulatedWorld(seed: seed)
        api = FakeAPI(time: world.time)
        client = KubeClient(transport: api)
        var logger = Logger(label: "test")
        logger.logLevel = .critical
        environment = ControllerEnvironment(client: client, time: world.time, seed: seed, logger: logger)
        let runner = ControllerRunner(environment: environment, controllers: controllers(environment))
        world.start { await runner.run() }
    }

    deinit { try? world.stop() }

    @discardableResult
    func create<View: ResourceView>(_ view: View.Type, _ object: JSON, namespace: String = "default") throws -> JSON {
        try world.perform { [client] in
            try await client.create(View.resource, namespace: View.resource.isNamespaced ? namespace : nil, object)
        }
    }

    func patch<View: ResourceView>(
        _ view: View.Type, _ name: String, _ patch: JSON, subresource: String = "", namespace: String = "default"
    ) throws {
        let key = ObjectKey(namespace: View.resource.isNamespaced ? namespace : "", name: name)
        try world.perform { [client] in
            _ = try await client.patch(View.resource, key, patch, subresource: subresource, as: .strategic)
        }
    }

    func delete<View: ResourceView>(
        _ view: View.Type, _ name: String, policy: String? = nil, namespace: String = "default"
    ) throws {
        let key = ObjectKey(namespace: View.resource.isNamespaced ? namespace : "", name: name)
        try world.perform { [client] in try await client.delete(View.resource, key, propagationPolicy: policy) }
    }

    func objects<View: ResourceView>(_ view: View.Type) -> [View] { api.objects(view) }

    func object<View: ResourceView>(_ view: View.Type, _ name: String) -> View? {
        api.object(View.resource, name).map { View($0) }
    }

    var livePods: [Pod] { objects(Pod.self).filter { !$0.metadata.isDeleting && !$0.isTerminated } }

    func run(seconds: Int64) throws { try world.run(for: .seconds(seconds)) }

    /// Drives until the condition holds; false after ten minutes of virtual time.
    func reaches(within limit: Duration = .seconds(600), _ condition: () -> Bool) throws -> Bool {
        try world.run(until: condition, limit: limit)
    }
}

/// Binds every pod to a node and runs it: what scheduler and hosts do.
final class FakeHosts: Controller {
    let name = "hosts"
    private let environment: ControllerEnvironment
    private let loop: ReconcileLoop<ObjectKey>
    private let pods: Informer<Pod>
    private let becomesReady: @Sendable (Pod) -> Bool

    /// - Parameter becomesReady: whether a pod's containers ever get ready.
    init(_ environment: ControllerEnvironment, becomesReady: @escaping @Sendable (Pod) -> Bool = { _ in true }) {
        self.environment = environment
        self.becomesReady = becomesReady
        loop = ReconcileLoop(name: name, environment: environment)
        pods = environment.informers.pods
        pods.onEvent { [loop] event in loop.add(event.object.key, after: .milliseconds(100)) }
    }

    func run() async { await loop.run { [self] key in try await sync(key) } }

    private func sync(_ key: ObjectKey) async throws -> Duration? {
        guard let pod = pods.object(key) else { return nil }
        if pod.metadata.isDeleting {
            try await environment.client.delete(Pod.resource, key, uid: pod.metadata.uid, gracePeriodSeconds: 0)
        } else if pod.nodeName.isEmpty {
            try await environment.client.bind(pod: key, uid: pod.metadata.uid, to: "node-1")
        } else if pod.phase == "Pending" {
            let isReady = becomesReady(pod)
            let ready: JSON = [
                "type": "Ready", "status": isReady ? "True" : "False",
                "lastTransitionTime": .string(environment.time.now().rfc3339),
            ]
            try await environment.client.patch(
                Pod.resource, key, ["status": ["phase": "Running", "podIP": "10.0.0.1", "conditions": [ready]]],
                subresource: "status")
        }
        return nil
    }
}
