import Foundation

/// A `sluice up --fleet none` of the same build with data of its own.
final class ServerProcess {
    let kubeconfig: String
    let address: String
    var identifier: Int32 { process.processIdentifier }
    private let process: Process
    private let directory: String

    private init(process: Process, directory: String, address: String) {
        self.process = process
        self.directory = directory
        self.address = address
        kubeconfig = "\(directory)/kubeconfig"
    }

    static func start() throws -> ServerProcess {
        let folder = (CommandLine.arguments[0] as NSString).deletingLastPathComponent
        let directory = NSTemporaryDirectory() + "sluice-bench-\(UUID().uuidString)"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "\(folder)/sluice")
        process.arguments = ["up", "--data", directory, "--listen", "127.0.0.1:0", "--fleet", "none"]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        var text = ""
        while !text.contains("\n") {
            let bytes = pipe.fileHandleForReading.availableData
            if bytes.isEmpty { break }
            text += String(decoding: bytes, as: UTF8.self)
        }
        guard let address = text.split(whereSeparator: \.isWhitespace).first(where: { $0.hasPrefix("https://") }) else {
            throw APIBench.Failure(description: "sluice up did not start: \(text)")
        }
        return ServerProcess(process: process, directory: directory, address: String(address))
    }

    func stop() {
        process.terminate()
        process.waitUntilExit()
        try? FileManager.default.removeItem(atPath: directory)
    }
}
