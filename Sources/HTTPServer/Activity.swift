internal import APIMessages
internal import NIOCore
internal import Synchronization

/// What a server is doing, for its connection limit and for a graceful stop.
final class Activity: Sendable {
    private struct State {
        var channels: [ObjectIdentifier: any Channel] = [:]
        var streams: [UInt64: any ByteStream] = [:]
        var nextStream: UInt64 = 0
        var isDraining = false
        var streamsEnded = false
    }

    private let state = Mutex(State())
    /// Requests whose answer is not yet handed to its connection; open streams are not among them.
    private let pending = Atomic<Int>(0)

    var pendingRequests: Int { pending.load(ordering: .relaxed) }
    var connectionCount: Int { state.withLock { $0.channels.count } }
    var isDraining: Bool { state.withLock { $0.isDraining } }

    /// Counts a connection in; `false` where there are too many of them or the server is stopping.
    func admit(_ channel: any Channel, limit: Int) -> Bool {
        let key = ObjectIdentifier(channel)
        let admitted = state.withLock { state in
            guard !state.isDraining, state.channels.count < limit else { return false }
            state.channels[key] = channel
            return true
        }
        guard admitted else { return false }
        channel.closeFuture.whenComplete { _ in
            // The removed channel is released outside the lock.
            _ = self.state.withLock { $0.channels.removeValue(forKey: key) }
        }
        return true
    }

    func requestStarted() { pending.wrappingAdd(1, ordering: .relaxed) }
    func requestAnswered() { pending.wrappingSubtract(1, ordering: .relaxed) }

    /// Remembers an open stream, to be ended when the server stops; `nil` where it should be ended at once.
    func opened(_ stream: any ByteStream) -> UInt64? {
        state.withLock { state in
            guard !state.streamsEnded else { return nil }
            state.nextStream += 1
            state.streams[state.nextStream] = stream
            return state.nextStream
        }
    }

    func closed(_ stream: UInt64) { _ = state.withLock { $0.streams.removeValue(forKey: stream) } }

    /// The connections open now; no further one is admitted.
    func beginDraining() -> [any Channel] {
        state.withLock { state in
            state.isDraining = true
            return Array(state.channels.values)
        }
    }

    var openChannels: [any Channel] { state.withLock { Array($0.channels.values) } }

    /// Ends every open stream cleanly, and those opened later.
    func endStreams() {
        let streams = state.withLock { state in
            state.streamsEnded = true
            return Array(state.streams.values)
        }
        for stream in streams { stream.cancel() }
    }
}
