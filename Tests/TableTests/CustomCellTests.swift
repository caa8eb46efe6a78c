import APIServer
import Objects
import Testing

@Suite("Cells of custom resources")
struct CustomCellTests {
    static let cases: [(String, JSON?, JSON)] = [
        ("string", nil, .null), ("string", "a", "a"), ("string", 2, "2"), ("string", true, "true"),
        ("string", .number("1.50"), "1.5"), ("string", .number("2.0"), "2"), ("string", .number("0.00001"), "1e-05"),
        ("string", .number("0.0001"), "0.0001"), ("string", .number("1e20"), "100000000000000000000"),
        ("string", .number("1.5e21"), "1.5e+21"), ("string", .number("-12.25"), "-12.25"), ("string", .null, "<no value>"),
        ("string", ["b": 1, "a": ["<&>", .number("1e-7")]], #"{"a":["\u003c\u0026\u003e",1e-7],"b":1}"#),
        ("string", [1, 2], "[1,2]"),
        ("integer", 3, 3), ("integer", .number("3.9"), 3), ("integer", .number("-3.9"), -3), ("integer", "3", .null),
        ("integer", .number("1e30"), .null), ("integer", nil, .null),
        ("number", 3, 3), ("number", .number("2.50"), .number("2.5")), ("number", .number("1e-7"), .number("1e-7")),
        ("number", "2.5", .null),
        ("boolean", false, false), ("boolean", "true", .null),
        ("date", "2026-01-01T00:00:00Z", "10m"), ("date", "2026-01-01T01:00:00+01:00", "10m"), ("date", "yesterday", "<invalid>"),
        ("date", "", "<unknown>"), ("date", 5, .null), ("date", nil, .null),
        ("object", "a", .null),
    ]

    @Test("A value is shown after the type of its column", arguments: cases)
    func cell(type: String, value: JSON?, cell: JSON) {
        #expect(TablePrinter.cell(value: value, type: type, now: testNow) == cell)
    }

    @Test("A column without a path names the object")
    func cells() {
        let columns = [
            TablePrinter.CellSource(type: "string", evaluate: nil),
            TablePrinter.CellSource(type: "integer") { $0["spec", "replicas"] },
            TablePrinter.CellSource(type: "date") { $0["metadata", "creationTimestamp"] },
            TablePrinter.CellSource(type: "string") { $0["status", "phase"] },
        ]
        let object: JSON = ["metadata": ["name": "x", "creationTimestamp": testCreation], "spec": ["replicas": 2]]
        #expect(TablePrinter.cells(columns: columns, object: object, now: testNow) == ["x", 2, "10m", .null])
    }
}
