/// A toleration of a pod.
public struct Toleration: Sendable, Hashable {
    /// Empty with ``existsOperator``: every key.
    public var key: String
    /// True for `Exists`, false for `Equal`.
    public var existsOperator: Bool
    public var value: String
    /// Empty: every effect.
    public var effect: String
    public var seconds: Int64?

    public init(key: String = "", existsOperator: Bool = false, value: String = "", effect: String = "", seconds: Int64? = nil) {
        self.key = key
        self.existsOperator = existsOperator
        self.value = value
        self.effect = effect
        self.seconds = seconds
    }

    public init(_ json: JSON) {
        key = json["key"]?.string ?? ""
        existsOperator = json["operator"]?.string == "Exists"
        value = json["value"]?.string ?? ""
        effect = json["effect"]?.string ?? ""
        seconds = json["tolerationSeconds"]?.integer
    }

    /// Whether the pod may stand on a node with that taint: key, value and effect must agree, and what is left empty agrees with all.
    public func tolerates(_ taint: Taint) -> Bool {
        if !effect.isEmpty, effect != taint.effect { return false }
        if key.isEmpty { return existsOperator }
        return key == taint.key && (existsOperator || value == taint.value)
    }
}

/// A term of required node affinity: all requirements must hold.
public struct NodeSelectorTerm: Sendable, Hashable {
    /// On labels.
    public var expressions: [LabelRequirement]
    /// On fields; only `metadata.name` exists.
    public var fields: [LabelRequirement]

    public init(expressions: [LabelRequirement] = [], fields: [LabelRequirement] = []) {
        self.expressions = expressions
        self.fields = fields
    }

    /// A requirement that cannot be read makes the term match nothing.
    public init?(_ json: JSON) {
        let expressions = (json["matchExpressions"]?.array ?? []).map(LabelRequirement.init)
        let fields = (json["matchFields"]?.array ?? []).map(LabelRequirement.init)
        guard !(expressions + fields).contains(nil) else { return nil }
        self.init(expressions: expressions.compactMap { $0 }, fields: fields.compactMap { $0 })
    }
}

/// A node selector term with a weight of 1 to 100.
public struct PreferredNodeTerm: Sendable, Hashable {
    public var weight: Int64
    public var term: NodeSelectorTerm

    public init(weight: Int64, term: NodeSelectorTerm) {
        self.weight = weight
        self.term = term
    }
}

/// A port that a pod takes on its host.
public struct HostPort: Sendable, Hashable {
    /// `0.0.0.0` for all addresses.
    public var address: String
    /// `TCP`, `UDP` or `SCTP`.
    public var transport: String
    public var port: Int64

    public init(address: String = "0.0.0.0", transport: String = "TCP", port: Int64) {
        self.address = address
        self.transport = transport
        self.port = port
    }
}

/// What scheduling reads of a pod's spec; equal for all replicas of a template.
public struct PodRequirements: Sendable, Hashable {
    /// Effective requests: containers and sidecars, or the largest init container, plus overhead.
    public var requests: ResourceList
    public var nodeSelector: [String: String]
    /// `nil` without required node affinity; terms are alternatives, and none of them matches nothing.
    public var requiredNodeTerms: [NodeSelectorTerm]?
    public var preferredNodeTerms: [PreferredNodeTerm]
    public var tolerations: [Toleration]
    public var hostPorts: [HostPort]
    public var priority: Int64

    public init(
        requests: ResourceList = ResourceList(), nodeSelector: [String: String] = [:], requiredNodeTerms: [NodeSelectorTerm]? = nil,
        preferredNodeTerms: [PreferredNodeTerm] = [], tolerations: [Toleration] = [], hostPorts: [HostPort] = [], priority: Int64 = 0
    ) {
        self.requests = requests
        self.nodeSelector = nodeSelector
        self.requiredNodeTerms = requiredNodeTerms
        self.preferredNodeTerms = preferredNodeTerms
        self.tolerations = tolerations
        self.hostPorts = hostPorts
        self.priority = priority
    }

