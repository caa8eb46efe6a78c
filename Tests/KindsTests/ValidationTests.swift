import Kinds
import Objects
import Testing

struct ValidationTests {
    let registry: KindRegistry

    init() throws { registry = try KindRegistry.builtIn() }

    struct Case: CustomTestStringConvertible {
        var name: String
        var kind: String
        var group: String
        var object: String
        var old: String?
        var errors: [String]
        var testDescription: String { name }
        init(_ name: String, _ kind: String, group: String = "", _ object: String, old: String? = nil, _ errors: [String]) {
            (self.name, self.kind, self.group, self.object, self.old, self.errors) = (name, kind, group, object, old, errors)
        }
    }

    @Test(arguments: [
        Case(
            "wrong type of a map's value", "ConfigMap", #"{"data":{"a":5}}"#,
            ["data[a]: json: cannot unmarshal number into Go struct field ConfigMap.data of type string"]),
        Case(
            "wrong type in the metadata", "ConfigMap", #"{"metadata":{"name":7}}"#,
            ["metadata.name: json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string"]),
        Case(
            "object for a list", "Pod", #"{"spec":{"containers":{}}}"#,
            ["spec.containers: json: cannot unmarshal object into Go struct field PodSpec.spec.containers of type []v1.Container"]),
        Case("no containers", "Pod", #"{"spec":{"containers":[]}}"#, ["spec.containers: Required value"]),
        Case(
            "empty required text", "Pod", #"{"spec":{"containers":[{"name":"","image":"i"}]}}"#, ["spec.containers[0].name: Required value"]
        ),
        Case(
            "unsupported value", "Pod", #"{"spec":{"restartPolicy":"Sometimes","containers":[{"name":"c","image":"i"}]}}"#,
            [#"spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never""#]),
        Case(
            "errors in the order of the schema", "Pod",
            #"{"spec":{"restartPolicy":"X","containers":[{"image":"i","imagePullPolicy":"Y"}]}}"#,
            [
                "spec.containers[0].name: Required value",
                #"spec.containers[0].imagePullPolicy: Unsupported value: "Y": supported values: "Always", "IfNotPresent", "Never""#,
                #"spec.restartPolicy: Unsupported value: "X": supported values: "Always", "OnFailure", "Never""#,
            ]),
        Case(
            "containers of one name", "Pod", #"{"spec":{"containers":[{"name":"c","image":"i"},{"name":"c","image":"i"}]}}"#,
            [#"spec.containers[1].name: Duplicate value: "c""#]),
        Case(
            "an init container of a container's name", "Pod",
            #"{"spec":{"containers":[{"name":"c","image":"i"}],"initContainers":[{"name":"c","image":"i"}]}}"#,
            [#"spec.initContainers[0].name: Duplicate value: "c""#]),
        Case(
            "port out of range", "Pod", #"{"spec":{"containers":[{"name":"c","image":"i","ports":[{"containerPort":99999}]}]}}"#,
            ["spec.containers[0].ports[0].containerPort: Invalid value: 99999: must be between 1 and 65535, inclusive"]),
        Case(
            "mount of no volume", "Pod",
            #"{"spec":{"containers":[{"name":"c","image":"i","volumeMounts":[{"name":"v","mountPath":"/v"}]}]}}"#,
            [#"spec.containers[0].volumeMounts[0].name: Not found: "v""#]),
        Case(
            "request over the limit", "Pod",
            #"{"spec":{"containers":[{"name":"c","image":"i","resources":{"requests":{"memory":"2Gi"},"limits":{"memory":"1Gi"}}}]}}"#,
            [#"spec.containers[0].resources.requests: Invalid value: "2Gi": must be less than or equal to memory limit of 1Gi"#]),
        Case(
            "not a quantity", "Pod", #"{"spec":{"containers":[{"name":"c","image":"i","resources":{"requests":{"cpu":"x"}}}]}}"#,
            [
                "spec.containers[0].resources.requests[cpu]: quantities must match the regular expression "
                    + "'^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            ]),
        Case(
            "int32 that does not fit", "Deployment", group: "apps",
            #"{"spec":{"replicas":3000000000,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}}}}}"#,
            ["spec.replicas: json: cannot unmarshal number 3000000000 into Go struct field DeploymentSpec.spec.replicas of type int32"]),
        Case(
            "selector that changes", "Deployment", group: "apps",
            #"{"spec":{"selector":{"matchLabels":{"a":"c"}},"template":{"metadata":{"labels":{"a":"c"}}}}}"#,
            old: #"{"spec":{"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}}}}}"#,
            [#"spec.selector: Invalid value: {"matchLabels":{"a":"c"}}: field is immutable"#]),
        Case(
            "image that changes in a pod", "Pod", #"{"spec":{"containers":[{"name":"c","image":"j"}]}}"#,
            old: #"{"spec":{"containers":[{"name":"c","image":"i"}]}}"#, []),
        Case(
            "frozen config map", "ConfigMap", #"{"immutable":true,"data":{"a":"2"}}"#, old: #"{"immutable":true,"data":{"a":"1"}}"#,
            ["data: Forbidden: field is immutable when `immutable` is set"]),
        Case(
            "host selector that appears", "BareMetalInstance", group: "sluice.dev", #"{"spec":{"image":{"url":"u"},"hostSelector":{}}}"#,
            old: #"{"spec":{"image":{"url":"u"}}}"#, ["spec.hostSelector: Invalid value: {}: field is immutable"]),
        Case(
            "host selector that disappears", "BareMetalInstance", group: "sluice.dev", #"{"spec":{"image":{"url":"u"}}}"#,
            old: #"{"spec":{"image":{"url":"u"},"hostSelector":{}}}"#, ["spec.hostSelector: Invalid value: null: field is immutable"]),
        Case(
            "bad selector operator", "PodDisruptionBudget", group: "policy",
            #"{"spec":{"selector":{"matchExpressions":[{"key":"a","operator":"Is"},{"key":"a","operator":"In"}]}}}"#,
            [
                #"spec.selector.matchExpressions[0].operator: Unsupported value: "Is": "#
                    + #"supported values: "In", "NotIn", "Exists", "DoesNotExist""#,
                "spec.selector.matchExpressions[1].values: Required value: must be specified when `operator` is 'In' or 'NotIn'",
            ]),
        Case(
            "group without a maximum", "NodeGroup", group: "sluice.dev", #"{"spec":{"minSize":-1}}"#,
            [
                "spec.minSize: Invalid value: -1: spec.minSize in body should be greater than or equal to 0",
                "spec.maxSize: Required value",
            ]),
        Case(
            "a time that is none", "NodeGroup", group: "sluice.dev", #"{"spec":{"maxSize":1,"scaleDownUnneededTime":"ten minutes"}}"#,
            [
                #"spec.scaleDownUnneededTime: Invalid value: "ten minutes": "#
                    + #"spec.scaleDownUnneededTime in body must be of type duration: "ten minutes""#
            ]),
        Case(
            "host selector that changes", "BareMetalInstance", group: "sluice.dev",
            #"{"spec":{"image":{"url":"u"},"hostSelector":{"matchLabels":{"a":"c"}}}}"#,
            old: #"{"spec":{"image":{"url":"u"},"hostSelector":{"matchLabels":{"a":"b"}}}}"#,
            [#"spec.hostSelector: Invalid value: {"matchLabels":{"a":"c"}}: field is immutable"#]),
    ])
    func `a fault is named in Kubernetes' words`(_ c: Case) throws {
        let kind = try #require(registry.kinds.first { $0.kind == c.kind && $0.group == c.group })
        #expect(kind.validate(json(c.object), old: c.old.map(json)).map(\.description) == c.errors)
    }

    @Test(.needsRecordings) func `invalid objects are refused with the recorded causes`() throws {
        var compared = 0
        for exchange in try Recordings.exchanges("error__invalid_422") where exchange.status == 422 {
            guard var object = exchange.body, let name = exchange.response["details"]?["kind"]?.string,
                let kind = registry.kinds.first(where: { $0.kind == name && $0.isStored })
            else { continue }
            kind.applyDefaults(to: &object)
            let errors = kind.validate(object)
            // The forms of names depend on the kind and are the server's to check.
            let causes = (exchange.response["details"]?["causes"]?.array ?? []).filter { $0["field"] != "metadata.name" }
            #expect(errors.map(\.path) == causes.map { $0["field"]?.string ?? "" })
            #expect(errors.map(\.message) == causes.map { $0["message"]?.string ?? "" })
            #expect(errors.map(\.reason.rawValue) == causes.map { $0["reason"]?.string ?? "" })
            compared += 1
        }
        #expect(compared == 8)
    }
}
