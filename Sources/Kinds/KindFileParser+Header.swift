internal import Objects

extension KindFileParser {
    /// The verbs of a kind that names none.
    static let standardVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]

    /// Reads the indented lines below `kind NAME`.
    mutating func parseKind(_ name: String) throws(KindError) -> Kind {
        var kind = Kind(kind: name)
        while var line = takeLine(indent: 1) {
            let word = try line.word()
            switch word {
            case "group": kind.group = try line.word()
            case "version": kind.version = try line.word()
            case "names":
                kind.plural = try line.word()
                kind.singular = try line.word()
            case "list": kind.listKind = try line.word()
            case "short": kind.shortNames = try words(&line)
            case "categories": kind.categories = try words(&line)
            case "verbs": kind.verbs = try words(&line)
            case "scope":
                let scope = try line.word()
                guard scope == "Namespaced" || scope == "Cluster" else { throw line.failure("scope is Namespaced or Cluster") }
                kind.isNamespaced = scope == "Namespaced"
            case "stored": kind.isStored = try flag(&line)
            case "custom": kind.isCustomResource = try flag(&line)
            case "generation": kind.generationTracksSpec = try flag(&line)
            case "storage": kind.storageVersion = try line.word()
            case "subresource": kind.subresources.append(try subresource(&line))
            case "column": kind.columns.append(try column(&line))
            case "selectable": kind.selectableFields = try words(&line)
            case "scale":
                let paths = try words(&line)
                guard paths.count == 3 else { throw line.failure("scale needs three paths") }
                kind.scale = ScalePaths(specReplicas: paths[0], statusReplicas: paths[1], labelSelector: paths[2])
            default: throw line.failure("unknown header \(word)")
            }
            _ = try line.description()
        }
        if kind.listKind.isEmpty { kind.listKind = "\(name)List" }
        if kind.storageVersion.isEmpty { kind.storageVersion = kind.apiVersion }
        if kind.isStored { kind.storageVersionHash = Kind.hash(storageVersion: kind.storageVersion, kind: name) }
        return kind
    }

    private func words(_ line: inout KindLine) throws(KindError) -> [String] {
        var list: [String] = []
        while line.peek() != nil { list.append(try line.word()) }
        return list
    }

    private func flag(_ line: inout KindLine) throws(KindError) -> Bool {
        switch try line.word() {
        case "true": return true
        case "false": return false
        default: throw line.failure("expected true or false")
        }
    }

    /// `NAME KIND VERBS` or `NAME GROUP/VERSION/KIND VERBS`.
    private func subresource(_ line: inout KindLine) throws(KindError) -> Subresource {
        let name = try line.word()
        let parts = try line.word().split(separator: "/").map(String.init)
        guard parts.count == 1 || parts.count == 3 else { throw line.failure("expected KIND or GROUP/VERSION/KIND") }
        let verbs = try words(&line)
        guard parts.count == 3 else { return Subresource(name: name, kind: parts[0], verbs: verbs) }
        return Subresource(name: name, kind: parts[2], group: parts[0], version: parts[1], verbs: verbs)
    }

    /// `NAME TYPE [format(F)] [priority(N)] [.path] [# text]`
    private func column(_ line: inout KindLine) throws(KindError) -> PrinterColumn {
        var column = PrinterColumn(name: try line.word(), type: try line.word())
        while let next = line.peek() {
            if next == UInt8(ascii: ".") {
                let text = line.rest()
                do throws(JSONPathError) { column.jsonPath = try JSONPath(text) } catch { throw line.failure(error.reason) }
                break
            }
            let word = try line.word()
            let argument = try line.arguments()?.first ?? ""
            switch word {
            case "format": column.format = argument
            case "priority":
                guard let priority = Int(argument) else { throw line.failure("priority needs a number") }
                column.priority = priority
            default: throw line.failure("unknown modifier \(word) of a column")
            }
        }
        column.description = try line.description()
        return column
    }
}

extension Kind {
    /// A kind with that name and nothing else known.
    init(kind: String) {
        self.init(
            group: "", version: "", kind: kind, plural: "", singular: "", listKind: "", shortNames: [], categories: [],
            verbs: KindFileParser.standardVerbs, isNamespaced: false, isStored: true, isCustomResource: false, subresources: [],
            columns: [], selectableFields: [], scale: nil, storageVersion: "", storageVersionHash: "", generationTracksSpec: false,
            schema: .empty, deprecationWarning: nil)
    }

    /// The hash that discovery shows for a kind stored under that version.
    static func hash(storageVersion: String, kind: String) -> String {
        let path = storageVersion.contains("/") ? "\(storageVersion)/\(kind)" : "/\(storageVersion)/\(kind)"
        return Base64.encode(Array(SHA256.digest(Array(path.utf8)).prefix(8)))
    }
}

extension Schema {
    /// A schema that takes anything.
    static let empty: Schema = {
        let node = SchemaNode(SchemaFacts())
        return Schema(table: SchemaTable([node]), node: node)
    }()
}
