internal import Objects
internal import Testing

@Suite struct JSONTests {
    // MARK: - Writing

    @Test(
        arguments: [
            Case(
                "all escapes", JSON.string("\"\\/\u{8}\u{c}\n\r\t\u{0}\u{1f}\u{7f}"),
                #""\"\\/\u0008\u000c\n\r\t\u0000\u001f"# + "\u{7f}\""),
            Case("an escape at every place of a word", .string("1234567\"1234567\\\n"), #""1234567\"1234567\\\n""#),
            Case("other characters as they are", "é漢😀\u{2028}", "\"é漢😀\u{2028}\""),
            Case("integers", [0, -1, 10, .integer(.min), .integer(.max)], "[0,-1,10,-9223372036854775808,9223372036854775807]"),
            Case("no white space", ["a": [1, nil, true, false], "b": [:], "c": []], #"{"a":[1,null,true,false],"b":{},"c":[]}"#),
        ] as [Case<JSON, String>])
    func writes(_ example: Case<JSON, String>) {
        #expect(example.input.text == example.expected)
    }

    @Test(
        arguments: [
            Case("a whole number", 3.0, "3"), Case("a fraction", 0.1, "0.1"), Case("zero", 0.0, "0"), Case("a negative one", -2.5, "-2.5"),
            Case("a large whole number", 1e15, "1000000000000000.0"), Case("just below it", 999_999_999_999_999.0, "999999999999999"),
            Case("infinity", .infinity, "null"), Case("minus infinity", -.infinity, "null"), Case("not a number", .nan, "null"),
            Case("a tiny one", .leastNonzeroMagnitude, "5e-324"),
        ] as [Case<Double, String>])
    func makesNumbersFromDoubles(_ example: Case<Double, String>) throws {
        let value = JSON(example.input)
        #expect(value.text == example.expected)
        if example.input.isFinite { #expect(try JSON(parsing: value.text).double == example.input) }
    }

    @Test func appendsRawText() {
        var writer = JSONWriter(capacity: 4)
        writer.write(raw: "[")
        writer.write(raw: Array("{}".utf8))
        writer.write(raw: String(",é"))
        writer.write(7 as Int64)
        #expect(String(decoding: writer.bytes, as: UTF8.self) == "[{},é7")
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func readsBackWhatItWrites(seed: UInt64) throws {
        var random = Seeded(seed)
        for _ in 0..<20 {
            let value = random.tree(depth: 6)
            let text = value.encoded
            let again = try JSON(parsing: text)
            #expect(again == value)
            #expect(again.encoded == text, "key order and number texts are kept")
        }
    }

    // MARK: - Reading

    @Test(
        arguments: [
            Case("an exponent", "1e3", 1_000 as Int64?), Case("a fraction of zero", "2.0", 2), Case("a moved point", "12.5e1", 125),
            Case("a negative exponent that leaves none", "1500e-2", 15), Case("minus zero", "-0", 0),
            Case("a zero with an exponent", "0e99999999", 0),
            Case("a negative one", "-1.5e1", -15), Case("above 2 to the 53rd", "9007199254740993.0", 9_007_199_254_740_993),
            Case("the largest", "9.223372036854775807e18", .max), Case("the smallest", "-9223372036854775808.0", .min),
            Case("one more than the largest", "9223372036854775808", nil), Case("a fraction", "1.5", nil),
            Case("a fraction by its exponent", "15e-1", nil),
            Case("far too large", "1e400", nil), Case("an endless exponent", "1e99999999999999999999", nil),
        ] as [Case<String, Int64?>])
    func readsWholeNumbers(_ example: Case<String, Int64?>) throws {
        #expect(try JSON(parsing: example.input).integer == example.expected)
    }

    @Test func readsEachTypeAndNoOther() {
        let values: [JSON] = [.null, true, 1, .number("1.5"), "a", [1], ["a": "b"]]
        #expect(values.map(\.typeName) == ["null", "boolean", "integer", "number", "string", "array", "object"])
        #expect(values.map(\.isNull) == [true, false, false, false, false, false, false])
        #expect(values.map(\.bool) == [nil, true, nil, nil, nil, nil, nil])
        #expect(values.map(\.integer) == [nil, nil, 1, nil, nil, nil, nil])
        #expect(values.map(\.double) == [nil, nil, 1, 1.5, nil, nil, nil])
        #expect(values.map(\.string) == [nil, nil, nil, nil, "a", nil, nil])
        #expect(values.map { $0.array?.count } == [nil, nil, nil, nil, nil, 1, nil])
        #expect(values.map { $0.object?.keys } == [nil, nil, nil, nil, nil, nil, ["a"]])
        #expect((["a": "b", "c": 1] as JSON).stringMap == ["a": "b"], "members that are not strings are left out")
        #expect((["a"] as JSON).stringMap == nil)
    }

    // MARK: - Equality

    @Test(arguments: 100..<130 as Range<UInt64>)
    func equalityAndHashesIgnoreOrder(seed: UInt64) {
        var random = Seeded(seed)
        let value = random.tree(depth: 6)
        #expect(value == value.reversedMembers)
        #expect(value.hashValue == value.reversedMembers.hashValue)
    }

    @Test func differentValuesAreNotEqual() {
        #expect((["a": 1, "b": 2] as JSON) != ["a": 2, "b": 1])
        #expect((["a": 1] as JSON) != ["a": 1, "b": nil])
        #expect((["a": nil] as JSON) != ["b": nil])
        #expect(([1, 2] as JSON) != [2, 1])
        #expect(JSON.number("1.0") != .number("1.00"))
        #expect(JSON.integer(1) != .number("1.0"))
    }

    // MARK: - Paths

    @Test func getsByPath() {
        let value: JSON = ["a": ["b": ["c": 1]], "n": nil]
        #expect(value["a", "b", "c"] == 1)
        #expect(value["a", "x", "c"] == nil)
        #expect(value["a", "b", "c", "d"] == nil)
        #expect(value["n"] == .null)
        #expect(value["n", "m"] == nil)
    }

    @Test(
        arguments: [
            Case("an existing member in its place", ["a", "b"], #"{"a":{"b":9,"c":2},"d":3}"#),
            Case("a new member at the end", ["a", "z"], #"{"a":{"b":1,"c":2,"z":9},"d":3}"#),
            Case("the objects on the way", ["x", "y", "z"], #"{"a":{"b":1,"c":2},"d":3,"x":{"y":{"z":9}}}"#),
            Case("through a value that is no object", ["d", "e"], #"{"a":{"b":1,"c":2},"d":{"e":9}}"#),
        ] as [Case<[String], String>])
    func setsByPath(_ example: Case<[String], String>) {
        var value: JSON = ["a": ["b": 1, "c": 2], "d": 3]
        value.setValue(9, at: example.input[...])
        #expect(value.text == example.expected)
    }

    @Test(
        arguments: [
            Case("a member", ["a", "b"], #"{"a":{"c":2},"d":3}"#),
            Case("a whole object", ["a"], #"{"d":3}"#),
            Case("nothing, where the last key is absent", ["a", "x"], #"{"a":{"b":1,"c":2},"d":3}"#),
            Case("nothing, where the way is absent", ["x", "y", "z"], #"{"a":{"b":1,"c":2},"d":3}"#),
            Case("nothing, where the way is no object", ["d", "e"], #"{"a":{"b":1,"c":2},"d":3}"#),
        ] as [Case<[String], String>])
    func removesByPath(_ example: Case<[String], String>) {
        var value: JSON = ["a": ["b": 1, "c": 2], "d": 3]
        value.setValue(nil, at: example.input[...])
        #expect(value.text == example.expected)
    }

    @Test func subscriptsSetAsWell() {
        var value: JSON = [:]
        value["a", "b"] = 1
        value["c"] = 2
        value["a", "b"] = nil
        #expect(value.text == #"{"a":{},"c":2}"#)
        var text: JSON = "a"
        text["b"] = 1
        #expect(text == ["b": 1])
    }

    @Test func changesALargeTreeInPlace() {
        // Were the 50,000 members copied for each change, their 2 × 20,000 × 50,000 keys alone would take a minute to retain.
        let members = (0..<50_000).map { JSONObject.Member(key: "a key that is kept on the heap \($0)", value: .integer(0)) }
        let first = members[0].key
        var wide = JSONObject(members)
        var nested: JSON = ["status": ["items": .object(wide)]]
        let took = ContinuousClock().measure {
            for index in 1...20_000 {
                wide[first] = .integer(Int64(index))
                nested["status", "items", first] = .integer(Int64(index))
            }
        }
        #expect(wide[first] == 20_000)
        #expect(nested["status", "items"] == .object(wide))
        #expect(took < .seconds(15))
    }

    @Test func copiesAreIndependent() {
        let original: JSON = ["a": ["b": 1]]
        var copy = original
        copy["a", "b"] = 2
        #expect(original["a", "b"] == 1)
    }

    // MARK: - Objects and literals

    @Test func keepsKeyOrder() throws {
        let text = #"{"z":1,"a":2,"m":3}"#
        var object = try #require(try JSON(parsing: text).object)
        #expect(object.keys == ["z", "a", "m"])
        object["a"] = 5
        object["b"] = 6
        object["z"] = nil
        object.prepend("first", 0)
        #expect(JSON.object(object).text == #"{"first":0,"a":5,"m":3,"b":6}"#)
        #expect(object.map(\.key) == object.keys)
    }

    @Test func literalsAndMaps() {
        #expect((["a": 1, "a": 2] as JSON).text == #"{"a":2}"#, "the last value counts")
        #expect(JSON(["b": "2", "a": "1"]).text == #"{"a":"1","b":"2"}"#)
        #expect((nil as JSON).isNull)
    }
}
