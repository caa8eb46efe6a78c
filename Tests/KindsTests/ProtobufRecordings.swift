/// Bodies that kubectl 1.32 sent, and the object that each means.
enum ProtobufRecordings {
    struct Recording: Sendable, CustomStringConvertible {
        /// The command that sent it.
        var command: String
        var hexadecimal: String
        var object: String

        var description: String { command }
        var bytes: [UInt8] { Self.bytes(hexadecimal) }

        static func bytes(_ hexadecimal: String) -> [UInt8] {
            let digits = Array(hexadecimal.utf8).compactMap { Character(Unicode.Scalar($0)).hexDigitValue }
            return stride(from: 0, to: digits.count - 1, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
        }
    }

    static let all = [
        Recording(
            command: "create namespace team",
            hexadecimal: "6b3873000a0f0a02763112094e616d657370616365121c0a140a047465616d12001a0022002a0032003800420012001a020a001a002200",
            object: #"{"kind":"Namespace","apiVersion":"v1","metadata":{"name":"team"}}"#),
        Recording(
            command: "create configmap c --from-literal=a=b --from-literal=empty= --from-file=bin.dat",
            hexadecimal: """
                6b3873000a0f0a0276311209436f6e6669674d617012360a110a016312001a0022002a0032003800420012060a016112016212090a05656d7074791200\
                1a0e0a0762696e2e6461741203ff00011a002200
                """,
            object: """
                {"kind":"ConfigMap","apiVersion":"v1","metadata":{"name":"c"},"data":{"a":"b","empty":""},"binaryData":{"bin.dat":"/wAB"}}
                """),
        Recording(
            command: "create secret generic s --from-literal=user=admin",
            hexadecimal: """
                6b3873000a0c0a027631120653656372657412240a110a017312001a0022002a00320038004200120d0a0475736572120561646d696e1a001a002200
                """,
            object: #"{"kind":"Secret","apiVersion":"v1","metadata":{"name":"s"},"data":{"user":"YWRtaW4="}}"#),
        Recording(
            command: "create deployment web --image=web:1 --replicas=0 --port=80",
            hexadecimal: """
                6b3873000a150a07617070732f7631120a4465706c6f796d656e7412b6010a1f0a0377656212001a0022002a003200380042005a0a0a03617070120377\
                6562128401\
                0800120c0a0a0a0361707012037765621a6a0a1c0a0012001a0022002a003200380042005a0a0a036170701203776562124a122c0a0377656212057765\
                623a312a00320a0a001000185022002a0042006a007200800100880100900100a201001a00320042004a0052005800600068008201008a01009a0100c2\
                010022020a00280038001a0c0800100018002000280038001a002200
                """,
            object: """
                {"kind":"Deployment","apiVersion":"apps/v1","metadata":{"name":"web","labels":{"app":"web"}},"spec":{"replicas":0,
                "selector":{"matchLabels":{"app":"web"}},"template":{"metadata":{"labels":{"app":"web"}},
                "spec":{"containers":[{"name":"web","image":"web:1","ports":[{"containerPort":80}]}]}}}}
                """),
        Recording(
            command: "create serviceaccount builder",
            hexadecimal: """
                6b3873000a140a027631120e536572766963654163636f756e7412190a170a076275696c64657212001a0022002a0032003800420\
                01a002200
                """,
            object: #"{"kind":"ServiceAccount","apiVersion":"v1","metadata":{"name":"builder"}}"#),
        Recording(
            command: "create priorityclass low --value=0 --description=d",
            hexadecimal: """
                6b3873000a250a147363686564756c696e672e6b38732e696f2f7631120d5072696f72697479436c61737312320a130a036c6f7712001a0022002a0032\
                0038004200100018002201642a14507265656d70744c6f7765725072696f726974791a002200
                """,
            object: """
                {"kind":"PriorityClass","apiVersion":"scheduling.k8s.io/v1","metadata":{"name":"low"},"value":0,"description":"d",
                "preemptionPolicy":"PreemptLowerPriority"}
                """),
        Recording(
            command: "create priorityclass neg --value=-5 --preemption-policy=Never",
            hexadecimal: """
                6b3873000a250a147363686564756c696e672e6b38732e696f2f7631120d5072696f72697479436c617373122b0a130a036e656712001a0022002a0032\
                003800420010fbffffffffffffffff01180022002a054e657665721a002200
                """,
            object: """
                {"kind":"PriorityClass","apiVersion":"scheduling.k8s.io/v1","metadata":{"name":"neg"},"value":-5,"preemptionPolicy":"Never"}
                """),
        Recording(
            command: "create pdb budget --selector=app=web --min-available=50%",
            hexadecimal: """
                6b3873000a200a09706f6c6963792f76311213506f6444697372757074696f6e427564676574123f0a160a0662756467657412001a0022002a00320038\
                00420012190a09080110001a03353025120c0a0a0a0361707012037765621a0a080018002000280030001a002200
                """,
            object: """
                {"kind":"PodDisruptionBudget","apiVersion":"policy/v1","metadata":{"name":"budget"},"spec":{"minAvailable":"50%",
                "selector":{"matchLabels":{"app":"web"}}},
                "status":{"disruptionsAllowed":0,"currentHealthy":0,"desiredHealthy":0,"expectedPods":0}}
                """),
        Recording(
            command: "create pdb budget2 --selector=app=web --max-unavailable=1",
            hexadecimal: """
                6b3873000a200a09706f6c6963792f76311213506f6444697372757074696f6e427564676574123d0a170a076275646765743212001a0022002a003200\
                380042001216120c0a0a0a0361707012037765621a06080010011a001a0a080018002000280030001a002200
                """,
            object: """
                {"kind":"PodDisruptionBudget","apiVersion":"policy/v1","metadata":{"name":"budget2"},"spec":{"maxUnavailable":1,
                "selector":{"matchLabels":{"app":"web"}}},
                "status":{"disruptionsAllowed":0,"currentHealthy":0,"desiredHealthy":0,"expectedPods":0}}
                """),
        Recording(
            command: "create service clusterip svc --tcp=80:8080",
            hexadecimal: """
                6b3873000a0d0a02763112075365727669636512690a1f0a0373766312001a0022002a003200380042005a0a0a03617070120373766312420a1b0a0738\
                302d38303830120354435018502207080010903f1a002800120a0a0361707012037376631a002209436c757374657249503a00420052005a0060006800\
                1a020a001a002200
                """,
            object: """
                {"kind":"Service","apiVersion":"v1","metadata":{"name":"svc","labels":{"app":"svc"}},"spec":{"ports":[{"name":"80-8080",
                "protocol":"TCP","port":80,"targetPort":8080}],"selector":{"app":"svc"},"type":"ClusterIP"}}
                """),
        Recording(
            command: "debug node/n1 --image=busybox --profile=sysadmin -- ls -l",
            hexadecimal: """
                6b3873000a090a0276311203506f6412d8010a260a166e6f64652d64656275676765722d6e312d70787a727112001a0022002a00320038004200129b01\
                0a120a09686f73742d726f6f7412050a030a012f12510a086465627567676572120762757379626f781a026c731a022d6c2a0042004a180a09686f7374\
                2d726f6f7410001a052f686f7374220032006a0072007a021001800100880100900100a2010446696c651a054e65766572320042004a0052026e315801\
                600168018201008a01009a0100b2010e0a0012064578697374731a002200c201001a100a001a0022002a0032004a005a0072001a002200
                """,
            object: """
                {"kind":"Pod","apiVersion":"v1","metadata":{"name":"node-debugger-n1-pxzrq"},"spec":{
                "volumes":[{"name":"host-root","hostPath":{"path":"/"}}],"containers":[{"name":"debugger","image":"busybox",
                "command":["ls","-l"],"volumeMounts":[{"name":"host-root","mountPath":"/host"}],
                "securityContext":{"privileged":true},"terminationMessagePolicy":"File"}],
                "restartPolicy":"Never","nodeName":"n1","hostNetwork":true,"hostPID":true,"hostIPC":true,
                "tolerations":[{"operator":"Exists"}]}}
                """),
        Recording(
            command: "auth can-i create pods",
            hexadecimal: """
                6b3873000a320a17617574686f72697a6174696f6e2e6b38732e696f2f7631121753656c665375626a656374416363657373526576696577123f0a100a\
                0012001a0022002a0032003800420012210a1f0a0764656661756c7412066372656174651a0022002a04706f647332003a001a08080012001a0020001a\
                002200
                """,
            object: """
                {"kind":"SelfSubjectAccessReview","apiVersion":"authorization.k8s.io/v1","spec":{"resourceAttributes":{
                "namespace":"default","verb":"create","resource":"pods"}},"status":{"allowed":false}}
                """),
        Recording(
            command: "auth whoami",
            hexadecimal: """
                6b3873000a2d0a1861757468656e7469636174696f6e2e6b38732e696f2f7631121153656c665375626a656374526576696577121a0a100a0012001a00\
                22002a0032003800420012060a040a0012001a002200
                """,
            object: #"{"kind":"SelfSubjectReview","apiVersion":"authentication.k8s.io/v1"}"#),
    ]
}
