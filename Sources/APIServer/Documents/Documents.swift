internal import APIMessages
internal import Kinds
internal import Objects
internal import Store
internal import Synchronization

/// Documents derived from the kinds, made once and kept until the kinds change.
final class DocumentCache: Sendable {
    private let documents = Mutex<[String: (bytes: [UInt8], tag: String)]>([:])

    func clear() { documents.withLock { $0 = [:] } }

    /// The document of a name with its entity tag.
    func document(_ name: String, _ make: () -> [UInt8]?) -> (bytes: [UInt8], tag: String)? {
        if let known = documents.withLock({ $0[name] }) { return known }
        guard let bytes = make() else { return nil }
        // FNV-1a: the tag tells versions of a document apart, it proves nothing.
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for byte in bytes { hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01B3 }
        let entry = (bytes, "\"\(String(hash, radix: 16, uppercase: true))-\(bytes.count)\"")
        documents.withLock { $0[name] = entry }
        return entry
    }
}

extension APIServer {
    /// Answers paths that are no resource: discovery, OpenAPI, version, health.
    func answerDocument(_ request: APIRequest, _ info: RequestInfo) async throws(APIFailure) -> APIResponse {
        let parts = info.path.split(separator: "/").map(String.init)
        if let health = try await health(parts, request) { return health }
        let isKnown = ["api", "apis", "openapi", "version"].contains(parts.first ?? "") || parts.isEmpty
        guard isKnown else { return APIServer.notFoundText }
        guard request.method == "GET" || request.method == "HEAD" else { throw .methodNotAllowed }
        let accept = request.header("accept") ?? ""
        let registry = kinds
        switch (parts.first, parts.count) {
        case (nil, _): return Rendering.json(["paths": .array(rootPaths(registry).map { .string($0) })])
        case ("version", 1): return Rendering.json(versionDocument)
        case ("api", 1) where try wantsAggregated(accept), ("apis", 1) where try wantsAggregated(accept):
            let isCore = parts[0] == "api"
            let type = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
            return try respond(request, "aggregated \(parts[0])", type: type) {
                isCore ? Discovery.aggregatedCore(registry) : Discovery.aggregatedGroups(registry)
            }
        case ("api", 1):
            return try respond(request, "api") { Discovery.apiVersions(registry, serverAddress: request.header("host") ?? "127.0.0.1") }
        case ("apis", 1): return try respond(request, "apis") { Discovery.groupList(registry) }
        case ("api", 2): return try respond(request, info.path) { Discovery.resourceList(registry, group: "", version: parts[1]) }
        case ("apis", 2): return try respond(request, info.path) { Discovery.group(registry, parts[1]) }
        case ("apis", 3):
            return try respond(request, info.path) { Discovery.resourceList(registry, group: parts[1], version: parts[2]) }
        case ("openapi", 2) where parts[1] == "v2": return try answerOpenAPIv2(request, accept, registry)
        case ("openapi", 2) where parts[1] == "v3": return try respond(request, info.path) { OpenAPI.v3Index(registry) }
        case ("openapi", 4) where parts[1] == "v3" && parts[2] == "api":
            return try respond(request, info.path) { OpenAPI.v3(registry, group: "", version: parts[3]) }
        case ("openapi", 5) where parts[1] == "v3" && parts[2] == "apis":
            return try respond(request, info.path) { OpenAPI.v3(registry, group: parts[3], version: parts[4]) }
        default: return APIServer.notFoundText
        }
    }

    static let notFoundText = APIResponse(
        status: 404, headers: [("content-type", "text/plain; charset=utf-8")], body: .bytes(Array("404 page not found\n".utf8)))

    /// Whether the first form the client takes is the one document of all groups.
    private func wantsAggregated(_ accept: String) throws(APIFailure) -> Bool {
        guard !accept.isEmpty else { return false }
        for entry in accept.split(separator: ",") {
            guard let media = MediaType(entry), media.type == "application/json" || media.type == "*/*" else { continue }
            if media.parameters["as"] == "APIGroupDiscoveryList", media.parameters["v"] == "v2" { return true }
            if media.parameters["as"] == nil { return false }
        }
        throw .notAcceptable("application/json", isStructured: true)
    }

