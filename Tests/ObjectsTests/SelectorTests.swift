internal import Objects
internal import Testing

@Suite struct SelectorTests {
    @Test(
        arguments: [
            Case("nothing", "", []),
            Case("white space", "  ", []),
            Case("equal", "a=b", [LabelRequirement(key: "a", comparison: .isIn, values: ["b"])]),
            Case("twice equal", "a == b", [LabelRequirement(key: "a", comparison: .isIn, values: ["b"])]),
            Case("not equal", "a!=b", [LabelRequirement(key: "a", comparison: .notIn, values: ["b"])]),
            Case("an empty value", "a=", [LabelRequirement(key: "a", comparison: .isIn, values: [""])]),
            Case(
                "an empty value before another", "a= ,b",
                [
                    LabelRequirement(key: "a", comparison: .isIn, values: [""]), LabelRequirement(key: "b", comparison: .exists),
                ]),
            Case("present", "a", [LabelRequirement(key: "a", comparison: .exists)]),
            Case("absent", "!a", [LabelRequirement(key: "a", comparison: .doesNotExist)]),
            Case("absent, with a space", "! a", [LabelRequirement(key: "a", comparison: .doesNotExist)]),
            Case("in", "a in (x, y)", [LabelRequirement(key: "a", comparison: .isIn, values: ["x", "y"])]),
            Case("in without spaces", "a in(x)", [LabelRequirement(key: "a", comparison: .isIn, values: ["x"])]),
            Case("in with empty values", "a in (,x,)", [LabelRequirement(key: "a", comparison: .isIn, values: ["", "x", ""])]),
            Case("notin", "a notin (x,y)", [LabelRequirement(key: "a", comparison: .notIn, values: ["x", "y"])]),
            Case("keys called like words", "in in (in,notin)", [LabelRequirement(key: "in", comparison: .isIn, values: ["in", "notin"])]),
            Case("greater", "a>1", [LabelRequirement(key: "a", comparison: .greaterThan, values: ["1"])]),
            Case("less", "a < 5", [LabelRequirement(key: "a", comparison: .lessThan, values: ["5"])]),
            Case("a key called in", "in", [LabelRequirement(key: "in", comparison: .exists)]),
            Case(
                "a key with a prefix", "example.com/role=db", [LabelRequirement(key: "example.com/role", comparison: .isIn, values: ["db"])]
            ),
            Case(
                "all of them", "a=b,c!=d, e in (f,g) ,h notin (i),j,!k",
                [
                    LabelRequirement(key: "a", comparison: .isIn, values: ["b"]),
                    LabelRequirement(key: "c", comparison: .notIn, values: ["d"]),
                    LabelRequirement(key: "e", comparison: .isIn, values: ["f", "g"]),
                    LabelRequirement(key: "h", comparison: .notIn, values: ["i"]),
                    LabelRequirement(key: "j", comparison: .exists), LabelRequirement(key: "k", comparison: .doesNotExist),
                ]),
        ] as [Case<String, [LabelRequirement]>])
    func readsLabelQueries(_ example: Case<String, [LabelRequirement]>) throws {
        #expect(try LabelSelector(parsing: example.input).requirements == example.expected)
    }

    @Test(arguments: [
        "a=b,", ",a=b", ",", "a=b,,c", "a==b==c", "a=b=c", "!a=b", "!", "a b", "a in", "a in x", "a in (x", "a in x)", "a in (x y)",
        "a in ()", "a notin ()",
        "a in (x),", "a < -5", "=b", "!=b", "(a)", "a=(b)", "a<b", "a>", "a>1.5", "a=b||c=d", "a/b/c", "/a", "a/", "A.com/x", "-a", "a=-b",
        "a=b_", "a=ü", "a,b=!c",
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
    ])
    func refusesOtherLabelQueries(text: String) {
        #expect(throws: SelectorError.self) { try LabelSelector(parsing: text) }
    }

    @Test(
        arguments: [
            Case("in, one of them", "a in (x,y)", [true, false, false]), Case("not in", "a notin (x,y)", [false, true, true]),
            Case("equal", "a=x", [true, false, false]), Case("not equal", "a!=x", [false, true, true]),
            Case("present", "a", [true, true, false]),
            Case("absent", "!a", [false, false, true]), Case("greater", "a>5", [false, true, false]),
            Case("less", "a<7", [false, false, false]),
            Case("both", "a,b=c", [true, false, false]), Case("everything", "", [true, true, true]),
        ] as [Case<String, [Bool]>])
    func matchesLabels(_ example: Case<String, [Bool]>) throws {
        let selector = try LabelSelector(parsing: example.input)
        let labels: [[String: String]] = [["a": "x", "b": "c"], ["a": "7"], [:]]
        #expect(labels.map { selector.matches($0) } == example.expected)
    }

