public import APIMessages
public import Identity
public import Kinds
internal import Objects
public import Ports
public import Store
internal import Synchronization

/// Settings of an API server.
public struct APIServerOptions: Sendable {
    /// Requests other than watches that may be under way at once; more get 429.
    public var maximumRequestsInFlight: Int
    /// Watches that may be open at once; more get 429.
    public var maximumWatches: Int
    /// Deepest nesting of a request body.
    public var maximumDepth: Int
    /// Largest request body; Kubernetes' own bound is 3 MiB.
    public var maximumBodyBytes: Int
    /// Sluice's version, a part of `gitVersion` at `/version`.
    public var versionText: String

    public init(
        maximumRequestsInFlight: Int = 600, maximumWatches: Int = 20_000, maximumDepth: Int = 100,
        maximumBodyBytes: Int = 3 << 20, versionText: String = "0.1.0"
    ) {
        self.maximumRequestsInFlight = maximumRequestsInFlight
        self.maximumWatches = maximumWatches
        self.maximumDepth = maximumDepth
        self.maximumBodyBytes = maximumBodyBytes
        self.versionText = versionText
    }
}

/// The Kubernetes API over a store: every request of every transport ends here.
///
/// Kinds are data (``Kinds/KindRegistry``); this target holds the verbs that work on all of them and the code of the few
/// that do something of their own: pods (binding, eviction, graceful deletion), namespaces, custom resource definitions.
public final class APIServer: APIHandler {
    let store: any Store
    let time: any TimeSource
    let authenticator: Authenticator
    let authorizer: any Authorizer
    let options: APIServerOptions
    let documents = DocumentCache()
    let decoded = DecodedCache()
    let lines = LineCache()
    /// The kinds of this program, whose place no definition can take.
    let builtInKinds: KindRegistry
    private let registry: Mutex<KindRegistry>
    private let randomness: Mutex<any RandomNumberGenerator & Sendable>
    private let load = Mutex(Load())

    private struct Load {
        var requests = 0
        var watches = 0
    }

    /// - Parameters:
    ///   - kinds: the kinds served from the start; those of stored custom resource definitions are added by ``start()``.
    ///   - randomness: for names and uids; seeded in simulations.
    public init(
        store: any Store, kinds: KindRegistry, time: any TimeSource, authenticator: Authenticator, authorizer: any Authorizer,
        randomness: any RandomNumberGenerator & Sendable, options: APIServerOptions = APIServerOptions()
    ) {
        self.store = store
        self.time = time
        self.authenticator = authenticator
        self.authorizer = authorizer
        self.options = options
        builtInKinds = kinds
        registry = Mutex(kinds)
        self.randomness = Mutex(randomness)
    }

    /// The kinds served now.
    public var kinds: KindRegistry { registry.withLock { $0 } }

    func changeKinds(_ change: (inout KindRegistry) -> Void) {
        registry.withLock { change(&$0) }
        documents.clear()
    }

    func draw<Value>(_ body: (inout any RandomNumberGenerator & Sendable) -> Value) -> Value {
        randomness.withLock { body(&$0) }
    }

    /// Makes the namespaces and priority classes every cluster has, and serves the stored custom resource definitions.
    ///
    /// Repeating it changes nothing.
    public func start() async throws(APIFailure) {
        try await loadCustomResourceDefinitions()
        try await createStandardObjects()
    }

    public func handle(_ request: APIRequest) async -> APIResponse {
        let info = RequestInfo(request)
        let isWatch = info.isResource && info.verb == "watch"
        guard admit(isWatch) else {
            return APIFailure.tooManyRequests("Too many requests, please try again later.").response
        }
        var response: APIResponse
        do throws(APIFailure) {
            response = try await answer(request, info)
        } catch {
            response = error.response
        }
        if isWatch, case .stream(let stream) = response.body {
            response.body = .stream(CountedStream(stream) { [weak self] in self?.release(isWatch: true) })
        } else {
            release(isWatch: isWatch)
        }
        if request.method == "HEAD" { response.body = .bytes([]) }
        return response
    }

