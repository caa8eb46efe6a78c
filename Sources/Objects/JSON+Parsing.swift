/// Why a text is not JSON that Sluice takes.
public struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What was wrong, in lower case, without the position.
    public var reason: String
    /// Bytes from the start of the text.
    public var offset: Int

    public init(reason: String, offset: Int) {
        self.reason = reason
        self.offset = offset
    }

    public var description: String { "\(reason) at byte \(offset)" }
}

/// What a parser puts up with before it refuses a text.
public struct JSONLimits: Sendable {
    /// Objects and arrays inside one another.
    public var depth: Int
    /// Length of the whole text in bytes.
    public var bytes: Int

    public init(depth: Int = 512, bytes: Int = 64 << 20) {
        self.depth = depth
        self.bytes = bytes
    }
}

extension JSON {
    /// Parses RFC 8259 JSON in UTF-8.
    ///
    /// - Throws: ``JSONError`` for anything else: a key twice in one object, a lone surrogate, text after the value,
    ///   a text over the limits.
    public init(parsing bytes: [UInt8], limits: JSONLimits = JSONLimits()) throws(JSONError) {
        self = try JSON.parse(bytes.span, limits: limits)
    }

    /// Parses the UTF-8 bytes of a string; see ``init(parsing:limits:)-([UInt8],_)``.
    public init(parsing text: String, limits: JSONLimits = JSONLimits()) throws(JSONError) {
        self = try JSON.parse(Array(text.utf8).span, limits: limits)
    }

    /// Parses the bytes of a span; see ``init(parsing:limits:)-([UInt8],_)``.
    public static func parse(_ bytes: Span<UInt8>, limits: JSONLimits = JSONLimits()) throws(JSONError) -> JSON {
        guard bytes.count <= limits.bytes else {
            throw JSONError(reason: "text of \(bytes.count) bytes is over the limit of \(limits.bytes)", offset: 0)
        }
        let outcome = bytes.withUnsafeBufferPointer { buffer -> Result<JSON, JSONError> in
            guard let base = buffer.baseAddress else { return .failure(JSONError(reason: "unexpected end", offset: 0)) }
            var parser = JSONParser(base: base, count: buffer.count, maximumDepth: limits.depth)
            do throws(JSONError) { return .success(try parser.parse()) } catch { return .failure(error) }
        }
        return try outcome.get()
    }
}
