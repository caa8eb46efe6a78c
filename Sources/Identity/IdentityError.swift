/// Why an identity file cannot be used, and what to do about it.
public struct IdentityError: Error, Equatable, CustomStringConvertible {
    public var message: String
    /// What the operator should do.
    public var remedy: String

    public init(message: String, remedy: String) {
        self.message = message
        self.remedy = remedy
    }

    public var description: String { "\(message); \(remedy)" }
}
