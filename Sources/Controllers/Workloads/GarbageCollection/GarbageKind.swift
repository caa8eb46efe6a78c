internal import KubeClient
public import Objects

/// A kind whose objects the garbage collector knows: as owners, and as what is collected.
public struct GarbageKind: Sendable {
    var resource: ResourceName
    /// Calls back for each event: what the object was and is; the latter `nil` where it was deleted.
    var observe: @Sendable (SharedInformers, @escaping @Sendable (_ old: ObjectMeta?, _ new: ObjectMeta?) -> Void) -> Void

    /// The kind of a view, followed through the shared informer of that view.
    public static func of<View: ResourceView>(_ view: View.Type) -> GarbageKind {
        GarbageKind(resource: View.resource) { informers, handler in
            informers.informer(View.self).onEvent { event in
                switch event {
                case .added(let object): handler(nil, object.metadata)
                case .modified(let old, let new): handler(old.metadata, new.metadata)
                case .deleted(let object): handler(object.metadata, nil)
                }
            }
        }
    }

    /// What this control plane's own kinds own and are owned by.
    public static let standard: [GarbageKind] = [
        .of(Deployment.self), .of(ReplicaSet.self), .of(Pod.self), .of(VirtualMachine.self), .of(VirtualMachineInstance.self),
        .of(PodDisruptionBudget.self), .of(Node.self), .of(Lease.self), .of(OwnedConfigMap.self), .of(OwnedSecret.self),
    ]
}

/// A ConfigMap as far as its ownership goes.
struct OwnedConfigMap: ResourceView {
    static let resource = ResourceName(group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true)
    var metadata: ObjectMeta
    init(_ object: JSON) { metadata = ObjectMeta(object["metadata"]) }
}

/// A Secret as far as its ownership goes.
struct OwnedSecret: ResourceView {
    static let resource = ResourceName(group: "", version: "v1", kind: "Secret", plural: "secrets", isNamespaced: true)
    var metadata: ObjectMeta
    init(_ object: JSON) { metadata = ObjectMeta(object["metadata"]) }
}
