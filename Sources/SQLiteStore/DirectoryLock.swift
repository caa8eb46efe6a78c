internal import Glibc
internal import Synchronization

/// Keeps a second process off a data directory, until it is released or the process ends however it ends.
final class DirectoryLock: Sendable {
    /// The open lock file; `nil` once released.
    private let descriptor: Mutex<Int32?>

    /// - Throws: ``StoreOpenError/Reason/heldBy(processID:)`` when the lock is taken.
    init(path: String) throws(StoreOpenError) {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw StoreOpenError(.system(SystemText.lastError()), path: path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let code = errno
            defer { Glibc.close(descriptor) }
            guard code == EWOULDBLOCK else { throw StoreOpenError(.system(SystemText.error(code)), path: path) }
            throw StoreOpenError(.heldBy(processID: Self.holder(descriptor)), path: path)
        }
        self.descriptor = Mutex(descriptor)
        // The id is for people only, so a failure to write it is no failure to lock.
        let text = Array("\(getpid())\n".utf8)
        if ftruncate(descriptor, 0) == 0 { _ = pwrite(descriptor, text, text.count, 0) }
    }

    deinit { release() }

    /// Lets others in; once is enough.
    func release() {
        descriptor.withLock { descriptor in
            if let descriptor { Glibc.close(descriptor) }
            descriptor = nil
        }
    }

    private static func holder(_ descriptor: Int32) -> Int32 {
        var bytes = [UInt8](repeating: 0, count: 16)
        let count = pread(descriptor, &bytes, bytes.count, 0)
        guard count > 0 else { return 0 }
        return Int32(String(decoding: bytes[..<count].prefix { $0 != 0x0A }, as: UTF8.self)) ?? 0
    }
}

/// What the system says about its error numbers.
enum SystemText {
    static func lastError() -> String { error(errno) }

    static func error(_ code: Int32) -> String {
        guard let text = strerror(code) else { return "error \(code)" }
        return String(cString: text)
    }
}
