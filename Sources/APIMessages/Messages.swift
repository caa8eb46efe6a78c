/// Who is asking, as the transport authenticated it.
public struct UserInfo: Sendable, Hashable {
    public var name: String
    public var uid: String
    public var groups: [String]
    /// Further attributes of the identity, as `TokenReview` carries them.
    public var extra: [String: [String]]

    public init(name: String, uid: String = "", groups: [String] = [], extra: [String: [String]] = [:]) {
        self.name = name
        self.uid = uid
        self.groups = groups
        self.extra = extra
    }

    /// The user of a request without any credentials.
    public static let anonymous = UserInfo(name: "system:anonymous", groups: ["system:unauthenticated"])
}

/// What the transport knows of the caller before authentication.
public enum Credentials: Sendable, Equatable {
    case none
    /// `Authorization: Bearer …`
    case bearerToken(String)
    /// The subject of a client certificate that the transport has verified against the client CA:
    /// common name and organisations.
    case certificate(commonName: String, organizations: [String])
    /// A component of this process that calls without a socket; it has proved itself by holding a reference.
    case inProcess(UserInfo)
}

/// An HTTP request, the same over a socket and in process.
public struct APIRequest: Sendable {
    /// Upper case: `GET`, `POST`, `PUT`, `PATCH`, `DELETE`, `HEAD`, `OPTIONS`.
    public var method: String
    /// The percent-decoded path without the query, beginning with `/`.
    public var path: String
    /// Percent-decoded query items in order of appearance.
    public var query: [(name: String, value: String)]
    /// Names in lower case, in order of appearance.
    public var headers: [(name: String, value: String)]
    public var body: [UInt8]
    public var credentials: Credentials

    public init(
        method: String, path: String, query: [(name: String, value: String)] = [],
        headers: [(name: String, value: String)] = [], body: [UInt8] = [], credentials: Credentials = .none
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.credentials = credentials
    }

    /// The first header of that lower-case name.
    public func header(_ name: String) -> String? { headers.first { $0.name == name }?.value }

    /// The first query item of that name.
    public func queryValue(_ name: String) -> String? { query.first { $0.name == name }?.value }
}

/// An HTTP response: a whole body, or a stream of chunks (a watch).
public struct APIResponse: Sendable {
    public enum Body: Sendable {
        case bytes([UInt8])
        case stream(any ByteStream)
    }

    public var status: Int
    /// Names in lower case; `content-length` and `date` are the transport's business.
    public var headers: [(name: String, value: String)]
    public var body: Body

    public init(status: Int, headers: [(name: String, value: String)] = [], body: Body = .bytes([])) {
        self.status = status
        self.headers = headers
        self.body = body
    }
}

/// A body whose length nobody knows yet. One reader.
public protocol ByteStream: Sendable {
    /// The next chunks, as many as are ready; waits until there is one. `nil` at the end.
    ///
    /// Throws where the connection broke; a server's stream never throws.
    func next() async throws -> [[UInt8]]?
    /// Says that nobody will read further; a waiting `next` returns `nil`.
    func cancel()
}

/// Answers requests: the API server seen from a transport.
public protocol APIHandler: Sendable {
    /// Answers any request, wrong ones with a `Status`; never throws.
    func handle(_ request: APIRequest) async -> APIResponse
}

/// Carries requests to an API server, in this process or elsewhere.
public protocol APITransport: Sendable {
    /// The server's answer, whatever its status.
    ///
    /// - Throws: where no answer came: no connection, a broken one, a time-out.
    func send(_ request: APIRequest) async throws -> APIResponse
}

/// Calls an API server in this process: the same authentication and admission, no socket.
public struct InProcessTransport: APITransport {
    private let handler: any APIHandler
    private let user: UserInfo

    /// - Parameter user: who calls; replaces whatever credentials a request carries.
    public init(handler: any APIHandler, user: UserInfo) {
        self.handler = handler
        self.user = user
    }

    public func send(_ request: APIRequest) async throws -> APIResponse {
        var request = request
        request.credentials = .inProcess(user)
        return await handler.handle(request)
    }
}
