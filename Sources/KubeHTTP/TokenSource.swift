internal import FoundationEssentials
internal import NIOCore
internal import Synchronization

/// The bearer token of a client; one that lies in a file is read anew every minute, because it is rotated there.
final class TokenSource: Sendable {
    private let fixed: String?
    private let file: String?
    private let cached = Mutex<(token: String, expires: NIODeadline)?>(nil)

    init(_ identity: ClientConfiguration.Identity) {
        fixed = identity.token
        file = identity.tokenFile
    }

    /// - Throws: where the file has never been readable; later the last token read is used on.
    func current() throws(TransportError) -> String? {
        guard let file else { return fixed }
        let now = NIODeadline.now()
        let known = cached.withLock { $0 }
        if let known, now < known.expires { return known.token }
        do {
            let text = String(decoding: try Data(contentsOf: URL(filePath: file)), as: UTF8.self)
            let token = String(text.drop(while: \.isWhitespace).prefix { !$0.isWhitespace })
            cached.withLock { $0 = (token, now + .seconds(60)) }
            return token
        } catch {
            if let known { return known.token }
            throw TransportError(message: "cannot read the token file \(file): \(error)", remedy: "check the path and its mode")
        }
    }
}
