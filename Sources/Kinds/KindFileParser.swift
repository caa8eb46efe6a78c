/// Reads one kind file: headers of kinds, and types with a line for each field.
struct KindFileParser {
    /// A kind whose schema is not known yet.
    struct Draft {
        var kind: Kind
        var file: String
        var line: Int
    }

    let file: String
    private(set) var lines: [KindLine] = []
    private var next = 0
    private var package = ""

    /// Splits the text into lines; blank lines and comments are dropped.
    init(_ source: KindFiles.Source) throws(KindError) {
        file = source.name
        var number = 0
        var rest = source.text[...]
        while !rest.isEmpty {
            number += 1
            let end = rest.firstIndex(of: 0x0a) ?? rest.endIndex
            let line = try KindLine(file: file, number: number, bytes: rest[..<end])
            if !line.isBlank { lines.append(line) }
            rest = rest[end...].dropFirst()
        }
    }

    mutating func parse(into builder: inout SchemaBuilder) throws(KindError) -> [Draft] {
        var drafts: [Draft] = []
        while next < lines.count {
            var line = lines[next]
            next += 1
            guard line.indent == 0 else { throw line.failure("indented, but nothing stands above it") }
            switch try line.word() {
            case "package":
                package = line.rest()
            case "kind":
                let start = line.number
                let name = try line.word()
                drafts.append(Draft(kind: try parseKind(name), file: file, line: start))
            case "type":
                try parseType(&line, into: &builder)
            case let other:
                throw line.failure("expected package, kind or type, found \(other)")
            }
        }
        return drafts
    }

    /// The next line if it is indented so far.
    mutating func takeLine(indent: Int) -> KindLine? {
        guard next < lines.count, lines[next].indent == indent else { return nil }
        next += 1
        return lines[next - 1]
    }

    private mutating func parseType(_ line: inout KindLine, into builder: inout SchemaBuilder) throws(KindError) {
        let name = try line.word()
        var facts = SchemaFacts()
        facts.type = .object
        facts.name = package.isEmpty ? name : "\(package).\(name)"
        facts.isObjectMeta = name == "ObjectMeta"
        while line.peek() != nil {
            switch try line.word() {
            case "atomic": facts.isAtomicMap = true
            case "preserveUnknown": facts.preservesUnknown = true
            case "rule":
                var limits = ValueLimits.Values()
                limits.rule = ValueRule(rawValue: try line.arguments()?.first ?? "")
                guard limits.rule != nil else { throw line.failure("unknown rule") }
                facts.limits = ValueLimits(limits)
            case let other: throw line.failure("unknown modifier \(other) of a type")
            }
        }
        facts.description = try line.description()
        facts.properties = try parseProperties(indent: 1, into: &builder)
        builder.define(type: name, file: file, facts)
    }

    private mutating func parseProperties(indent: Int, into builder: inout SchemaBuilder) throws(KindError) -> PropertyTable {
        var properties: [Property] = []
        var names = Set<String>()
        while next < lines.count, lines[next].indent >= indent {
            var line = lines[next]
            guard line.indent == indent else { throw line.failure("indented too far") }
            next += 1
            let name = try line.word()
            guard names.insert(name).inserted else { throw line.failure("field \(name) twice") }
            try line.expect(":")
            properties.append(try parseProperty(name, &line, into: &builder))
        }
        let table = PropertyTable(properties)
        if let clash = table.protobuf.clashes.first, let line = lines.prefix(next).last {
            throw line.failure("field \(clash) has the protobuf number of another one")
        }
        return table
    }

    private mutating func parseProperty(
        _ name: String, _ line: inout KindLine, into builder: inout SchemaBuilder
    ) throws(KindError) -> Property {
        var property = Property(name: name, node: 0)
        var type = try parseType(&line, into: &builder, property: &property)
        property.defaultValue = try line.defaultValue()
        property.description = try line.description()
        if try fillInline(&type, indent: line.indent + 1, into: &builder) == false, next < lines.count, lines[next].indent > line.indent {
            throw lines[next].failure("indented below a field that is no object")
        }
        property.node = builder.add(type)
        return property
    }

    /// Gives the innermost `object` of a type its fields; returns whether there is such an object.
    private mutating func fillInline(
        _ type: inout SchemaBuilder.Draft, indent: Int, into builder: inout SchemaBuilder
    ) throws(KindError) -> Bool {
        switch type {
        case .reference: return false
        case .value(var facts):
            guard facts.type == .object else { return false }
            facts.properties = try parseProperties(indent: indent, into: &builder)
            type = .value(facts)
            return true
        case .list(let facts, var inner):
            let found = try fillInline(&inner[0], indent: indent, into: &builder)
            type = .list(facts, inner)
            return found
        case .map(let facts, var inner):
            let found = try fillInline(&inner[0], indent: indent, into: &builder)
            type = .map(facts, inner)
            return found
        }
    }

    /// Items of lists and values of maps have no property on which these words could act.
    private func refuseProperty(_ property: Property, _ line: KindLine) throws(KindError) {
        if property.isNullable || property.isImmutable || property.presence != .optional || property.retainsKeysOnPatch
            || property.protobuf != nil
        {
            throw line.failure("a modifier of fields stands at items or values")
        }
    }

    private func parseType(
        _ line: inout KindLine, into builder: inout SchemaBuilder, property: inout Property
    ) throws(KindError) -> SchemaBuilder.Draft {
        var draft: SchemaBuilder.Draft
        var facts = SchemaFacts()
        var unused = Property(name: "", node: 0)
        if line.take("[") {
            facts.type = .array
            let inner = try parseType(&line, into: &builder, property: &unused)
            try line.expect("]")
            try refuseProperty(unused, line)
            draft = .list(facts, [inner])
        } else if line.take("{") {
            facts.type = .object
            let inner = try parseType(&line, into: &builder, property: &unused)
            try line.expect("}")
            try refuseProperty(unused, line)
            draft = .map(facts, [inner])
        } else {
            let name = try line.word()
            if let plain = SchemaFacts(named: name) {
                draft = .value(plain)
            } else if let place = builder.find(name, file: line.file) {
                draft = .reference(place)
            } else {
                throw line.failure("unknown type \(name)")
            }
        }
        try SchemaModifiers.read(&line, into: &draft, property: &property)
        return draft
    }
}
