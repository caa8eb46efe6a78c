/// Why a port did not do what it was asked, told so that an operator can act.
public struct PortError: Error, Sendable, Equatable, CustomStringConvertible {
    public enum Kind: Sendable, Equatable {
        /// No answer in time: try again later, the effect may or may not have happened.
        case unreachable
        /// The device refused or failed: trying the same again may not help.
        case failed
        /// The port has no such device.
        case unknownDevice
        /// The port cannot do this at all.
        case unsupported
    }

    public var kind: Kind
    /// One sentence without secrets.
    public var message: String

    public init(_ kind: Kind, _ message: String) {
        self.kind = kind
        self.message = message
    }

    public var description: String { message }
}
