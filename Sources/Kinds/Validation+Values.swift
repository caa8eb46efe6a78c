internal import Objects

extension Validator {
    // MARK: Types

    func typeError(_ value: JSON, _ node: SchemaNode, _ owner: SchemaNode) -> FieldError {
        let facts = node.facts
        if isCustomResource {
            let expected = facts.type.openAPIType.isEmpty ? (facts.type == .quantity ? "string" : "integer,string") : facts.type.openAPIType
            let found = value.typeName
            return FieldError(
                path: "", reason: .typeInvalid,
                message: "Invalid value: \"\(found)\": \(Self.pathMark) in body must be of type \(expected): \"\(found)\"")
        }
        let found =
            switch value {
            case .bool: "bool"
            case .integer, .number: facts.type == .integer ? "number \(value.text)" : "number"
            default: value.typeName
            }
        let type = owner.facts.name.split(separator: ".").last.map(String.init) ?? ""
        return FieldError(
            path: "", reason: .typeInvalid,
            message: "json: cannot unmarshal \(found) into Go struct field \(type).\(Self.plainPathMark) of type \(goType(facts))")
    }

    /// The Go type of a field as the decoder names it.
    private func goType(_ facts: SchemaFacts) -> String {
        switch facts.type {
        case .string: return facts.format == "date-time" ? "v1.Time" : facts.format == "byte" ? "[]uint8" : "string"
        case .integer: return facts.format.isEmpty ? "int64" : facts.format
        case .number: return "float64"
        case .boolean: return "bool"
        case .quantity: return "resource.Quantity"
        case .intOrString: return "intstr.IntOrString"
        case .any: return "interface {}"
        case .array: return "[]" + (facts.items.map { goType(table.nodes[$0].facts) } ?? "interface {}")
        case .object:
            if let values = facts.mapValues { return "map[string]" + goType(table.nodes[values].facts) }
            return "v1." + (facts.name.split(separator: ".").last.map(String.init) ?? "Object")
        }
    }

    // MARK: Formats

    func validateFormat(_ text: String, _ node: SchemaNode, _ errors: inout [FieldError]) {
        let facts = node.facts
        let isFit: Bool
        switch facts.format {
        case "date-time": isFit = Timestamp(rfc3339: text) != nil
        case "byte": isFit = Base64.isValid(text)
        case "duration": isFit = GoDuration.isValid(text)
        default: isFit = facts.type != .quantity || QuantityForm.isValid(text)
        }
        if isFit { return }
        guard !isCustomResource else {
            let message =
                facts.type == .quantity
                ? "should match '\(QuantityForm.structuralPattern)'" : "must be of type \(facts.format): \(JSON.string(text).text)"
            errors.append(.invalid("", .string(text), "\(Self.pathMark) in body \(message)"))
            return
        }
        let message =
            switch facts.format {
            case "date-time":
                "parsing time \(JSON.string(JSON.string(text).text).text) as \"\\\"2006-01-02T15:04:05Z07:00\\\"\": "
                    + "cannot parse \(JSON.string(text).text)"
            case "byte": "illegal base64 data"
            default: "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"
            }
        errors.append(FieldError(path: "", reason: .typeInvalid, message: message))
    }

    // MARK: Limits

    func validateLimits(
        _ value: JSON, _ shared: ValueLimits, _ errors: inout [FieldError], _ owner: SchemaNode
    ) {
        if let rule = shared.values.rule, !shared.hasMoreThanRule {
            errors += rule.check(value)
            return
        }
        let limits = shared.values
        if !limits.allowed.isEmpty, !limits.allowed.contains(value), isCustomResource || value != "" {
            errors.append(.notSupported("", value, limits.allowed))
        }
        switch value {
        case .integer, .number: validateBounds(value, limits, &errors)
        case .string(let text): validateText(text, limits, &errors)
        case .array(let list):
            if let most = limits.maxItems, list.count > most { errors.append(.tooMany("", list.count, limit: most)) }
            if let least = limits.minItems, list.count < least {
                errors.append(.invalid("", .integer(Int64(list.count)), inBody("should have at least \(least) items")))
            }
        case .object(let members):
            if let most = limits.maxProperties, members.count > most {
                errors.append(.tooMany("", members.count, limit: most))
            }
            if let least = limits.minProperties, members.count < least {
                errors.append(.invalid("", .integer(Int64(members.count)), inBody("should have at least \(least) properties")))
            }
        default: break
        }
        if let rule = limits.rule { errors += rule.check(value) }
        if limits.hasAlternatives { validateAlternatives(value, limits, &errors, owner) }
    }

    private func inBody(_ text: String) -> String { isCustomResource ? "\(Self.pathMark) in body \(text)" : text }

