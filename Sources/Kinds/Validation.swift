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
        validator.validate(object, old, schema.node, &errors, owner: schema.node)
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

    func validate(_ value: JSON, _ old: JSON?, _ node: SchemaNode, _ errors: inout [FieldError], owner: SchemaNode) {
        let owner = node.isNamed ? node : owner
        guard hasFittingType(value, node) else {
            errors.append(typeError(value, node, owner))
            return
        }
        switch value {
        case .null: return
        case .object(let members):
            if let values = node.facts.mapValues {
                validateMap(members, table.nodes[values], &errors, owner)
            } else if node.facts.type == .object || !node.facts.properties.isEmpty {
                validateObject(members, old, node, &errors, owner)
            }
        case .array(let list):
            if let items = node.facts.items { validateList(list, old, node, table.nodes[items], &errors, owner) }
        case .string(let text):
            if node.hasFormat { validateFormat(text, node, &errors) }
        default: break
        }
        if let limits = node.facts.limits { validateLimits(value, limits, &errors, owner) }
    }

    private func hasFittingType(_ value: JSON, _ node: SchemaNode) -> Bool {
        switch (node.facts.type, value) {
        case (.any, _), (.object, .object), (.array, .array), (.string, .string), (.boolean, .bool), (.number, .integer),
            (.number, .number), (.intOrString, .integer), (.intOrString, .string), (.quantity, .integer), (.quantity, .string),
            (.quantity, .number):
            true
        case (.integer, .integer(let number)):
            !node.isInt32 || Int32(exactly: number) != nil
        case (.integer, .number), (.intOrString, .number):
            // `1e3` is an integer for the structural validator, but not for a decoder.
            isCustomResource && value.integer != nil
        case (_, .null): node.facts.isNullable
        default: false
        }
    }

    private func validateMap(_ members: JSONObject, _ values: SchemaNode, _ errors: inout [FieldError], _ owner: SchemaNode) {
        for member in members {
            let known = errors.count
            validate(member.value, nil, values, &errors, owner: owner)
            prepend(from: known, &errors) { isCustomResource ? member.key : "[\(member.key)]" }
        }
    }

    private func validateObject(
        _ members: JSONObject, _ old: JSON?, _ node: SchemaNode, _ errors: inout [FieldError], _ owner: SchemaNode
    ) {
        let properties = node.facts.properties
        let start = errors.count
        // Where each member's errors begin, kept only while there are errors: they are put into the schema's order.
        var groups: [(place: Int, end: Int)] = []
        var found: UInt64 = 0
        for member in members {
            guard let place = properties.find(member.key) else { continue }
            let known = errors.count
            let head = properties.heads[place]
            let isMissing = head.isRequired && !isCustomResource && isEmpty(member.value)
            if head.bit >= 0, !isMissing { found |= 1 << UInt64(head.bit) }
            if !head.isImmutable, !isMissing, isPlain(member.value, head.plainType) { continue }
            let child = table.nodes[Int(head.node)]
            let isAllowedNull = head.isNullable && member.value.isNull
            if !isMissing, !isAllowedNull {
                let oldMember = node.facts.hasImmutables ? old?[member.key] : nil
                validate(member.value, oldMember, child, &errors, owner: owner)
                if head.isImmutable, let oldMember, oldMember != member.value {
                    errors.append(.invalid("", member.value, "field is immutable"))
                }
            }
            if errors.count > known {
                prepend(from: known, &errors) { member.key }
                groups.append((place, errors.count))
            }
        }
        let missing = properties.requiredBits & ~found
        if missing != 0 || properties.hasMoreThanBits {
            for (place, head) in properties.heads.enumerated() where head.isRequired {
                let name = properties[place].name
                let isMissing = head.bit >= 0 ? missing & (1 << UInt64(head.bit)) != 0 : members[name] == nil
                guard isMissing else { continue }
                errors.append(.required(name))
                groups.append((place, errors.count))
            }
        }
        if groups.count > 1 { sort(&errors, from: start, groups) }
    }

    /// Whether a value has a type that is all that is asked of it.
    private func isPlain(_ value: JSON, _ type: ValueType) -> Bool {
        switch (type, value) {
        case (.string, .string), (.boolean, .bool), (.integer, .integer): true
        default: false
        }
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
