/// RFC 6902 JSON Patch.
///
/// As kube-apiserver does, `replace` of an object's absent member adds it; everything else is by the RFC.
public struct JSONPatch: Sendable, Equatable {
    /// Operations of one patch at most, as in Kubernetes.
    public static let maximumOperations = 10_000
    /// Bytes that all `copy` operations of one patch may add: each may double the document.
    public static let maximumCopiedBytes = 3 << 20

    enum Operation: Sendable, Equatable {
        case add(JSONPointer, JSON)
        case remove(JSONPointer)
        case replace(JSONPointer, JSON)
        case move(from: JSONPointer, to: JSONPointer)
        case copy(from: JSONPointer, to: JSONPointer)
        case test(JSONPointer, JSON)
    }

    private let operations: [Operation]

    /// Reads a patch document.
    ///
    /// - Throws: ``PatchError``: `malformed` when it is no list of objects, `tooLarge` beyond ``maximumOperations``,
    ///   `unprocessable` for an unknown operation, a missing member or a pointer that does not parse.
    public init(_ document: JSON) throws(PatchError) {
        guard case .array(let list) = document else {
            throw PatchError(
                reason: .malformed,
                message: "error decoding patch: json: cannot unmarshal \(document.typeName) into Go value of type []handlers.jsonPatchOp")
        }
        guard list.count <= Self.maximumOperations else {
            throw PatchError(
                reason: .tooLarge,
                message: "The allowed maximum operations in a JSON patch is \(Self.maximumOperations), got \(list.count)")
        }
        var operations: [Operation] = []
        for (index, item) in list.enumerated() { operations.append(try Self.operation(item, index)) }
        self.operations = operations
    }

    private static func operation(_ item: JSON, _ index: Int) throws(PatchError) -> Operation {
        guard case .object(let members) = item else {
            throw PatchError(
                reason: .malformed,
                message: "error decoding patch: json: cannot unmarshal \(item.typeName) into Go value of type handlers.jsonPatchOp")
        }
        func failure(_ text: String) -> PatchError { PatchError(reason: .unprocessable, message: "operation \(index): \(text)") }
        func pointer(_ key: String) throws(PatchError) -> JSONPointer {
            guard let text = members[key]?.string else { throw failure("\(key) is missing") }
            guard let pointer = JSONPointer(text) else { throw failure("\(key) \(text) is not a JSON pointer") }
            return pointer
        }
        func value() throws(PatchError) -> JSON {
            guard let value = members["value"] else { throw failure("value is missing") }
            return value
        }
        guard let name = members["op"]?.string else { throw failure("op is missing") }
        switch name {
        case "add": return .add(try pointer("path"), try value())
        case "remove": return .remove(try pointer("path"))
        case "replace": return .replace(try pointer("path"), try value())
        case "move": return .move(from: try pointer("from"), to: try pointer("path"))
        case "copy": return .copy(from: try pointer("from"), to: try pointer("path"))
        case "test": return .test(try pointer("path"), try value())
        default: throw failure("op \(name) is unknown")
        }
    }

