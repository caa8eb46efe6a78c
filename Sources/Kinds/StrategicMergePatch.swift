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
                result[key] = .array(ordered(list, patched: [], order, key: schema?.property(key)?.node.facts.mergeKey))
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
        var result = list
        for value in patch where !result.contains(value) { result.append(value) }
        guard let order else { return result }
        return ordered(result, patched: patch, order, key: nil)
    }

    private static func mergeList(
        _ patch: [JSON], into list: [JSON], key: String, _ items: Schema?, order: [JSON]?
    ) throws(PatchError) -> [JSON] {
        var result = list
        var additions: [JSON] = []
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
        if isReplaced {
            return patch.filter { $0[directive] == nil }.map(withoutDirectives)
        }
        for item in patch {
            guard case .object(let members) = item else { continue }
            guard let name = members[key] else {
                throw PatchError(reason: .malformed, message: "map: \(GoText.of(item)) does not contain declared merge key: \(key)")
            }
            if members[directive] == "delete" {
                result.removeAll { $0[key] == name }
                continue
            }
            if let place = result.firstIndex(where: { $0[key] == name }) {
                result[place] = .object(try merge(members, into: result[place].object ?? JSONObject(), items))
            } else if let place = additions.firstIndex(where: { $0[key] == name }) {
                additions[place] = .object(try merge(members, into: additions[place].object ?? JSONObject(), items))
            } else {
                additions.append(.object(try merge(members, into: JSONObject(), items)))
            }
        }
        let all = result + additions
        return ordered(all, patched: patch, order ?? patch, key: key, onlyMoves: order == nil)
    }

    /// Puts the patched items into the order of the patch (or of the order list), and the server's own items where they stood
    /// relative to their neighbours.
    private static func ordered(
        _ list: [JSON], patched: [JSON], _ order: [JSON], key: String?, onlyMoves: Bool = false
    ) -> [JSON] {
        func name(_ item: JSON) -> JSON { key.map { item[$0] ?? .null } ?? item }
        let names = order.filter { $0[directive] == nil || !onlyMoves }.map(name)
        var chosen: [JSON] = []
        for wanted in names { if let item = list.first(where: { name($0) == wanted }), !chosen.contains(item) { chosen.append(item) } }
        let others = list.filter { item in !names.contains(name(item)) }
        guard !others.isEmpty else { return chosen }
        guard !chosen.isEmpty else { return others }
        return mergedOrder(chosen: chosen, others: others, server: list.map(name), name)
    }

    /// Takes from both lists; a server item goes first when it stood before the chosen item on the server.
    private static func mergedOrder(chosen: [JSON], others: [JSON], server: [JSON], _ name: (JSON) -> JSON) -> [JSON] {
        var result: [JSON] = []
        var (left, right) = (0, 0)
        while left < chosen.count, right < others.count {
            let chosenPlace = server.firstIndex(of: name(chosen[left]))
            let otherPlace = server.firstIndex(of: name(others[right]))
            if let chosenPlace, let otherPlace, otherPlace < chosenPlace {
                result.append(others[right])
                right += 1
            } else {
                result.append(chosen[left])
                left += 1
            }
        }
        return result + chosen[left...] + others[right...]
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
