import Glibc

/// Small files, whole.
enum TextFile {
    /// Largest file read, in bytes.
    static let limit = 256 << 20

    /// The bytes of a file; `nil` where it cannot be read or is larger than ``limit``.
    static func bytes(_ path: String) -> [UInt8]? {
        guard let file = fopen(path, "rb") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = fread(&chunk, 1, chunk.count, file)
            if count == 0 { break }
            bytes += chunk[..<count]
            if bytes.count > limit { return nil }
        }
        return ferror(file) == 0 ? bytes : nil
    }

    static func read(_ path: String) -> String? { bytes(path).flatMap { String(validating: $0, as: UTF8.self) } }

    /// Writes a file whole; says whether that worked.
    static func write(_ bytes: [UInt8], to path: String) -> Bool {
        guard let file = fopen(path, "wb") else { return false }
        let written = bytes.isEmpty ? 0 : fwrite(bytes, 1, bytes.count, file)
        return fclose(file) == 0 && written == bytes.count
    }

    /// Replaces a file at once: readers see the old or the new text, never half of it.
    static func replace(_ path: String, by bytes: [UInt8]) -> Bool {
        let other = path + ".new"
        return write(bytes, to: other) && rename(other, path) == 0
    }
}
