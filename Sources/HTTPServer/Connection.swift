internal import APIMessages
internal import NIOCore
internal import Synchronization

/// What every request of one connection shares. Made once, when TLS and its protocol are agreed.
final class Connection: Sendable {
    /// `.certificate` where the client showed one, otherwise `.none`.
    let certificate: Credentials
    let limits: HTTPServerLimits
    let handler: any APIHandler
    let activity: Activity
    let executor: EventLoopTaskExecutor
    let handlerPlacement: HTTPServer.HandlerPlacement
    let dateHeader: DateHeader?
    private let running = Atomic<Int>(0)
    private let seen = Atomic<Bool>(false)

    init(certificate: Credentials, shared: SharedState, executor: EventLoopTaskExecutor) {
        self.certificate = certificate
        self.executor = executor
        limits = shared.limits
        handler = shared.handler
        activity = shared.activity
        handlerPlacement = shared.handlerPlacement
        dateHeader = shared.dateHeader
    }

    /// Handlers running, those of streams the client has reset among them.
    var runningHandlers: Int { running.load(ordering: .relaxed) }
    var hasSeenRequest: Bool { seen.load(ordering: .relaxed) }

    func requestSeen() { seen.store(true, ordering: .relaxed) }
    func handlerStarted() { running.wrappingAdd(1, ordering: .relaxed) }
    func handlerEnded() { running.wrappingSubtract(1, ordering: .relaxed) }
}

/// What every connection of one server shares.
struct SharedState: Sendable {
    let limits: HTTPServerLimits
    let handler: any APIHandler
    let activity = Activity()
    let handlerPlacement: HTTPServer.HandlerPlacement
    let dateHeader: DateHeader?
    /// One for each event loop, by the loop's identity.
    let executors: [ObjectIdentifier: EventLoopTaskExecutor]

    init(_ configuration: HTTPServer.Configuration, handler: any APIHandler, group: any EventLoopGroup) {
        self.handler = handler
        limits = configuration.limits
        handlerPlacement = configuration.handlerPlacement
        dateHeader = configuration.now.map { DateHeader(now: $0) }
        var executors: [ObjectIdentifier: EventLoopTaskExecutor] = [:]
        for loop in group.makeIterator() { executors[ObjectIdentifier(loop)] = EventLoopTaskExecutor(eventLoop: loop) }
        self.executors = executors
    }

    func executor(of loop: any EventLoop) -> EventLoopTaskExecutor {
        executors[ObjectIdentifier(loop)] ?? EventLoopTaskExecutor(eventLoop: loop)
    }
}

/// Runs a task's synchronous pieces on an event loop, so that a stream's chunks are written without changing threads.
final class EventLoopTaskExecutor: TaskExecutor {
    let eventLoop: any EventLoop

    init(eventLoop: any EventLoop) { self.eventLoop = eventLoop }

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        eventLoop.execute { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}
