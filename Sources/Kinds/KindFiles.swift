internal import KindData

/// The kind files and the way from their text to kinds.
enum KindFiles {
    struct Source: Sendable {
        var name: String
        var text: [UInt8]
    }

    /// The files built into this program; `shared.kind`, whose types every file may use, first.
    static var embedded: [Source] {
        (0..<sluice_kind_file_count()).map { index in
            let file = sluice_kind_file_at(index)
            return Source(name: String(cString: file.name), text: Array(UnsafeBufferPointer(start: file.bytes, count: file.count)))
        }
    }

    /// Reads all files together; types of a file named `shared.kind` are visible in all others.
    static func parse(_ sources: [Source]) throws(KindError) -> [Kind] {
        var builder = SchemaBuilder()
        var parsers: [KindFileParser] = []
        for source in sources {
            let parser = try KindFileParser(source)
            try builder.declareTypes(of: parser)
            parsers.append(parser)
        }
        var drafts: [KindFileParser.Draft] = []
        for index in parsers.indices { drafts += try parsers[index].parse(into: &builder) }
        let table = try builder.finish()
        var kinds: [Kind] = []
        for draft in drafts {
            guard let place = builder.find(draft.kind.kind, file: draft.file) else {
                throw KindError(file: draft.file, line: draft.line, reason: "kind \(draft.kind.kind) has no type of that name")
            }
            var kind = draft.kind
            kind.schema = Schema(table: table, node: table.nodes[place])
            kinds.append(kind)
        }
        return kinds
    }
}

extension KindRegistry {
    /// Reads kind files that are not embedded, for tools and tests: pairs of file name and text.
    ///
    /// - Throws: ``KindError`` with file and line.
    public static func parsing(_ files: [(name: String, text: String)]) throws(KindError) -> KindRegistry {
        var registry = KindRegistry()
        registry.register(try KindFiles.parse(files.map { KindFiles.Source(name: $0.name, text: Array($0.text.utf8)) }))
        return registry
    }
}