    /// The document with all operations applied in order; the document itself is untouched when one fails.
    ///
    /// - Throws: ``PatchError`` `unprocessable` with the operation's number and pointer.
    public func apply(to document: JSON) throws(PatchError) -> JSON {
        var result = document
        var copied = 0
        for (index, operation) in operations.enumerated() {
            func failure(_ text: String) -> PatchError { PatchError(reason: .unprocessable, message: "operation \(index): \(text)") }
            switch operation {
            case .add(let path, let value):
                guard Self.change(&result, path.tokens[...], { Self.insert(&$0, $1, value) }, whole: value) else {
                    throw failure("add: \(path) does not exist")
                }
            case .remove(let path):
                guard Self.change(&result, path.tokens[...], Self.remove, whole: nil) else {
                    throw failure("remove: \(path) does not exist")
                }
            case .replace(let path, let value):
                guard Self.change(&result, path.tokens[...], { Self.replace(&$0, $1, value) }, whole: value) else {
                    throw failure("replace: \(path) does not exist")
                }
            case .move(let source, let target):
                guard let value = source.value(in: result) else { throw failure("move: \(source) does not exist") }
                if source == target { continue }
                if target.tokens.starts(with: source.tokens) { throw failure("move: \(source) into itself at \(target)") }
                guard Self.change(&result, source.tokens[...], Self.remove, whole: nil),
                    Self.change(&result, target.tokens[...], { Self.insert(&$0, $1, value) }, whole: value)
                else { throw failure("move: \(target) does not exist") }
            case .copy(let source, let target):
                guard let value = source.value(in: result) else { throw failure("copy: \(source) does not exist") }
                copied += value.encoded.count
                guard copied <= Self.maximumCopiedBytes else {
                    throw failure(
                        "Unable to complete the copy, the accumulated size increase of copy is \(copied), "
                            + "exceeding the limit \(Self.maximumCopiedBytes)"
                    )
                }
                guard Self.change(&result, target.tokens[...], { Self.insert(&$0, $1, value) }, whole: value) else {
                    throw failure("copy: \(target) does not exist")
                }
            case .test(let path, let value):
                guard let present = path.value(in: result), Self.isEqual(present, value) else {
                    throw failure("testing value \(path) failed")
                }
            }
        }
        return result
    }

    // MARK: - Changing in place

    /// Goes to the parent of a place and lets `body` act on it and the last token; returns whether all went well.
    ///
    /// - Parameter whole: what replaces the whole document when the path is empty; `nil` refuses.
    private static func change(
        _ value: inout JSON, _ path: ArraySlice<String>, _ body: (inout JSON, String) -> Bool, whole: JSON?
    ) -> Bool {
        guard let token = path.first else {
            guard let whole else { return false }
            value = whole
            return true
        }
        if path.count == 1 { return body(&value, token) }
        // The payload is taken out while it is changed, so that it is not copied.
        switch value {
        case .object(var members):
            value = .null
            defer { value = .object(members) }
            guard var child = members.take(token) else { return false }
            let isDone = change(&child, path.dropFirst(), body, whole: nil)
            members[token] = child
            return isDone
        case .array(var list):
            guard let index = JSONPointer.index(token, count: list.count) else { return false }
            value = .null
            defer { value = .array(list) }
            return change(&list[index], path.dropFirst(), body, whole: nil)
        default: return false
        }
    }

    private static func insert(_ parent: inout JSON, _ token: String, _ value: JSON) -> Bool {
        switch parent {
        case .object: parent[token] = value
        case .array(var list):
            guard let index = token == "-" ? list.count : JSONPointer.index(token, count: list.count + 1) else { return false }
            parent = .null
            list.insert(value, at: index)
            parent = .array(list)
        default: return false
        }
        return true
    }

    private static func replace(_ parent: inout JSON, _ token: String, _ value: JSON) -> Bool {
        switch parent {
        case .object: parent[token] = value
        case .array(var list):
            guard let index = JSONPointer.index(token, count: list.count) else { return false }
            parent = .null
            list[index] = value
            parent = .array(list)
        default: return false
        }
        return true
    }

    private static func remove(_ parent: inout JSON, _ token: String) -> Bool {
        switch parent {
        case .object(let members):
            guard members[token] != nil else { return false }
            parent[token] = nil
        case .array(var list):
            guard let index = JSONPointer.index(token, count: list.count) else { return false }
            parent = .null
            list.remove(at: index)
            parent = .array(list)
        default: return false
        }
        return true
    }

    /// Equality of RFC 6902: numbers are equal when their values are.
    private static func isEqual(_ left: JSON, _ right: JSON) -> Bool {
        switch (left, right) {
        case (.array(let first), .array(let second)):
            return first.count == second.count && zip(first, second).allSatisfy(isEqual)
        case (.object(let first), .object(let second)):
            return first.count == second.count
                && first.allSatisfy { member in second[member.key].map { isEqual(member.value, $0) } ?? false }
        case (.number, .integer), (.integer, .number), (.number, .number): return left.double == right.double
        default: return left == right
        }
    }
}
