/// Why a fleet file was refused, where, and what to write instead.
public struct FleetFileError: Error, Sendable, Equatable, CustomStringConvertible {
    /// Counted from 1; 0 for the file as a whole.
    public var line: Int
    /// Such as `groups[1].memory`; empty for the file as a whole.
    public var field: String
    public var problem: String
    public var remedy: String

    init(line: Int = 0, field: String = "", problem: String, remedy: String) {
        self.line = line
        self.field = field
        self.problem = problem
        self.remedy = remedy
    }

    /// One line: `line 12: groups[1].memory: "256Gb" is no quantity; write it like 256Gi`.
    public var description: String {
        [line > 0 ? "line \(line)" : "", field, "\(problem); \(remedy)"].filter { !$0.isEmpty }.joined(separator: ": ")
    }
}