    @Test(
        arguments: [
            Case("nothing", [:], []),
            Case(
                "labels in order of their keys", ["matchLabels": ["b": "2", "a": "1"]],
                [
                    LabelRequirement(key: "a", comparison: .isIn, values: ["1"]),
                    LabelRequirement(key: "b", comparison: .isIn, values: ["2"]),
                ]),
            Case(
                "every operator",
                [
                    "matchExpressions": [
                        ["key": "a", "operator": "In", "values": ["x", "y"]], ["key": "b", "operator": "NotIn", "values": ["x"]],
                        ["key": "c", "operator": "Exists"], ["key": "d", "operator": "DoesNotExist"],
                        ["key": "e", "operator": "Gt", "values": ["1"]], ["key": "f", "operator": "Lt", "values": ["1"]],
                    ]
                ],
                [
                    LabelRequirement(key: "a", comparison: .isIn, values: ["x", "y"]),
                    LabelRequirement(key: "b", comparison: .notIn, values: ["x"]),
                    LabelRequirement(key: "c", comparison: .exists), LabelRequirement(key: "d", comparison: .doesNotExist),
                    LabelRequirement(key: "e", comparison: .greaterThan, values: ["1"]),
                    LabelRequirement(key: "f", comparison: .lessThan, values: ["1"]),
                ]),
            Case("an unknown operator", ["matchExpressions": [["key": "a", "operator": "Like", "values": ["x"]]]], nil),
            Case("no operator", ["matchExpressions": [["key": "a"]]], nil),
            Case("no key", ["matchExpressions": [["operator": "Exists"]]], nil),
        ] as [Case<JSON, [LabelRequirement]?>])
    func readsTheObjectForm(_ example: Case<JSON, [LabelRequirement]?>) {
        #expect(LabelSelector(example.input)?.requirements == example.expected)
    }

    @Test(
        arguments: [
            Case("nothing", "", []),
            Case("equal", "spec.nodeName=n1", [FieldSelector.Term(field: "spec.nodeName", value: "n1")]),
            Case("twice equal", "a==b", [FieldSelector.Term(field: "a", value: "b")]),
            Case("not equal", "status.phase!=Running", [FieldSelector.Term(field: "status.phase", value: "Running", isEqual: false)]),
            Case("an empty value", "spec.nodeName=", [FieldSelector.Term(field: "spec.nodeName", value: "")]),
            Case(
                "several", "a=b,c!=d,",
                [FieldSelector.Term(field: "a", value: "b"), FieldSelector.Term(field: "c", value: "d", isEqual: false)]),
            Case(
                "escapes", #"a=b\,c\=d\\,e=f"#,
                [FieldSelector.Term(field: "a", value: #"b,c=d\"#), FieldSelector.Term(field: "e", value: "f")]),
        ] as [Case<String, [FieldSelector.Term]>])
    func readsFieldQueries(_ example: Case<String, [FieldSelector.Term]>) throws {
        #expect(try FieldSelector(parsing: example.input).terms == example.expected)
    }

    @Test(arguments: ["a", "a,b=c", "a=b=c", #"a=b\x"#, #"a=b\"#, "a>1"])
    func refusesOtherFieldQueries(text: String) {
        #expect(throws: SelectorError.self) { try FieldSelector(parsing: text) }
    }

    @Test(
        arguments: [
            Case("a name", "metadata.name=a", true), Case("another name", "metadata.name=b", false),
            Case("not another name", "metadata.name!=b", true),
            Case("an absent field reads as empty", "spec.nodeName=", true),
            Case("an absent field is not a value", "spec.nodeName!=n1", true),
            Case("a flag", "spec.unschedulable=true", true), Case("a number", "spec.count=3", true),
            Case("both", "metadata.name=a,spec.count=4", false),
            Case("an object reads as empty", "metadata=", true), Case("everything", "", true),
        ] as [Case<String, Bool>])
    func matchesFields(_ example: Case<String, Bool>) throws {
        let object: JSON = ["metadata": ["name": "a"], "spec": ["unschedulable": true, "count": 3]]
        #expect(try FieldSelector(parsing: example.input).matches(object) == example.expected)
    }
}
