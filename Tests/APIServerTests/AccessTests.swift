import APIMessages
import APIServer
import Objects
import Testing

@Suite struct AccessTests {
    private static let alice = Credentials.inProcess(UserInfo(name: "alice", groups: ["dev"]))

    private static func node(_ name: String) -> Credentials {
        .certificate(commonName: "system:node:\(name)", organizations: ["system:nodes"])
    }

    @Test(arguments: [
        ("GET", "/api"), ("GET", "/apis"), ("GET", "/openapi/v3"), ("GET", "/"), ("GET", "/metrics"), ("GET", "/api/v1/nodes"),
        ("POST", "/api/v1/namespaces"), ("GET", "/api/v1/namespaces/default/secrets/x"), ("DELETE", "/api/v1/nodes"),
        ("GET", "/apis/nothing.example/v1/things"), ("TRACE", "/api/v1/pods"), ("GET", "/api/v1/namespaces/default/pods/p/exec"),
        ("POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"),
    ])
    func `anonymous requests get nothing but health and version`(_ method: String, _ path: String) async throws {
        let harness = try await Harness()
        let answer = await harness.send(method, path, as: .none)
        #expect(answer.status == 403)
        #expect(answer.reason == "Forbidden")
        #expect(answer.message.contains("User \"system:anonymous\" cannot"))
    }

    @Test func `credentials that nobody knows are unauthorized, even for health`() async throws {
        let harness = try await Harness()
        for path in ["/healthz", "/api/v1/nodes"] {
            let answer = await harness.send("GET", path, as: .bearerToken("wrong"))
            #expect(answer.status == 401)
            #expect(answer.json["reason"] == "Unauthorized")
        }
    }

