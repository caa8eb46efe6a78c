public import Objects

/// Kubernetes' strategic merge patch: a merge patch that merges lists by their keys.
///
/// Directives: `$patch` (`replace`, `delete`, `merge`), `$retainKeys`, `$setElementOrder/LIST`, `$deleteFromPrimitiveList/LIST`.
/// - SeeAlso: Kubernetes documentation, *Update API Objects in Place Using kubectl patch*; the details follow
///   what kube-apiserver does.
public enum StrategicMergePatch {
    static let directive = "$patch"
    static let retainKeys = "$retainKeys"
    static let elementOrder = "$setElementOrder/"
    static let deleteFromList = "$deleteFromPrimitiveList/"

    /// The object with the patch applied; members that the schema does not know are merged as plain JSON.
    ///
    /// - Throws: ``PatchError`` `malformed` for an unknown directive and for a list item without the merge key.
    public static func apply(_ patch: JSON, to object: JSON, schema: Schema) throws(PatchError) -> JSON {
        guard case .object(let changes) = patch else {
            throw PatchError(reason: .malformed, message: "cannot apply a strategic merge patch that is not an object")
        }
        return .object(try merge(changes, into: object.object ?? JSONObject(), schema))
    }

    private static func merge(_ patch: JSONObject, into object: JSONObject, _ schema: Schema?) throws(PatchError) -> JSONObject {
        if let command = patch[directive] {
            switch command {
            case "replace": return stripped(patch)
            case "delete": return JSONObject()
            case "merge": break
            default: throw unknown(command, .object(patch))
            }
        }
        var result = object
        if let kept = patch[retainKeys] { try retain(kept, patch, &result) }
        for change in patch where !isDirective(change.key) {
            if change.value.isNull {
                result[change.key] = nil
                continue
            }
            let child = schema.flatMap { $0.property(change.key) ?? $0.mapValues }
            let merged = try merged(change.value, into: result[change.key], child, order: patch[elementOrder + change.key])
            result[change.key] = merged
        }
        for change in patch where change.key.hasPrefix(deleteFromList) {
            let key = String(change.key.dropFirst(deleteFromList.count))
            guard let gone = change.value.array else {
                throw PatchError(reason: .malformed, message: "unable to convert deleteFromPrimitiveList to a list")
            }
            if let list = result[key]?.array { result[key] = .array(list.filter { !gone.contains($0) }) }
        }
        // An order may stand without a list beside it.
        for change in patch where change.key.hasPrefix(elementOrder) {
            let key = String(change.key.dropFirst(elementOrder.count))
            if patch[key] == nil, let list = result[key]?.array, let order = change.value.array {
                result[key] = .array(ordered(list, by: order, server: list, key: schema?.property(key)?.node.facts.mergeKey))
            }
        }
        return result
    }

    private static func merged(
        _ change: JSON, into present: JSON?, _ schema: Schema?, order: JSON?
    ) throws(PatchError) -> JSON? {
        switch change {
        case .object(let members):
            if members[directive] == "delete" { return nil }
            return .object(try merge(members, into: present?.object ?? JSONObject(), schema))
        case .array(let list):
            guard let facts = schema?.node.facts, facts.mergesOnPatch else { return .array(list.map(withoutDirectives)) }
            guard let key = facts.mergeKey else {
                return .array(mergePrimitives(list, into: present?.array ?? [], order: order?.array))
            }
            return .array(try mergeList(list, into: present?.array ?? [], key: key, schema?.items, order: order?.array))
        default: return change
        }
    }

    private static func isDirective(_ key: String) -> Bool {
        key.utf8.first == UInt8(ascii: "$")
            && (key == directive || key == retainKeys || key.hasPrefix(elementOrder) || key.hasPrefix(deleteFromList))
    }

    private static func unknown(_ command: JSON, _ patch: JSON) -> PatchError {
        PatchError(reason: .malformed, message: "unknown patch type: \(GoText.of(command)) in map: \(GoText.of(patch))")
    }

    /// Leaves only the members that are listed; the patch may not set others.
    private static func retain(_ kept: JSON, _ patch: JSONObject, _ object: inout JSONObject) throws(PatchError) {
        guard let names = kept.array?.compactMap(\.string) else {
            throw PatchError(reason: .malformed, message: "unable to parse $retainKeys: it must be a list of names")
        }
        for change in patch where !isDirective(change.key) && !change.value.isNull && !names.contains(change.key) {
            throw PatchError(reason: .malformed, message: "The $retainKeys directive should contain all fields: \(change.key) is missing")
        }
        object = JSONObject(object.filter { names.contains($0.key) })
    }

