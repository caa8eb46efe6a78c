/// How to reach one API server and as whom.
public struct ClientConfiguration: Sendable, Equatable {
    /// Whose word a client takes for who the server is.
    public enum ServerTrust: Sendable, Equatable {
        /// The system's authorities.
        case system
        /// These authorities only, as PEM text.
        case authorities(pem: String)
        /// `insecure-skip-tls-verify`: anyone.
        case anyone
    }

    /// How a client shows who it is; certificate and token may stand together.
    public struct Identity: Sendable, Equatable {
        /// Certificate, then its issuers, as PEM text.
        public var certificatePEM: String?
        public var privateKeyPEM: String?
        public var token: String?
        /// A file that is read anew every minute; wins over `token`, as in client-go.
        public var tokenFile: String?

        public init(certificatePEM: String? = nil, privateKeyPEM: String? = nil, token: String? = nil, tokenFile: String? = nil) {
            self.certificatePEM = certificatePEM
            self.privateKeyPEM = privateKeyPEM
            self.token = token
            self.tokenFile = tokenFile
        }
    }

    /// For example `https://10.0.0.1:6443`, perhaps with a path that is put before every request's.
    public var server: String
    public var trust: ServerTrust
    public var identity: Identity
    /// The namespace of the kubeconfig's context; empty where it names none.
    public var namespace = ""
    /// How long a request that is no watch may take, its body among it.
    public var requestTimeout: Duration = .seconds(60)
    /// How long connecting may take, and how long the head of a watch's answer.
    public var connectTimeout: Duration = .seconds(10)
    /// The largest body of a request that is no watch, in bytes.
    public var responseBytes = 1 << 30
    public var userAgent = "sluice"

    public init(server: String, trust: ServerTrust = .system, identity: Identity = Identity()) {
        self.server = server
        self.trust = trust
        self.identity = identity
    }
}

/// Why a request got no answer, or why a kubeconfig cannot be used.
public struct TransportError: Error, Equatable, CustomStringConvertible {
    public var message: String
    /// What to do about it.
    public var remedy: String

    public init(message: String, remedy: String) {
        self.message = message
        self.remedy = remedy
    }

    public var description: String { "\(message); \(remedy)" }
}
