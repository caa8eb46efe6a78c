/// The rules of this house, as data.
enum HouseRules {
    static let all = sizes + calls + concurrency + purity + words + [documentation]

    static let executables = ["Sources/sluice/", "Sources/StoreCrashWriter/", "Sources/SluiceBench/"]
    private static let pureEngines = ["Objects", "Kinds", "Fleet", "Planning", "Lifecycles", "Replay"].map { "Sources/\($0)/" }
    static let lineLimit = 140
    static let fileLimit = 400
    static let fileGoal = 300
    static let functionLimit = 70

    private static let sizes = [
        Rule(
            name: "a file over \(fileLimit) lines", remedy: "split it by idea into Type.swift and Type+Aspect.swift",
            applies: { _ in true },
            find: { file in
                file.lines.count > fileLimit ? [Rule.Finding(line: file.lines.count, what: "a file of \(file.lines.count) lines")] : []
            }),
        Rule(
            name: "a line over \(lineLimit) columns", remedy: "wrap it; swift format -i does, but for literals: join shorter ones with +",
            applies: { _ in true },
            find: { file in
                file.lines.indices.filter { file.lines[$0].count > lineLimit }
                    .map { Rule.Finding(line: $0 + 1, what: "a line of \(file.lines[$0].count) columns") }
            }),
        Rule(
            name: "a function over \(functionLimit) lines", remedy: "push branches up and loops down into functions of their own",
            applies: { _ in true },
            find: { file in
                Functions.all(in: file).filter { $0.lineCount > functionLimit }
                    .map { Rule.Finding(line: $0.line, what: "a function of \($0.lineCount) lines") }
            }),
    ]

    private static let calls = [
        Rule.banned("Date()", #"\bDate\(\)|\bDate\.now\b"#, instead: "take a TimeSource in init and call now()"),
        Rule.banned(
            "print(", #"(?<![\w.])print\("#, instead: "log it, or return it to the executable", in: ["Sources/"], except: executables),
        Rule.banned("fatalError(", #"\bfatalError\("#, instead: "throw, or precondition(_:_:) with what the caller did wrong"),
        Rule.banned("try!", #"\btry!"#, instead: "let the error through, or handle it"),
        Rule.banned("as!", #"\bas!"#, instead: "use as? and say what happens otherwise"),
        Rule.banned("@testable", #"@testable\b"#, instead: "test the public API: the suite is built in release mode"),
    ]

    private static let concurrency = [
        Rule.banned(
            "Task.sleep", #"\bTask\.sleep\b"#, instead: "call TimeSource.sleep, and in tests move a manual clock",
            except: ["Sources/Ports/SystemTime.swift"]),
        Rule.banned(
            "sleep(", #"(?<![\w.])(?<!func )(sleep\((?!until:|for:)|usleep\(|nanosleep\()"#,
            instead: "call TimeSource.sleep, and in tests move a manual clock"),
        Rule.banned(
            "ContinuousClock().sleep", #"\b(ContinuousClock|SuspendingClock)\(\)\.sleep"#, instead: "call TimeSource.sleep",
            except: ["Sources/Ports/SystemTime.swift"]),
        Rule.banned("Task.detached", #"\bTask\.detached\b"#, instead: "use a task group: a detached task leaves the executor"),
        Rule.banned(
            "Task {", #"(?<![\w.])Task\s*(\([^)\n]*\)\s*)?\{"#,
            instead: "use a task group or async let: an unstructured task leaves the executor",
            in: ["Sources/"], except: executables + ["Sources/HTTPServer/", "Sources/KubeHTTP/", "Sources/Simulation/World/"]),
        Rule.banned(
            "DispatchQueue", #"\bDispatchQueue\b"#, instead: "use a task group, or a thread of the adapter's own for calls that block"),
        unproven("@unchecked Sendable", #"@unchecked\s+Sendable"#),
        unproven("nonisolated(unsafe)", #"\bnonisolated\(unsafe\)"#),
    ]

    private static let purity = [
        Rule.banned(
            "async in a pure engine", #"\b(async|await)\b"#, instead: "return a plan and let a controller act on it", in: pureEngines),
        Rule.banned(
            "import of a port in a pure engine", #"\bimport\s+(Logging|Foundation|FoundationEssentials|Synchronization|Glibc|Dispatch)\b"#,
            instead: "return what is to be said, or take it as a value", in: pureEngines),
    ]

    private static let words = [
        Rule(
            name: "unfinished work", remedy: "do it now, or open an issue and say nothing here",
            applies: { !$0.hasPrefix("Tests/TidyTests/") },
            find: { file in file.textLines(matching: #"\b(TODO|FIXME|XXX)\b"#).map { Rule.Finding(line: $0, what: "unfinished work") } })
    ]

    private static let documentation = Rule(
        name: "a public declaration without a doc comment", remedy: "say above it, after ///, what the signature cannot",
        applies: { $0.hasPrefix("Sources/") && !executables.contains(where: $0.hasPrefix) },
        find: { PublicDeclarations.undocumented(in: $0) })

    /// Something that needs its proof in a comment on the line or the one above.
    private static func unproven(_ name: String, _ pattern: String) -> Rule {
        Rule(
            name: "\(name) without a proof", remedy: "say in a comment on this line or above why it is safe, or use Mutex",
            applies: { _ in true },
            find: { file in
                file.codeLines(matching: pattern).filter { line in
                    !file.lines[line - 1].contains("//")
                        && !(line > 1 && file.lines[line - 2].trimmingPrefix(while: \.isWhitespace).hasPrefix("//"))
                }.map { Rule.Finding(line: $0, what: "\(name) without a proof") }
            })
    }
}
