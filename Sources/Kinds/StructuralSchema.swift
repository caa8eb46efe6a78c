internal import Objects

/// Turns the OpenAPI schema of a CustomResourceDefinition into a schema, and finds what keeps it from being structural.
struct StructuralSchema {
    /// Paths are relative to the root schema.
    private(set) var errors: [FieldError] = []
    private var builder = SchemaBuilder()
    /// Defaults to check once all places are known: path, value, place.
    private var defaults: [(path: String, value: JSON, place: Int)] = []

    /// The schema of whole objects; `nil` when there are ``errors``.
    mutating func convert(_ root: JSON, name: String) -> Schema? {
        let place = add(root, "", isValidation: false, root: name)
        if let type = root["type"] {
            if type != "object" { errors.append(.invalid("type", type, "must be object at the root")) }
        } else {
            errors.append(.required("type", "must not be empty at the root"))
        }
        guard let table = try? builder.finish() else { return nil }
        checkDefaults(table)
        return errors.isEmpty ? Schema(table: table, node: table.nodes[place]) : nil
    }

    private mutating func checkDefaults(_ table: SchemaTable) {
        let validator = Validator(table: table, isCustomResource: true)
        for (path, value, place) in defaults {
            var found: [FieldError] = []
            validator.validate(value, nil, table.nodes[place], &found, owner: table.nodes[place])
            for var error in found {
                error.message = Validator.finish(error)
                error.path = FieldPath.join(path, error.path)
                errors.append(error)
            }
        }
    }

    /// Adds a schema and those below it. `isValidation` is true inside `allOf`, `anyOf`, `oneOf` and `not`, where no type is needed.
    private mutating func add(_ schema: JSON, _ path: String, isValidation: Bool, root: String = "") -> Int {
        var facts = SchemaFacts()
        facts.name = root
        facts.description = schema["description"]?.string ?? ""
        facts.isNullable = schema["nullable"] == true
        facts.preservesUnknown = schema["x-kubernetes-preserve-unknown-fields"] == true
        facts.isEmbeddedResource = schema["x-kubernetes-embedded-resource"] == true
        facts.format = schema["format"]?.string ?? ""
        facts.isAtomicMap = schema["x-kubernetes-map-type"] == "atomic"
        let isIntOrString = schema["x-kubernetes-int-or-string"] == true
        setType(&facts, schema, isIntOrString)
        facts.properties = addProperties(schema, path, isValidation, root)
        addAdditionalProperties(schema, path, isValidation, &facts)
        addItems(schema, path, isValidation, &facts)
        let limits = limits(schema, path, isIntOrString)
        if limits != ValueLimits.Values() { facts.limits = ValueLimits(limits) }
        if !isValidation, root.isEmpty, schema["type"] == nil, !isIntOrString, !facts.preservesUnknown {
            errors.append(.required(FieldPath.join(path, "type"), "must not be empty for specified object fields"))
        }
        for keyword in ["$ref", "definitions", "dependencies", "patternProperties", "additionalItems"] where schema[keyword] != nil {
            errors.append(.forbidden(FieldPath.join(path, keyword), "\(keyword) is not supported"))
        }
        return builder.append(facts)
    }

    private func setType(_ facts: inout SchemaFacts, _ schema: JSON, _ isIntOrString: Bool) {
        switch schema["type"]?.string {
        case "object": facts.type = .object
        case "array": facts.type = .array
        case "string": facts.type = .string
        case "integer": facts.type = .integer
        case "number": facts.type = .number
        case "boolean": facts.type = .boolean
        default:
            facts.type = isIntOrString ? .intOrString : .any
            if isIntOrString, schema["pattern"]?.string == QuantityForm.structuralPattern { facts.type = .quantity }
        }
    }

    private mutating func addProperties(_ schema: JSON, _ path: String, _ isValidation: Bool, _ root: String) -> PropertyTable {
        let members = schema["properties"]?.object ?? JSONObject()
        let required = (schema["required"]?.array ?? []).compactMap(\.string)
        var properties: [Property] = []
        for member in members.sorted(by: { $0.key < $1.key }) {
            let childPath = FieldPath.join(path, "properties[\(member.key)]")
            var property = Property(name: member.key, node: 0)
            if !root.isEmpty, let place = header(member.key) {
                property.node = place
            } else {
                property.node = add(member.value, childPath, isValidation: isValidation)
                property.description = member.value["description"]?.string ?? ""
                property.defaultValue = member.value["default"]
                if let value = property.defaultValue { defaults.append((FieldPath.join(childPath, "default"), value, property.node)) }
            }
            if required.contains(member.key) { property.presence = .required }
            properties.append(property)
        }
        if !root.isEmpty {
            for name in ["metadata", "kind", "apiVersion"] where members[name] == nil {
                properties.insert(Property(name: name, node: header(name) ?? 0), at: 0)
            }
        } else if isValidation {
            for name in required where members[name] == nil {
                properties.append(Property(name: name, node: builder.append(SchemaFacts()), presence: .required))
            }
        }
        return PropertyTable(properties)
    }

