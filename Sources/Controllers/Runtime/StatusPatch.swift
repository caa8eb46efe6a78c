public import KubeClient
public import Objects

extension KubeClient {
    /// Merges fields into an object's `status` sub-resource; `null` removes a field, lists are replaced whole.
    ///
    /// - Parameter checkingVersion: refuse (409) where the object changed since it was read; needed where the new status was
    ///   computed from fields that others write.
    public func patchStatus<View: ResourceView>(
        of object: View, _ status: JSON, checkingVersion: Bool = false
    ) async throws(KubeError) {
        var metadata: JSON = ["uid": .string(object.metadata.uid)]
        if checkingVersion { metadata["resourceVersion"] = .string(object.metadata.resourceVersion) }
        try await patch(View.resource, object.key, ["metadata": metadata, "status": status], subresource: "status")
    }
}
