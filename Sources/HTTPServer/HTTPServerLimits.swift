/// What one server grants its clients before it refuses or hangs up.
public struct HTTPServerLimits: Sendable {
    /// The longest request body, in bytes; a longer one is answered with 413. The default is kube-apiserver's, 3 MiB.
    public var bodyBytes = 3 * 1_024 * 1_024
    /// The largest request head, in bytes of names, values and request line; a larger one is answered with 431.
    public var headBytes = 64 * 1_024
    /// The most header fields of one request.
    public var headFields = 200
    /// How long a TLS handshake may take.
    public var handshakeTimeout: Duration = .seconds(10)
    /// How long a request head may take from its first byte (HTTP/1.1).
    public var headTimeout: Duration = .seconds(10)
    /// How long a request body may take from the end of its head.
    public var bodyTimeout: Duration = .seconds(30)
    /// How long a connection without a request is kept.
    public var idleTimeout: Duration = .seconds(120)
    /// How often a silent HTTP/2 client is asked whether it lives, and half of how long it may take to answer.
    public var pingInterval: Duration = .seconds(60)
    /// How long a client may leave a response unread before its connection is closed. A stream that nothing is written to is
    /// not meant.
    public var writeTimeout: Duration = .seconds(60)
    /// The most streams open at a time on one HTTP/2 connection; Go's default.
    public var concurrentStreams = 250
    /// The most connections at a time; a further one is closed at once.
    public var connections = 20_000
    /// The most RST_STREAM frames a client may send within `resetWindow` before its connection is closed. nio-http2's own
    /// limit of 200 in 30 s cuts off clients that cancel many watches; none at all invites a rapid-reset flood.
    public var resets = 2_000
    /// The sliding window of `resets`.
    public var resetWindow: Duration = .seconds(5)
    /// The most handlers running at a time for one connection, those of streams that the client has already reset among
    /// them; a request above is answered with 429.
    public var runningHandlers = 500
    /// The most parts of pipelined HTTP/1.1 requests that are read ahead of the running one.
    public var pipelinedParts = 64
    /// How long running requests may go on after the server was told to stop.
    public var gracePeriod: Duration = .seconds(3)

    /// The defaults of every limit.
    public init() {}
}
