import Glibc
import Identity
import Objects

/// A directory of a test's own, removed with it.
final class Scratch: Sendable {
    let path: String

    init() {
        var template = Array("/tmp/sluice-test-XXXXXX".utf8CString)
        path = mkdtemp(&template).map { String(cString: $0) } ?? "/tmp/sluice-test"
    }

    deinit {
        for name in Self.list(path) { unlink("\(path)/\(name)") }
        rmdir(path)
    }

    func read(_ name: String) -> String? {
        guard let file = fopen("\(path)/\(name)", "r") else { return nil }
        defer { fclose(file) }
        var bytes: [UInt8] = []
        while case let byte = fgetc(file), byte != EOF { bytes.append(UInt8(byte)) }
        return String(decoding: bytes, as: UTF8.self)
    }

    func write(_ name: String, _ text: String) {
        guard let file = fopen("\(path)/\(name)", "w") else { return }
        fputs(text, file)
        fclose(file)
    }

    func remove(_ name: String) { unlink("\(path)/\(name)") }

    func mode(_ name: String) -> UInt32 {
        var status = stat()
        stat("\(path)/\(name)", &status)
        return status.st_mode & 0o777
    }

    static func list(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

let start = Timestamp(seconds: 1_800_000_000)
let day: Duration = .seconds(86_400)