    /// The Swagger document in the first form the client takes.
    ///
    /// The name of the protobuf form with `@` is no valid media type, so answers never bear it: clients would not read it.
    private func answerOpenAPIv2(_ request: APIRequest, _ accept: String, _ registry: KindRegistry) throws(APIFailure) -> APIResponse {
        let protobuf = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"
        for entry in (accept.isEmpty ? "*/*" : accept).split(separator: ",") {
            switch MediaType(entry)?.type {
            case protobuf, "application/com.github.proto-openapi.spec.v2@v1.0+protobuf":
                return try respond(request, "openapi v2 protobuf", type: protobuf, bytes: { OpenAPI.v2Protobuf(registry) })
            case "application/json", "application/*", "*/*": return try respond(request, "openapi v2") { OpenAPI.v2(registry) }
            default: continue
            }
        }
        throw .notAcceptable("application/json", isStructured: false)
    }

    /// A derived document, or 304 where the client has it already.
    private func respond(
        _ request: APIRequest, _ name: String, type: String = "application/json", _ make: () -> JSON?
    ) throws(APIFailure) -> APIResponse {
        try respond(request, name, type: type, bytes: { make()?.encoded })
    }

    private func respond(
        _ request: APIRequest, _ name: String, type: String, bytes make: () -> [UInt8]?
    ) throws(APIFailure) -> APIResponse {
        guard let document = documents.document(name, make) else { return APIServer.notFoundText }
        let headers: [(name: String, value: String)] = [
            ("content-type", type), ("cache-control", "public"), ("etag", document.tag), ("vary", "Accept"),
        ]
        let known = (request.header("if-none-match") ?? "").split(separator: ",").map(\.trimmed)
        if known.contains(document.tag) || known.contains("W/\(document.tag)") {
            return APIResponse(status: 304, headers: headers.filter { $0.name != "content-type" })
        }
        return APIResponse(status: 200, headers: headers, body: .bytes(document.bytes))
    }

    private func rootPaths(_ registry: KindRegistry) -> [String] {
        var paths: Set<String> = [
            "/api", "/apis", "/healthz", "/healthz/ping", "/livez", "/livez/ping", "/openapi/v2", "/openapi/v3", "/readyz",
            "/readyz/ping", "/readyz/store", "/version",
        ]
        for kind in registry.kinds {
            paths.insert(kind.group.isEmpty ? "/api/\(kind.version)" : "/apis/\(kind.group)/\(kind.version)")
            if !kind.group.isEmpty { paths.insert("/apis/\(kind.group)") }
        }
        return paths.sorted()
    }

    /// The Kubernetes version whose behaviour is followed; clients choose what they use by it.
    private var versionDocument: JSON {
        [
            "major": "1", "minor": "36", "emulationMajor": "1", "emulationMinor": "36", "minCompatibilityMajor": "1",
            "minCompatibilityMinor": "35", "gitVersion": .string("v1.36.2+sluice-\(options.versionText)"), "gitCommit": "",
            "gitTreeState": "clean", "buildDate": "1970-01-01T00:00:00Z", "goVersion": "", "compiler": "swift",
            "platform": "linux/amd64",
        ]
    }

    // MARK: - Health

    private static let checks = ["ping", "store"]

    private func health(_ parts: [String], _ request: APIRequest) async throws(APIFailure) -> APIResponse? {
        guard let first = parts.first, ["healthz", "livez", "readyz"].contains(first), parts.count <= 2 else { return nil }
        let wanted = parts.count == 2 ? [parts[1]] : APIServer.checks
        guard wanted.allSatisfy(APIServer.checks.contains) else { return APIServer.notFoundText }
        var report = ""
        var isHealthy = true
        for check in wanted {
            let passed = await passes(check)
            isHealthy = isHealthy && passed
            report += passed ? "[+]\(check) ok\n" : "[-]\(check) failed: reason withheld\n"
        }
        let verbose = request.queryValue("verbose") != nil
        var text = "ok"
        if !isHealthy || verbose { text = report + "\(first) check \(isHealthy ? "passed" : "failed")\n" }
        return APIResponse(
            status: isHealthy ? 200 : 500,
            headers: [("content-type", "text/plain; charset=utf-8"), ("x-content-type-options", "nosniff")],
            body: .bytes(Array(text.utf8)))
    }

    private func passes(_ check: String) async -> Bool {
        if check == "ping" { return true }
        return (try? await store.currentRevision()) != nil
    }
}
