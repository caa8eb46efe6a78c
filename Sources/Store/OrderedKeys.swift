/// A map ordered by key that can tell how many keys lie in a range without walking them.
///
/// Keys stand in sorted blocks of at most ``blockLimit``, so that an insertion moves one block's tail and a count adds
/// up block sizes; 100,000 keys are some 600 blocks. Keys must be ASCII: only there is the order of `String` the order
/// of the bytes.
package struct OrderedKeys<Value: Sendable>: Sendable {
    private struct Block: Sendable {
        var keys: [String]
        var values: [Value]
    }

    /// Where a key is or would be: the block, and the place in it.
    private struct Place {
        var block: Int
        var offset: Int
    }

    private static var blockLimit: Int { 256 }

    private var blocks: [Block] = []
    /// The first key of each block and its size, apart from the blocks so that a search touches little memory.
    private var firstKeys: [String] = []
    private var sizes: [Int] = []
    package private(set) var count = 0

    package init() {}

    /// The value of `key`; setting `nil` removes the key.
    package subscript(key: String) -> Value? {
        get {
            let place = lowerBound(key)
            guard holds(key, place) else { return nil }
            return blocks[place.block].values[place.offset]
        }
        set {
            let place = lowerBound(key)
            if let newValue {
                if holds(key, place) {
                    blocks[place.block].values[place.offset] = newValue
                } else {
                    insert(key, newValue, place)
                }
            } else if holds(key, place) {
                remove(place)
            }
        }
    }

    /// How many keys lie in `range`.
    package func count(in range: KeyRange) -> Int {
        guard range.lower < range.upper else { return 0 }
        return rank(lowerBound(range.upper)) - rank(lowerBound(range.lower))
    }

    /// Visits the keys of `range` in order until `visit` returns `false`.
    package func forEach(in range: KeyRange, _ visit: (String, Value) -> Bool) {
        guard range.lower < range.upper else { return }
        var place = lowerBound(range.lower)
        while place.block < blocks.count {
            let block = blocks[place.block]
            for offset in place.offset..<block.keys.count {
                guard block.keys[offset] < range.upper, visit(block.keys[offset], block.values[offset]) else { return }
            }
            place = Place(block: place.block + 1, offset: 0)
        }
    }

    /// The first place whose key is not less than `key`: inside the last block that starts at or before it.
    private func lowerBound(_ key: String) -> Place {
        var low = 0
        var high = firstKeys.count
        while low < high {
            let middle = (low + high) / 2
            if key < firstKeys[middle] { high = middle } else { low = middle + 1 }
        }
        guard low > 0 else { return Place(block: 0, offset: 0) }
        let block = low - 1
        low = 0
        high = sizes[block]
        while low < high {
            let middle = (low + high) / 2
            if blocks[block].keys[middle] < key { low = middle + 1 } else { high = middle }
        }
        return Place(block: block, offset: low)
    }

    private func holds(_ key: String, _ place: Place) -> Bool {
        place.block < blocks.count && place.offset < sizes[place.block] && blocks[place.block].keys[place.offset] == key
    }

    private func rank(_ place: Place) -> Int {
        var total = place.offset
        for block in 0..<place.block { total += sizes[block] }
        return total
    }

    private mutating func insert(_ key: String, _ value: Value, _ place: Place) {
        count += 1
        guard place.block < blocks.count else {
            blocks.append(Block(keys: [key], values: [value]))
            firstKeys.append(key)
            sizes.append(1)
            return
        }
        blocks[place.block].keys.insert(key, at: place.offset)
        blocks[place.block].values.insert(value, at: place.offset)
        sizes[place.block] += 1
        if place.offset == 0 { firstKeys[place.block] = key }
        if sizes[place.block] > Self.blockLimit { split(place.block) }
    }

    private mutating func split(_ block: Int) {
        // Keys mostly arrive in ascending order (names with a counter): a full last block keeps three quarters.
        let size = sizes[block]
        let kept = block == blocks.count - 1 ? size * 3 / 4 : size / 2
        let tail = Block(keys: Array(blocks[block].keys[kept...]), values: Array(blocks[block].values[kept...]))
        blocks[block].keys.removeSubrange(kept...)
        blocks[block].values.removeSubrange(kept...)
        sizes[block] = kept
        firstKeys.insert(tail.keys[0], at: block + 1)
        sizes.insert(size - kept, at: block + 1)
        blocks.insert(tail, at: block + 1)
    }

    private mutating func remove(_ place: Place) {
        count -= 1
        blocks[place.block].keys.remove(at: place.offset)
        blocks[place.block].values.remove(at: place.offset)
        sizes[place.block] -= 1
        if sizes[place.block] == 0 {
            blocks.remove(at: place.block)
            firstKeys.remove(at: place.block)
            sizes.remove(at: place.block)
        } else if place.offset == 0 {
            firstKeys[place.block] = blocks[place.block].keys[0]
        }
    }
}
