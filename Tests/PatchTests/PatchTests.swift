import Objects
import Testing

private func json(_ text: String) -> JSON {
    do { return try JSON(parsing: text) } catch {
        Issue.record("test data: \(error)")
        return .null
    }
}

struct JSONPatchTests {
    @Test(arguments: [
        ("add a member", #"{"a":1}"#, #"[{"op":"add","path":"/b","value":2}]"#, #"{"a":1,"b":2}"#),
        ("add over a member", #"{"a":1}"#, #"[{"op":"add","path":"/a","value":2}]"#, #"{"a":2}"#),
        ("add into a list", #"{"a":[1,3]}"#, #"[{"op":"add","path":"/a/1","value":2}]"#, #"{"a":[1,2,3]}"#),
        (
            "add at the end of a list", #"{"a":[1]}"#, #"[{"op":"add","path":"/a/-","value":2},{"op":"add","path":"/a/2","value":3}]"#,
            #"{"a":[1,2,3]}"#
        ),
        ("replace the document", #"{"a":1}"#, #"[{"op":"add","path":"","value":[1]}]"#, "[1]"),
        ("remove", #"{"a":1,"b":[1,2]}"#, #"[{"op":"remove","path":"/a"},{"op":"remove","path":"/b/0"}]"#, #"{"b":[2]}"#),
        ("replace", #"{"a":[1,2]}"#, #"[{"op":"replace","path":"/a/1","value":null}]"#, #"{"a":[1,null]}"#),
        ("replace an absent member", #"{}"#, #"[{"op":"replace","path":"/a","value":1}]"#, #"{"a":1}"#),
        ("move", #"{"a":{"b":1}}"#, #"[{"op":"move","from":"/a/b","path":"/c"}]"#, #"{"a":{},"c":1}"#),
        ("move within a list", #"[1,2,3]"#, #"[{"op":"move","from":"/0","path":"/2"}]"#, "[2,3,1]"),
        ("copy", #"{"a":{"b":1}}"#, #"[{"op":"copy","from":"/a","path":"/c"},{"op":"remove","path":"/a/b"}]"#, #"{"a":{},"c":{"b":1}}"#),
        (
            "test", #"{"a":1.0,"b":{"x":1,"y":2}}"#,
            #"[{"op":"test","path":"/a","value":1},{"op":"test","path":"/b","value":{"y":2,"x":1}}]"#, #"{"a":1.0,"b":{"x":1,"y":2}}"#
        ),
        (
            "escaped keys", #"{"a/b":1,"m~n":2}"#, #"[{"op":"remove","path":"/a~1b"},{"op":"replace","path":"/m~0n","value":3}]"#,
            #"{"m~n":3}"#
        ),
        ("the empty key", #"{"":1}"#, #"[{"op":"replace","path":"/","value":2}]"#, #"{"":2}"#),
        ("nothing", #"{"a":1}"#, "[]", #"{"a":1}"#),
    ])
    func `a patch is applied`(_ name: String, _ document: String, _ patch: String, _ result: String) throws {
        #expect(try JSONPatch(json(patch)).apply(to: json(document)).text == json(result).text, "\(name)")
    }

    @Test(arguments: [
        ("remove an absent member", #"[{"op":"remove","path":"/zzz"}]"#), ("test fails", #"[{"op":"test","path":"/a","value":2}]"#),
        ("test of an absent member", #"[{"op":"test","path":"/q","value":null}]"#), ("unknown operation", #"[{"op":"bogus","path":"/a"}]"#),
        ("no parent", #"[{"op":"add","path":"/b/c","value":1}]"#), ("parent is a scalar", #"[{"op":"add","path":"/a/c","value":1}]"#),
        ("beyond the end", #"[{"op":"add","path":"/l/3","value":1}]"#), ("leading zero", #"[{"op":"replace","path":"/l/01","value":1}]"#),
        ("negative index", #"[{"op":"remove","path":"/l/-1"}]"#),
        ("end of a list to replace", #"[{"op":"replace","path":"/l/-","value":1}]"#),
        ("no value", #"[{"op":"add","path":"/b"}]"#), ("no path", #"[{"op":"remove"}]"#), ("no from", #"[{"op":"move","path":"/b"}]"#),
        ("bad escape", #"[{"op":"remove","path":"/a~2"}]"#), ("no slash", #"[{"op":"remove","path":"a"}]"#),
        ("move into itself", #"[{"op":"move","from":"/l","path":"/l/0"}]"#), ("remove the document", #"[{"op":"remove","path":""}]"#),
        ("the second of two", #"[{"op":"add","path":"/b","value":1},{"op":"remove","path":"/zzz"}]"#),
    ])
    func `a patch that does not fit is refused`(_ name: String, _ patch: String) {
        let document = json(#"{"a":1,"l":[1,2]}"#)
        let error = #expect(throws: PatchError.self, "\(name)") { try JSONPatch(json(patch)).apply(to: document) }
        #expect(error?.reason == .unprocessable)
    }

    @Test func `a patch that is no list is malformed, in Kubernetes' words`() {
        let text = "error decoding patch: json: cannot unmarshal object into Go value of type []handlers.jsonPatchOp"
        #expect(throws: PatchError(reason: .malformed, message: text)) { try JSONPatch(json(#"{"op":"add"}"#)) }
    }

    @Test func `a patch is limited in operations and in what it copies`() throws {
        let operation = json(#"{"op":"test","path":"/a","value":1}"#)
        let most = try JSONPatch(.array(Array(repeating: operation, count: 10_000)))
        #expect(try most.apply(to: json(#"{"a":1}"#)) == json(#"{"a":1}"#))
        let error = #expect(throws: PatchError.self) { try JSONPatch(.array(Array(repeating: operation, count: 10_001))) }
        #expect(error?.reason == .tooLarge)
        let doubling = (0..<64).map { index in json(#"{"op":"copy","from":"","path":"/\#(index)"}"#) }
        #expect(throws: PatchError.self) { try JSONPatch(.array(doubling)).apply(to: json(#"{"a":"0123456789"}"#)) }
    }

    @Test func `pointers are written as they are read`() {
        for text in ["", "/", "/a/b~1c/0/m~0n", "/ä"] { #expect(JSONPointer(text)?.description == text) }
    }
}

struct MergePatchTests {
    /// The cases of RFC 7396, appendix A.
    static let cases: [(String, String, String)] = [
        (#"{"a":"b"}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"b"}"#, #"{"b":"c"}"#, #"{"a":"b","b":"c"}"#),
        (#"{"a":"b"}"#, #"{"a":null}"#, "{}"), (#"{"a":"b","b":"c"}"#, #"{"a":null}"#, #"{"b":"c"}"#),
        (#"{"a":["b"]}"#, #"{"a":"c"}"#, #"{"a":"c"}"#), (#"{"a":"c"}"#, #"{"a":["b"]}"#, #"{"a":["b"]}"#),
        (#"{"a":{"b":"c"}}"#, #"{"a":{"b":"d","c":null}}"#, #"{"a":{"b":"d"}}"#), (#"{"a":[{"b":"c"}]}"#, #"{"a":[1]}"#, #"{"a":[1]}"#),
        (#"["a","b"]"#, #"["c","d"]"#, #"["c","d"]"#), (#"{"a":"b"}"#, #"["c"]"#, #"["c"]"#), (#"{"a":"foo"}"#, "null", "null"),
        (#"{"a":"foo"}"#, #""bar""#, #""bar""#), (#"{"e":null}"#, #"{"a":1}"#, #"{"e":null,"a":1}"#),
        ("[1,2]", #"{"a":"b","c":null}"#, #"{"a":"b"}"#),
        ("{}", #"{"a":{"bb":{"ccc":null}}}"#, #"{"a":{"bb":{}}}"#),
    ]

    @Test(arguments: cases)
    func `the standard's examples hold`(_ document: String, _ patch: String, _ result: String) {
        #expect(MergePatch.apply(json(patch), to: json(document)).text == json(result).text)
    }

    @Test(arguments: [
        (#"{"a":1,"b":{"c":1,"d":2}}"#, #"{"b":{"c":1,"d":3,"e":4}}"#, #"{"a":null,"b":{"d":3,"e":4}}"#),
        (#"{"a":[1]}"#, #"{"a":[1,2]}"#, #"{"a":[1,2]}"#), (#"{"a":1}"#, #"{"a":1}"#, "{}"), (#"{"a":{"b":1}}"#, #"{"a":2}"#, #"{"a":2}"#),
    ])
    func `a difference is the smallest patch and leads to the target`(_ source: String, _ target: String, _ patch: String) {
        let difference = MergePatch.difference(from: json(source), to: json(target))
        #expect(difference == json(patch))
        #expect(MergePatch.apply(difference, to: json(source)) == json(target))
    }
}
