@preconcurrency import Dispatch
import Glibc

/// Waits for the signals that ask a process to end.
enum Signals {
    /// SIGINT and SIGTERM, one element each time one arrives; from the first call on they no longer kill the process.
    static func termination() -> AsyncStream<Int32> {
        AsyncStream { continuation in
            for number in [SIGINT, SIGTERM] {
                signal(number, SIG_IGN)
                let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
                // The handler holds the source: it lives as long as the process, which is as long as signals matter.
                source.setEventHandler { [source] in
                    if source.isCancelled { return }
                    continuation.yield(number)
                }
                source.resume()
            }
        }
    }
}
