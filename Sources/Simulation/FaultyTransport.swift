public import APIMessages
public import Ports
internal import Synchronization

/// What happens to one request.
public enum MessageFault: Sendable, Equatable {
    /// It never arrives.
    case lost
    /// It has its effect, but its answer never arrives.
    case answerLost
    /// It arrives twice; the second answer counts.
    case repeated
    case delayed(Duration)
    /// The watch that it opens breaks off after so many reads.
    case brokenWatch(reads: Int)
}

/// No answer came.
public struct MessageLost: Error, Sendable, Equatable, CustomStringConvertible {
    public var description: String

    init(_ description: String) { self.description = description }
}

/// A transport on which requests and answers get lost, late or doubled, by chance or by script.
public final class FaultyTransport: APITransport {
    private let base: any APITransport
    private let time: any TimeSource
    private let timeout: Duration
    private let isCutOff: @Sendable () -> Bool
    private let choose: @Sendable (Int, APIRequest) -> MessageFault?
    /// How long the next read of a watch is held back.
    private let lag: @Sendable () -> Duration?
    private let serial = Mutex(0)

    /// Faults by script.
    ///
    /// - Parameter script: what happens to the request of that serial number, counted from 0.
    public init(
        _ base: any APITransport, time: any TimeSource, timeout: Duration = .seconds(5),
        script: @escaping @Sendable (_ serial: Int, _ request: APIRequest) -> MessageFault?
    ) {
        self.base = base
        self.time = time
        self.timeout = timeout
        isCutOff = { false }
        choose = script
        lag = { nil }
    }

    /// Faults by chance.
    ///
    /// - Parameter isCutOff: while it is true nothing arrives in either direction.
    public init(
        _ base: any APITransport, time: any TimeSource, generator: SeededGenerator, faults: MessageFaults,
        isCutOff: @escaping @Sendable () -> Bool = { false }
    ) {
        self.base = base
        self.time = time
        timeout = faults.timeout
        self.isCutOff = isCutOff
        let dice = Dice(generator: generator, faults: faults)
        choose = { _, request in dice.draw(request) }
        // Draws of their own: what becomes of requests does not depend on how often watches are read.
        let lags = Mutex(generator.fork("lags"))
        lag = {
            guard faults.delayedWatch > 0 else { return nil }
            return lags.withLock { generator in generator.chance(faults.delayedWatch) ? faults.delay.draw(&generator) : nil }
        }
    }

    public func send(_ request: APIRequest) async throws -> APIResponse {
        let number = serial.withLock { serial in
            defer { serial += 1 }
            return serial
        }
        try await refuseIfCutOff(request)
        var reads: Int?
        switch choose(number, request) {
        case .lost: throw try await loss("\(request.method) \(request.path): the request was lost")
        case .answerLost:
            cancelStream(of: try await base.send(request))
            throw try await loss("\(request.method) \(request.path): the answer was lost")
        case .repeated: cancelStream(of: try await base.send(request))
        case .delayed(let delay):
            try await time.sleep(for: delay)
            try await refuseIfCutOff(request)
        case .brokenWatch(let limit): reads = limit
        case nil: break
        }
        var response = try await base.send(request)
        // An answer does not reach those who were cut off meanwhile.
        if isCutOff() {
            cancelStream(of: response)
            throw try await loss("\(request.method) \(request.path): the answer was lost")
        }
        if case .stream(let stream) = response.body, let reads {
            response.body = .stream(BreakingStream(stream, reads: reads))
        }
        if case .stream(let stream) = response.body { response.body = .stream(LateStream(stream, time: time, lag: lag)) }
        return response
    }

    private func refuseIfCutOff(_ request: APIRequest) async throws {
        if isCutOff() { throw try await loss("\(request.method) \(request.path): no connection") }
    }

    /// What is thrown once the caller has waited in vain.
    private func loss(_ message: String) async throws -> MessageLost {
        try await time.sleep(for: timeout)
        return MessageLost(message)
    }

    private func cancelStream(of response: APIResponse) {
        if case .stream(let stream) = response.body { stream.cancel() }
    }
}

/// Draws the fate of requests.
private final class Dice: Sendable {
    private let faults: MessageFaults
    private let generator: Mutex<SeededGenerator>

    init(generator: SeededGenerator, faults: MessageFaults) {
        self.faults = faults
        self.generator = Mutex(generator)
    }

    /// One fault at most; the draws of a request do not depend on each other's outcome.
    func draw(_ request: APIRequest) -> MessageFault? {
        let faults = faults
        let isWatch = request.queryValue("watch") == "true"
        return generator.withLock { generator in
            let isLost = generator.chance(faults.lost)
            let isAnswerLost = generator.chance(faults.answerLost)
            let isRepeated = generator.chance(faults.repeated)
            let isDelayed = generator.chance(faults.delayed)
            let delay = faults.delay.draw(&generator)
            if isLost { return .lost }
            if isAnswerLost { return .answerLost }
            if isWatch {
                guard faults.brokenWatch > 0 else { return isDelayed ? .delayed(delay) : nil }
                var reads = 0
                while reads < 10_000, !generator.chance(faults.brokenWatch) { reads += 1 }
                return .brokenWatch(reads: reads)
            }
            if isRepeated { return .repeated }
            return isDelayed ? .delayed(delay) : nil
        }
    }
}

/// A stream that breaks off after a number of reads.
private final class BreakingStream: ByteStream {
    private let base: any ByteStream
    private let left: Mutex<Int>

    init(_ base: any ByteStream, reads: Int) {
        self.base = base
        left = Mutex(reads)
    }

    func next() async throws -> [[UInt8]]? {
        let isBroken = left.withLock { left in
            left -= 1
            return left < 0
        }
        if isBroken {
            base.cancel()
            throw MessageLost("the watch broke off")
        }
        return try await base.next()
    }

    func cancel() { base.cancel() }
}

/// A stream whose reads come late at times.
private final class LateStream: ByteStream {
    private let base: any ByteStream
    private let time: any TimeSource
    private let lag: @Sendable () -> Duration?

    init(_ base: any ByteStream, time: any TimeSource, lag: @escaping @Sendable () -> Duration?) {
        self.base = base
        self.time = time
        self.lag = lag
    }

    func next() async throws -> [[UInt8]]? {
        let chunks = try await base.next()
        if let lag = lag() { try await time.sleep(for: lag) }
        return chunks
    }

    func cancel() { base.cancel() }
}
