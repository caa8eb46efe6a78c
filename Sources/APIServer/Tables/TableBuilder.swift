public import Objects

/// Writes a `meta.k8s.io/v1` `Table`: the answer in which `kubectl get` asks for lists and objects.
public struct TableBuilder: Sendable {
    /// What each row carries of its object.
    public enum IncludeObject: String, Sendable {
        /// `null`
        case none = "None"
        /// The metadata, as a `PartialObjectMetadata`: what is sent when the request says nothing.
        case metadata = "Metadata"
        case object = "Object"
    }

    /// The definition of a column; shapes as in Kubernetes' `TableColumnDefinition`.
    public struct Column: Sendable, Equatable {
        public var name: String
        /// `string`, `integer`, `number`, `boolean` or `date`.
        public var type: String
        /// `name` for the column that names the object; else mostly empty.
        public var format: String
        public var description: String
        /// 0 is always shown, larger numbers only with `-o wide`.
        public var priority: Int

        public init(name: String, type: String, format: String = "", description: String = "", priority: Int = 0) {
            self.name = name
            self.type = type
            self.format = format
            self.description = description
            self.priority = priority
        }

        public var json: JSON {
            [
                "name": .string(name), "type": .string(type), "format": .string(format), "description": .string(description),
                "priority": .integer(Int64(priority)),
            ]
        }
    }

    /// A row: cells in the order of the columns.
    public struct Row: Sendable, Equatable {
        public var cells: [JSON]
        /// From ``TablePrinter/rowConditions(kind:group:object:)``.
        public var conditions: JSON?
        /// The whole object, `apiVersion` and `kind` included; what goes out of it is the builder's choice.
        public var object: JSON

        public init(cells: [JSON], conditions: JSON? = nil, object: JSON) {
            self.cells = cells
            self.conditions = conditions
            self.object = object
        }
    }

    public let includeObject: IncludeObject
    private let columns: JSON
    /// Everything between the metadata and the first row, encoded once.
    private let columnText: [UInt8]

    /// - Parameter columns: `nil` leaves the definitions out (`null`), as in all events of a watch but the first.
    public init(columns: [Column]?, includeObject: IncludeObject = .metadata) {
        self.includeObject = includeObject
        self.columns = columns.map { .array($0.map(\.json)) } ?? .null
        columnText = self.columns.encoded
    }

    /// The table's metadata out of that of a list (`resourceVersion`, `continue`, `remainingItemCount`) or of an object.
    public static func metadata(from metadata: JSON?) -> JSON {
        var kept = JSONObject()
        for key in ["resourceVersion", "continue", "remainingItemCount"] { kept[key] = metadata?[key] }
        return .object(kept)
    }

    // MARK: - Writing

    /// Writes a whole table.
    public func write(metadata: JSON, rows: some Sequence<Row>, into writer: inout JSONWriter) {
        open(metadata: metadata, into: &writer)
        var isFirst = true
        for row in rows {
            write(row, isFirst: isFirst, into: &writer)
            isFirst = false
        }
        close(into: &writer)
    }

    /// Writes everything before the first row; ``write(_:isFirst:into:)`` and ``close(into:)`` must follow, so that rows
    /// can be made one at a time and no list of them ever stands in memory.
    public func open(metadata: JSON, into writer: inout JSONWriter) {
        writer.write(raw: #"{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":"# as StaticString)
        writer.write(metadata)
        writer.write(raw: #","columnDefinitions":"# as StaticString)
        writer.write(raw: columnText)
        writer.write(raw: #","rows":["# as StaticString)
    }

    /// Writes a row; `isFirst` for the first one after ``open(metadata:into:)``.
    public func write(_ row: Row, isFirst: Bool, into writer: inout JSONWriter) {
        write(cells: row.cells, conditions: row.conditions, object: row.object, isFirst: isFirst, into: &writer)
    }

    /// Writes a row from its parts; see ``Row``.
    public func write(cells: [JSON], conditions: JSON?, object: JSON, isFirst: Bool, into writer: inout JSONWriter) {
        writer.write(raw: isFirst ? #"{"cells":["# as StaticString : #",{"cells":["#)
        for index in cells.indices {
            if index > 0 { writer.write(raw: "," as StaticString) }
            writer.write(cells[index])
        }
        writer.write(raw: "]" as StaticString)
        if let conditions {
            writer.write(raw: #","conditions":"# as StaticString)
            writer.write(conditions)
        }
        switch includeObject {
        case .none: writer.write(raw: #","object":null}"# as StaticString)
        case .metadata:
            writer.write(raw: #","object":{"kind":"PartialObjectMetadata","apiVersion":"meta.k8s.io/v1","metadata":"# as StaticString)
            writer.write(object["metadata"] ?? .object(JSONObject()))
            writer.write(raw: "}}" as StaticString)
        case .object:
            writer.write(raw: #","object":"# as StaticString)
            writer.write(object)
            writer.write(raw: "}" as StaticString)
        }
    }

    /// Writes everything after the last row.
    public func close(into writer: inout JSONWriter) { writer.write(raw: "]}" as StaticString) }

    // MARK: - Trees

    /// A whole table as a tree, for events of a watch and other small ones.
    public func json(metadata: JSON, rows: some Sequence<Row>) -> JSON {
        [
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "columnDefinitions": columns,
            "rows": .array(rows.map { json(of: $0) }),
        ]
    }

    private func json(of row: Row) -> JSON {
        var json: JSON = ["cells": .array(row.cells)]
        json["conditions"] = row.conditions
        switch includeObject {
        case .none: json["object"] = .some(.null)
        case .metadata:
            json["object"] = [
                "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
                "metadata": row.object["metadata"] ?? .object(JSONObject()),
            ]
        case .object: json["object"] = row.object
        }
        return json
    }
}