    @Test func `a user without rights gets discovery and reviews of the own self`() async throws {
        let harness = try await Harness()
        for path in ["/api", "/apis", "/api/v1", "/apis/apps/v1", "/openapi/v3", "/version", "/readyz"] {
            #expect(await harness.send("GET", path, as: Self.alice).status == 200, "\(path)")
        }
        let refused = await harness.send("GET", Paths.pods, as: Self.alice)
        #expect(refused.status == 403)
        #expect(
            refused.message
                == "pods is forbidden: User \"alice\" cannot list resource \"pods\" in API group \"\" in the namespace \"default\"")
        #expect(refused["details", "kind"] == "pods")
        let whoami = await harness.send(
            "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews",
            ["apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"], as: Self.alice)
        #expect(whoami.status == 201)
        #expect(whoami["status", "userInfo", "groups"] == ["dev", "system:authenticated"])
    }

    @Test func `whether somebody may do something can be asked`() async throws {
        let harness = try await Harness()
        func may(_ verb: String, as user: Credentials) async -> JSON? {
            await harness.send(
                "POST", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
                [
                    "apiVersion": "authorization.k8s.io/v1", "kind": "SelfSubjectAccessReview",
                    "spec": ["resourceAttributes": ["namespace": "default", "verb": .string(verb), "resource": "pods"]],
                ], as: user)["status", "allowed"]
        }
        #expect(await may("delete", as: .inProcess(Harness.admin)) == true)
        #expect(await may("delete", as: Self.alice) == false)
        #expect(await may("list", as: Self.node("n1")) == true)
    }

    @Test func `an agent registers and changes its own node only`() async throws {
        let harness = try await Harness()
        func register(_ name: String, as credentials: Credentials) async -> Answer {
            await harness.send(
                "POST", "/api/v1/nodes", ["apiVersion": "v1", "kind": "Node", "metadata": ["name": .string(name)]], as: credentials)
        }
        #expect(await register("n1", as: Self.node("n1")).status == 201)
        #expect(await register("n2", as: Self.node("n1")).status == 403)
        #expect(await register("n2", as: Self.node("n2")).status == 201)
        func patch(_ path: String, _ body: JSON) async -> Int {
            await harness.send("PATCH", path, body, type: "application/merge-patch+json", as: Self.node("n1")).status
        }
        #expect(await patch("/api/v1/nodes/n1/status", ["status": ["capacity": ["cpu": "4"]]]) == 200)
        #expect(await patch("/api/v1/nodes/n2/status", ["status": ["capacity": ["cpu": "4"]]]) == 403)
        #expect(await patch("/api/v1/nodes/n1", ["spec": ["taints": [["key": "a", "effect": "NoSchedule"]]]]) == 403)
        #expect(await harness.send("DELETE", "/api/v1/nodes/n1", as: Self.node("n1")).status == 403)
    }

    @Test func `an agent keeps its own lease only`() async throws {
        let harness = try await Harness()
        let leases = "/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases"
        func create(_ name: String, in path: String) async -> Int {
            await harness.send(
                "POST", path, ["metadata": ["name": .string(name)], "spec": ["holderIdentity": .string(name)]], as: Self.node("n1")
            ).status
        }
        #expect(await create("n1", in: leases) == 201)
        #expect(await create("n2", in: leases) == 403)
        #expect(await create("n1", in: leases.replacing("kube-node-lease", with: "kube-system")) == 403)
    }

    @Test func `an agent reports and deletes the pods that run on its node only`() async throws {
        let harness = try await Harness()
        await harness.make(Paths.pods, Sample.pod("mine", node: "n1"))
        await harness.make(Paths.pods, Sample.pod("other", node: "n2"))
        await harness.make(Paths.pods, Sample.pod("unbound"))
        func report(_ name: String, _ patch: JSON = ["status": ["phase": "Running"]]) async -> Int {
            await harness.send(
                "PATCH", "\(Paths.pods)/\(name)/status", patch, type: "application/merge-patch+json", as: Self.node("n1")
            ).status
        }
        #expect(await report("mine") == 200)
        #expect(await report("other") == 403)
        #expect(await report("unbound") == 403)
        #expect(await report("mine", ["metadata": ["labels": ["app": "elsewhere"]]]) == 403)
        for (name, status) in [("other", 403), ("unbound", 403), ("mine", 200)] {
            let answer = await harness.send("DELETE", "\(Paths.pods)/\(name)?gracePeriodSeconds=0", as: Self.node("n1"))
            #expect(answer.status == status, "\(name)")
        }
        #expect(await harness.send("POST", Paths.pods, Sample.pod("new", node: "n1"), as: Self.node("n1")).status == 403)
        #expect(
            await harness.send("PATCH", "\(Paths.pods)/other", [:], type: "application/merge-patch+json", as: Self.node("n1")).status == 403
        )
    }

    @Test(arguments: ["configmaps", "secrets", "serviceaccounts"])
    func `an agent reads no configuration of others`(_ plural: String) async throws {
        let harness = try await Harness()
        #expect(await harness.send("GET", "/api/v1/\(plural)", as: Self.node("n1")).status == 403)
    }

    @Test func `a certificate of the masters may do everything`() async throws {
        let harness = try await Harness()
        let admin = Credentials.certificate(commonName: "root", organizations: ["system:masters"])
        #expect(await harness.send("GET", "/api/v1/secrets", as: admin).status == 200)
    }

    // MARK: - Acting as somebody else

    private func whoami(_ harness: Harness, _ headers: [(name: String, value: String)], as user: Credentials) async -> Answer {
        await harness.send(
            harness.request(
                "POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews",
                Array(#"{"apiVersion":"authentication.k8s.io/v1","kind":"SelfSubjectReview"}"#.utf8),
                headers: headers + [("content-type", "application/json")], as: user))
    }

    @Test func `an administrator may act as somebody else, with no more rights than theirs`() async throws {
        let harness = try await Harness()
        let admin = Credentials.inProcess(Harness.admin)
        let answer = await whoami(harness, [("impersonate-user", "bob"), ("impersonate-group", "ops")], as: admin)
        #expect(answer["status", "userInfo", "username"] == "bob")
        #expect(answer["status", "userInfo", "groups"] == ["ops", "system:authenticated"])
        let pods = await harness.send(harness.request("GET", Paths.pods, headers: [("impersonate-user", "bob")], as: admin))
        #expect(pods.status == 403)
        #expect(pods.message.contains("User \"bob\" cannot list"))
    }

    @Test(arguments: [
        [("impersonate-user", "admin")], [("impersonate-user", "alice"), ("impersonate-group", "system:masters")],
        [("impersonate-user", "alice"), ("impersonate-uid", "1")], [("impersonate-user", "system:serviceaccount:kube-system:root")],
    ])
    func `others may not`(_ headers: [(String, String)]) async throws {
        let harness = try await Harness()
        let answer = await whoami(harness, headers.map { (name: $0.0, value: $0.1) }, as: Self.alice)
        #expect(answer.status == 403)
        #expect(answer.message.contains("User \"alice\" cannot impersonate"))
    }

    @Test func `attributes without a user are an error, not the caller`() async throws {
        let harness = try await Harness()
        let answer = await whoami(harness, [("impersonate-group", "ops")], as: .inProcess(Harness.admin))
        #expect(answer.status == 500)
    }
}
