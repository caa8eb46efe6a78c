import Fleet
import Objects

#if canImport(Glibc)
    import Glibc
#endif

/// Data that lies beside the checkout on the project's machines; tests that need it say so where it is not there.
enum SharedData {
    static func bytes(_ path: String) -> [UInt8]? {
        var folder = #filePath
        for _ in 0..<3 { folder = String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)]) }
        for root in ["\(folder)/../shared"] {
            guard let file = fopen("\(root)/\(path)", "rb") else { continue }
            defer { fclose(file) }
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = fread(&buffer, 1, buffer.count, file)
                if count == 0 { return bytes }
                bytes += buffer[..<count]
            }
        }
        return nil
    }

    static func json(_ path: String) throws -> JSON? { try bytes(path).map { try JSON(parsing: $0) } }

    static func isPresent(_ path: String) -> Bool {
        guard let bytes = bytes(path) else { return false }
        return !bytes.isEmpty
    }
}

/// SplitMix64: random numbers that a seed repeats.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}

// MARK: - Objects for tests

let gibibyte: Int64 = 1 << 30
let start = Timestamp(seconds: 1_800_000_000)

func node(
    _ name: String, cpu: Int64 = 8_000, memory: Int64 = 32 * gibibyte, pods: Int64 = 110, labels: [String: String] = [:],
    taints: [Taint] = [], group: String = "", extra: [String: Int64] = [:], cordoned: Bool = false, ready: Bool = true,
    annotations: [String: String] = [:]
) -> Node {
    var amounts = ["cpu": cpu, "memory": memory, "pods": pods]
    amounts.merge(extra) { _, new in new }
    var all = labels
    all["kubernetes.io/hostname"] = name
    if !group.isEmpty { all[Names.nodeGroupLabel] = group }
    var node = Node(name: name, labels: all, taints: taints, allocatable: ResourceList(amounts))
    node.isUnschedulable = cordoned
    node.metadata.annotations = annotations
    if !ready { node.conditions = [Condition(type: "Ready", status: "False", lastTransitionTime: start)] }
    return node
}

func pod(
    _ name: String, namespace: String = "default", cpu: Int64 = 0, memory: Int64 = 0, on node: String = "", priority: Int64 = 0,
    owner: String? = "ReplicaSet", labels: [String: String] = [:], annotations: [String: String] = [:], extra: [String: Int64] = [:],
    phase: String? = nil, created: Int64 = 0, change: (inout PodRequirements) -> Void = { _ in }
) -> Pod {
    var pod = Pod(["metadata": ["name": .string(name), "namespace": .string(namespace)]])
    var amounts = extra
    if cpu > 0 { amounts["cpu"] = cpu }
    if memory > 0 { amounts["memory"] = memory }
    pod.requirements = PodRequirements(requests: ResourceList(amounts), priority: priority)
    change(&pod.requirements)
    pod.nodeName = node
    pod.phase = phase ?? (node.isEmpty ? "Pending" : "Running")
    pod.metadata.labels = labels
    pod.metadata.annotations = annotations
    pod.metadata.creationTimestamp = start + .seconds(created)
    if let owner { pod.metadata.ownerReferences = [OwnerReference(apiVersion: "apps/v1", kind: owner, name: "own", uid: "u")] }
    return pod
}

func host(
    _ name: String, cores: Int64 = 64, memoryMebibytes: Int64 = 262_144, labels: [String: String] = [:], claim: HostClaim? = nil,
    state: String = "available", status: String = "OK", error: String = "", gpus: Int64 = 0
) -> BareMetalHost {
    var object: JSON = [
        "metadata": ["name": .string(name), "namespace": "sluice-hosts", "labels": JSON(labels)],
        "spec": ["online": .bool(claim != nil)],
        "status": [
            "provisioning": ["state": .string(state)], "operationalStatus": .string(status), "errorMessage": .string(error),
            "hardware": ["cpu": ["count": .integer(cores)], "ramMebibytes": .integer(memoryMebibytes)],
        ],
    ]
    if let claim {
        object["spec", "consumerRef"] = claim.json
        object["spec", "image"] = ["url": "http://images.example/node.qcow2"]
    }
    if gpus > 0 {
        object["metadata", "annotations"] = [
            "sluice.dev/accelerators": .string("[{\"resource\":\"nvidia.com/gpu\",\"model\":\"A100\",\"count\":\(gpus)}]")
        ]
    }
    return BareMetalHost(object)
}

func nodeGroup(
    _ name: String, min: Int64 = 0, max: Int64 = 20, selector: [String: String]? = nil, labels: [String: String] = [:],
    taints: [Taint] = [], settings: JSON = [:]
) -> NodeGroup {
    var spec: JSON = settings
    spec["minSize"] = .integer(min)
    spec["maxSize"] = .integer(max)
    if let selector { spec["hostSelector"] = ["matchLabels": JSON(selector)] }
    spec["template"] = ["labels": JSON(labels), "taints": .array(taints.map(\.json))]
    return NodeGroup(["metadata": ["name": .string(name)], "spec": spec])
}

func budget(_ name: String, namespace: String = "default", selector: [String: String], allowed: Int64) -> PodDisruptionBudget {
    PodDisruptionBudget([
        "metadata": ["name": .string(name), "namespace": .string(namespace)], "spec": ["selector": ["matchLabels": JSON(selector)]],
        "status": ["disruptionsAllowed": .integer(allowed)],
    ])
}

func instance(_ name: String, namespace: String = "tenant-a", selector: [String: String]) -> BareMetalInstance {
    BareMetalInstance([
        "metadata": ["name": .string(name), "namespace": .string(namespace)],
        "spec": ["hostSelector": ["matchLabels": JSON(selector)]],
    ])
}
