/// The fields of the messages that typed clients send: `kubectl create`, `kubectl auth`.
///
/// One line a message: number, name, type. Types: `string`, `bytes` (base64 in JSON), `int`, `bool`, `time`, `quantity`,
/// `intOrString`, another message; `[…]` is a list, `{…}` a map from texts. A `?` marks a field that Kubernetes keeps as a
/// pointer: it is there when it is written, be it zero or empty; others are absent then. `ignored` is a status, which the
/// server decides itself.
/// - SeeAlso: the `generated.proto` files of Kubernetes' API packages, whose numbers these are.
enum ProtobufMessages {
    struct Field: Sendable {
        enum Shape: Sendable { case single, list, map }

        var name: String
        var type: String
        var shape: Shape
        var isPointer: Bool
    }

    /// The messages that may stand at the top, by `apiVersion` and `kind`.
    static let kinds: [String: String] = [
        "v1 Namespace": "Namespace", "v1 Secret": "Secret", "v1 ConfigMap": "ConfigMap", "v1 ServiceAccount": "ServiceAccount",
        "v1 Service": "Service", "apps/v1 Deployment": "Deployment", "policy/v1 PodDisruptionBudget": "PodDisruptionBudget",
        "scheduling.k8s.io/v1 PriorityClass": "PriorityClass",
        "authorization.k8s.io/v1 SelfSubjectAccessReview": "SelfSubjectAccessReview",
        "authorization.k8s.io/v1 SelfSubjectRulesReview": "SelfSubjectRulesReview",
        "authentication.k8s.io/v1 SelfSubjectReview": "SelfSubjectReview",
        "coordination.k8s.io/v1 Lease": "Lease", "v1 DeleteOptions": "DeleteOptions",
    ]

