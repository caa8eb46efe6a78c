import Dispatch
import Glibc

/// Waits for the signals that ask a process to end.
enum Signals {
    /// SIGINT and SIGTERM, one element each time one arrives; from the first call on they no longer kill the process.
    static func termination() -> AsyncStream<Int32> {
        AsyncStream { continuation in
            let sources = [SIGINT, SIGTERM].map { number in
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                source.setEventHandler { continuation.yield(number) }
                source.resume()
                return source
            }
            continuation.onTermination = { _ in for source in sources { source.cancel() } }
        }
    }
}
