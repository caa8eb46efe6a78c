internal import APIMessages
internal import Objects

/// Why the transport answers a request itself, as a Kubernetes `Status`.
struct RequestRefusal: Error, Equatable {
    var code: Int
    var reason: String
    var message: String

    static func badRequest(_ message: String) -> RequestRefusal {
        RequestRefusal(code: 400, reason: "BadRequest", message: message)
    }

    static func bodyTooLarge(limit: Int) -> RequestRefusal {
        RequestRefusal(
            code: 413, reason: "RequestEntityTooLarge", message: "Request entity too large: limit is \(limit) bytes")
    }

    static func headTooLarge(limit: Int) -> RequestRefusal {
        RequestRefusal(
            code: 431, reason: "RequestHeaderFieldsTooLarge", message: "Request head too large: limit is \(limit) bytes")
    }

    static let timeout = RequestRefusal(
        code: 408, reason: "Timeout", message: "the request did not arrive in time; send its head and body without a pause")

    static let tooManyRequests = RequestRefusal(
        code: 429, reason: "TooManyRequests", message: "too many requests of this connection are running; retry later")

    var response: APIResponse {
        let status: JSON = [
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure", "message": .string(message),
            "reason": .string(reason), "code": .integer(Int64(code)),
        ]
        var headers = [(name: "content-type", value: "application/json")]
        if code == 429 { headers.append((name: "retry-after", value: "1")) }
        return APIResponse(status: code, headers: headers, body: .bytes(status.encoded))
    }
}