    /// The members of a replacing patch: without directives, and without nulls at the top.
    private static func stripped(_ patch: JSONObject) -> JSONObject {
        JSONObject(patch.filter { !isDirective($0.key) && !$0.value.isNull })
    }

    /// New values may carry directives that have nothing to act on.
    private static func withoutDirectives(_ value: JSON) -> JSON {
        switch value {
        case .object(let members):
            .object(JSONObject(members.filter { !isDirective($0.key) }.map { .init(key: $0.key, value: withoutDirectives($0.value)) }))
        case .array(let list): .array(list.map(withoutDirectives))
        default: value
        }
    }
}

// MARK: - Lists

extension StrategicMergePatch {
    private static func mergePrimitives(_ patch: [JSON], into list: [JSON], order: [JSON]?) -> [JSON] {
        var known = Set(list)
        let result = list + patch.filter { known.insert($0).inserted }
        return ordered(result, by: order ?? patch, server: list, key: nil)
    }

    private static func mergeList(
        _ patch: [JSON], into list: [JSON], key: String, _ items: Schema?, order: [JSON]?
    ) throws(PatchError) -> [JSON] {
        if try replaces(patch, key: key) { return patch.filter { $0[directive] == nil }.map(withoutDirectives) }
        var result = list
        var places: [JSON: Int] = [:]
        for (place, item) in list.enumerated() { if let name = item[key], places[name] == nil { places[name] = place } }
        var deleted = Set<JSON>()
        for item in patch {
            guard case .object(let members) = item else { continue }
            guard let name = members[key] else {
                throw PatchError(reason: .malformed, message: "map: \(GoText.of(item)) does not contain declared merge key: \(key)")
            }
            if members[directive] == "delete" {
                deleted.insert(name)
            } else if let place = places[name] {
                result[place] = .object(try merge(members, into: result[place].object ?? JSONObject(), items))
            } else {
                places[name] = result.count
                result.append(.object(try merge(members, into: JSONObject(), items)))
            }
        }
        if !deleted.isEmpty { result.removeAll { $0[key].map(deleted.contains) ?? false } }
        return ordered(result, by: order ?? patch.filter { $0[directive] != "delete" }, server: list, key: key)
    }

    /// Whether an item says that the patch is the whole list; checks the directives of all items.
    private static func replaces(_ patch: [JSON], key: String) throws(PatchError) -> Bool {
        var isReplaced = false
        for item in patch {
            guard case .object(let members) = item else {
                throw PatchError(reason: .malformed, message: "list element is not a map: \(GoText.of(item))")
            }
            switch members[directive] {
            case nil, "delete", "merge": break
            case "replace": isReplaced = isReplaced || members[key] == nil
            case .some(let command): throw unknown(command, item)
            }
        }
        return isReplaced
    }

    /// Puts the items that the order names into that order, and the server's others where they stood before them on the server.
    private static func ordered(_ list: [JSON], by order: [JSON], server: [JSON], key: String?) -> [JSON] {
        func name(_ item: JSON) -> JSON { key.map { item[$0] ?? .null } ?? item }
        func ranks(_ items: [JSON]) -> [JSON: Int] {
            Dictionary(items.enumerated().map { (name($1), $0) }) { first, _ in first }
        }
        let wanted = ranks(order)
        let before = ranks(server)
        let ranked = list.enumerated().compactMap { place, item in wanted[name(item)].map { (rank: $0, place: place, item: item) } }
        let chosen = ranked.sorted { ($0.rank, $0.place) < ($1.rank, $1.place) }.map(\.item)
        let others = list.filter { wanted[name($0)] == nil }
        var result: [JSON] = []
        result.reserveCapacity(list.count)
        var (left, right) = (0, 0)
        while left < others.count, right < chosen.count {
            if let first = before[name(others[left])], let second = before[name(chosen[right])], first < second {
                result.append(others[left])
                left += 1
            } else {
                result.append(chosen[right])
                right += 1
            }
        }
        return result + others[left...] + chosen[right...]
    }
}

/// Values as Go prints them with `%v`, for error texts that Kubernetes builds that way.
enum GoText {
    static func of(_ value: JSON) -> String {
        switch value {
        case .null: "<nil>"
        case .string(let text): text
        case .array(let list): "[\(list.map(of).joined(separator: " "))]"
        case .object(let members):
            "map[\(members.sorted { $0.key < $1.key }.map { "\($0.key):\(of($0.value))" }.joined(separator: " "))]"
        default: value.text
        }
    }
}
