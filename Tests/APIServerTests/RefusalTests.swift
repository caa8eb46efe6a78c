import APIMessages
import APIServer
import Objects
import Store
import Testing

/// What the server says to requests it does not carry out, word for word as Kubernetes.
@Suite struct RefusalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var method: String
        var path: String
        var body: JSON?
        var type: String?
        var status: Int
        var reason: String
        var message: String

        init(_ description: String, _ method: String, _ path: String, _ status: Int, _ reason: String, _ message: String) {
            testDescription = description
            self.method = method
            self.path = path
            self.status = status
            self.reason = reason
            self.message = message
        }

        init(
            _ description: String, _ method: String, _ path: String, _ body: JSON, type: String? = nil, _ status: Int,
            _ reason: String, _ message: String
        ) {
            self.init(description, method, path, status, reason, message)
            self.body = body
            self.type = type
        }
    }

    static let cases = [
        Case("no such object", "GET", "\(Paths.configMaps)/b", 404, "NotFound", "configmaps \"b\" not found"),
        Case(
            "no such object of a group", "GET", "\(Paths.deployments)/b", 404, "NotFound", "deployments.apps \"b\" not found"),
        Case(
            "no such resource", "GET", "/api/v1/namespaces/default/gadgets", 404, "NotFound",
            "the server could not find the requested resource"),
        Case(
            "no such sub-resource", "GET", "\(Paths.configMaps)/a/scale", 404, "NotFound",
            "the server could not find the requested resource"),
        Case(
            "a cluster-scoped kind in a namespace", "GET", "/api/v1/namespaces/default/nodes", 404, "NotFound",
            "the server could not find the requested resource"),
        Case(
            "an object without its namespace", "GET", "/api/v1/configmaps/a", 404, "NotFound",
            "the server could not find the requested resource"),
        Case(
            "no such namespace", "POST", "/api/v1/namespaces/nowhere/configmaps", Sample.configMap("a"), 404, "NotFound",
            "namespaces \"nowhere\" not found"),
        Case(
            "the name is taken", "POST", Paths.configMaps, Sample.configMap("a"), 409, "AlreadyExists",
            "configmaps \"a\" already exists"),
        Case(
            "POST to an object", "POST", "\(Paths.configMaps)/a", Sample.configMap("a"), 405, "MethodNotAllowed",
            "the server does not allow this method on the requested resource"),
        Case(
            "PUT to a collection", "PUT", Paths.configMaps, Sample.configMap("a"), 405, "MethodNotAllowed",
            "the server does not allow this method on the requested resource"),
        Case(
            "PATCH of a collection", "PATCH", Paths.configMaps, [:], type: "application/merge-patch+json", 405, "MethodNotAllowed",
            "the server does not allow this method on the requested resource"),
        Case(
            "an unknown method", "BREW", Paths.configMaps, 405, "MethodNotAllowed",
            "the server does not allow this method on the requested resource"),
        Case(
            "GET of an eviction", "GET", "\(Paths.pods)/p/eviction", 405, "MethodNotAllowed",
            "the server does not allow this method on the requested resource"),
        Case(
            "POST to discovery", "POST", "/apis", [:], 405, "MethodNotAllowed",
            "the server does not allow this method on the requested resource"),
        Case(
            "a body in another form", "POST", Paths.configMaps, [:], type: "text/plain", 415, "UnsupportedMediaType",
            "the body of the request was in an unknown format - accepted media types include: application/json, "
                + "application/vnd.kubernetes.protobuf"),
        Case(
            "a patch in no form", "PATCH", "\(Paths.configMaps)/a", [:], type: "application/json", 415, "UnsupportedMediaType",
            "415: Unsupported Media Type"),
        Case(
            "no name", "POST", Paths.configMaps, ["metadata": [:]], 422, "Invalid",
            "ConfigMap \"\" is invalid: metadata.name: Required value: name or generateName is required"),
        Case(
            "a value of the wrong type", "POST", Paths.configMaps, Sample.configMap("b", data: ["a": 5]), 400, "BadRequest",
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal number "
                + "into Go struct field ConfigMap.data of type string"
        ),
        Case(
            "a name of the wrong type", "POST", Paths.configMaps, ["metadata": ["name": 7]], 400, "BadRequest",
            "ConfigMap in version \"v1\" cannot be handled as a ConfigMap: json: cannot unmarshal number "
                + "into Go struct field ObjectMeta.metadata.name of type string"
        ),
        Case(
            "a version with a new object", "POST", Paths.configMaps, ["metadata": ["name": "b", "resourceVersion": "5"]], 500, "",
            "resourceVersion should not be set on objects to be created"),
        Case(
            "another namespace in the body", "POST", Paths.configMaps, ["metadata": ["name": "b", "namespace": "kube-system"]], 400,
            "BadRequest", "the namespace of the provided object does not match the namespace sent on the request"),
        Case(
            "another name in the body", "PUT", "\(Paths.configMaps)/a", Sample.configMap("b"), 400, "BadRequest",
            "the name of the object (b) does not match the name on the URL (a)"),
        Case(
            "a patch that cannot be applied", "PATCH", "\(Paths.configMaps)/a", [["op": "remove", "path": "/data/z"]],
            type: "application/json-patch+json", 422, "Invalid", "the server rejected our request due to an error in our request"),
        Case(
            "a patch of what is not there", "PATCH", "\(Paths.configMaps)/z", "nonsense", type: "application/merge-patch+json", 404,
            "NotFound", "configmaps \"z\" not found"),
        Case(
            "a version that is no number", "PUT", "\(Paths.configMaps)/a", ["metadata": ["resourceVersion": "abc"]], 500, "",
            "strconv.ParseUint: parsing \"abc\": invalid syntax"),
        Case(
            "two values too many", "POST", "\(Paths.configMaps)?dryRun=Maybe", Sample.configMap("b"), 422, "Invalid",
            "CreateOptions.meta.k8s.io \"\" is invalid: dryRun: Unsupported value: [\"Maybe\"]: supported values: \"All\""),
        Case(
            "a bad name", "POST", Paths.configMaps, Sample.configMap("Upper"), 422, "Invalid",
            "ConfigMap \"Upper\" is invalid: metadata.name: Invalid value: \"Upper\": a lowercase RFC 1123 subdomain "
                + "must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric "
                + "character (e.g. 'example.com', regex used for validation is "
                + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
        ),
    ]

    @Test(arguments: cases)
    func `a request that cannot be carried out is told why`(_ test: Case) async throws {
        let harness = try await Harness()
        await harness.make(Paths.configMaps, Sample.configMap("a"))
        await harness.make(Paths.pods, Sample.pod("p"))
        let before = try await harness.store.currentRevision()
        let answer = await harness.send(test.method, test.path, test.body, type: test.type)
        #expect(answer.status == test.status)
        #expect(answer.reason == test.reason)
        #expect(answer.message == test.message)
        #expect(answer["kind"] == "Status")
        #expect(answer["status"] == "Failure")
        #expect(answer["code"]?.integer == Int64(test.status))
        #expect(try await harness.store.currentRevision() == before)
    }

    @Test func `details name the object`() async throws {
        let harness = try await Harness()
        let missing = await harness.send("GET", "\(Paths.deployments)/b")
        #expect(missing["details"] == ["name": "b", "group": "apps", "kind": "deployments"])
    }

    @Test func `more requests at once than allowed are told to come back`() async throws {
        let harness = try await Harness(options: APIServerOptions(maximumRequestsInFlight: 0))
        let answer = await harness.send("GET", Paths.configMaps)
        #expect(answer.status == 429)
        #expect(answer.reason == "TooManyRequests")
        #expect(answer.header("retry-after") == "1")
    }
}
