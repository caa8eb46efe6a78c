internal import Testing

/// A snippet with the lines on which a rule must fire, and on no others.
struct Snippet: Sendable, CustomTestStringConvertible {
    var rule: String
    var path: String
    var text: String
    var lines: [Int]

    init(_ rule: String, at path: String = "Sources/Objects/Example.swift", _ text: String, lines: [Int]) {
        self.rule = rule
        self.path = path
        self.text = text
        self.lines = lines
    }

    var testDescription: String { "\(rule) at \(path): \(text.prefix(30))" }

    static let all = [
        Snippet("a file over 400 lines", String(repeating: "\n", count: 401), lines: [401]),
        Snippet("a file over 400 lines", String(repeating: "\n", count: 400), lines: []),
        Snippet("a line over 140 columns", "let a = 1\n// " + String(repeating: "é", count: 138), lines: [2]),
        Snippet("a line over 140 columns", "// " + String(repeating: "é", count: 137), lines: []),
        Snippet(
            "a function over 70 lines", "func short() {}\nfunc long() {\n" + String(repeating: "    go()\n", count: 69) + "}", lines: [2]),
        Snippet("a function over 70 lines", "func long() {\n" + String(repeating: "    go()\n", count: 68) + "}", lines: []),
        Snippet("a function over 70 lines", "init(\n    a: Int\n)\nwhere A: B {\n" + String(repeating: "\n", count: 66) + "}", lines: [1]),
        Snippet(
            "a function over 70 lines", "protocol P {\n    func f()\n}\nstruct S {\n" + String(repeating: "\n", count: 90) + "}",
            lines: []),
        Snippet("a function over 70 lines", "let s = Set<Int>.init(a)\n" + String(repeating: "\n", count: 90) + "if a {}", lines: []),
        Snippet(
            "Date()", "let a = Date()\nlet b = Date(timeIntervalSince1970: 0)\nlet c = Date.now\n// Date()\nlet d = \"Date()\"",
            lines: [1, 3]),
        Snippet("print(", "print(1)\nlog.print(1)\nfingerprint(1)\n/* print(1) */", lines: [1]),
        Snippet("print(", at: "Sources/sluice/main.swift", "print(1)", lines: []),
        Snippet("fatalError(", "func f() {\n    fatalError(\"no\")\n}", lines: [2]),
        Snippet("try!", "let a = try! f()\nlet b = try? f()", lines: [1]),
        Snippet("as!", "let a = b as! C\nlet d = b as? C\nhas!", lines: [1]),
        Snippet("@testable", at: "Tests/ATests/A.swift", "@testable import Objects\nimport Testing", lines: [1]),
        Snippet("Task.sleep", "try await Task.sleep(for: .seconds(1))", lines: [1]),
        Snippet("Task.sleep", at: "Sources/Ports/SystemTime.swift", "try await Task.sleep(for: .seconds(1))", lines: []),
        Snippet("Task.sleep", at: "Tests/ATests/A.swift", "try await Task.sleep(nanoseconds: 1)", lines: [1]),
        Snippet(
            "sleep(", "sleep(1)\nusleep(2)\ntime.sleep(for: a)\nfunc sleep(until: B)\nawait sleep(until: c)\nawait sleep(for: c)",
            lines: [1, 2]),
        Snippet("ContinuousClock().sleep", "try await ContinuousClock().sleep(for: a)\nlet b = ContinuousClock().now", lines: [1]),
        Snippet("Task.detached", "Task.detached { go() }", lines: [1]),
        Snippet(
            "Task {", "Task { go() }\nTask(priority: .high) { go() }\ngroup.addTask { go() }\nlet t: Task<Void, Never>\nMyTask { }",
            lines: [1, 2]),
        Snippet("Task {", at: "Sources/KubeHTTP/Stream.swift", "Task { go() }", lines: []),
        Snippet("DispatchQueue", "DispatchQueue.main.async { go() }", lines: [1]),
        Snippet(
            "@unchecked Sendable without a proof",
            "class A: @unchecked Sendable {}\n// Only read after init.\nclass B: @unchecked Sendable {}\n"
                + "class C: @unchecked Sendable {}  // immutable",
            lines: [1]),
        Snippet("nonisolated(unsafe) without a proof", "let a = 1\nnonisolated(unsafe) var b = 1", lines: [2]),
        Snippet(
            "nonisolated(unsafe) without a proof", "    // Written once, before any thread.\n    nonisolated(unsafe) var b = 1", lines: []),
        Snippet(
            "async in a pure engine", at: "Sources/Planning/A.swift", "func f() async {}\n// await\nawait f()\nlet asynchronous = 1",
            lines: [1, 3]),
        Snippet("async in a pure engine", at: "Sources/Controllers/A.swift", "func f() async {}", lines: []),
        Snippet(
            "import of a port in a pure engine", at: "Sources/Fleet/A.swift", "internal import Objects\ninternal import Logging", lines: [2]
        ),
        Snippet("unfinished work", "// TODO: later\nlet a = \"FIXME\"\nlet todo = 1", lines: [1, 2]),
        Snippet(
            "a public declaration without a doc comment",
            "/// Said.\npublic struct A {\n    public func f(_ a: Int) {}\n    public func g() {}\n    public init(a: Int) {}\n}",
            lines: [3]),
        Snippet(
            "a public declaration without a doc comment",
            "public enum A {}\n/// Said.\n@discardableResult\npublic func f(a: Int) {}\n"
                + "extension B {\n    public func hash(into hasher: inout Hasher) {}\n}",
            lines: [1]),
    ]
}

