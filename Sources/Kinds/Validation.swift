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
        let type = node.facts.type
        if type == .any { return true }
        switch value {
        case .object: return type == .object
        case .array: return type == .array
        case .string: return type == .string || type == .intOrString || type == .quantity
        case .bool: return type == .boolean
        case .null: return node.facts.isNullable
        case .integer(let number):
            if type == .integer { return !node.isInt32 || Int32(exactly: number) != nil }
            return type == .number || type == .intOrString || type == .quantity
        case .number:
            // `1e3` is an integer for the structural validator, but not for a decoder.
            if type == .integer || type == .intOrString { return isCustomResource && value.integer != nil }
            return type == .number || type == .quantity
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
        var walk = ObjectWalk()
        members.withUnsafeMembers { list in
            for index in list.indices {
                guard let place = properties.find(list[index].key) else { continue }
                let head = properties.head(place)
                let isMissing = head.isRequired && !isCustomResource && isEmpty(list[index].value)
                if isMissing { continue }
                if head.bit >= 0 { walk.found |= 1 << UInt64(head.bit) }
                if isPlain(list[index].value, head.plainType) { continue }
                let known = errors.count
                validateMember(list[index], head, old: node.facts.hasImmutables ? old?[list[index].key] : nil, &errors, owner)
                if errors.count > known {
                    prepend(from: known, &errors) { list[index].key }
                    walk.groups.append((place, errors.count))
                }
            }
        }
        if node.facts.hasImmutables, case .object(let before)? = old {
            for place in properties.indices where properties.head(place).isImmutable {
                let name = properties[place].name
                // A member that is missing although it is required is reported as that.
                guard before[name] != members[name], members[name] != nil || !properties.head(place).isRequired else { continue }
                errors.append(.invalid(name, members[name] ?? .null, "field is immutable"))
                walk.groups.append((place, errors.count))
            }
        }
        let missing = properties.requiredBits & ~walk.found
        if missing != 0 || properties.hasMoreThanBits {
            for place in properties.indices where properties.head(place).isRequired {
                let head = properties.head(place)
                let name = properties[place].name
                let isMissing = head.bit >= 0 ? missing & (1 << UInt64(head.bit)) != 0 : members[name] == nil
                guard isMissing else { continue }
                errors.append(.required(name))
                walk.groups.append((place, errors.count))
            }
        }
        if walk.groups.count > 1 { sort(&errors, from: start, walk.groups) }
    }

    private func validateMember(
        _ member: JSONObject.Member, _ head: PropertyHead, old: JSON?, _ errors: inout [FieldError], _ owner: SchemaNode
    ) {
        if head.isNullable, member.value.isNull { return }
        validate(member.value, old, table.nodes[Int(head.node)], &errors, owner: owner)
    }

    /// What a walk over an object's members finds.
    private struct ObjectWalk {
        /// Bits of the properties that are there.
        var found: UInt64 = 0
        /// Where each member's errors end, kept only while there are errors: they are put into the schema's order.
        var groups: [(place: Int, end: Int)] = []
    }

    /// Whether a value has a type that is all that is asked of it.
    private func isPlain(_ value: JSON, _ type: ValueType) -> Bool {
        // Nothing is bound and no pair is made: both would count references.
        switch type {
        case .string: if case .string = value { true } else { false }
        case .boolean: if case .bool = value { true } else { false }
        case .integer: if case .integer = value { true } else { false }
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
