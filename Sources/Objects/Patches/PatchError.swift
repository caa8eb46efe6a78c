/// Why a patch cannot be applied.
public struct PatchError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: Sendable, Equatable {
        /// The patch itself is malformed: 400 (500 for a strategic merge patch, as Kubernetes answers).
        case malformed
        /// The patch does not fit the object: 422.
        case unprocessable
        /// The patch is larger than the server takes: 413.
        case tooLarge
    }

    public var reason: Reason
    /// In the words of Kubernetes where it has some.
    public var message: String

    public init(reason: Reason, message: String) {
        self.reason = reason
        self.message = message
    }

    public var description: String { message }
}
