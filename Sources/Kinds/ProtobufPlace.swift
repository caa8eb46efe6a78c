/// Where a field stands in its kind's protobuf message: the modifier `@` of kind files.
struct ProtobufPlace: Sendable, Equatable {
    /// Messages that hold one of several things, where JSON shows the thing itself. The schema is of the type in which the
    /// field stands.
    enum Choice: String, Sendable {
        /// A schema (1) or several (2).
        case schemaOrArray
        /// Whether anything is allowed (1), or a schema (2).
        case schemaOrBool
        /// A schema (1) or names (2).
        case schemaOrStrings
    }

    /// Field numbers from the message inwards: more than one where JSON shows fields of an inner message as the outer one's.
    var path: [Int]
    /// Whether a zero or empty value means something: such fields are written only when they are set. All others are always
    /// written, and zero means absent.
    var keepsZero: Bool
    var choice: Choice?

    /// Reads `@3`, `@2.1`, `@3?` or `@30?(schemaOrBool)`.
    init(_ word: String, _ arguments: [String], _ line: KindLine) throws(KindError) {
        var digits = word.dropFirst()
        keepsZero = digits.last == "?"
        if keepsZero { digits.removeLast() }
        path = digits.split(separator: ".", omittingEmptySubsequences: false).map { Int($0) ?? 0 }
        guard path.allSatisfy({ $0 > 0 && $0 < 1 << 29 }) else { throw line.failure("\(word) is no protobuf field number") }
        guard let name = arguments.first else { return }
        choice = Choice(rawValue: name)
        if choice == nil { throw line.failure("unknown protobuf choice \(name)") }
    }
}

/// The fields of a message by number.
struct ProtobufLayout: Sendable {
    enum Entry: Sendable {
        /// The place of a property in its table.
        case property(Int)
        /// A message whose fields are properties of the same table.
        case inner(ProtobufLayout)
    }

    private(set) var entries: [Int: Entry] = [:]
    /// Properties whose number another one has.
    private(set) var clashes: [String] = []

    init(_ properties: [Property]) {
        for (place, property) in properties.enumerated() {
            guard let path = property.protobuf?.path[...] else { continue }
            if !insert(place, path) { clashes.append(property.name) }
        }
    }

    private mutating func insert(_ place: Int, _ path: ArraySlice<Int>) -> Bool {
        guard let number = path.first else { return false }
        let rest = path.dropFirst()
        switch entries[number] {
        case nil where rest.isEmpty:
            entries[number] = .property(place)
        case nil:
            var inner = ProtobufLayout([])
            guard inner.insert(place, rest) else { return false }
            entries[number] = .inner(inner)
        case .inner(var inner):
            guard !rest.isEmpty, inner.insert(place, rest) else { return false }
            entries[number] = .inner(inner)
        case .property: return false
        }
        return true
    }
}
