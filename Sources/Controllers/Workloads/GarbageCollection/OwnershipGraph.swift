internal import Objects
internal import Synchronization

/// Who owns whom among the objects that informers know.
final class OwnershipGraph: Sendable {
    struct Member: Sendable {
        var resource: ResourceName
        var metadata: ObjectMeta
    }

    private struct State {
        var members: [String: Member] = [:]
        /// Uid of an owner, known or not → uids of what names it.
        var dependents: [String: Set<String>] = [:]
    }

    private let state = Mutex(State())

    subscript(uid: String) -> Member? { state.withLock { $0.members[uid] } }

    /// In ascending order of uids.
    func dependents(of uid: String) -> [Member] {
        state.withLock { state in (state.dependents[uid] ?? []).sorted().compactMap { state.members[$0] } }
    }

    /// Uids of all members, ascending.
    var uids: [String] { state.withLock { $0.members.keys.sorted() } }

    func knows(_ uid: String) -> Bool { state.withLock { $0.members[uid] != nil } }

    func put(_ member: Member) {
        state.withLock { state in
            let uid = member.metadata.uid
            if let old = state.members[uid] { OwnershipGraph.unlink(old, &state) }
            state.members[uid] = member
            for owner in member.metadata.ownerReferences { state.dependents[owner.uid, default: []].insert(uid) }
        }
    }

    func remove(_ uid: String) {
        state.withLock { state in
            guard let old = state.members.removeValue(forKey: uid) else { return }
            OwnershipGraph.unlink(old, &state)
        }
    }

    private static func unlink(_ member: Member, _ state: inout State) {
        for owner in member.metadata.ownerReferences {
            state.dependents[owner.uid]?.remove(member.metadata.uid)
            if state.dependents[owner.uid]?.isEmpty == true { state.dependents[owner.uid] = nil }
        }
    }
}
