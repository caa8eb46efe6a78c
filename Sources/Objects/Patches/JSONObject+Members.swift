extension JSONObject {
    /// Lends all members without counting references, for walks that run over every object; the buffer ends with the call.
    @inlinable
    public func withUnsafeMembers<Result>(_ body: (UnsafeBufferPointer<Member>) -> Result) -> Result {
        members.withUnsafeBufferPointer(body)
    }
}
