/// placeholder
public struct Pattern: Sendable, Equatable { var text: String }
