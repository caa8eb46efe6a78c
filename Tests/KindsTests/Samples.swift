import Kinds
import Objects

/// A valid object of every stored kind.
enum Samples {
    private static let container = #"{"name":"c","image":"registry.example/app:1","resources":{"requests":{"cpu":"100m","memory":"64Mi"}}}"#
    private static let podSpec =
        #"{"containers":[\#(container)],"tolerations":[{"key":"a","operator":"Exists"}],"nodeSelector":{"zone":"a"}}"#
    private static let workload =
        #"{"replicas":2,"selector":{"matchLabels":{"a":"b"}},"template":{"metadata":{"labels":{"a":"b"}},"spec":\#(podSpec)}}"#

    private static let bodies: [String: String] = [
        "Namespace": #""spec":{"finalizers":["kubernetes"]},"status":{"phase":"Active"}"#,
        "Node":
            #""spec":{"taints":[{"key":"k","effect":"NoSchedule"}]},"status":{"capacity":{"cpu":"4","memory":"8Gi"},"#
            + #""conditions":[{"type":"Ready","status":"True"}]}"#,
        "Pod": #""spec":\#(podSpec),"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}"#,
        "Event":
            #""involvedObject":{"kind":"Pod","name":"p"},"reason":"Started","message":"it did","type":"Normal","count":2,"#
            + #""lastTimestamp":"2026-01-31T23:59:59Z""#,
        "ConfigMap": #""data":{"a":"1"},"binaryData":{"b":"eA=="}"#,
        "Secret": #""data":{"a":"eA=="},"type":"Opaque""#,
        "ServiceAccount": #""secrets":[{"name":"s"}],"automountServiceAccountToken":false"#,
        "Service": #""spec":{"selector":{"a":"b"},"ports":[{"port":80,"targetPort":"http"}]}"#,
        "Endpoints": #""subsets":[{"addresses":[{"ip":"10.0.0.1"}],"ports":[{"port":80}]}]"#,
        "Lease": #""spec":{"holderIdentity":"me","leaseDurationSeconds":15,"renewTime":"2026-01-31T23:59:59.000001Z"}"#,
        "Deployment": #""spec":\#(workload)"#,
        "ReplicaSet": #""spec":\#(workload),"status":{"replicas":2}"#,
        "PodDisruptionBudget": #""spec":{"minAvailable":"50%","selector":{"matchLabels":{"a":"b"}}}"#,
        "PriorityClass": #""value":1000,"globalDefault":false,"description":"rank""#,
        "CustomResourceDefinition":
            #""spec":{"group":"a.example","names":{"plural":"things","kind":"Thing"},"scope":"Namespaced","#
            + #""versions":[{"name":"v1","served":true,"storage":true,"schema":{"openAPIV3Schema":{"type":"object","#
            + #""properties":{"spec":{"type":"object","properties":{"n":{"type":"integer","default":3}}}}}}}]}"#,
        "BareMetalHost":
            #""spec":{"online":true,"bmc":{"address":"redfish://10.0.0.1/","credentialsName":"s"},"bootMACAddress":"00:11:22:33:44:55"}"#,
        "VirtualMachine":
            #""spec":{"runStrategy":"Always","template":{"metadata":{"creationTimestamp":null,"labels":{"a":"b"}},"#
            + #""spec":{"domain":{"resources":{"requests":{"memory":"1Gi"}},"devices":{"disks":[{"name":"d","#
            + #""disk":{"bus":"virtio"}}]}},"volumes":[{"name":"d","containerDisk":{"image":"i"}}]}}}"#,
        "VirtualMachineInstance": #""spec":{"domain":{"devices":{},"cpu":{"cores":2}}},"status":{"phase":"Running"}"#,
        "NodeGroup":
            #""spec":{"maxSize":20,"hostSelector":{"matchLabels":{"sluice.dev/model":"r64"}},"#
            + #""template":{"labels":{"role":"containers"},"taints":[]}}"#,
        "BareMetalInstance":
            #""spec":{"image":{"url":"http://images.example/debian12.qcow2","checksum":"sha256:00"}},"status":{"phase":"Pending"}"#,
    ]

    static func all(_ registry: KindRegistry) -> [(kind: Kind, text: String)] {
        registry.kinds.filter(\.isStored).map { kind in
            let body = bodies[kind.kind].map { ",\($0)" } ?? #","missing":"a sample for this kind""#
            let text = #"{"apiVersion":"\#(kind.apiVersion)","kind":"\#(kind.kind)","metadata":{"name":"x","labels":{"a":"b"}}\#(body)}"#
            return (kind, text)
        }
    }
}