    /// Reads a pod's `spec`.
    public init(spec: JSON?) {
        requests = PodRequirements.effectiveRequests(spec)
        nodeSelector = spec?["nodeSelector"]?.stringMap ?? [:]
        let affinity = spec?["affinity", "nodeAffinity"]
        requiredNodeTerms = affinity?["requiredDuringSchedulingIgnoredDuringExecution", "nodeSelectorTerms"]?.array?
            .compactMap(NodeSelectorTerm.init)
        preferredNodeTerms = (affinity?["preferredDuringSchedulingIgnoredDuringExecution"]?.array ?? []).compactMap { preference in
            guard let term = preference["preference"].flatMap(NodeSelectorTerm.init) else { return nil }
            return PreferredNodeTerm(weight: preference["weight"]?.integer ?? 1, term: term)
        }
        tolerations = (spec?["tolerations"]?.array ?? []).map(Toleration.init)
        let isHostNetwork = spec?["hostNetwork"]?.bool ?? false
        hostPorts = (spec?["containers"]?.array ?? []).flatMap { $0["ports"]?.array ?? [] }.compactMap { port in
            guard let number = (isHostNetwork ? port["hostPort"] ?? port["containerPort"] : port["hostPort"])?.integer, number > 0
            else { return nil }
            let address = port["hostIP"]?.string ?? ""
            return HostPort(
                address: address.isEmpty ? "0.0.0.0" : address, transport: port["protocol"]?.string ?? "TCP", port: number)
        }
        priority = spec?["priority"]?.integer ?? 0
    }

    /// Kubernetes' rule: the sum of containers and restartable init containers, or, where larger, an ordinary init
    /// container together with the restartable ones started before it; overhead on top.
    private static func effectiveRequests(_ spec: JSON?) -> ResourceList {
        var sum = ResourceList()
        for container in spec?["containers"]?.array ?? [] { sum.add(requests(of: container)) }
        var sidecars = ResourceList()
        var initial = ResourceList()
        for container in spec?["initContainers"]?.array ?? [] {
            var own = requests(of: container)
            if container["restartPolicy"]?.string == "Always" {
                sidecars.add(own)
                initial.raise(to: sidecars)
            } else {
                own.add(sidecars)
                initial.raise(to: own)
            }
        }
        sum.add(sidecars)
        sum.raise(to: initial)
        sum.raise(to: ResourceList(spec?["resources", "requests"]))
        sum.add(ResourceList(spec?["overhead"]))
        return sum
    }

    /// Requests of one container; a limit without a request counts as the request.
    private static func requests(of container: JSON) -> ResourceList {
        var list = ResourceList(container["resources", "limits"])
        let requests = ResourceList(container["resources", "requests"])
        for name in requests.names { list[name] = requests[name] }
        return list
    }
}

/// What Sluice's code reads of a pod.
public struct Pod: ResourceView {
    public static let resource = ResourceName(group: "", version: "v1", kind: "Pod", plural: "pods", isNamespaced: true)

    public var metadata: ObjectMeta
    public var requirements: PodRequirements
    /// Empty while the pod is not bound.
    public var nodeName: String
    public var schedulerName: String
    public var hasSchedulingGates: Bool
    /// `Pending`, `Running`, `Succeeded`, `Failed` or `Unknown`.
    public var phase: String
    public var conditions: [Condition]
    public var nominatedNodeName: String
    public var terminationGracePeriodSeconds: Int64
    public var restartPolicy: String
    public var priorityClassName: String
    /// Names of `emptyDir` (not of medium Memory) and `hostPath` volumes: data that is lost with the node.
    public var localVolumes: [String]
    public var podIP: String
    public var startTime: Timestamp?

    public init(_ object: JSON) {
        let spec = object["spec"]
        let status = object["status"]
        metadata = ObjectMeta(object["metadata"])
        requirements = PodRequirements(spec: spec)
        nodeName = spec?["nodeName"]?.string ?? ""
        schedulerName = spec?["schedulerName"]?.string ?? "default-scheduler"
        hasSchedulingGates = !(spec?["schedulingGates"]?.array ?? []).isEmpty
        phase = status?["phase"]?.string ?? "Pending"
        conditions = [Condition](status: status)
        nominatedNodeName = status?["nominatedNodeName"]?.string ?? ""
        terminationGracePeriodSeconds = spec?["terminationGracePeriodSeconds"]?.integer ?? 30
        restartPolicy = spec?["restartPolicy"]?.string ?? "Always"
        priorityClassName = spec?["priorityClassName"]?.string ?? ""
        localVolumes = (spec?["volumes"]?.array ?? []).compactMap { volume in
            let isLocal = volume["hostPath"] != nil || (volume["emptyDir"] != nil && volume["emptyDir", "medium"]?.string != "Memory")
            return isLocal ? volume["name"]?.string : nil
        }
        podIP = status?["podIP"]?.string ?? ""
        startTime = Timestamp(status?["startTime"])
    }

    /// Whether the pod has ended and holds no resources any more.
    public var isTerminated: Bool { phase == "Succeeded" || phase == "Failed" }
    public var isReady: Bool { conditions["Ready"]?.isTrue ?? false }
    /// A pod that a host runs from a file of its own and only mirrors to the API.
    public var isMirror: Bool { metadata.annotations["kubernetes.io/config.mirror"] != nil }
    public var isOwnedByDaemonSet: Bool { metadata.controller?.kind == "DaemonSet" }
}
