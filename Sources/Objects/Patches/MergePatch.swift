/// RFC 7396 JSON Merge Patch.
public enum MergePatch {
    /// The document with the patch applied: objects are merged, `null` removes, anything else replaces.
    public static func apply(_ patch: JSON, to document: JSON) -> JSON {
        guard case .object(let changes) = patch else { return patch }
        var result: JSONObject
        if case .object(let members) = document { result = members } else { result = JSONObject() }
        for change in changes {
            switch change.value {
            case .null: result[change.key] = nil
            case .object:
                let present = result.take(change.key) ?? .object(JSONObject())
                result[change.key] = apply(change.value, to: present)
            default: result[change.key] = change.value
            }
        }
        return .object(result)
    }

    /// The patch that makes `target` out of `source`: ``apply(_:to:)`` of it to `source` gives `target`.
    ///
    /// A merge patch cannot set a member to `null`; such members of `target` come out absent.
    public static func difference(from source: JSON, to target: JSON) -> JSON {
        guard case .object(let old) = source, case .object(let new) = target else { return target }
        var patch = JSONObject()
        for member in old where new[member.key] == nil { patch[member.key] = .null }
        for member in new {
            guard let present = old[member.key] else {
                patch[member.key] = member.value
                continue
            }
            if present == member.value { continue }
            if case .object = present, case .object = member.value {
                patch[member.key] = difference(from: present, to: member.value)
            } else {
                patch[member.key] = member.value
            }
        }
        return .object(patch)
    }
}
