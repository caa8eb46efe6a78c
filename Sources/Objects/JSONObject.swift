/// The members of a JSON object in their order of appearance; no key occurs twice.
///
/// Look-up walks the members: Kubernetes objects have few keys a level, and walking beats hashing there.
public struct JSONObject: Sendable {
    /// A key with its value.
    public struct Member: Sendable, Hashable {
        public var key: String
        public var value: JSON

        public init(key: String, value: JSON) {
            self.key = key
            self.value = value
        }
    }

    @usableFromInline var members: [Member]

    public init() { members = [] }

    /// - Precondition: no key occurs twice.
    public init(_ members: [Member]) { self.members = members }

    /// The value of a key. Setting keeps the key's place, or appends it; setting `nil` removes it.
    public subscript(key: String) -> JSON? {
        get {
            for index in members.indices where members[index].key == key { return members[index].value }
            return nil
        }
        set {
            let place = members.firstIndex { $0.key == key }
            switch (place, newValue) {
            case (let place?, let value?): members[place].value = value
            case (let place?, nil): members.remove(at: place)
            case (nil, let value?): members.append(Member(key: key, value: value))
            case (nil, nil): break
            }
        }
    }

    /// Takes a key's value out, leaving `null` in its place, so that the value can be changed without a copy.
    mutating func take(_ key: String) -> JSON? {
        guard let place = members.firstIndex(where: { $0.key == key }) else { return nil }
        let value = members[place].value
        members[place].value = .null
        return value
    }

    /// Puts a member first, which must not exist yet.
    public mutating func prepend(_ key: String, _ value: JSON) { members.insert(Member(key: key, value: value), at: 0) }

    public var keys: [String] { members.map(\.key) }
}

extension JSONObject: RandomAccessCollection {
    public var startIndex: Int { members.startIndex }
    public var endIndex: Int { members.endIndex }
    public subscript(position: Int) -> Member { members[position] }
}

extension JSONObject: Hashable {
    public static func == (left: JSONObject, right: JSONObject) -> Bool {
        guard left.members.count == right.members.count else { return false }
        for (index, member) in left.members.enumerated() {
            // Same order is the common case; otherwise the key is looked up.
            let other = right.members[index].key == member.key ? right.members[index].value : right[member.key]
            guard let other, other == member.value else { return false }
        }
        return true
    }

    public func hash(into hasher: inout Hasher) {
        // Order must not matter, so only the count and the commutative sum of the keys go in.
        var sum = 0
        for member in members { sum &+= member.key.hashValue }
        hasher.combine(members.count)
        hasher.combine(sum)
    }
}
