import Objects

/// Writes JSON values as block YAML, as `kubectl -o yaml` does.
enum YAMLText {
    static func text(_ value: JSON) -> String {
        var lines: [String] = []
        write(value, indent: 0, into: &lines)
        return lines.joined(separator: "\n")
    }

    private static func write(_ value: JSON, indent: Int, into lines: inout [String]) {
        let space = String(repeating: "  ", count: indent)
        switch value {
        case .object(let members) where !members.isEmpty:
            for member in members {
                if let text = inline(member.value) {
                    lines.append("\(space)\(key(member.key)): \(text)")
                } else {
                    lines.append("\(space)\(key(member.key)):")
                    let isList = member.value.array != nil
                    write(member.value, indent: isList ? indent : indent + 1, into: &lines)
                }
            }
        case .array(let elements) where !elements.isEmpty:
            for element in elements {
                if let text = inline(element) {
                    lines.append("\(space)- \(text)")
                } else {
                    let first = lines.count
                    write(element, indent: indent + 1, into: &lines)
                    lines[first] = "\(space)- \(lines[first].dropFirst(2 * (indent + 1)))"
                }
            }
        default: lines.append(space + (inline(value) ?? ""))
        }
    }

    /// The value on one line; `nil` where it needs lines of its own.
    private static func inline(_ value: JSON) -> String? {
        switch value {
        case .object(let members): members.isEmpty ? "{}" : nil
        case .array(let elements): elements.isEmpty ? "[]" : nil
        case .string(let text): scalar(text)
        default: value.text
        }
    }

    private static func key(_ text: String) -> String { scalar(text) }

    /// Plain where a YAML reader takes it for the same string, else in JSON's quotes, which YAML reads too.
    private static func scalar(_ text: String) -> String {
        let reserved: Set<String> = [
            "", "null", "Null", "NULL", "~", "true", "false", "True", "False", "TRUE", "FALSE", "yes", "no", "on", "off", "y", "n",
        ]
        let isPlain =
            !reserved.contains(text) && Double(text) == nil && text.first?.isLetter == true
            && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && !Array(":#{}[],&*!|>'\"%@`".utf8).contains($0) || $0 == 0x20 }
            && text.last != " "
        return isPlain ? text : JSON.string(text).text
    }
}
