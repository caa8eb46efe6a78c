public import Objects

extension Kind {
    /// Adds what is absent and has a default: those of the schema, then those that code computes from other fields
    /// (`imagePullPolicy` from the image's tag, a pod's requests from its limits …).
    ///
    /// Members that are there are never changed, so that applying twice is applying once.
    public func applyDefaults(to object: inout JSON) {
        let walk = DefaultWalk(table: schema.table)
        if let defaulted = walk.defaulted(object, schema.node) { object = defaulted }
        if !isCustomResource { ComputedDefaults.apply(to: &object, of: self) }
    }
}

/// A walk that builds new values only where a default is missing.
struct DefaultWalk {
    let table: SchemaTable

    /// The value with all defaults; `nil` when none is missing.
    func defaulted(_ value: JSON, _ node: SchemaNode) -> JSON? {
        guard node.facts.hasDefaults else { return nil }
        switch value {
        case .object(let members):
            if let values = node.facts.mapValues { return defaultedMap(members, table.nodes[values]) }
            return defaultedObject(members, node)
        case .array(let list):
            guard let items = node.facts.items else { return nil }
            var result: [JSON]?
            for index in list.indices {
                guard let item = defaulted(list[index], table.nodes[items]) else { continue }
                if result == nil { result = list }
                result?[index] = item
            }
            return result.map { .array($0) }
        default: return nil
        }
    }

    private func defaultedMap(_ members: JSONObject, _ values: SchemaNode) -> JSON? {
        var result: [JSONObject.Member]?
        for (index, member) in members.enumerated() {
            guard let value = defaulted(member.value, values) else { continue }
            if result == nil { result = Array(members) }
            result?[index].value = value
        }
        return result.map { .object(JSONObject($0)) }
    }

    private func defaultedObject(_ members: JSONObject, _ node: SchemaNode) -> JSON? {
        let properties = node.facts.properties
        var result: [JSONObject.Member]?
        var found: UInt64 = 0
        members.withUnsafeMembers { list in
            for index in list.indices {
                guard let place = properties.find(list[index].key) else { continue }
                let head = properties.head(place)
                if head.bit >= 0 { found |= 1 << UInt64(head.bit) }
                var replacement: JSON?
                if head.hasDefault, !head.isNullable, list[index].value.isNull {
                    replacement = filled(properties[place].defaultValue ?? .null, table.nodes[Int(head.node)])
                } else if head.hasDefaultsBelow {
                    replacement = defaulted(list[index].value, table.nodes[Int(head.node)])
                }
                guard let replacement else { continue }
                if result == nil { result = Array(list) }
                result?[index].value = replacement
            }
        }
        let missing = properties.defaultBits & ~found
        if missing != 0 || properties.hasMoreThanBits {
            for place in properties.indices where properties.head(place).hasDefault {
                let head = properties.head(place)
                if head.bit >= 0, missing & (1 << UInt64(head.bit)) == 0 { continue }
                let property = properties[place]
                guard let value = property.defaultValue, head.bit >= 0 || members[property.name] == nil else { continue }
                if result == nil { result = Array(members) }
                result?.append(.init(key: property.name, value: filled(value, table.nodes[property.node])))
            }
        }
        return result.map { .object(JSONObject($0)) }
    }

    /// A default with the defaults below it.
    private func filled(_ value: JSON, _ node: SchemaNode) -> JSON { defaulted(value, node) ?? value }
}
