/// A half-open range of keys: `lower` belongs to it, `upper` does not.
package struct KeyRange: Sendable, Equatable {
    package var lower: String
    package var upper: String

    /// The keys that start with `prefix` and are greater than `after`.
    ///
    /// - Throws: ``StoreError/tooLarge(_:)`` when a bound is longer than any key or not ASCII, so that no key compares with it.
    package init(prefix: String, after: String?) throws(StoreError) {
        try Self.check(prefix)
        lower = prefix
        if let after {
            try Self.check(after)
            // The least key greater than `after`.
            if after >= prefix { lower = after + "\0" }
        }
        upper = Self.end(of: prefix)
    }

    /// The least text greater than everything that starts with `prefix`.
    private static func end(of prefix: String) -> String {
        var bytes = Array(prefix.utf8)
        while let last = bytes.popLast() {
            if last < 0x7F {
                bytes.append(last + 1)
                return String(decoding: bytes, as: UTF8.self)
            }
        }
        // Keys are printable, that is below this character.
        return "\u{7F}"
    }

    private static func check(_ bound: String) throws(StoreError) {
        guard bound.utf8.count <= StoreLimits.keyBytes, bound.utf8.allSatisfy({ $0 < 0x80 }) else {
            throw .tooLarge("a range bound must be ASCII and at most \(StoreLimits.keyBytes) bytes long")
        }
    }
}

/// The checks every implementation makes before it takes a commit.
package enum CommitCheck {
    /// - Throws: ``StoreError/tooLarge(_:)`` naming the key and the limit.
    package static func check(_ mutations: [StoreMutation], _ preconditions: [StorePrecondition]) throws(StoreError) {
        guard mutations.count <= StoreLimits.mutationsPerCommit, preconditions.count <= StoreLimits.mutationsPerCommit else {
            throw .tooLarge(
                "a commit of \(mutations.count) mutations and \(preconditions.count) preconditions; "
                    + "at most \(StoreLimits.mutationsPerCommit) of each fit: split it")
        }
        for mutation in mutations {
            try check(key: mutation.key)
            if case .put(let key, let value) = mutation, value.count > StoreLimits.valueBytes {
                throw .tooLarge("the value of \(key) has \(value.count) bytes, at most \(StoreLimits.valueBytes) fit: make it smaller")
            }
        }
        for precondition in preconditions { try check(key: precondition.key) }
        guard mutations.count > 1 else { return }
        var seen: Set<String> = []
        for mutation in mutations where !seen.insert(mutation.key).inserted {
            throw .tooLarge("\(mutation.key) is mutated twice in one commit: merge the two mutations")
        }
    }

    private static func check(key: String) throws(StoreError) {
        guard key.utf8.count <= StoreLimits.keyBytes else {
            throw .tooLarge("a key of \(key.utf8.count) bytes; at most \(StoreLimits.keyBytes) fit: choose a shorter name")
        }
        guard !key.isEmpty, key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else {
            throw .tooLarge("a key must be printable ASCII without spaces, and not empty")
        }
    }
}
