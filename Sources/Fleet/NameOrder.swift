/// Slots kept in ascending order of their names, so that equal scores are decided by name without sorting every time.
///
/// An insertion is a binary search and one move of the slots behind it (4 bytes each); ascending insertions append.
struct NameOrder: Sendable {
    private(set) var slots: [Int32] = []

    mutating func insert(_ slot: Int32, names: [String]) {
        let name = names[Int(slot)]
        if let last = slots.last, names[Int(last)] < name {
            slots.append(slot)
            return
        }
        slots.insert(slot, at: place(of: name, names: names))
    }

    mutating func remove(_ slot: Int32, names: [String]) {
        let place = place(of: names[Int(slot)], names: names)
        if place < slots.count, slots[place] == slot { slots.remove(at: place) }
    }

    /// The first place whose name is not below the one given.
    private func place(of name: String, names: [String]) -> Int {
        var low = 0
        var high = slots.count
        while low < high {
            let middle = (low + high) / 2
            if names[Int(slots[middle])] < name { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
