internal import APIMessages
internal import Identity
internal import Kinds
internal import Objects

/// What an agent on a host may write: its own Node and Lease, and the status of the pods that run on it.
///
/// Authorization has judged by path; this looks at the objects, which a path does not show.
enum NodeRestrictions {
    /// Refuses a write of another's object.
    ///
    /// - Parameter old: the present object; `nil` at creation.
    static func check(_ object: JSON, old: JSON?, _ call: Call) throws(APIFailure) {
        guard call.user.groups.contains("system:nodes"), !call.user.groups.contains("system:masters") else { return }
        let name = object["metadata", "name"]?.string ?? ""
        func refuse(_ why: String) -> APIFailure { .forbidden(call.kind, name, why) }
        guard let node = NodeRestriction.nodeName(of: call.user) else { throw refuse("unknown node for user \"\(call.user.name)\"") }
        switch (call.kind.group, call.kind.kind) {
        case ("", "Node"):
            guard name == node else { throw refuse("node \"\(node)\" is not allowed to modify node \"\(name)\"") }
            guard let old else { return }
            if object["spec", "taints"] ?? [] != old["spec", "taints"] ?? [] {
                throw refuse("node \"\(node)\" is not allowed to modify taints")
            }
        case ("coordination.k8s.io", "Lease"):
            guard name == node else { throw refuse("can only access node lease with the same name as the requesting node") }
        case ("", "Pod"): try checkPod(object, old: old, node, call)
        default: break
        }
    }

    private static func checkPod(_ pod: JSON, old: JSON?, _ node: String, _ call: Call) throws(APIFailure) {
        let name = pod["metadata", "name"]?.string ?? ""
        guard let old else {
            let isMirror = pod["metadata", "annotations", "kubernetes.io/config.mirror"] != nil
            guard isMirror, pod["spec", "nodeName"]?.string == node else {
                throw .forbidden(call.kind, name, "node \"\(node)\" can only create mirror pods bound to itself")
            }
            return
        }
        guard old["spec", "nodeName"]?.string == node else {
            throw .forbidden(call.kind, name, "node \"\(node)\" can only update pod status for pods with spec.nodeName set to itself")
        }
        if pod["metadata", "labels"] ?? [:] != old["metadata", "labels"] ?? [:] {
            throw .forbidden(call.kind, name, "node \"\(node)\" cannot update labels through pod status")
        }
    }

    /// Refuses the deletion of a pod that runs elsewhere.
    static func checkDelete(_ object: JSON, _ kind: Kind, _ user: UserInfo) throws(APIFailure) {
        guard let node = NodeRestriction.nodeName(of: user), !user.groups.contains("system:masters"), kind.kind == "Pod",
            kind.group.isEmpty
        else { return }
        guard object["spec", "nodeName"]?.string == node else {
            throw .forbidden(
                kind, object["metadata", "name"]?.string ?? "",
                "node \"\(node)\" can only delete pods with spec.nodeName set to itself")
        }
    }
}
