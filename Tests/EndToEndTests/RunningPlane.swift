import Foundation
import Testing

/// Programs the tests run.
enum Programs {
    struct Outcome {
        var status: Int32
        /// Standard output and standard error together.
        var output: String
    }

    static let sources = (#filePath as NSString).deletingLastPathComponent

    /// The program built beside the tests: the folder of the test bundle, or one above it.
    static let sluice: String = {
        var folder = (CommandLine.arguments[0] as NSString).deletingLastPathComponent
        let root = ((sources as NSString).deletingLastPathComponent as NSString).deletingLastPathComponent
        var candidates = ["\(root)/.build/release/sluice", "\(root)/.build/debug/sluice"]
        while folder.count > 1 {
            candidates.insert("\(folder)/sluice", at: 0)
            folder = (folder as NSString).deletingLastPathComponent
        }
        return candidates.first { FileManager.default.isExecutableFile(atPath: $0) } ?? candidates[0]
    }()

    static let kubectl: String? = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").map { "\($0)/kubectl" }
        .first { FileManager.default.isExecutableFile(atPath: $0) }

    /// Runs a program to its end.
    static func run(_ path: String, _ arguments: [String], environment: [String: String] = [:]) throws -> Outcome {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: path)
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = pipe
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let bytes = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return Outcome(status: process.terminationStatus, output: String(decoding: bytes, as: UTF8.self))
    }
}

/// `sluice up` on a free port with data of its own.
final class RunningPlane {
    let directory: String
    private(set) var address = ""
    /// Seconds from the start of the process until `/readyz` answered 200.
    private(set) var readyAfter = 0.0
    private let process = Process()
    private let errors: String

    var kubeconfig: String { "\(directory)/kubeconfig" }
    var log: String { (try? String(contentsOfFile: errors, encoding: .utf8)) ?? "" }

    /// - Parameter directory: data of an earlier run to go on with; new data where it is not given.
    init(fleet: String, more: [String] = [], directory given: String? = nil) throws {
        directory = given ?? NSTemporaryDirectory() + "sluice-test-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        errors = "\(directory)/stderr"
        _ = FileManager.default.createFile(atPath: errors, contents: nil)
        process.executableURL = URL(fileURLWithPath: Programs.sluice)
        process.arguments = ["up", "--data", directory, "--listen", "127.0.0.1:0", "--fleet", fleet] + more
        let pipe = Pipe()
        process.standardOutput = pipe
        process.standardError = FileHandle(forWritingAtPath: errors)
        process.standardInput = FileHandle.nullDevice
        let start = Date.timeIntervalSinceReferenceDate
        try process.run()
        // The first line is printed once the address is bound.
        var text = ""
        while !text.contains("\n") {
            let bytes = pipe.fileHandleForReading.availableData
            guard !bytes.isEmpty else { break }
            text += String(decoding: bytes, as: UTF8.self)
        }
        address = text.split(whereSeparator: \.isWhitespace).first { $0.hasPrefix("https://") }.map(String.init) ?? ""
        try #require(!address.isEmpty, "sluice up did not start: \(text) \(log)")
        let ready = try Programs.run(
            "/usr/bin/env", ["curl", "-sk", "--retry", "20", "--retry-delay", "0", "--retry-connrefused", address + "/readyz"])
        readyAfter = Date.timeIntervalSinceReferenceDate - start
        #expect(ready.output == "ok")
    }

    /// Sends SIGTERM and waits; returns the exit status.
    func terminate() -> Int32 {
        process.terminate()
        process.waitUntilExit()
        return process.terminationStatus
    }

    /// For signals.
    var identifier: Int32 { process.processIdentifier }

    func wait() { process.waitUntilExit() }

    func stop() {
        if process.isRunning { _ = terminate() }
        try? FileManager.default.removeItem(atPath: directory)
    }
}
