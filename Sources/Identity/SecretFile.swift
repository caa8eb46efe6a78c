internal import Glibc

/// Files that only their owner may read, written so that a crash leaves the old or the new content, never a part.
enum SecretFile {
    /// Makes a directory of mode 0700, and its parents.
    static func createDirectory(_ path: String) throws(IdentityError) {
        var end = path.startIndex
        while end < path.endIndex {
            end = path[path.index(after: end)...].firstIndex(of: "/") ?? path.endIndex
            let part = String(path[..<end])
            if mkdir(part, 0o700) != 0, errno != EEXIST { throw failure("cannot create the directory \(part)") }
        }
        var status = stat()
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw IdentityError(message: "\(path) is not a directory", remedy: "move that file away or choose another directory")
        }
    }

    /// The content, or `nil` where there is no such file.
    static func read(_ path: String) throws(IdentityError) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw failure("cannot read \(path)")
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0 {
                if errno == EINTR { continue }
                throw failure("cannot read \(path)")
            }
            if count == 0 { break }
            bytes.append(contentsOf: buffer[..<count])
        }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw IdentityError(message: "\(path) is damaged: not UTF-8 text", remedy: "restore it from a backup")
        }
        return text
    }

    /// Writes mode 0600: a temporary file beside it, made durable, then renamed over it.
    static func write(_ text: String, to path: String) throws(IdentityError) {
        let temporary = "\(path).\(getpid()).new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("cannot write \(temporary)") }
        var isWritten = writeAll(Array(text.utf8), descriptor) && fsync(descriptor) == 0
        let number = errno
        close(descriptor)
        isWritten = isWritten && rename(temporary, path) == 0
        guard isWritten else {
            errno = number
            let error = failure("cannot write \(path)")
            unlink(temporary)
            throw error
        }
        syncDirectory(of: path)
    }

    /// Runs `body` while no other process works on that directory.
    static func withLock<Result>(
        _ directory: String, _ body: () throws(IdentityError) -> Result
    ) throws(IdentityError) -> Result {
        let path = directory + "/.lock"
        let descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw failure("cannot create \(path)") }
        // Closing the descriptor gives the lock back.
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX) == 0 else { throw failure("cannot lock \(path)") }
        return try body()
    }

    private static func writeAll(_ bytes: [UInt8], _ descriptor: Int32) -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno != EINTR { return false }
            if count > 0 { rest = rest.dropFirst(count) }
        }
        return true
    }

    /// Makes the rename itself durable.
    private static func syncDirectory(of path: String) {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = open(directory.isEmpty ? "/" : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    private static func failure(_ message: String) -> IdentityError {
        let number = errno
        return IdentityError(
            message: "\(message): \(String(cString: strerror(number)))",
            remedy: "check the path, its owner and its mode, and the free space of its file system")
    }
}
