public import Objects

/// The forms of names, label keys and values, with the texts in which Kubernetes refuses them.
///
/// Every function returns what is wrong, nothing when all is well; a text becomes `Invalid value: "…": TEXT`.
public enum NameRules {
    /// Bytes of all keys and values of an object's annotations together.
    public static let maximumAnnotationsBytes = 256 * 1024

    /// RFC 1123 subdomain, at most 253 characters: the form of most object names.
    public static func subdomain(_ name: String) -> [String] {
        check(
            name, limit: 253, isSubdomain(name),
            "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
                + "end with an alphanumeric character", "[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*", ["example.com"])
    }

    /// RFC 1123 label, at most 63 characters: names of namespaces and containers.
    public static func label(_ name: String) -> [String] {
        check(
            name, limit: 63, isLabel(name.utf8),
            "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an "
                + "alphanumeric character", "[a-z0-9]([-a-z0-9]*[a-z0-9])?", ["my-name", "123-abc"])
    }

    /// RFC 1035 label, which begins with a letter, at most 63 characters.
    public static func dns1035Label(_ name: String) -> [String] {
        let beginsWithLetter = name.utf8.first.map { $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z") } ?? false
        return check(
            name, limit: 63, beginsWithLetter && isLabel(name.utf8),
            "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and end with "
                + "an alphanumeric character", "[a-z]([-a-z0-9]*[a-z0-9])?", ["my-name", "abc-123"])
    }

    /// The key of a label or annotation: an optional subdomain and `/`, then a name of at most 63 characters.
    public static func qualifiedName(_ key: String) -> [String] {
        if isQualified(key.utf8) { return [] }
        let form = "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
        let expression = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
        let text = explain(form, expression, ["MyName", "my.name", "123-abc"])
        let parts = key.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count <= 2 else {
            return ["a qualified name \(text) with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
        }
        var problems: [String] = []
        if parts.count == 2 {
            let prefix = String(parts[0])
            problems += prefix.isEmpty ? ["prefix part must be non-empty"] : subdomain(prefix).map { "prefix part \($0)" }
        }
        let name = parts[parts.count - 1].utf8
        if name.isEmpty { problems.append("name part must be non-empty") }
        if name.count > 63 { problems.append("name part must be no more than 63 characters") }
        if !isName(name) { problems.append("name part \(text)") }
        return problems
    }

    /// The value of a label: empty, or at most 63 characters.
    public static func labelValue(_ value: String) -> [String] {
        check(
            value, limit: 63, value.isEmpty || isName(value.utf8),
            "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an "
                + "alphanumeric character", "(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?", ["MyValue", "my_value", "12345"])
    }

    /// A key of a config map or secret, at most 253 characters.
    public static func configKey(_ key: String) -> [String] {
        let isFit = !key.isEmpty && key.utf8.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
        var problems = check(
            key, limit: 253, isFit, "a valid config key must consist of alphanumeric characters, '-', '_' or '.'", "[-._a-zA-Z0-9]+",
            ["key.name", "KEY_NAME", "key-name"])
        if key == "." {
            problems.append("must not be '.'")
        } else if key == ".." {
            problems.append("must not be '..'")
        } else if key.hasPrefix("..") {
            problems.append("must not start with '..'")
        }
        return problems
    }

    /// Keys and values of labels; `path` is the map's own.
    public static func labels(_ labels: JSON, path: String) -> [FieldError] {
        guard case .object(let members) = labels else { return [] }
        var errors: [FieldError] = []
        for member in members {
            errors += qualifiedName(member.key).map { .invalid(path, .string(member.key), $0) }
            if case .string(let value) = member.value { errors += labelValue(value).map { .invalid(path, member.value, $0) } }
        }
        return errors
    }

    /// Keys of annotations, and the size of all together; `path` is the map's own.
    public static func annotations(_ annotations: JSON, path: String) -> [FieldError] {
        guard case .object(let members) = annotations else { return [] }
        var errors: [FieldError] = []
        var size = 0
        for member in members {
            // Annotations may have upper case in the prefix, labels may not.
            errors += qualifiedName(member.key.lowercased()).map { .invalid(path, .string(member.key), $0) }
            size += member.key.utf8.count + (member.value.string?.utf8.count ?? 0)
        }
        if size > maximumAnnotationsBytes { errors.append(.tooLong(path, bytes: maximumAnnotationsBytes)) }
        return errors
    }
}

// MARK: - Forms

extension NameRules {
    /// The texts are made only when something is wrong: labels are checked with every write.
    private static func check(
        _ value: String, limit: Int, _ isFit: Bool, _ form: @autoclosure () -> String, _ expression: String,
        _ examples: @autoclosure () -> [String]
    ) -> [String] {
        let count = value.utf8.count
        if isFit, count <= limit { return [] }
        return (count > limit ? ["must be no more than \(limit) characters"] : [])
            + (isFit ? [] : [explain(form(), expression, examples())])
    }

    private static func explain(_ form: String, _ expression: String, _ examples: [String]) -> String {
        let list = examples.map { "'\($0)', " }.joined(separator: " or ")
        return "\(form) (e.g. \(list)regex used for validation is '\(expression)')"
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLower(byte) || (byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z"))
    }

    /// A lower-case letter or a digit.
    private static func isLower(_ byte: UInt8) -> Bool {
        (byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z")) || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
    }

    private static func isLabel(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
        guard let first = bytes.first, let last = bytes.last, isLower(first), isLower(last) else { return false }
        return bytes.allSatisfy { isLower($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isSubdomain(_ name: String) -> Bool {
        isSubdomain(name.utf8)
    }

    private static func isSubdomain(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
        // A part begins and ends with a letter or digit, so that a byte beside a dot or an end must be one.
        var previous = UInt8(ascii: ".")
        for byte in bytes {
            let isJoint = byte == UInt8(ascii: ".") || byte == UInt8(ascii: "-")
            guard isJoint || isLower(byte) else { return false }
            if byte == UInt8(ascii: "."), !isLower(previous) { return false }
            if byte == UInt8(ascii: "-"), previous == UInt8(ascii: ".") { return false }
            previous = byte
        }
        return isLower(previous)
    }

    private static func isQualified(_ key: String.UTF8View) -> Bool {
        guard let slash = key.firstIndex(of: UInt8(ascii: "/")) else { return key.count <= 63 && isName(key) }
        let name = key[key.index(after: slash)...]
        return name.count <= 63 && isName(name) && key[..<slash].count <= 253 && isSubdomain(key[..<slash])
    }

    private static func isName(_ bytes: some BidirectionalCollection<UInt8>) -> Bool {
        guard let first = bytes.first, let last = bytes.last, isAlphanumeric(first), isAlphanumeric(last) else { return false }
        return bytes.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: ".") }
    }
}
