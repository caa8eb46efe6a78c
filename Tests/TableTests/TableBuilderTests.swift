import APIServer
import Objects
import Testing

@Suite("Tables")
struct TableBuilderTests {
    private static let columns = [
        TableBuilder.Column(name: "Name", type: "string", format: "name", description: "the name"),
        TableBuilder.Column(name: "Node", type: "string", priority: 1),
    ]
    private static let object: JSON = ["apiVersion": "v1", "kind": "Pod", "metadata": ["name": "p"], "spec": ["nodeName": "n\"1"]]
    private static let conditions: JSON = [["type": "Completed"]]
    private static let rows = [
        TableBuilder.Row(cells: ["p", "n\"1"], object: object),
        TableBuilder.Row(cells: ["q", .null], conditions: conditions, object: [:]),
    ]

    static let objects: [(TableBuilder.IncludeObject, JSON, JSON)] = [
        (.none, .null, .null),
        (
            .metadata, ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": ["name": "p"]],
            ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": [:]]
        ),
        (.object, object, [:]),
    ]

    @Test("A table has metadata, columns and rows with as much of the objects as asked for", arguments: objects)
    func shape(include: TableBuilder.IncludeObject, first: JSON, second: JSON) throws {
        let builder = TableBuilder(columns: Self.columns, includeObject: include)
        let expected: JSON = [
            "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": ["resourceVersion": "7"],
            "columnDefinitions": [
                ["name": "Name", "type": "string", "format": "name", "description": "the name", "priority": 0],
                ["name": "Node", "type": "string", "format": "", "description": "", "priority": 1],
            ],
            "rows": [
                ["cells": ["p", "n\"1"], "object": first],
                ["cells": ["q", .null], "conditions": Self.conditions, "object": second],
            ],
        ]
        let tree = builder.json(metadata: ["resourceVersion": "7"], rows: Self.rows)
        #expect(tree == expected)
        var writer = JSONWriter()
        builder.write(metadata: ["resourceVersion": "7"], rows: Self.rows, into: &writer)
        #expect(try JSON(parsing: writer.bytes) == expected)
        #expect(writer.bytes == tree.encoded)
    }

    @Test("A table without rows has an empty list of rows, and one without columns has null")
    func empty() {
        var writer = JSONWriter()
        TableBuilder(columns: nil).write(metadata: [:], rows: [], into: &writer)
        let text = #"{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{},"columnDefinitions":null,"rows":[]}"#
        #expect(String(decoding: writer.bytes, as: UTF8.self) == text)
    }

    @Test("A table's metadata is that of the list without the rest")
    func metadata() {
        let list: JSON = ["selfLink": "x", "resourceVersion": "5", "continue": "c", "remainingItemCount": 3]
        #expect(TableBuilder.metadata(from: list) == ["resourceVersion": "5", "continue": "c", "remainingItemCount": 3])
        #expect(TableBuilder.metadata(from: ["name": "p", "resourceVersion": "5"]) == ["resourceVersion": "5"])
        #expect(TableBuilder.metadata(from: nil) == [:])
    }

    @Test("The policy takes the words of the request and no others", arguments: ["None", "Metadata", "Object", "none", ""])
    func policy(word: String) {
        let isKnown = ["None", "Metadata", "Object"].contains(word)
        #expect((TableBuilder.IncludeObject(rawValue: word) != nil) == isKnown)
    }
}
