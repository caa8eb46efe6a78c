internal import Kinds
internal import Objects

/// Prints objects of one kind as the Table that `kubectl get` shows.
struct TableWriter: Sendable {
    private let kind: Kind
    private let builder: TableBuilder
    private let now: Timestamp
    private let sources: [TablePrinter.CellSource]?

    /// - Parameters:
    ///   - include: the query's `includeObject`; `Metadata` where absent.
    ///   - showsColumns: false for all events of a watch but the first.
    init(kind: Kind, include: String?, now: Timestamp, showsColumns: Bool = true) {
        self.kind = kind
        self.now = now
        let columns = kind.columns.map {
            TableBuilder.Column(name: $0.name, type: $0.type, format: $0.format, description: $0.description, priority: $0.priority)
        }
        builder = TableBuilder(
            columns: showsColumns ? columns : nil, includeObject: include.flatMap(TableBuilder.IncludeObject.init(rawValue:)) ?? .metadata)
        let isComputed = !kind.columns.contains { $0.jsonPath != nil }
        sources = isComputed ? nil : kind.columns.map(TableWriter.source)
    }

    /// The encoded Table.
    func table(_ objects: [JSON], metadata: JSON) -> [UInt8] {
        var writer = JSONWriter(capacity: 1_024 + objects.count * 512)
        builder.open(metadata: metadata, into: &writer)
        for (index, object) in objects.enumerated() {
            builder.write(
                cells: cells(object), conditions: TablePrinter.rowConditions(kind: kind.kind, group: kind.group, object: object),
                object: object, isFirst: index == 0, into: &writer)
        }
        builder.close(into: &writer)
        return writer.bytes
    }

    private static func source(_ column: PrinterColumn) -> TablePrinter.CellSource {
        guard let path = column.jsonPath else { return TablePrinter.CellSource(type: column.type, evaluate: nil) }
        return TablePrinter.CellSource(type: column.type) { object in path.evaluate(object).first }
    }

    private func cells(_ object: JSON) -> [JSON] {
        if let sources { return TablePrinter.cells(columns: sources, object: object, now: now) }
        return TablePrinter.cells(kind: kind.kind, group: kind.group, object: object, now: now)
            ?? TablePrinter.fallbackCells(object: object)
    }
}
