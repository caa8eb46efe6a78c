internal import Foundation

/// A Swift file as the rules read it.
struct SourceFile: Sendable {
    /// From the package root, such as `Sources/Objects/JSON.swift`.
    var path: String
    /// As written.
    var lines: [String]
    /// The same lines with the insides of comments and string literals blanked, so that a rule sees code only.
    var code: [String]

    init(path: String, text: String) {
        self.path = path
        lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        code = CodeOnly.blank(text).split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if code.count > lines.count { code.removeLast(code.count - lines.count) }
    }

    /// The target whose folder this file is in; empty outside of Sources.
    var target: String {
        let parts = path.split(separator: "/")
        return parts.count > 2 && parts[0] == "Sources" ? String(parts[1]) : ""
    }

    /// Lines (from 1) of the code in which the pattern is found.
    func codeLines(matching pattern: String) -> [Int] { SourceFile.lines(matching: pattern, in: code.joined(separator: "\n")) }

    /// Lines (from 1) of the text, comments and literals among it, in which the pattern is found.
    func textLines(matching pattern: String) -> [Int] { SourceFile.lines(matching: pattern, in: lines.joined(separator: "\n")) }

    private static func lines(matching pattern: String, in text: String) -> [Int] {
        guard let expression = try? NSRegularExpression(pattern: pattern, options: [.anchorsMatchLines]) else { return [] }
        let whole = text as NSString
        var found: [Int] = []
        for match in expression.matches(in: text, range: NSRange(location: 0, length: whole.length)) {
            let before = whole.substring(to: match.range.location)
            let line = before.utf8.count(where: { $0 == 0x0a }) + 1
            if found.last != line { found.append(line) }
        }
        return found
    }
}

/// Every Swift file of the package, and its manifest.
struct SourceTree: Sendable {
    var files: [SourceFile]
    var manifest: String

    /// Read once: all rules look at the same text.
    static let package = SourceTree(root: packageRoot())

    private init(root: URL) {
        files = []
        for folder in ["Sources", "Tests"] {
            let base = root.appendingPathComponent(folder)
            for case let name as String in FileManager.default.enumerator(atPath: base.path) ?? .init() where name.hasSuffix(".swift") {
                guard let text = try? String(contentsOf: base.appendingPathComponent(name), encoding: .utf8) else { continue }
                files.append(SourceFile(path: "\(folder)/\(name)", text: text))
            }
        }
        files.sort { $0.path < $1.path }
        manifest = (try? String(contentsOf: root.appendingPathComponent("Package.swift"), encoding: .utf8)) ?? ""
    }

    /// The folder of Package.swift above this file, wherever this file was reached from.
    private static func packageRoot() -> URL {
        var folder = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
        while folder.path != "/", !FileManager.default.fileExists(atPath: folder.appendingPathComponent("Package.swift").path) {
            folder.deleteLastPathComponent()
        }
        return folder
    }
}

/// Blanks comments and the insides of string literals, keeping every line and column.
enum CodeOnly {
    static func blank(_ text: String) -> String {
        var reader = Reader(text: Array(text))
        while reader.index < reader.text.count { reader.step() }
        return String(reader.text)
    }

    private struct Reader {
        var text: [Character]
        var index = 0

        func starts(_ word: String, at place: Int) -> Bool {
            let characters = Array(word)
            return place + characters.count <= text.count && Array(text[place..<place + characters.count]) == characters
        }

        mutating func blankTo(_ end: Int) {
            while index < min(end, text.count) {
                if text[index] != "\n" { text[index] = " " }
                index += 1
            }
        }

        mutating func step() {
            switch text[index] {
            case "/" where starts("//", at: index):
                blankTo(text[index...].firstIndex(of: "\n") ?? text.count)
            case "/" where starts("/*", at: index):
                blankTo(endOfComment())
            case "\"", "#":
                var hashes = 0
                while index + hashes < text.count, text[index + hashes] == "#" { hashes += 1 }
                guard index + hashes < text.count, text[index + hashes] == "\"" else {
                    index += max(1, hashes)
                    return
                }
                let quotes = starts("\"\"\"", at: index + hashes) ? "\"\"\"" : "\""
                index += hashes + quotes.count
                blankTo(endOfLiteral(quotes: quotes, hashes: String(repeating: "#", count: hashes)))
                index += hashes + quotes.count
            default: index += 1
            }
        }

        private func endOfComment() -> Int {
            var depth = 0
            var place = index
            while place < text.count {
                if starts("/*", at: place) { depth += 1 }
                if starts("*/", at: place) { depth -= 1 }
                if depth == 0 { return place + 2 }
                place += 1
            }
            return place
        }

        /// Where the closing quotes begin. Interpolations are read as part of the literal.
        private func endOfLiteral(quotes: String, hashes: String) -> Int {
            var place = index
            var depth = 0
            while place < text.count {
                if depth == 0, starts(quotes + hashes, at: place) { return place }
                if text[place] == "\\", starts("\\" + hashes, at: place) {
                    place += 1 + hashes.count
                    if place < text.count, text[place] == "(" { depth = 1 }
                } else if depth > 0 {
                    if text[place] == "(" { depth += 1 }
                    if text[place] == ")" { depth -= 1 }
                }
                place += 1
            }
            return place
        }
    }
}