    private func answer(_ request: APIRequest, _ info: RequestInfo) async throws(APIFailure) -> APIResponse {
        let user = try impersonated(request, by: authenticate(request))
        try authorize(user, info)
        guard request.body.count <= options.maximumBodyBytes else { throw .bodyTooLarge(limit: options.maximumBodyBytes) }
        if !info.isResource { return try await answerDocument(request, info) }
        guard !info.resource.isEmpty else { return try await answerDocument(request, info) }
        let registry = kinds
        guard let kind = registry.kind(group: info.group, version: info.version, plural: info.resource) else {
            return try APIServer.noSuchPath(info, isBuiltIn: builtInKinds.serves(group: info.group, version: info.version))
        }
        guard kind.isNamespaced || info.namespace.isEmpty || kind.kind == "Namespace" else {
            return try APIServer.noSuchPath(info, isBuiltIn: !kind.isCustomResource)
        }
        let call = Call(request: request, info: info, kind: kind, user: user, kinds: registry)
        return try await dispatch(call)
    }

    /// The answer for a path without a resource: a `Status` in the groups of Kubernetes' own, a text elsewhere, as there.
    static func noSuchPath(_ info: RequestInfo, isBuiltIn: Bool) throws(APIFailure) -> APIResponse {
        if isBuiltIn { throw .noSuchResource }
        return notFoundText
    }

    // MARK: - Load

    private func admit(_ isWatch: Bool) -> Bool {
        load.withLock { load in
            if isWatch {
                guard load.watches < options.maximumWatches else { return false }
                load.watches += 1
            } else {
                guard load.requests < options.maximumRequestsInFlight else { return false }
                load.requests += 1
            }
            return true
        }
    }

    private func release(isWatch: Bool) {
        load.withLock { load in
            if isWatch { load.watches -= 1 } else { load.requests -= 1 }
        }
    }

    // MARK: - Who may

    private func authenticate(_ request: APIRequest) throws(APIFailure) -> UserInfo {
        switch authenticator.authenticate(request.credentials) {
        case .user(let user): return user
        case .unauthenticated: throw .unauthorized
        }
    }

    private func authorize(_ user: UserInfo, _ info: RequestInfo) throws(APIFailure) {
        let attributes =
            info.isResource && !info.resource.isEmpty
            ? RequestAttributes(
                user: user, verb: info.verb, group: info.group, version: info.version, resource: info.resource,
                subresource: info.subresource, namespace: info.namespace, name: info.name, path: info.path)
            : RequestAttributes(user: user, verb: info.verb, path: info.path)
        try demand(attributes)
    }

    private func demand(_ attributes: RequestAttributes) throws(APIFailure) {
        var reason = ""
        switch authorizer.authorize(attributes) {
        case .allow: return
        case .deny(let why): reason = why
        case .noOpinion: break
        }
        var details: JSON? = nil
        if attributes.isResourceRequest {
            var fields: JSON = [:]
            if !attributes.name.isEmpty { fields["name"] = .string(attributes.name) }
            if !attributes.group.isEmpty { fields["group"] = .string(attributes.group) }
            fields["kind"] = .string(attributes.resource)
            details = fields
        }
        throw APIFailure(code: 403, reason: "Forbidden", message: attributes.forbiddenMessage(reason: reason), details: details ?? [:])
    }

    /// The user that the request's `Impersonate-…` headers name, if the caller may be them; otherwise the caller.
    private func impersonated(_ request: APIRequest, by caller: UserInfo) throws(APIFailure) -> UserInfo {
        guard let wish = try Impersonation(request) else { return caller }
        for attributes in wish.attributes(caller: caller) { try demand(attributes) }
        return wish.user
    }
}

/// A stream that tells when nobody reads it any more, once.
private final class CountedStream: ByteStream {
    private let stream: any ByteStream
    private let ended: Mutex<(@Sendable () -> Void)?>

    init(_ stream: any ByteStream, ended: @escaping @Sendable () -> Void) {
        self.stream = stream
        self.ended = Mutex(ended)
    }

    deinit { end() }

    private func end() {
        let ended = ended.withLock { ended in
            defer { ended = nil }
            return ended
        }
        ended?()
    }

    func next() async throws -> [[UInt8]]? {
        let chunks = try await stream.next()
        if chunks == nil { end() }
        return chunks
    }

    func cancel() {
        stream.cancel()
        end()
    }
}
