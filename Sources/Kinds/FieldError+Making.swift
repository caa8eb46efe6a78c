internal import Objects

extension FieldError {
    static func required(_ path: String, _ detail: String = "") -> FieldError {
        FieldError(path: path, reason: .required, message: detail.isEmpty ? "Required value" : "Required value: \(detail)")
    }

    static func invalid(_ path: String, _ value: JSON, _ detail: String) -> FieldError {
        FieldError(path: path, reason: .invalid, message: "Invalid value: \(value.text): \(detail)")
    }

    static func notSupported(_ path: String, _ value: JSON, _ allowed: [JSON]) -> FieldError {
        let list = allowed.map { value in value.string == nil ? "\"\(value.text)\"" : value.text }.joined(separator: ", ")
        return FieldError(path: path, reason: .notSupported, message: "Unsupported value: \(value.text): supported values: \(list)")
    }

    static func duplicate(_ path: String, _ value: JSON) -> FieldError {
        FieldError(path: path, reason: .duplicate, message: "Duplicate value: \(value.text)")
    }

    static func forbidden(_ path: String, _ detail: String) -> FieldError {
        FieldError(path: path, reason: .forbidden, message: "Forbidden: \(detail)")
    }

    static func tooLong(_ path: String, bytes: Int) -> FieldError {
        FieldError(path: path, reason: .tooLong, message: "Too long: may not be more than \(bytes) bytes")
    }

    static func tooMany(_ path: String, _ count: Int, limit: Int, of what: String = "items") -> FieldError {
        FieldError(path: path, reason: .tooMany, message: "Too many: \(count): must have at most \(limit) \(what)")
    }

    /// Puts a step before the path, with a dot unless the path begins with an index.
    mutating func prepend(_ step: String) {
        path = FieldPath.join(step, path)
    }
}

/// Texts of field paths.
enum FieldPath {
    static func join(_ step: String, _ rest: String) -> String {
        rest.isEmpty ? step : step.isEmpty ? rest : rest.utf8.first == UInt8(ascii: "[") ? step + rest : "\(step).\(rest)"
    }
}
