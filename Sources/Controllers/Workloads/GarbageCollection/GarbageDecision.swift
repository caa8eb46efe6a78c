public import Objects

/// What to do with an object that names owners.
public enum GarbageDecision: Sendable, Equatable {
    case keep
    /// Some owners are gone, others stay: forget those.
    case forgetOwners(uids: [String])
    case delete(propagationPolicy: String)

    /// How an owner is doing.
    public enum Owner: Sendable, Equatable {
        case present
        /// Being deleted in the foreground: waits for its dependents.
        case waiting
        /// No object of that name, or another one: checked with the server.
        case gone
    }

    /// Kubernetes' rules.
    ///
    /// - Parameters:
    ///   - owners: one for each of the object's owner references, in their order.
    ///   - hasDependents: whether other objects name this one as their owner.
    public init(_ object: ObjectMeta, owners: [Owner], hasDependents: Bool) {
        let references = zip(object.ownerReferences, owners)
        guard !owners.isEmpty else {
            self = .keep
            return
        }
        if owners.contains(.present) {
            let lost = references.filter { $0.1 != .present }.map(\.0.uid)
            self = lost.isEmpty ? .keep : .forgetOwners(uids: lost)
        } else if owners.contains(.waiting), hasDependents {
            // The owner waits for this object, so this one must wait for its own dependents.
            self = .delete(propagationPolicy: "Foreground")
        } else if object.finalizers.contains(GarbageFinalizers.orphan) {
            self = .delete(propagationPolicy: "Orphan")
        } else if object.finalizers.contains(GarbageFinalizers.foreground) {
            self = .delete(propagationPolicy: "Foreground")
        } else {
            self = .delete(propagationPolicy: "Background")
        }
    }
}

/// Finalizers that the API server sets and the garbage collector carries out.
enum GarbageFinalizers {
    static let orphan = "orphan"
    static let foreground = "foregroundDeletion"
}
