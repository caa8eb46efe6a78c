/// A house rule: what it looks for, where, and what to write instead.
struct Rule: Sendable {
    /// Where a rule was broken.
    struct Finding: Sendable, Equatable {
        var line: Int
        var what: String
    }

    var name: String
    /// What to do instead, as a violation tells it.
    var remedy: String
    /// Whether the rule holds for a file of that path.
    var applies: @Sendable (String) -> Bool
    var find: @Sendable (SourceFile) -> [Finding]

    /// The violations in a file, each as `path:line: what; remedy`.
    func violations(in file: SourceFile) -> [String] {
        guard applies(file.path) else { return [] }
        return find(file).map { "\(file.path):\($0.line): \($0.what); \(remedy)" }
    }

    /// A call or word that code must not use, as a regular expression.
    static func banned(
        _ name: String, _ pattern: String, instead remedy: String, in scopes: [String] = ["Sources/", "Tests/"], except: [String] = []
    ) -> Rule {
        Rule(
            name: name, remedy: remedy,
            applies: { path in scopes.contains(where: path.hasPrefix) && !except.contains(where: path.hasPrefix) },
            find: { file in file.codeLines(matching: pattern).map { Finding(line: $0, what: name) } })
    }
}
