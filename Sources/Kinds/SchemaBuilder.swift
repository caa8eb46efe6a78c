/// Collects types by name and writes the table in which they refer to one another by place.
struct SchemaBuilder {
    /// A type under construction.
    indirect enum Draft {
        case reference(Int)
        case value(SchemaFacts)
        /// One element: the items' type.
        case list(SchemaFacts, [Draft])
        /// One element: the values' type.
        case map(SchemaFacts, [Draft])
    }

    private struct Scope: Hashable {
        var file: String
        var type: String
    }

    private var facts: [SchemaFacts?] = []
    private var places: [Scope: Int] = [:]
    private var lines: [Int: KindLine] = [:]
    /// Values without anything special, by type and format: there are thousands of plain strings.
    private var plain: [String: Int] = [:]

    /// Gives every type of a file its place.
    mutating func declareTypes(of parser: KindFileParser) throws(KindError) {
        for line in parser.lines where line.indent == 0 {
            var copy = line
            if try copy.word() == "type" { try declare(type: try copy.word(), line: line) }
        }
    }

    /// Gives a type its place before its fields are read, so that types may refer to one another.
    mutating func declare(type: String, line: KindLine) throws(KindError) {
        let scope = Scope(file: line.file, type: type)
        guard places[scope] == nil else { throw line.failure("type \(type) twice") }
        places[scope] = facts.count
        lines[facts.count] = line
        facts.append(nil)
    }

    /// The place of a type: one of that file, or one of `shared.kind`.
    func find(_ type: String, file: String) -> Int? {
        places[Scope(file: file, type: type)] ?? places[Scope(file: "shared.kind", type: type)]
    }

    mutating func define(type: String, file: String, _ definition: SchemaFacts) {
        guard let place = places[Scope(file: file, type: type)] else { return }
        facts[place] = definition
    }

    /// Adds a type and what it holds; returns its place.
    mutating func add(_ draft: Draft) -> Int {
        switch draft {
        case .reference(let place): return place
        case .value(let value):
            guard value.isPlain else { return append(value) }
            let key = "\(value.type) \(value.format) \(value.isMicroTime)"
            if let place = plain[key] { return place }
            plain[key] = facts.count
            return append(value)
        case .list(var list, let inner):
            list.items = add(inner[0])
            return append(list)
        case .map(var map, let inner):
            map.mapValues = add(inner[0])
            return append(map)
        }
    }

    /// Adds facts as they are.
    mutating func append(_ value: SchemaFacts) -> Int {
        facts.append(value)
        return facts.count - 1
    }

    /// Copies what a schema reaches from another table; returns the place of its copy.
    mutating func copy(_ schema: Schema) -> Int {
        var moved: [Int: Int] = [:]
        return copy(schema.node, of: schema.table, &moved)
    }

    private mutating func copy(_ node: SchemaNode, of table: SchemaTable, _ moved: inout [Int: Int]) -> Int {
        let place = facts.count
        facts.append(nil)
        var copied = node.facts
        func target(_ old: Int) -> Int {
            if let known = moved[old] { return known }
            moved[old] = facts.count
            return copy(table.nodes[old], of: table, &moved)
        }
        copied.items = node.facts.items.map(target)
        copied.mapValues = node.facts.mapValues.map(target)
        copied.properties = PropertyTable(
            node.facts.properties.map { property in
                var property = property
                property.node = target(property.node)
                return property
            })
        facts[place] = copied
        return place
    }

    /// - Throws: ``KindError`` when a declared type was never defined.
    mutating func finish() throws(KindError) -> SchemaTable {
        var complete: [SchemaFacts] = []
        complete.reserveCapacity(facts.count)
        for (place, value) in facts.enumerated() {
            guard let value else {
                throw lines[place]?.failure("type without a definition") ?? KindError(file: "", line: 0, reason: "undefined type")
            }
            complete.append(value)
        }
        Self.mark(&complete, \.hasDefaults) { $0.defaultValue != nil }
        Self.mark(&complete, \.hasImmutables) { $0.isImmutable }
        return SchemaTable(
            complete.map { facts in
                var facts = facts
                facts.properties = facts.properties.linked(to: complete)
                return SchemaNode(facts)
            })
    }

    /// Marks the places at or below which something stands, going round until nothing changes, as types may be cyclic.
    private static func mark(
        _ facts: inout [SchemaFacts], _ flag: WritableKeyPath<SchemaFacts, Bool>, where has: (Property) -> Bool
    ) {
        var changed = true
        while changed {
            changed = false
            for index in facts.indices where !facts[index][keyPath: flag] {
                let value = facts[index]
                guard
                    value.properties.contains(where: { has($0) || facts[$0.node][keyPath: flag] })
                        || value.items.map({ facts[$0][keyPath: flag] }) == true
                        || value.mapValues.map({ facts[$0][keyPath: flag] }) == true
                else { continue }
                facts[index][keyPath: flag] = true
                changed = true
            }
        }
    }
}
