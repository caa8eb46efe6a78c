public import Objects

extension Kind {
    /// Drops members that the schema does not declare, and members that are `null` where the kind knows no null.
    ///
    /// - Returns: the paths of the dropped unknown members as Kubernetes names them (`spec.containers[0].foo`): in the order
    ///   of the object, or sorted for a custom resource. Dropped nulls are not among them.
    public func prune(_ object: inout JSON) -> [String] {
        var pruner = Pruner(table: schema.table)
        if let pruned = pruner.pruned(object, schema.node, dropsNulls: !isCustomResource) { object = pruned }
        return isCustomResource ? pruner.dropped.sorted() : pruner.dropped
    }
}

/// A walk that builds new values only where something is dropped.
private struct Pruner {
    let table: SchemaTable
    /// Relative to the value at hand; every level puts its step before those of its children.
    var dropped: [String] = []

    init(table: SchemaTable) { self.table = table }

    /// The value without what does not belong to it; `nil` when nothing is dropped.
    mutating func pruned(_ value: JSON, _ node: SchemaNode, dropsNulls: Bool) -> JSON? {
        switch value {
        case .object(let members):
            if let values = node.facts.mapValues { return prunedMap(members, table.nodes[values], dropsNulls) }
            return prunedObject(members, node, dropsNulls || node.facts.isObjectMeta)
        case .array(let list):
            guard let place = node.facts.items else { return nil }
            let items = table.nodes[place]
            guard items.facts.holdsMembers else { return nil }
            var result: [JSON]?
            for index in list.indices {
                let known = dropped.count
                if let item = pruned(list[index], items, dropsNulls: dropsNulls) {
                    if result == nil { result = list }
                    result?[index] = item
                }
                prepend(from: known) { "[\(index)]" }
            }
            return result.map { .array($0) }
        default: return nil
        }
    }

    private mutating func prunedMap(_ members: JSONObject, _ values: SchemaNode, _ dropsNulls: Bool) -> JSON? {
        guard values.facts.holdsMembers || dropsNulls else { return nil }
        var result: [JSONObject.Member]?
        for (index, member) in members.enumerated() {
            let known = dropped.count
            if dropsNulls, case .null = member.value, !values.facts.isNullable {
                if result == nil { result = Array(members[..<index]) }
                continue
            }
            let value = pruned(member.value, values, dropsNulls: dropsNulls)
            if value != nil, result == nil { result = Array(members[..<index]) }
            result?.append(.init(key: member.key, value: value ?? member.value))
            prepend(from: known) { member.key }
        }
        return result.map { .object(JSONObject($0)) }
    }

    private mutating func prunedObject(_ members: JSONObject, _ node: SchemaNode, _ dropsNulls: Bool) -> JSON? {
        if node.facts.type != .object { return nil }
        let properties = node.facts.properties
        return members.withUnsafeMembers { list in
            var result: [JSONObject.Member]?
            for index in list.indices {
                guard let place = properties.find(list[index].key) else {
                    if node.facts.preservesUnknown || (node.facts.isEmbeddedResource && Self.isObjectHeader(list[index].key)) {
                        result?.append(list[index])
                    } else {
                        if result == nil { result = Array(list[..<index]) }
                        dropped.append(list[index].key)
                    }
                    continue
                }
                let head = properties.head(place)
                if dropsNulls, !head.isNullable, list[index].value.isNull {
                    if result == nil { result = Array(list[..<index]) }
                    continue
                }
                guard head.holdsMembers else {
                    result?.append(list[index])
                    continue
                }
                let known = dropped.count
                let value = pruned(list[index].value, table.nodes[Int(head.node)], dropsNulls: dropsNulls)
                if value != nil, result == nil { result = Array(list[..<index]) }
                result?.append(.init(key: list[index].key, value: value ?? list[index].value))
                prepend(from: known) { list[index].key }
            }
            return result.map { .object(JSONObject($0)) }
        }
    }

    private static func isObjectHeader(_ key: String) -> Bool { key == "apiVersion" || key == "kind" || key == "metadata" }

    private mutating func prepend(from start: Int, _ step: () -> String) {
        guard dropped.count > start else { return }
        let text = step()
        for index in start..<dropped.count { dropped[index] = FieldPath.join(text, dropped[index]) }
    }
}
