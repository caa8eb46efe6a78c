/// A stack whose top elements can be moved out into an array of exactly their number, without a copy or a retain.
struct MoveStack<Element>: ~Copyable {
    private var elements: UnsafeMutablePointer<Element>
    private var capacity: Int
    private(set) var count = 0

    init(capacity: Int = 64) {
        self.capacity = capacity
        elements = .allocate(capacity: capacity)
    }

    deinit {
        elements.deinitialize(count: count)
        elements.deallocate()
    }

    @inline(__always)
    mutating func push(_ element: consuming Element) {
        if count == capacity { grow() }
        (elements + count).initialize(to: element)
        count += 1
    }

    @inline(never)
    private mutating func grow() {
        let larger = UnsafeMutablePointer<Element>.allocate(capacity: capacity * 2)
        larger.moveInitialize(from: elements, count: count)
        elements.deallocate()
        elements = larger
        capacity *= 2
    }

    /// Lends the elements from `first` up, which must not be more than there are.
    @inline(__always)
    func withElements<Result, Failure: Error>(
        from first: Int, _ work: (UnsafeBufferPointer<Element>) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        try work(UnsafeBufferPointer(start: elements + first, count: count - first))
    }

    /// Takes the elements from `first` up off the stack, in the order in which they were pushed.
    @inline(__always)
    mutating func popAll(from first: Int) -> [Element] {
        let number = count - first
        let source = elements + first
        count = first
        return Array(unsafeUninitializedCapacity: number) { buffer, filled in
            // An array of at least one element has a base address; without elements nothing is to be moved.
            buffer.baseAddress?.moveInitialize(from: source, count: number)
            filled = number
        }
    }
}