    static let messages: [String: [Int: Field]] = {
        var messages: [String: [Int: Field]] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ").map(String.init)
            guard let name = words.first else { continue }
            var fields: [Int: Field] = [:]
            for start in stride(from: 1, to: words.count - 2, by: 3) {
                guard let number = Int(words[start]) else { continue }
                fields[number] = field(words[start + 1], words[start + 2])
            }
            messages[name] = fields
        }
        return messages
    }()

    private static func field(_ name: String, _ written: String) -> Field {
        var type = Substring(written)
        let isPointer = type.last == "?"
        if isPointer { type.removeLast() }
        let shape: Field.Shape = type.first == "[" ? .list : type.first == "{" ? .map : .single
        if shape != .single { type = type.dropFirst().dropLast() }
        return Field(name: name, type: String(type), shape: shape, isPointer: isPointer)
    }

    private static let text = """
        ObjectMeta 1 name string 2 generateName string 3 namespace string 4 selfLink string 5 uid string 6 resourceVersion string \
        7 generation int 8 creationTimestamp time 9 deletionTimestamp time? 10 deletionGracePeriodSeconds int? 11 labels {string} \
        12 annotations {string} 13 ownerReferences [OwnerReference] 14 finalizers [string]
        OwnerReference 1 kind string 3 name string 4 uid string 5 apiVersion string 6 controller bool? 7 blockOwnerDeletion bool?
        Namespace 1 metadata ObjectMeta 2 spec NamespaceSpec 3 status ignored
        NamespaceSpec 1 finalizers [string]
        Secret 1 metadata ObjectMeta 2 data {bytes} 3 type string 4 stringData {string} 5 immutable bool?
        ConfigMap 1 metadata ObjectMeta 2 data {string} 3 binaryData {bytes} 4 immutable bool?
        ServiceAccount 1 metadata ObjectMeta 3 imagePullSecrets [LocalObjectReference] 4 automountServiceAccountToken bool?
        LocalObjectReference 1 name string
        Service 1 metadata ObjectMeta 2 spec ServiceSpec 3 status ignored
        ServiceSpec 1 ports [ServicePort] 2 selector {string} 3 clusterIP string 4 type string 5 externalIPs [string] \
        7 sessionAffinity string 8 loadBalancerIP string 10 externalName string 13 publishNotReadyAddresses bool
        ServicePort 1 name string 2 protocol string 3 port int 4 targetPort intOrString 5 nodePort int 6 appProtocol string?
        LabelSelector 1 matchLabels {string} 2 matchExpressions [LabelSelectorRequirement]
        LabelSelectorRequirement 1 key string 2 operator string 3 values [string]
        Deployment 1 metadata ObjectMeta 2 spec DeploymentSpec 3 status ignored
        DeploymentSpec 1 replicas int? 2 selector LabelSelector? 3 template PodTemplateSpec 4 strategy DeploymentStrategy \
        5 minReadySeconds int 6 revisionHistoryLimit int? 7 paused bool 9 progressDeadlineSeconds int?
        DeploymentStrategy 1 type string 2 rollingUpdate RollingUpdateDeployment?
        RollingUpdateDeployment 1 maxUnavailable intOrString? 2 maxSurge intOrString?
        PodTemplateSpec 1 metadata ObjectMeta 2 spec PodSpec
        PodSpec 2 containers [Container] 3 restartPolicy string 4 terminationGracePeriodSeconds int? 5 activeDeadlineSeconds int? \
        6 dnsPolicy string 7 nodeSelector {string} 8 serviceAccountName string 9 serviceAccount string 10 nodeName string \
        11 hostNetwork bool 12 hostPID bool 13 hostIPC bool 15 imagePullSecrets [LocalObjectReference] 16 hostname string \
        17 subdomain string 19 schedulerName string 20 initContainers [Container] 21 automountServiceAccountToken bool? \
        22 tolerations [Toleration] 24 priorityClassName string 25 priority int?
        Toleration 1 key string 2 operator string 3 value string 4 effect string 5 tolerationSeconds int?
        Container 1 name string 2 image string 3 command [string] 4 args [string] 5 workingDir string 6 ports [ContainerPort] \
        7 env [EnvVar] 8 resources ResourceRequirements 13 terminationMessagePath string 14 imagePullPolicy string 16 stdin bool \
        17 stdinOnce bool 18 tty bool 20 terminationMessagePolicy string
        ContainerPort 1 name string 2 hostPort int 3 containerPort int 4 protocol string 5 hostIP string
        EnvVar 1 name string 2 value string
        ResourceRequirements 1 limits {quantity} 2 requests {quantity}
        PodDisruptionBudget 1 metadata ObjectMeta 2 spec PodDisruptionBudgetSpec 3 status ignored
        PodDisruptionBudgetSpec 1 minAvailable intOrString? 2 selector LabelSelector? 3 maxUnavailable intOrString?
        PriorityClass 1 metadata ObjectMeta 2 value int 3 globalDefault bool 4 description string 5 preemptionPolicy string?
        Lease 1 metadata ObjectMeta 2 spec LeaseSpec
        LeaseSpec 1 holderIdentity string? 2 leaseDurationSeconds int? 3 acquireTime time? 4 renewTime time? 5 leaseTransitions int?
        SelfSubjectReview 1 metadata ObjectMeta 2 status ignored
        SelfSubjectAccessReview 1 metadata ObjectMeta 2 spec SelfSubjectAccessReviewSpec 3 status ignored
        SelfSubjectAccessReviewSpec 1 resourceAttributes ResourceAttributes? 2 nonResourceAttributes NonResourceAttributes?
        ResourceAttributes 1 namespace string 2 verb string 3 group string 4 version string 5 resource string 6 subresource string \
        7 name string
        NonResourceAttributes 1 path string 2 verb string
        SelfSubjectRulesReview 1 metadata ObjectMeta 2 spec SelfSubjectRulesReviewSpec 3 status ignored
        SelfSubjectRulesReviewSpec 1 namespace string
        DeleteOptions 1 gracePeriodSeconds int? 2 preconditions Preconditions? 3 orphanDependents bool? 4 propagationPolicy string? \
        5 dryRun [string]
        Preconditions 1 uid string? 2 resourceVersion string?
        """
}
