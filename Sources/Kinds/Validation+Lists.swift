internal import Objects

extension Validator {
    func validateList(
        _ list: [JSON], _ old: JSON?, _ node: SchemaNode, _ items: SchemaNode, _ errors: inout [FieldError], _ owner: SchemaNode
    ) {
        var oldItems: [JSON] = []
        if node.facts.hasImmutables, case .array(let list)? = old { oldItems = list }
        // Names already used, only where uniqueness is asked for.
        var seen = Set<JSON>()
        let key = list.count > 1 && (node.facts.isUnique || isCustomResource) ? uniqueKey(node.facts) : nil
        for index in list.indices {
            let known = errors.count
            let oldItem = oldItems.isEmpty ? nil : oldItems.first { isSame($0, list[index], node.facts.listType) }
            validate(list[index], oldItem, items, &errors, owner: owner)
            if let key {
                let name = key(list[index])
                if !name.isNull, !seen.insert(name).inserted { errors.append(duplicate(name, node.facts)) }
            }
            prepend(from: known, &errors) { "[\(index)]" }
        }
    }

    /// What must differ between the items; `nil` when nothing must.
    private func uniqueKey(_ facts: SchemaFacts) -> ((JSON) -> JSON)? {
        switch facts.listType {
        case .atomic: nil
        case .set: { $0 }
        case .map(let keys):
            if !isCustomResource, keys.count == 1 {
                { $0[keys[0]] ?? .null }
            } else {
                { item in .object(JSONObject(keys.compactMap { key in item[key].map { .init(key: key, value: $0) } })) }
            }
        }
    }

    private func duplicate(_ name: JSON, _ facts: SchemaFacts) -> FieldError {
        if !isCustomResource, case .map(let keys) = facts.listType, keys.count == 1 { return .duplicate(keys[0], name) }
        return .duplicate("", name)
    }

    private func isSame(_ left: JSON, _ right: JSON, _ type: Schema.ListType) -> Bool {
        guard case .map(let keys) = type else { return left == right }
        return keys.allSatisfy { left[$0] == right[$0] }
    }
}
