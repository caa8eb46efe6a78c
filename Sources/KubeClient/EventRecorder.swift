public import Objects
public import Ports
internal import Synchronization

/// Writes `v1` Events about objects; equal ones are counted instead of repeated.
public final class EventRecorder: Sendable {
    public enum Severity: String, Sendable {
        case normal = "Normal"
        case warning = "Warning"
    }

    private struct Signature: Hashable {
        var uid: String
        var reason: String
        var message: String
    }

    private struct Known {
        var name: String
        var count: Int64
    }

    /// Equal events remembered at once; beyond it counting starts anew.
    private static let memory = 4_096

    private let client: KubeClient
    private let time: any TimeSource
    private let component: String
    /// Keeps recorders apart that speak of objects of one name at the same moment.
    private let salt: UInt64
    private let state = Mutex<(known: [Signature: Known], serial: UInt64)>(([:], 0))

    /// - Parameter component: who speaks, such as `default-scheduler`.
    public init(client: KubeClient, time: any TimeSource, component: String) {
        self.client = client
        self.time = time
        self.component = component
        salt = component.utf8.reduce(0xCBF2_9CE4_8422_2325) { ($0 ^ UInt64($1)) &* 0x0000_0100_0000_01B3 } << 40
    }

    /// Tells of something that happened to an object. An event that cannot be written is dropped: events are a courtesy,
    /// never a reason to stop.
    public func record<View: ResourceView>(
        _ object: View, _ severity: Severity = .normal, reason: String, message: String
    ) async {
        await record(
            about: [
                "apiVersion": .string(View.resource.apiVersion), "kind": .string(View.resource.kind),
                "name": .string(object.metadata.name), "namespace": .string(object.metadata.namespace),
                "uid": .string(object.metadata.uid), "resourceVersion": .string(object.metadata.resourceVersion),
            ], severity, reason: reason, message: message)
    }

    /// Tells of something that happened to the object of an `ObjectReference`.
    public func record(about reference: JSON, _ severity: Severity, reason: String, message: String) async {
        let now = time.now()
        let name = reference["name"]?.string ?? ""
        let signature = Signature(uid: reference["uid"]?.string ?? name, reason: reason, message: message)
        let known = state.withLock { state -> Known in
            if state.known.count > EventRecorder.memory { state.known = [:] }
            state.serial += 1
            var known = state.known[signature] ?? Known(name: "", count: 0)
            if known.name.isEmpty {
                let moment = UInt64(bitPattern: now.microseconds) &* 1_000 &+ state.serial % 1_000
                known.name = "\(name).\(String(moment ^ salt, radix: 16))"
            }
            known.count += 1
            state.known[signature] = known
            return known
        }
        // Cluster-scoped objects have their events in the default namespace, as in Kubernetes.
        let space = reference["namespace"]?.string ?? ""
        let namespace = space.isEmpty ? "default" : space
        let stamp = JSON.string(now.rfc3339)
        if known.count > 1 {
            let key = ObjectKey(namespace: namespace, name: known.name)
            let patch: JSON = ["count": .integer(known.count), "lastTimestamp": stamp]
            if (try? await client.patch(EventRecorder.resource, key, patch)) != nil { return }
        }
        let event: JSON = [
            "metadata": ["name": .string(known.name), "namespace": .string(namespace)], "involvedObject": reference,
            "reason": .string(reason), "message": .string(String(message.prefix(1_024))), "type": .string(severity.rawValue),
            "source": ["component": .string(component)], "reportingComponent": .string(component), "reportingInstance": "",
            "firstTimestamp": stamp, "lastTimestamp": stamp, "count": .integer(known.count),
        ]
        _ = try? await client.create(EventRecorder.resource, namespace: namespace, event)
    }

    private static let resource = ResourceName(group: "", version: "v1", kind: "Event", plural: "events", isNamespaced: true)
}