@Suite struct RuleTests {
    @Test(arguments: Snippet.all)
    func firesOnBadCodeOnly(snippet: Snippet) throws {
        let rule = try #require(HouseRules.all.first { $0.name == snippet.rule })
        let file = SourceFile(path: snippet.path, text: snippet.text)
        let lines = rule.applies(file.path) ? rule.find(file).map(\.line) : []
        #expect(lines == snippet.lines)
        for violation in rule.violations(in: file) {
            #expect(violation.hasPrefix("\(snippet.path):\(snippet.lines[0])") || snippet.lines.count > 1)
            #expect(violation.hasSuffix("; \(rule.remedy)"))
        }
    }

    @Test(arguments: HouseRules.all)
    func everyRuleHasAnExampleOnWhichItFires(rule: Rule) {
        #expect(Snippet.all.contains { $0.rule == rule.name && !$0.lines.isEmpty })
    }

    // MARK: - Layers

    @Test(arguments: [
        ("Sources/Objects/A.swift", "internal import Ports", true), ("Sources/Objects/A.swift", "public import Kinds", true),
        ("Sources/Kinds/A.swift", "public import Objects", false), ("Sources/Planning/A.swift", "internal import Lifecycles", true),
        ("Sources/Planning/A.swift", "import Fleet", false), ("Sources/KubeClient/A.swift", "internal import Simulation", true),
        ("Sources/Simulation/A.swift", "internal import KubeClient", false),
        ("Sources/Controllers/A.swift", "internal import APIServer", true),
        ("Sources/ControlPlane/A.swift", "internal import APIServer", false),
        ("Sources/StoreCrashWriter/main.swift", "import SQLiteStore", false),
        ("Sources/Objects/A.swift", "// import Ports", false), ("Sources/Objects/A.swift", "internal import NIOCore", false),
        ("Sources/Newcomer/A.swift", "internal import Objects", true), ("Tests/ATests/A.swift", "internal import ControlPlane", false),
    ])
    func importsPointDownOnly(path: String, line: String, isWrong: Bool) {
        let violations = Layers.sluice.violations(in: SourceFile(path: path, text: "\n" + line))
        #expect(violations.isEmpty == !isWrong)
        #expect(violations.allSatisfy { $0.hasPrefix("\(path):2: ") })
    }

    @Test func dependenciesPointDownOnly() {
        let manifest = """
            let values = [
                library("Objects", ["Ports"]),
                .target(name: "KindData"),
                library("Kinds", ["Objects", .product(name: "Yams", package: "Ports")] + more),
                .executableTarget(
                    name: "sluice", dependencies: ["Objects", "Store"], path: "Sources/Elsewhere"),
                library("Newcomer"),
            ]
            """
        #expect(
            Layers.targets(inManifest: manifest).map { "\($0.name) \($0.line) \($0.dependencies)" } == [
                "Objects 2 [\"Ports\"]", "KindData 3 []", "Kinds 4 [\"Objects\"]",
                "sluice 5 [\"Objects\", \"Store\", \"Sources/Elsewhere\"]",
                "Newcomer 7 []",
            ])
        #expect(
            Layers.sluice.violations(inManifest: manifest) == [
                "Package.swift:2: Objects (layer 0) imports Ports (layer 2); imports point down: move the shared part below both",
                "Package.swift:7: target Newcomer has no layer; give it one in docs/ARCHITECTURE.md and in Layers.swift",
            ])
    }

    // MARK: - Reading

    @Test(arguments: [
        ("let a = 1 // b", "let a = 1     "), ("a /* b /* c */ d */ e", "a                   e"), ("f(\"a(\")", "f(\"  \")"),
        ("\"a\\\"b\" c", "\"    \" c"), ("#\"a\"b\"# c", "#\"   \"# c"), ("\"\\(f(\"x\"))\" c", "\"         \" c"),
        ("#if a\n\"b\"", "#if a\n\" \""),
        ("\"\"\"\na \"b\"\n\"\"\" c", "\"\"\"\n     \n\"\"\" c"), ("\"// no comment\" + a", "\"             \" + a"),
    ])
    func blanksCommentsAndLiterals(text: String, code: String) {
        #expect(CodeOnly.blank(text) == code)
    }

    @Test func findsWhatProtocolsRequire() {
        let file = SourceFile(
            path: "Sources/A/A.swift",
            text: "public protocol P {\n    func one(_ a: Int)\n    static func two()\n}\nstruct S {\n    func three() {}\n}")
        #expect(PublicDeclarations.requirements(in: [file]) == ["one", "two"])
    }
}
