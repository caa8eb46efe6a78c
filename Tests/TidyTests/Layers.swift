internal import Foundation

/// Which target may import which: the picture in docs/ARCHITECTURE.md as data.
struct Layers: Sendable {
    /// From the bottom up. An import points to a lower layer.
    var layers: [[String]]
    /// Imports within a layer, each listed.
    var sideways: [String: [String]]

    static let sluice = Layers(
        layers: [
            ["Objects", "KindData", "Kinds", "Fleet", "FleetData"],
            ["Planning", "Lifecycles", "Replay"],
            ["Store", "Ports", "APIMessages", "Identity"],
            ["SQLiteStore", "CSQLite", "KubeClient", "KubeHTTP", "Simulation", "FleetFile"],
            ["APIServer", "HTTPServer", "Controllers", "ControlPlane"],
            ["sluice", "store-crash-writer", "sluice-bench"],
        ],
        sideways: [
            "Kinds": ["Objects", "KindData"], "Fleet": ["Objects"], "Replay": ["Planning"], "Identity": ["APIMessages"],
            "SQLiteStore": ["CSQLite"], "Simulation": ["KubeClient"], "FleetFile": ["Simulation"],
            "ControlPlane": ["APIServer", "Controllers"],
        ])

    /// Folders that are not called like their target.
    private static let targetsOfFolders = ["StoreCrashWriter": "store-crash-writer", "SluiceBench": "sluice-bench"]

    func layer(of target: String) -> Int? { layers.firstIndex { $0.contains(target) } }

    /// Why a target may not import another; `nil` where it may, and where the other is not ours.
    func objection(to imported: String, from target: String) -> String? {
        guard let there = layer(of: imported) else { return nil }
        guard let here = layer(of: target) else {
            return Layers.noLayer(target)
        }
        if there < here || sideways[target]?.contains(imported) == true { return nil }
        return "\(target) (layer \(here)) imports \(imported) (layer \(there)); imports point down: move the shared part below both"
    }

    private static func noLayer(_ target: String) -> String {
        "target \(target) has no layer; give it one in docs/ARCHITECTURE.md and in Layers.swift"
    }

    /// Objections to the imports of one file of Sources.
    func violations(in file: SourceFile) -> [String] {
        guard !file.target.isEmpty else { return [] }
        let target = Layers.targetsOfFolders[file.target] ?? file.target
        var violations: [String] = []
        for line in file.codeLines(matching: #"^[ \t]*(@\w+\s+)?((public|package|internal|fileprivate|private)\s+)?import\s+\w"#) {
            guard let imported = file.code[line - 1].split(separator: " ").last else { continue }
            if let objection = objection(to: String(imported), from: target) { violations.append("\(file.path):\(line): \(objection)") }
        }
        return violations
    }

    /// Objections to the dependencies that a manifest declares, and to targets without a layer.
    func violations(inManifest text: String) -> [String] {
        var violations: [String] = []
        for target in Layers.targets(inManifest: text) {
            if layer(of: target.name) == nil {
                violations.append("Package.swift:\(target.line): \(Layers.noLayer(target.name))")
            }
            for dependency in target.dependencies {
                if let objection = objection(to: dependency, from: target.name) {
                    violations.append("Package.swift:\(target.line): \(objection)")
                }
            }
        }
        return violations
    }

    struct Target: Equatable {
        var name: String
        var line: Int
        var dependencies: [String]
    }

    /// The targets that a manifest declares with `library(…)`, `.target(…)`, `.executableTarget(…)` and `.systemLibrary(…)`.
    static func targets(inManifest text: String) -> [Target] {
        let head = #"(?:\.target|\.executableTarget|\.systemLibrary)\(\s*name:\s*"([\w-]+)"|\blibrary\(\s*"([\w-]+)""#
        guard let expression = try? NSRegularExpression(pattern: head) else { return [] }
        let whole = text as NSString
        return expression.matches(in: text, range: NSRange(location: 0, length: whole.length)).map { match in
            let name = match.range(at: 1).location == NSNotFound ? match.range(at: 2) : match.range(at: 1)
            let line = whole.substring(to: match.range.location).utf8.count(where: { $0 == 0x0a }) + 1
            let rest = whole.substring(from: match.range.location + match.range.length)
            return Target(name: whole.substring(with: name), line: line, dependencies: dependencies(in: rest))
        }
    }

    /// The plain strings up to the parenthesis that closes the declaration; those inside `.product(…)` are not ours.
    private static func dependencies(in text: String) -> [String] {
        var depth = 1
        var found: [String] = []
        var isQuoted = false
        var word = ""
        for character in text {
            switch character {
            case "\"":
                if isQuoted, depth == 1 { found.append(word) }
                isQuoted.toggle()
                word = ""
            case _ where isQuoted: word.append(character)
            case "(": depth += 1
            case ")": depth -= 1
            default: break
            }
            if depth == 0 { break }
        }
        return found
    }
}
