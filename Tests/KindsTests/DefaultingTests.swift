import Kinds
import Objects
import Testing

struct DefaultingTests {
    let registry: KindRegistry

    init() throws { registry = try KindRegistry.builtIn() }

    private func defaulted(_ kind: String, group: String = "", version: String = "v1", _ text: String) throws -> JSON {
        var object = json(text)
        try #require(registry.kind(group: group, version: version, kind: kind)).applyDefaults(to: &object)
        return object
    }

    @Test func `a pod is filled as Kubernetes fills it`() throws {
        let pod = try defaulted("Pod", #"{"spec":{"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"1"}}}]}}"#)
        let wanted = json(
            #"""
            {"containers":[{"name":"c","image":"i","imagePullPolicy":"Always","resources":{"limits":{"cpu":"1"},"requests":{"cpu":"1"}},
              "terminationMessagePath":"/dev/termination-log","terminationMessagePolicy":"File"}],
             "restartPolicy":"Always","terminationGracePeriodSeconds":30,"dnsPolicy":"ClusterFirst","securityContext":{},
             "schedulerName":"default-scheduler","enableServiceLinks":true}
            """#)
        #expect(pod["spec"] == wanted)
    }

    @Test(arguments: [
        ("no tag", "nginx", "Always"), ("latest", "nginx:latest", "Always"), ("a tag", "nginx:1.2", "IfNotPresent"),
        ("a port, no tag", "registry:5000/nginx", "Always"), ("a port and a tag", "registry:5000/nginx:3", "IfNotPresent"),
        ("a digest", "nginx@sha256:0123", "IfNotPresent"),
    ])
    func `the pull policy follows the image's tag`(_ name: String, _ image: String, _ policy: String) throws {
        let pod = try defaulted("Pod", #"{"spec":{"containers":[{"name":"c","image":"\#(image)"}]}}"#)
        #expect(pod["spec"]?["containers"]?.array?.first?["imagePullPolicy"] == .string(policy), "\(name)")
    }

    @Test func `a template is not given what depends on the pod`() throws {
        let text = #"{"spec":{"template":{"spec":{"containers":[{"name":"c","image":"i","resources":{"limits":{"cpu":"1"}}}]}}}}"#
        let spec = try defaulted("Deployment", group: "apps", text)["spec"]
        #expect(spec?["template"]?["spec"]?["enableServiceLinks"] == nil)
        #expect(spec?["template"]?["spec"]?["containers"]?.array?.first?["resources"] == json(#"{"limits":{"cpu":"1"}}"#))
        #expect(spec?["replicas"] == 1)
        #expect(spec?["strategy"] == json(#"{"type":"RollingUpdate","rollingUpdate":{"maxUnavailable":"25%","maxSurge":"25%"}}"#))
    }

    @Test func `values that are there stay, and a strategy of type Recreate gets no parameters`() throws {
        let text = #"{"spec":{"replicas":0,"strategy":{"type":"Recreate"},"revisionHistoryLimit":2}}"#
        let spec = try defaulted("Deployment", group: "apps", text)["spec"]
        #expect(spec?["replicas"] == 0)
        #expect(spec?["strategy"] == json(#"{"type":"Recreate"}"#))
        #expect(spec?["revisionHistoryLimit"] == 2)
    }

    @Test func `probes, ports and volumes have defaults`() throws {
        let text =
            #"{"spec":{"hostNetwork":true,"containers":[{"name":"c","image":"i","ports":[{"containerPort":80}],"#
            + #""livenessProbe":{"httpGet":{"port":80}}}],"#
            + #""volumes":[{"name":"e"},{"name":"s","secret":{"secretName":"x"}}]}}"#
        let spec = try defaulted("Pod", text)["spec"]
        let container = spec?["containers"]?.array?.first
        #expect(container?["ports"] == json(#"[{"containerPort":80,"hostPort":80,"protocol":"TCP"}]"#))
        let probe =
            #"{"httpGet":{"port":80,"path":"/","scheme":"HTTP"},"timeoutSeconds":1,"periodSeconds":10,"successThreshold":1,"#
            + #""failureThreshold":3}"#
        #expect(container?["livenessProbe"] == json(probe))
        #expect(spec?["volumes"] == json(#"[{"name":"e","emptyDir":{}},{"name":"s","secret":{"secretName":"x","defaultMode":420}}]"#))
    }

    @Test func `a node group has the autoscaler's defaults`() throws {
        let spec = try defaulted("NodeGroup", group: "sluice.dev", version: "v1alpha1", #"{"spec":{"maxSize":5}}"#)["spec"]
        #expect(spec?["minSize"] == 0)
        #expect(spec?["scaleDownEnabled"] == true)
        #expect(spec?["scaleDownUnneededTime"] == "10m")
        #expect(spec?["scaleDownUtilizationThreshold"]?.double == 0.5)
        #expect(spec?["maxGracefulTerminationSeconds"] == 600)
    }

    @Test func `string data of a secret goes into data in base64`() throws {
        let secret = try defaulted("Secret", #"{"data":{"a":"eA=="},"stringData":{"k":"v","a":"yy"}}"#)
        #expect(secret == json(#"{"data":{"a":"eXk=","k":"dg=="},"type":"Opaque"}"#))
    }

    @Test func `applying defaults twice is applying them once`() throws {
        for (kind, text) in Samples.all(registry) {
            var once = json(text)
            kind.applyDefaults(to: &once)
            var twice = once
            kind.applyDefaults(to: &twice)
            #expect(once.text == twice.text, "\(kind.kind)")
        }
    }

    @Test(.needsRecordings) func `created objects hold the recorded defaults`() throws {
        var compared = 0
        for exchange in try Recordings.exchanges("write__defaulting") where exchange.status == 201 {
            guard var object = exchange.body, let name = object["kind"]?.string,
                ["Pod", "Deployment", "Secret", "PodDisruptionBudget"].contains(name),
                let kind = registry.kinds.first(where: { $0.kind == name })
            else { continue }
            kind.applyDefaults(to: &object)
            compared += 1
            if name == "Pod" {
                // What admission adds is not the schema's business.
                for key in [
                    "restartPolicy", "terminationGracePeriodSeconds", "dnsPolicy", "securityContext", "schedulerName", "enableServiceLinks",
                ] {
                    #expect(object["spec"]?[key] == exchange.response["spec"]?[key], "\(key)")
                }
                for (mine, theirs) in zip(object["spec"]?["containers"]?.array ?? [], exchange.response["spec"]?["containers"]?.array ?? [])
                {
                    var theirs = theirs
                    theirs["volumeMounts"] = nil
                    #expect(mine == theirs)
                }
            } else {
                for key in ["spec", "data", "type", "status"] { #expect(object[key] == exchange.response[key], "\(name) \(key)") }
            }
        }
        #expect(compared == 5)
    }
}
