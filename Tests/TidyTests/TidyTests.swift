internal import Testing

extension Rule: CustomTestStringConvertible {
    var testDescription: String { name }
}

@Suite struct TidyTests {
    @Test(arguments: HouseRules.all)
    func theTreeKeepsTheRule(rule: Rule) {
        for file in SourceTree.package.files {
            for violation in rule.violations(in: file) { Issue.record("\(violation)") }
        }
    }

    @Test func importsPointDown() {
        for file in SourceTree.package.files {
            for violation in Layers.sluice.violations(in: file) { Issue.record("\(violation)") }
        }
    }

    @Test func declaredDependenciesPointDown() {
        for violation in Layers.sluice.violations(inManifest: SourceTree.package.manifest) { Issue.record("\(violation)") }
    }

    /// Tells of files that grow too long, before they are.
    @Test func theWholeTreeIsRead() {
        let files = SourceTree.package.files
        #expect(files.count > 200)
        #expect(files.contains { $0.path == "Sources/Objects/JSON.swift" })
        #expect(files.contains { $0.path == "Tests/TidyTests/TidyTests.swift" })
        for file in files where file.lines.count > HouseRules.fileGoal && file.lines.count <= HouseRules.fileLimit {
            print("warning: \(file.path) has \(file.lines.count) lines; about \(HouseRules.fileGoal) is the goal")
        }
    }
}
