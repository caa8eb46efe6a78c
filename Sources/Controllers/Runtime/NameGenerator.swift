public import Ports
internal import Synchronization

/// Makes the random ends of names, as Kubernetes' `generateName` does.
public final class NameGenerator: Sendable {
    /// Without vowels and look-alikes, so that no name spells a word.
    private static let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
    /// Longest name that still leaves room for the suffix in a label value.
    private static let longestBase = 58

    private let generator: Mutex<SeededGenerator>

    public init(_ generator: SeededGenerator) { self.generator = Mutex(generator) }

    /// `base` (cut to 58 characters) followed by five random characters.
    public func name(_ base: String) -> String {
        let suffix = generator.withLock { generator in
            String((0..<5).map { _ in NameGenerator.alphabet[Int.random(in: 0..<NameGenerator.alphabet.count, using: &generator)] })
        }
        return String(base.prefix(NameGenerator.longestBase)) + suffix
    }

    /// Kubernetes' `SafeEncodeString`: digits of a hash written in the alphabet of names.
    static func encode(_ number: UInt32) -> String {
        String(String(number).unicodeScalars.map { alphabet[Int($0.value) % alphabet.count] })
    }
}
