internal import Objects

/// Why a call of the Kubernetes API did not do what it was asked.
public enum KubeError: Error, Sendable, CustomStringConvertible {
    /// The server answered with a `Status` of failure.
    case status(code: Int, reason: String, message: String)
    /// No answer, or none that could be read.
    case transport(String)

    /// Reads a response whose status code is no success.
    init(code: Int, body: [UInt8]) {
        let status = try? JSON(parsing: body)
        self = .status(
            code: code, reason: status?["reason"]?.string ?? "",
            message: status?["message"]?.string ?? String(decoding: body.prefix(512), as: UTF8.self))
    }

    /// The HTTP status code; 0 without an answer.
    public var code: Int {
        if case .status(let code, _, _) = self { code } else { 0 }
    }

    public var reason: String {
        if case .status(_, let reason, _) = self { reason } else { "" }
    }

    public var isNotFound: Bool { code == 404 }
    /// Somebody else changed the object first: read it again and decide anew.
    public var isConflict: Bool { code == 409 && reason != "AlreadyExists" }
    public var alreadyExists: Bool { reason == "AlreadyExists" }
    /// The resource version is too old to watch from: list again.
    public var isExpired: Bool { code == 410 }

    public var description: String {
        switch self {
        case .status(let code, let reason, let message): "\(message) (\(code) \(reason))"
        case .transport(let message): message
        }
    }
}
