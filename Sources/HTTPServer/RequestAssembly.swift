internal import APIMessages
internal import NIOCore

/// A request while its parts arrive; the same for HTTP/1.1 and HTTP/2.
struct RequestAssembly {
    private(set) var request: APIRequest
    /// What `content-length` promised.
    private(set) var announcedLength: Int?
    private(set) var expectsContinue = false
    private let bodyLimit: Int

    /// - Parameters:
    ///   - headers: with names in lower case; `authorization` is taken out of them, so that no log can repeat it.
    ///   - connection: whose verified client certificate wins over a bearer token, as in kube-apiserver.
    init(
        method: String, target: String, headers: [(name: String, value: String)], connection: Connection
    ) throws(RequestRefusal) {
        let target = try RequestTarget(target)
        bodyLimit = connection.limits.bodyBytes
        request = APIRequest(method: method, path: target.path, query: target.query, headers: headers)
        request.credentials = connection.certificate
        for (index, header) in headers.enumerated() {
            switch header.name {
            case "content-length":
                guard let length = Int(header.value), length >= 0 else {
                    throw .badRequest("content-length is not a number: \(header.value)")
                }
                announcedLength = length
            case "expect": expectsContinue = header.value.lowercased() == "100-continue"
            case "authorization":
                if case .none = request.credentials, let token = Self.bearerToken(header.value) {
                    request.credentials = .bearerToken(token)
                }
                request.headers.remove(at: index - (headers.count - request.headers.count))
            default: break
            }
        }
        if let announcedLength {
            guard announcedLength <= bodyLimit else { throw .bodyTooLarge(limit: bodyLimit) }
        }
    }

    /// Adds a piece of the body.
    mutating func append(_ buffer: ByteBuffer) throws(RequestRefusal) {
        guard request.body.count + buffer.readableBytes <= bodyLimit else { throw .bodyTooLarge(limit: bodyLimit) }
        if request.body.isEmpty, let announcedLength {
            // A promise reserves no more than this before its bytes are there.
            request.body.reserveCapacity(min(announcedLength, 256 * 1_024))
        }
        request.body.append(contentsOf: buffer.readableBytesView)
    }

    /// The token of `Bearer TOKEN`; the scheme in any case, as RFC 9110 wants it.
    private static func bearerToken(_ value: String) -> String? {
        let parts = value.split(separator: " ", maxSplits: 1, omittingEmptySubsequences: true)
        guard parts.count == 2, parts[0].lowercased() == "bearer" else { return nil }
        let token = parts[1].drop { $0 == " " }
        return token.isEmpty ? nil : String(token)
    }
}
