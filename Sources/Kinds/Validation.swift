public import Objects

extension Kind {
    /// Everything that the schema finds wrong with an object, in the order of the schema's fields.
    ///
    /// Checked: types, required members, enumerations, formats, bounds, lengths, patterns, list keys, and against `old` the
    /// members that must not change. Rules that need other objects are the server's.
    ///
    /// A wrong type in a kind of Kubernetes' own is not a field error there but a decoding error (400): its reason is
    /// ``FieldError/Reason/typeInvalid`` and its message is the decoder's, such as
    /// `json: cannot unmarshal number into Go struct field ConfigMap.data of type string`.
    public func validate(_ object: JSON, old: JSON? = nil) -> [FieldError] {
        let validator = Validator(table: schema.table, isCustomResource: isCustomResource)
        var errors: [FieldError] = []
        validator.validate(object, old, schema.node, &errors)
        if let old, !isCustomResource { errors += UpdateRules.check(object, old: old, of: self) }
        for index in errors.indices { errors[index].message = Validator.finish(errors[index]) }
        return errors
    }
}

/// A walk that allocates nothing while all is well.
///
/// Errors are made with a path relative to the value; every level puts its step before the errors of its children.
struct Validator {
    let table: SchemaTable
    let isCustomResource: Bool

    /// Stands in messages for the path, which is not known before the walk is back at the root.
    static let pathMark = "\u{1}"
    /// The same without list places and map keys, as the Go decoder writes it.
    static let plainPathMark = "\u{2}"

    func validate(_ value: JSON, _ old: JSON?, _ node: SchemaNode, _ errors: inout [FieldError], owner: String = "") {
        let facts = node.facts
        let owner = facts.name.isEmpty ? owner : facts.name
        guard hasFittingType(value, facts) else {
            errors.append(typeError(value, facts, owner))
            return
        }
        switch value {
        case .null: return
        case .object(let members):
            if let values = facts.mapValues {
                validateMap(members, table.nodes[values], &errors, owner)
            } else if facts.type == .object || !facts.properties.isEmpty {
                validateObject(members, old, node, &errors, owner)
            }
        case .array(let list):
            if let items = facts.items { validateList(list, old, facts, table.nodes[items], &errors, owner) }
        case .string(let text):
            if !facts.format.isEmpty || facts.type == .quantity { validateFormat(text, facts, &errors) }
        default: break
        }
        if let limits = facts.limits { validateLimits(value, limits.values, facts, &errors, owner) }
    }

    private func hasFittingType(_ value: JSON, _ facts: SchemaFacts) -> Bool {
        switch (facts.type, value) {
        case (.any, _), (.object, .object), (.array, .array), (.string, .string), (.boolean, .bool), (.number, .integer),
            (.number, .number), (.intOrString, .integer), (.intOrString, .string), (.quantity, .integer), (.quantity, .string),
            (.quantity, .number):
            true
        case (.integer, .integer(let number)):
            facts.format != "int32" || Int32(exactly: number) != nil
        case (.integer, .number), (.intOrString, .number):
            // `1e3` is an integer for the structural validator, but not for a decoder.
            isCustomResource && value.integer != nil
        case (_, .null): facts.isNullable
        default: false
        }
    }

    private func validateMap(_ members: JSONObject, _ values: SchemaNode, _ errors: inout [FieldError], _ owner: String) {
        for member in members {
            let known = errors.count
            validate(member.value, nil, values, &errors, owner: owner)
            prepend(from: known, &errors) { isCustomResource ? member.key : "[\(member.key)]" }
        }
    }

    private func validateObject(
        _ members: JSONObject, _ old: JSON?, _ node: SchemaNode, _ errors: inout [FieldError], _ owner: String
    ) {
        let properties = node.facts.properties
        let start = errors.count
        // Where each member's errors begin, kept only while there are errors: they are put into the schema's order.
        var groups: [(place: Int, end: Int)] = []
        var found: UInt64 = 0
        for member in members {
            guard let place = properties.find(member.key) else { continue }
            let known = errors.count
            let child = table.nodes[properties[place].node]
            let bit = properties[place].bit
            if bit >= 0, isCustomResource || !isEmpty(member.value) { found |= 1 << UInt64(bit) }
            let isMissing = !isCustomResource && properties[place].presence == .required && isEmpty(member.value)
            let isAllowedNull = properties[place].isNullable && member.value.isNull
            if !isMissing, !isAllowedNull {
                let oldMember = node.facts.hasImmutables ? old?[member.key] : nil
                validate(member.value, oldMember, child, &errors, owner: owner)
                if properties[place].isImmutable, let oldMember, oldMember != member.value {
                    errors.append(.invalid("", member.value, "field is immutable"))
                }
            }
            if errors.count > known {
                prepend(from: known, &errors) { member.key }
                groups.append((place, errors.count))
            }
        }
        let missing = properties.requiredBits & ~found
        if missing != 0 || !properties.withoutBit.isEmpty {
            for (place, property) in properties.enumerated() where property.presence == .required {
                let isMissing = property.bit >= 0 ? missing & (1 << UInt64(property.bit)) != 0 : members[property.name] == nil
                guard isMissing else { continue }
                errors.append(.required(property.name))
                groups.append((place, errors.count))
            }
        }
        if groups.count > 1 { sort(&errors, from: start, groups) }
    }

    /// Kubernetes' own kinds take an empty text or list for an absent one.
    private func isEmpty(_ value: JSON) -> Bool {
        switch value {
        case .null: true
        case .string(let text): text.isEmpty
        case .array(let list): list.isEmpty
        default: false
        }
    }

    private func sort(_ errors: inout [FieldError], from start: Int, _ groups: [(place: Int, end: Int)]) {
        var sorted: [(place: Int, errors: ArraySlice<FieldError>)] = []
        var begin = start
        for group in groups {
            sorted.append((group.place, errors[begin..<group.end]))
            begin = group.end
        }
        sorted.sort { $0.place < $1.place }
        errors.replaceSubrange(start..., with: sorted.flatMap(\.errors))
    }

    func prepend(from start: Int, _ errors: inout [FieldError], _ step: () -> String) {
        guard errors.count > start else { return }
        let text = step()
        for index in start..<errors.count { errors[index].prepend(text) }
    }

    /// The message with the path in its places.
    static func finish(_ error: FieldError) -> String {
        var message = ""
        for character in error.message.unicodeScalars {
            if character == "\u{1}" {
                message += error.path
            } else if character == "\u{2}" {
                var depth = 0
                for scalar in error.path.unicodeScalars {
                    if scalar == "[" { depth += 1 }
                    if depth == 0 { message.unicodeScalars.append(scalar) }
                    if scalar == "]" { depth -= 1 }
                }
            } else {
                message.unicodeScalars.append(character)
            }
        }
        return message
    }
}
