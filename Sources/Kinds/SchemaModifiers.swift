internal import Objects

extension SchemaFacts {
    /// The built-in types of kind files; `nil` for the name of a declared type.
    init?(named name: String) {
        self.init()
        switch name {
        case "any":
            preservesUnknown = true
        case "object": type = .object
        case "string": type = .string
        case "time": (type, format) = (.string, "date-time")
        case "microTime": (type, format, isMicroTime) = (.string, "date-time", true)
        case "bytes": (type, format) = (.string, "byte")
        case "duration": (type, format) = (.string, "duration")
        case "int32": (type, format) = (.integer, "int32")
        case "int64": (type, format) = (.integer, "int64")
        case "integer": type = .integer
        case "number": (type, format) = (.number, "double")
        case "boolean": type = .boolean
        case "intOrString": (type, format) = (.intOrString, "int-or-string")
        case "quantity": type = .quantity
        default: return nil
        }
    }

    /// Whether only type and format are set, so that one place serves all.
    var isPlain: Bool {
        type != .object && limits == nil && !isNullable && !isAtomicMap && !isEmbeddedResource && description.isEmpty
            && (type == .any) == preservesUnknown
    }
}

/// The words after a type, such as `required` or `listMap(name)`.
enum SchemaModifiers {
    static func read(_ line: inout KindLine, into draft: inout SchemaBuilder.Draft, property: inout Property) throws(KindError) {
        var limits = ValueLimits.Values()
        while let next = line.peek(), next != UInt8(ascii: "="), next != UInt8(ascii: "]"), next != UInt8(ascii: "}") {
            let word = try line.word()
            let arguments = try line.arguments() ?? []
            if word.hasPrefix("@") {
                property.protobuf = try ProtobufPlace(word, arguments, line)
                continue
            }
            if try readProperty(word, &property) { continue }
            if try readLimit(word, arguments, line, &limits) { continue }
            switch draft {
            case .reference where word == "nullable":
                property.isNullable = true
            case .reference:
                throw line.failure("\(word) cannot stand beside a declared type")
            case .value(var facts):
                try readType(word, arguments, line, &facts)
                draft = .value(facts)
            case .list(var facts, let inner):
                try readType(word, arguments, line, &facts)
                draft = .list(facts, inner)
            case .map(var facts, let inner):
                try readType(word, arguments, line, &facts)
                draft = .map(facts, inner)
            }
        }
        guard limits != ValueLimits.Values() else { return }
        let shared = ValueLimits(limits)
        switch draft {
        case .reference: throw line.failure("constraints cannot stand beside a declared type")
        case .value(var facts):
            facts.limits = shared
            draft = .value(facts)
        case .list(var facts, let inner):
            facts.limits = shared
            draft = .list(facts, inner)
        case .map(var facts, let inner):
            facts.limits = shared
            draft = .map(facts, inner)
        }
    }

    private static func readProperty(_ word: String, _ property: inout Property) throws(KindError) -> Bool {
        switch word {
        case "required": property.presence = .required
        case "expected": property.presence = .expected
        case "immutable": property.isImmutable = true
        case "retainKeys": property.retainsKeysOnPatch = true
        default: return false
        }
        return true
    }

    private static func readType(
        _ word: String, _ arguments: [String], _ line: KindLine, _ facts: inout SchemaFacts
    ) throws(KindError) {
        switch word {
        case "nullable": facts.isNullable = true
        case "preserveUnknown": facts.preservesUnknown = true
        case "embeddedResource": facts.isEmbeddedResource = true
        case "unique": facts.isUnique = true
        case "format": facts.format = arguments.first ?? ""
        case "atomic":
            if facts.type == .array { facts.declaresListType = true } else { facts.isAtomicMap = true }
        case "listSet":
            facts.listType = .set
            facts.declaresListType = true
        case "listMap":
            guard !arguments.isEmpty else { throw line.failure("listMap needs keys") }
            facts.listType = .map(keys: arguments)
            facts.declaresListType = true
            if facts.mergesOnPatch, facts.mergeKey == nil { facts.mergeKey = arguments[0] }
        case "patch":
            facts.mergesOnPatch = true
            facts.mergeKey = arguments.first
            if arguments.isEmpty, case .map(let keys) = facts.listType { facts.mergeKey = keys[0] }
        default: throw line.failure("unknown modifier \(word)")
        }
    }

    private static func readLimit(
        _ word: String, _ arguments: [String], _ line: KindLine, _ limits: inout ValueLimits.Values
    ) throws(KindError) -> Bool {
        func number() throws(KindError) -> JSON {
            do throws(JSONError) {
                let value = try JSON(parsing: arguments.first ?? "")
                if value.double != nil { return value }
            } catch {}
            throw line.failure("\(word) needs a number")
        }
        func count() throws(KindError) -> Int {
            guard let value = arguments.first.flatMap({ Int($0) }), value >= 0 else { throw line.failure("\(word) needs a count") }
            return value
        }
        switch word {
        case "enum": limits.allowed = arguments.map { JSON.string($0) }
        case "min": limits.minimum = try number()
        case "max": limits.maximum = try number()
        case "exclusiveMin": (limits.minimum, limits.isMinimumExclusive) = (try number(), true)
        case "exclusiveMax": (limits.maximum, limits.isMaximumExclusive) = (try number(), true)
        case "minLength": limits.minLength = try count()
        case "maxLength": limits.maxLength = try count()
        case "minItems": limits.minItems = try count()
        case "maxItems": limits.maxItems = try count()
        case "minProperties": limits.minProperties = try count()
        case "maxProperties": limits.maxProperties = try count()
        case "pattern":
            do throws(PatternError) {
                limits.pattern = try Pattern(arguments.first ?? "")
            } catch { throw line.failure("pattern: \(error.reason)") }
        case "rule":
            guard let rule = ValueRule(rawValue: arguments.first ?? "") else { throw line.failure("unknown rule \(arguments)") }
            limits.rule = rule
        default: return false
        }
        return true
    }
}
