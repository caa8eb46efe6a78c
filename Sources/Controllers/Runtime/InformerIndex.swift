internal import KubeClient
public import Objects
internal import Synchronization

/// Finds the objects of an informer by something else than their key, without walking all of them.
///
/// Up to date when the informer's later handlers run: it is told first where it was asked for first.
public final class InformerIndex<View: ResourceView>: Sendable {
    private let keys: @Sendable (View) -> [String]
    private let state = Mutex<[String: [ObjectKey: View]]>([:])

    init(_ informer: Informer<View>, keys: @escaping @Sendable (View) -> [String]) {
        self.keys = keys
        informer.onEvent { [weak self] event in self?.take(event) }
    }

    /// The objects found under a word, in ascending order of their keys.
    public func objects(_ word: String) -> [View] {
        let found = state.withLock { $0[word] } ?? [:]
        // Keys are sorted, not objects: those are large to move about.
        return found.keys.sorted().compactMap { found[$0] }
    }

    /// How many objects are found under a word.
    public func count(_ word: String) -> Int { state.withLock { $0[word]?.count ?? 0 } }

    /// All words under which something is found, ascending.
    public var words: [String] { state.withLock { $0.keys.sorted() } }

    private func take(_ event: InformerEvent<View>) {
        let (old, new): (View?, View?) =
            switch event {
            case .added(let object): (nil, object)
            case .modified(let before, let object): (before, object)
            case .deleted(let object): (object, nil)
            }
        let oldWords = old.map(keys) ?? []
        let newWords = new.map(keys) ?? []
        state.withLock { state in
            if let old {
                for word in oldWords {
                    state[word]?[old.key] = nil
                    if state[word]?.isEmpty == true { state[word] = nil }
                }
            }
            if let new {
                for word in newWords { state[word, default: [:]][new.key] = new }
            }
        }
    }
}
