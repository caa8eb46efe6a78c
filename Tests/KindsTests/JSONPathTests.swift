import Kinds
import Objects
import Testing

struct JSONPathTests {
    static let object =
        #"{"metadata":{"name":"x","annotations":{"a.b/c":"1"}},"spec":{"n":[10,20,30]},"#
        + #""status":{"conditions":[{"type":"Ready","status":"True"},{"type":"Paused","status":"False","n":3}]}}"#

    @Test(arguments: [
        (".metadata.name", #"["x"]"#), ("{.metadata.name}", #"["x"]"#), ("$.metadata.name", #"["x"]"#), (".metadata.nosuch", "[]"),
        (".metadata.annotations['a.b/c']", #"["1"]"#), (#".metadata.annotations.a\.b/c"#, #"["1"]"#), (".spec.n[0]", "[10]"),
        (".spec.n[-1]", "[30]"), (".spec.n[7]", "[]"), (".spec.n[*]", "[10,20,30]"), (".spec.n[1:]", "[20,30]"),
        (".spec.n[0:2]", "[10,20]"),
        (".status.conditions[?(@.type==\"Ready\")].status", #"["True"]"#),
        (".status.conditions[?(@.type=='Paused')].status", #"["False"]"#),
        (".status.conditions[?(@.type!='Ready')].status", #"["False"]"#), (".status.conditions[?(@.n>2)].type", #"["Paused"]"#),
        (".status.conditions[?(@.n)].type", #"["Paused"]"#),
        ("..status", #"[{"conditions":[{"type":"Ready","status":"True"},{"type":"Paused","status":"False","n":3}]},"True","False"]"#),
    ])
    func `a path reaches its values`(_ path: String, _ values: String) throws {
        let found = try JSONPath(path).evaluate(json(Self.object))
        #expect(JSON.array(found) == json(values), "\(JSON.array(found).text)")
        #expect(try JSONPath(path).first(in: json(Self.object)) == found.first)
    }

    @Test(arguments: ["spec", ".spec[", ".spec[a]", ".spec[?(type)]", ".spec[?(@.a==)]", ".a..", ".spec.n[0"])
    func `a malformed path is refused`(_ path: String) {
        #expect(throws: JSONPathError.self) { try JSONPath(path) }
    }
}
