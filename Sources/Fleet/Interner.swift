/// Gives each distinct text a small number, so that equal texts are compared by number.
///
/// Numbers are never taken back: label keys, values and resource names of one fleet are few and repeat.
public struct Interner: Sendable {
    private var numbers: [String: Int32] = [:]
    /// The texts by number.
    public private(set) var texts: [String] = []

    public init() {}

    public var count: Int { texts.count }

    /// The number of a text, which is new where the text is.
    public mutating func intern(_ text: String) -> Int32 {
        if let number = numbers[text] { return number }
        let number = Int32(texts.count)
        numbers[text] = number
        texts.append(text)
        return number
    }

    /// The number of a text; `nil` where no such text was ever interned.
    public func number(of text: String) -> Int32? { numbers[text] }

    public subscript(number: Int32) -> String { texts[Int(number)] }
}

/// A label, interned.
public struct LabelPair: Sendable, Hashable {
    /// The interned key.
    public var key: Int32
    /// The interned value.
    public var value: Int32
}
