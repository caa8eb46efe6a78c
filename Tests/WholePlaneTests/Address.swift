import APIMessages
import Synchronization

/// An address behind which API servers come and go: requests fail while none is there, and open watches break when one
/// leaves.
final class Address: Sendable {
    struct Refused: Error, CustomStringConvertible {
        var description: String { "connection refused" }
    }

    private struct State {
        var handler: (any APIHandler)?
        var open: [Int: any ByteStream] = [:]
        var serial = 0
    }

    private let state = Mutex(State())

    /// Puts a server behind the address; `nil` takes it away and breaks what is open.
    func serve(_ handler: (any APIHandler)?) {
        let broken = state.withLock { state -> [any ByteStream] in
            state.handler = handler
            let broken = state.open.sorted { $0.key < $1.key }.map(\.value)
            state.open = [:]
            return broken
        }
        for stream in broken { stream.cancel() }
    }

    /// A way to the address for one user.
    func transport(_ user: UserInfo) -> any APITransport { Way(address: self, user: user) }

    private struct Way: APITransport {
        let address: Address
        let user: UserInfo

        func send(_ request: APIRequest) async throws -> APIResponse {
            guard let handler = address.state.withLock({ $0.handler }) else { throw Refused() }
            var request = request
            request.credentials = .inProcess(user)
            let response = await handler.handle(request)
            if case .stream(let stream) = response.body {
                address.state.withLock { state in
                    state.serial += 1
                    state.open[state.serial] = stream
                }
            }
            return response
        }
    }
}
