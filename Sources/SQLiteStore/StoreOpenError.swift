/// Why a data directory could not be opened. Nothing in it has been changed.
public struct StoreOpenError: Error, Equatable, Sendable, CustomStringConvertible {
    public enum Reason: Equatable, Sendable {
        /// Another process has the directory open; 0 when it has not told its id yet.
        case heldBy(processID: Int32)
        /// The file is a database, but not whole: what is wrong with it.
        case damaged(String)
        /// The file was not made by this program: what it is instead.
        case foreign(String)
        /// The file was written by a newer version.
        case newerSchema(found: Int, supported: Int)
        /// The system refused: what it said.
        case system(String)
    }

    public var reason: Reason
    /// The file or directory it is about.
    public var path: String

    /// What to do about it, as an instruction.
    public var remedy: String {
        switch reason {
        case .heldBy(let processID) where processID > 0: "stop process \(processID), or choose another data directory"
        case .heldBy: "stop the process that holds it, or choose another data directory"
        case .damaged: "keep a copy of the directory and restore it from a backup; it was left as it is"
        case .foreign: "choose another data directory, or move the file away; it was left as it is"
        case .newerSchema: "use the newer version of the program that wrote it"
        case .system: "check that the directory is there and this user may write to it"
        }
    }

    public var description: String {
        let what =
            switch reason {
            case .heldBy(let processID) where processID > 0: "is in use by process \(processID)"
            case .heldBy: "is in use by another process"
            case .damaged(let text): "is damaged (\(text))"
            case .foreign(let text): "is not a store of this program (\(text))"
            case .newerSchema(let found, let supported): "has schema version \(found), this program knows \(supported)"
            case .system(let text): "cannot be opened (\(text))"
            }
        return "\(path) \(what); \(remedy)"
    }

    init(_ reason: Reason, path: String) {
        self.reason = reason
        self.path = path
    }
}
