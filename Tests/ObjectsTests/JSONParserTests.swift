internal import Objects
internal import Testing

@Suite struct JSONParserTests {
    @Test(
        arguments: [
            Case("null", "null", JSON.null),
            Case("true", "true", true),
            Case("false", "false", false),
            Case("zero", "0", 0),
            Case("a number surrounded by every kind of white space", " \t\r\n7 \t\r\n", 7),
            Case("an empty array", "[ ]", []),
            Case("an empty object", "{\n}", [:]),
            Case("an empty string", "\"\"", ""),
            Case("an array of everything", "[null,true,1,\"a\",[],{}]", [nil, true, 1, "a", [], [:]]),
            Case("an object", "{\"a\":{\"b\":[1, 2]} , \"c\":null}", ["a": ["b": [1, 2]], "c": nil]),
            Case("an empty key", "{\"\":1}", ["": 1]),
            Case("short escapes", #""\"\\\/\b\f\n\r\t""#, .string("\"\\/\u{8}\u{c}\n\r\t")),
            Case("a \\u escape in either case", #""\u00e9\u00E9""#, "éé"),
            Case("an escaped NUL", #""\u0000""#, "\u{0}"),
            Case("a surrogate pair", #""\ud83d\ude00""#, "😀"),
            Case("the last code point", #""\udbff\udfff""#, "\u{10ffff}"),
            Case("characters around the surrogates", #""\ud7ff\ue000""#, "\u{d7ff}\u{e000}"),
            Case("raw UTF-8 of two, three and four bytes", "\"é漢😀\"", "é漢😀"),
            Case("raw UTF-8 beside an escape", #""漢\n😀""#, "漢\n😀"),
            Case("DEL needs no escape", "\"\u{7f}\"", "\u{7f}"),
            Case(
                "a key longer than 15 bytes, twice in different objects", "[{\"terminationMessagePath\":1},{\"terminationMessagePath\":2}]",
                [["terminationMessagePath": 1], ["terminationMessagePath": 2]]),
            Case("an escaped key", #"{"\u0061":1}"#, ["a": 1]),
        ] as [Case<String, JSON>])
    func takesRFC8259(_ example: Case<String, JSON>) throws {
        #expect(try JSON(parsing: example.input) == example.expected)
    }

    @Test(
        arguments: [
            Case("the smallest integer", "-9223372036854775808", JSON.integer(.min)),
            Case("the largest integer", "9223372036854775807", .integer(.max)),
            Case("one above the largest", "9223372036854775808", .number("9223372036854775808")),
            Case("one below the smallest", "-9223372036854775809", .number("-9223372036854775809")),
            Case("2 to the 64th", "18446744073709551616", .number("18446744073709551616")),
            Case("minus zero keeps its sign", "-0", .number("-0")),
            Case("a fraction of zero", "1.0", .number("1.0")),
            Case("trailing zeros", "1.500", .number("1.500")),
            Case("an exponent", "1e3", .number("1e3")),
            Case("an exponent with capital and sign", "-1.5E+07", .number("-1.5E+07")),
            Case("a negative exponent", "0e-0", .number("0e-0")),
            Case("more than a double can hold", "1e400", .number("1e400")),
        ] as [Case<String, JSON>])
    func keepsNumberTexts(_ example: Case<String, JSON>) throws {
        let value = try JSON(parsing: example.input)
        #expect(value == example.expected)
        #expect(value.text == example.input)
    }

    @Test(
        arguments: [
            Case("nothing", "", "unexpected end"),
            Case("white space alone", " \n", "unexpected end"),
            Case("text after the value", "1 2", "text after the value"),
            Case("a second document", "{}{}", "text after the value"),
            Case("an open array", "[1", "unexpected end"),
            Case("an open object", "{\"a\":1", "unexpected end"),
            Case("an array cut after a comma", "[1,", "unexpected end"),
            Case("an array cut after its bracket", "[", "unexpected end"),
            Case("an object cut after its bracket", "{", "expected a key in quotes"),
            Case("an object cut after a key", "{\"a\"", "expected : after the key"),
            Case("an object cut after the colon", "{\"a\":", "unexpected end"),
            Case("a comma at the end of an array", "[1,]", "invalid character"),
            Case("a comma at the end of an object", "{\"a\":1,}", "expected a key in quotes"),
            Case("a comma first", "[,1]", "invalid character"),
            Case("two commas", "[1,,2]", "invalid character"),
            Case("no comma", "[1 2]", "expected , or the end of the list"),
            Case("the wrong bracket", "[1}", "expected , or the end of the list"),
            Case("a key without quotes", "{a:1}", "expected a key in quotes"),
            Case("a key that is a number", "{1:1}", "expected a key in quotes"),
            Case("an equals sign for a colon", "{\"a\"=1}", "expected : after the key"),
            Case("a comment", "/**/1", "invalid character"),
            Case("single quotes", "'a'", "invalid character"),
            Case("a capital literal", "True", "invalid character"),
            Case("a misspelt literal", "trua", "invalid literal"),
            Case("a cut literal", "tru", "unexpected end"),
            Case("a literal with a tail", "nullx", "text after the value"),
            Case("not a number", "NaN", "invalid character"),
            Case("infinity", "-Infinity", "invalid character"),
            Case("a plus sign", "+1", "invalid character"),
            Case("a sign alone", "-", "invalid character"),
            Case("a leading zero", "01", "number with a leading zero"),
            Case("a negative leading zero", "-01", "number with a leading zero"),
            Case("a point without digits before", ".5", "invalid character"),
            Case("a point without digits after", "5.", "invalid number"),
            Case("an exponent without digits", "5e", "invalid number"),
            Case("an exponent with a sign alone", "5e+", "invalid number"),
            Case("hexadecimal digits", "0x10", "text after the value"),
            Case("a byte order mark", "\u{feff}1", "invalid character"),
            Case("an open string", "\"abc", "string without an end"),
            Case("an open string after a backslash", "\"abc\\", "string without an end"),
            Case("a line feed in a string", "\"a\nb\"", "control character in a string"),
            Case("a tab in a string after an escape", "\"\\n\t\"", "control character in a string"),
            Case("a NUL in a long string", "\"0123456789\u{0}\"", "control character in a string"),
            Case("an unknown escape", #""\x41""#, "unknown escape"),
            Case("a \\u escape with three digits", #""\u00e""#, "invalid \\u escape"),
            Case("a \\u escape at the end", #""\u00"#, "string without an end"),
            Case("a \\u escape with a sign", #""\u+0e9""#, "invalid \\u escape"),
            Case("a high surrogate alone", #""\ud83d""#, "lone surrogate"),
            Case("a high surrogate before text", #""\ud83dabcdef""#, "lone surrogate"),
            Case("two high surrogates", #""\ud83d\ud83d""#, "lone surrogate"),
            Case("a low surrogate alone", #""\ude00""#, "lone surrogate"),
        ] as [Case<String, String>])
    func refusesAnythingElse(_ example: Case<String, String>) {
        #expect(reason(example.input.utf8.map { $0 }) == example.expected)
    }

    @Test(
        arguments: [
            Case("a lone continuation byte", [0x80], false),
            Case("a cut sequence", [0xe6, 0xbc], false),
            Case("an overlong slash", [0xc0, 0xaf], false),
            Case("an encoded surrogate", [0xed, 0xa0, 0x80], false),
            Case("beyond the last code point", [0xf4, 0x90, 0x80, 0x80], false),
            Case("a byte that never occurs", [0xff], false),
            Case("a good sequence", [0xe6, 0xbc, 0xa2], true),
        ] as [Case<[UInt8], Bool>])
    func checksUTF8(_ example: Case<[UInt8], Bool>) {
        let quote: [UInt8] = [0x22]
        // Alone, after eight plain bytes (the wide path), in an escaped string and in a key.
        let plain = quote + example.input + quote
        let long = quote + Array("12345678".utf8) + example.input + Array("12345678".utf8) + quote
        let escaped = quote + Array("\\n".utf8) + example.input + quote
        let key = Array("{".utf8) + plain + Array(":1}".utf8)
        for text in [plain, long, escaped, key] {
            #expect(reason(text) == (example.expected ? nil : "invalid UTF-8"))
        }
    }

    @Test func saysWhereTheTextIsWrong() {
        #expect(throws: JSONError(reason: "invalid character", offset: 7)) { try JSON(parsing: "[1, 2, x]") }
        #expect(JSONError(reason: "invalid character", offset: 7).description == "invalid character at byte 7")
    }

    @Test(arguments: [1, 2, 31, 32, 33, 34, 100, 1_000])
    func refusesAKeyTwiceHoweverManyThereAre(count: Int) {
        let members = (0..<count).map { "\"key\($0)\":\($0)" }
        #expect(reason(Array("{\(members.joined(separator: ","))}".utf8)) == nil)
        for again in [0, count / 2, count - 1] {
            let text = "{\((members + ["\"key\(again)\":0"]).joined(separator: ","))}"
            #expect(reason(Array(text.utf8)) == "key \"key\(again)\" twice in one object")
        }
    }

    @Test func takesTheSameKeyInDifferentObjects() {
        #expect(reason(Array(#"{"a":{"a":{"a":1}},"b":[{"a":1},{"a":2}]}"#.utf8)) == nil)
        #expect(reason(Array(#"{"a":1,"\u0061":2}"#.utf8)) == "key \"a\" twice in one object")
    }

    @Test func limitsDepth() {
        func nested(_ depth: Int) -> [UInt8] { Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8) }
        #expect(reason(nested(512)) == nil)
        #expect(reason(nested(513)) == "more than 512 levels deep")
        let limits = JSONLimits(depth: 2)
        #expect(reason(Array(#"{"a":[1]}"#.utf8), limits) == nil)
        #expect(reason(Array(#"{"a":[{}]}"#.utf8), limits) == "more than 2 levels deep")
        // Depth counts what is open, not what has been seen.
        #expect(reason(Array("[[],[],[],[]]".utf8), limits) == nil)
    }

    @Test func limitsBytes() {
        let limits = JSONLimits(bytes: 10)
        #expect(reason(Array("\"12345678\"".utf8), limits) == nil)
        #expect(reason(Array("\"123456789\"".utf8), limits) == "text of 11 bytes is over the limit of 10")
    }

    @Test func neverCrashesOnADamagedDocument() throws {
        let document = Array(Manifests.pod.utf8)
        #expect(reason(document) == nil)
        var random = Seeded(20_260_131)
        var accepted = 0
        var refused = 0
        for _ in 0..<20_000 {
            var text = document
            for _ in 0...random.below(3) { random.damage(&text) }
            do throws(JSONError) {
                // What is taken must be JSON: it is written and read back the same.
                let value = try JSON(parsing: text)
                if try JSON(parsing: value.encoded) != value { Issue.record("not the same when read back: \(value)") }
                accepted += 1
            } catch {
                if error.offset < 0 || error.offset > text.count { Issue.record("offset outside of the text: \(error)") }
                refused += 1
            }
        }
        #expect(accepted > 1_000, "the damage must not be such that everything is refused")
        #expect(refused > 1_000, "the damage must not be such that nothing is refused")
    }

    private func reason(_ bytes: [UInt8], _ limits: JSONLimits = JSONLimits()) -> String? {
        do throws(JSONError) {
            _ = try JSON(parsing: bytes, limits: limits)
            return nil
        } catch {
            return error.reason
        }
    }
}

extension Seeded {
    fileprivate mutating func damage(_ text: inout [UInt8]) {
        guard !text.isEmpty else { return }
        let place = below(text.count)
        switch below(6) {
        case 0: text[place] = UInt8(truncatingIfNeeded: next())
        case 1: text.remove(at: place)
        case 2: text.insert(Array("{}[]\",:\\0-9eu.".utf8)[below(14)], at: place)
        case 3: text.removeSubrange(place...)
        case 4: text.insert(contentsOf: text[place..<min(text.count, place + below(20))], at: below(text.count))
        default: text.swapAt(place, below(text.count))
        }
    }
}
