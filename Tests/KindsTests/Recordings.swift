import Foundation
import Objects
import Testing

/// Recorded answers of a Kubernetes API server, which stand beside the checkout on some machines only.
enum Recordings {
    static let directory: String = {
        var root = URL(fileURLWithPath: #filePath)
        for _ in 0..<3 { root.deleteLastPathComponent() }
        return root.deletingLastPathComponent().appendingPathComponent("shared/parity/dev").path
    }()

    static var exist: Bool { FileManager.default.fileExists(atPath: directory) }

    struct Exchange {
        var method: String
        var path: String
        var body: JSON?
        var contentType: String
        var status: Int64
        var response: JSON
    }

    static func exchanges(_ name: String) throws -> [Exchange] {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/\(name).json"))
        let document = try JSON(parsing: [UInt8](data))
        return try #require(document["exchanges"]?.array).map { exchange in
            Exchange(
                method: exchange["method"]?.string ?? "", path: exchange["path"]?.string ?? "",
                body: (exchange["body"]?.string).flatMap { try? JSON(parsing: $0) },
                contentType: exchange["headers"]?["Content-Type"]?.string ?? "", status: exchange["status"]?.integer ?? 0,
                response: exchange["response"] ?? .null)
        }
    }
}

extension Trait where Self == ConditionTrait {
    /// Leaves a test out where the recordings are not.
    static var needsRecordings: Self { .enabled(if: Recordings.exist, "recordings are not at \(Recordings.directory)") }
}

/// JSON from a text that the test itself wrote.
func json(_ text: String) -> JSON {
    do { return try JSON(parsing: text) } catch {
        Issue.record("test data: \(error)")
        return .null
    }
}
