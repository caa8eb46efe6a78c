/// Finds the functions of a file by their braces.
enum Functions {
    struct Function: Equatable {
        var line: Int
        /// From the line of `func`, `init`, `deinit` or `subscript` to that of the closing brace.
        var lineCount: Int
    }

    static func all(in file: SourceFile) -> [Function] {
        file.codeLines(matching: #"(?<![\w.`])(func\s+\S|init[?!]?\s*[(<]|deinit\s*\{|subscript\s*[(<])"#).compactMap { line in
            bodyEnd(file.code, from: line - 1).map { Function(line: line, lineCount: $0 - line + 2) }
        }
    }

    /// The index of the line on which the body ends; `nil` for a requirement or a call, which have no body.
    private static func bodyEnd(_ code: [String], from start: Int) -> Int? {
        var parentheses = 0
        var braces = 0
        for (index, line) in code.enumerated().dropFirst(start) {
            for character in line {
                switch character {
                case "(", "[": parentheses += 1
                case ")", "]": parentheses -= 1
                case "{" where parentheses == 0 || braces > 0: braces += 1
                case "}" where braces > 0:
                    braces -= 1
                    if braces == 0 { return index }
                case "}" where parentheses <= 0: return nil
                default: break
                }
            }
            if braces == 0, parentheses <= 0, !continues(code.dropFirst(index + 1).first ?? "") { return nil }
        }
        return nil
    }

    /// Whether a line goes on with the signature above it.
    private static func continues(_ line: String) -> Bool {
        let text = line.trimmingPrefix(while: \.isWhitespace)
        return ["{", "->", "async", "throws", "rethrows", "where", ")"].contains(where: text.hasPrefix)
    }
}

/// Finds public declarations that nobody has described.
///
/// Looked at are types that stand at the left margin, and functions with parameters. What a protocol asks for is described
/// there, so functions that any protocol of the package requires, and those of the standard library's, are left out.
enum PublicDeclarations {
    private static let standard: Set<String> = ["hash", "encode", "next", "index", "enqueue"]
    private static let required = requirements(in: SourceTree.package.files)

    static func undocumented(in file: SourceFile) -> [Rule.Finding] {
        var findings: [Rule.Finding] = []
        let modifiers = "(?:static |final |mutating |nonisolated |consuming |borrowing |indirect )*"
        let types = file.codeLines(matching: "^public \(modifiers)(struct|class|enum|protocol|actor) ")
        let functions = file.codeLines(matching: #"^[ \t]*public \#(modifiers)func \w+\s*(<[^(]*>)?\((?!\s*\))"#)
        for line in (types + functions).sorted() where !isDocumented(file, line) {
            let words = file.code[line - 1].split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "_" }).map(String.init)
            guard let place = words.firstIndex(where: { ["func", "struct", "class", "enum", "protocol", "actor"].contains($0) }),
                place + 1 < words.count
            else { continue }
            let name = words[place + 1]
            if words[place] == "func", standard.contains(name) || required.contains(name) { continue }
            findings.append(Rule.Finding(line: line, what: "public \(words[place]) \(name) without a doc comment"))
        }
        return findings
    }

    private static func isDocumented(_ file: SourceFile, _ line: Int) -> Bool {
        var index = line - 2
        while index >= 0 {
            let text = file.lines[index].trimmingPrefix(while: \.isWhitespace)
            if text.hasPrefix("///") { return true }
            guard text.hasPrefix("@") else { return false }
            index -= 1
        }
        return false
    }

    /// The names of functions inside protocol declarations.
    static func requirements(in files: [SourceFile]) -> Set<String> {
        var names = Set<String>()
        for file in files {
            for start in file.codeLines(matching: #"^[ \t]*(public |package )?protocol "#) {
                let margin = file.code[start - 1].prefix(while: \.isWhitespace)
                for line in file.code.dropFirst(start).prefix(while: { $0 != margin + "}" }) {
                    let words = line.split(whereSeparator: { !$0.isLetter && !$0.isNumber && $0 != "_" })
                    if let place = words.firstIndex(of: "func"), place + 1 < words.count { names.insert(String(words[place + 1])) }
                }
            }
        }
        return names
    }
}