    private func validateBounds(_ value: JSON, _ limits: ValueLimits.Values, _ errors: inout [FieldError]) {
        guard let number = value.double else { return }
        let should = isCustomResource ? "\(Self.pathMark) in body should be" : "must be"
        if let least = limits.minimum, let bound = least.double, limits.isMinimumExclusive ? number <= bound : number < bound {
            let relation = limits.isMinimumExclusive ? "greater than" : "greater than or equal to"
            errors.append(.invalid("", value, "\(should) \(relation) \(least.text)"))
        }
        if let most = limits.maximum, let bound = most.double, limits.isMaximumExclusive ? number >= bound : number > bound {
            let relation = limits.isMaximumExclusive ? "less than" : "less than or equal to"
            errors.append(.invalid("", value, "\(should) \(relation) \(most.text)"))
        }
        if let factor = limits.multipleOf, let step = factor.double, step > 0, (number / step).rounded() * step != number {
            errors.append(.invalid("", value, inBody("should be a multiple of \(factor.text)")))
        }
    }

    private func validateText(_ text: String, _ limits: ValueLimits.Values, _ errors: inout [FieldError]) {
        // Only the count of code points matters to JSON Schema; it cannot exceed the bytes.
        if let most = limits.maxLength, text.utf8.count > most, text.unicodeScalars.count > most {
            errors.append(.tooLong("", bytes: most))
        }
        if let least = limits.minLength, text.unicodeScalars.count < least {
            errors.append(.invalid("", .string(text), inBody("should be at least \(least) chars long")))
        }
        // The structural validator gives up on a text that is too long before it looks at the pattern.
        if let pattern = limits.pattern, limits.maxLength.map({ text.unicodeScalars.count <= $0 }) ?? true, !pattern.matches(text) {
            errors.append(.invalid("", .string(text), inBody("should match '\(pattern.text)'")))
        }
    }

    private func validateAlternatives(_ value: JSON, _ limits: ValueLimits.Values, _ errors: inout [FieldError], _ owner: SchemaNode) {
        func problems(_ place: Int) -> [FieldError] {
            var found: [FieldError] = []
            validate(value, nil, table.nodes[place], &found, owner: owner)
            return found
        }
        for place in limits.allOf { errors += problems(place) }
        if !limits.anyOf.isEmpty, !limits.anyOf.contains(where: { problems($0).isEmpty }) {
            errors.append(.invalid("", value, inBody("must validate at least one schema (anyOf)")))
        }
        if !limits.oneOf.isEmpty {
            let fitting = limits.oneOf.count { problems($0).isEmpty }
            if fitting != 1 { errors.append(.invalid("", value, inBody("must validate one and only one schema (oneOf)"))) }
        }
        if let place = limits.not, problems(place).isEmpty {
            errors.append(.invalid("", value, inBody("must not validate the schema (not)")))
        }
    }
}

/// Go's form of a duration: `1h30m`, `-1.5s`, `0`.
enum GoDuration {
    static func isValid(_ text: String) -> Bool {
        var rest = Array(text.utf8)[...]
        if rest.first == UInt8(ascii: "-") || rest.first == UInt8(ascii: "+") { rest = rest.dropFirst() }
        if rest.elementsEqual("0".utf8) { return true }
        if rest.isEmpty { return false }
        while !rest.isEmpty {
            let isDigit = { (byte: UInt8) in byte >= 0x30 && byte <= 0x39 }
            let number = rest.prefix { isDigit($0) || $0 == UInt8(ascii: ".") }
            guard number.contains(where: isDigit), number.count(where: { $0 == UInt8(ascii: ".") }) <= 1 else { return false }
            rest = rest[number.endIndex...]
            let unit = rest.prefix { !isDigit($0) && $0 != UInt8(ascii: ".") }
            guard ["ns", "us", "µs", "ms", "s", "m", "h"].contains(where: { unit.elementsEqual($0.utf8) }) else { return false }
            rest = rest[unit.endIndex...]
        }
        return true
    }
}

/// The form of a quantity, without its value.
enum QuantityForm {
    static let structuralPattern =
        "^(\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|([eE](\\+|-)?(([0-9]+(\\.[0-9]*)?)|(\\.[0-9]+))))?$"

    static func isValid(_ text: String) -> Bool {
        var copy = text
        return copy.withUTF8 { bytes in
            var index = 0
            func skipDigits() -> Int {
                let start = index
                while index < bytes.count, bytes[index] >= 0x30, bytes[index] <= 0x39 { index += 1 }
                return index - start
            }
            func skipSign() {
                if index < bytes.count, bytes[index] == UInt8(ascii: "+") || bytes[index] == UInt8(ascii: "-") { index += 1 }
            }
            skipSign()
            var digits = skipDigits()
            if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
                index += 1
                digits += skipDigits()
            }
            guard digits > 0 else { return false }
            if index == bytes.count { return true }
            let suffix = bytes[index]
            index += 1
            if index == bytes.count { return "numkMGTPE".utf8.contains(suffix) }
            if bytes[index] == UInt8(ascii: "i") { return index + 1 == bytes.count && "KMGTPE".utf8.contains(suffix) }
            guard suffix == UInt8(ascii: "e") || suffix == UInt8(ascii: "E") else { return false }
            skipSign()
            return skipDigits() > 0 && index == bytes.count
        }
    }
}