    /// The members that every object has, whatever a definition says of them.
    private mutating func header(_ name: String) -> Int? {
        switch name {
        case "apiVersion", "kind":
            var facts = SchemaFacts()
            facts.type = .string
            return builder.append(facts)
        case "metadata":
            guard let metadata = KindFiles.objectMeta else { return nil }
            return builder.copy(metadata)
        default: return nil
        }
    }

    private mutating func addAdditionalProperties(_ schema: JSON, _ path: String, _ isValidation: Bool, _ facts: inout SchemaFacts) {
        guard let additional = schema["additionalProperties"], !additional.isNull else { return }
        let place = FieldPath.join(path, "additionalProperties")
        if schema["properties"]?.object?.isEmpty == false {
            errors.append(.forbidden(place, "additionalProperties and properties are mutual exclusive"))
        }
        switch additional {
        case .bool(true): facts.mapValues = builder.append(SchemaFacts(named: "any") ?? SchemaFacts())
        case .bool: errors.append(.forbidden(place, "additionalProperties cannot be set to false"))
        default: facts.mapValues = add(additional, place, isValidation: isValidation)
        }
    }

    private mutating func addItems(_ schema: JSON, _ path: String, _ isValidation: Bool, _ facts: inout SchemaFacts) {
        if let items = schema["items"], !items.isNull {
            facts.items = add(items, FieldPath.join(path, "items"), isValidation: isValidation)
        } else if facts.type == .array, !isValidation {
            errors.append(.required(FieldPath.join(path, "items"), "must be specified"))
        }
        guard let type = schema["x-kubernetes-list-type"]?.string else { return }
        facts.declaresListType = true
        switch type {
        case "set": facts.listType = .set
        case "map":
            let keys = (schema["x-kubernetes-list-map-keys"]?.array ?? []).compactMap(\.string)
            if keys.isEmpty {
                let detail = "must not be empty if x-kubernetes-list-type is map"
                errors.append(.required(FieldPath.join(path, "x-kubernetes-list-map-keys"), detail))
            }
            for (index, key) in keys.enumerated() where schema["items"]?["properties"]?[key] == nil {
                errors.append(
                    .invalid(
                        FieldPath.join(path, "x-kubernetes-list-map-keys[\(index)]"), .string(key),
                        "entries must all be names of item properties"))
            }
            facts.listType = .map(keys: keys)
        case "atomic": break
        default:
            errors.append(.notSupported(FieldPath.join(path, "x-kubernetes-list-type"), .string(type), ["atomic", "map", "set"]))
        }
        if facts.type != .array {
            errors.append(
                .invalid(FieldPath.join(path, "type"), schema["type"] ?? "", "must be array if x-kubernetes-list-type is specified"))
        }
    }

    private mutating func limits(_ schema: JSON, _ path: String, _ isIntOrString: Bool) -> ValueLimits.Values {
        func count(_ key: String) -> Int? { schema[key]?.integer.map { Int(clamping: $0) } }
        var limits = ValueLimits.Values()
        limits.allowed = schema["enum"]?.array ?? []
        limits.minimum = schema["minimum"]
        limits.maximum = schema["maximum"]
        limits.isMinimumExclusive = schema["exclusiveMinimum"] == true
        limits.isMaximumExclusive = schema["exclusiveMaximum"] == true
        limits.multipleOf = schema["multipleOf"]
        limits.minLength = count("minLength")
        limits.maxLength = count("maxLength")
        limits.minItems = count("minItems")
        limits.maxItems = count("maxItems")
        limits.minProperties = count("minProperties")
        limits.maxProperties = count("maxProperties")
        if let pattern = schema["pattern"]?.string, !pattern.isEmpty {
            do throws(PatternError) { limits.pattern = try Pattern(pattern) } catch {
                errors.append(
                    .invalid(FieldPath.join(path, "pattern"), .string(pattern), "must be a valid regular expression: \(error.reason)"))
            }
        }
        func all(_ key: String) -> [Int] {
            (schema[key]?.array ?? []).enumerated().map { add($1, FieldPath.join(path, "\(key)[\($0)]"), isValidation: true) }
        }
        limits.allOf = all("allOf")
        // The alternatives of an int-or-string only say that it is one.
        if !isIntOrString { limits.anyOf = all("anyOf") }
        limits.oneOf = all("oneOf")
        limits.not = schema["not"].map { add($0, FieldPath.join(path, "not"), isValidation: true) }
        return limits
    }
}

extension KindFiles {
    /// The schema of `ObjectMeta`, which custom resources share with all others.
    static let objectMeta = shared("ObjectMeta")
    /// The schema of the metadata of lists.
    static let listMeta = shared("ListMeta")

    /// A type of `shared.kind`; a test proves that the file parses.
    private static func shared(_ type: String) -> Schema? {
        guard let source = embedded.first else { return nil }
        var builder = SchemaBuilder()
        do throws(KindError) {
            var parser = try KindFileParser(source)
            try builder.declareTypes(of: parser)
            _ = try parser.parse(into: &builder)
            guard let place = builder.find(type, file: source.name) else { return nil }
            let table = try builder.finish()
            return Schema(table: table, node: table.nodes[place])
        } catch { return nil }
    }
}
