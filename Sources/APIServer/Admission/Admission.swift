internal import APIMessages
internal import Identity
internal import Kinds
internal import Objects
internal import Store

extension APIServer {
    /// Changes an object on its way into the store, or refuses it: what depends on other objects or on who asks.
    ///
    /// - Parameter old: the present object; `nil` at creation.
    func admit(_ object: inout JSON, old: JSON?, _ call: Call) async throws(APIFailure) {
        try NodeRestrictions.check(object, old: old, call)
        guard call.kind.kind == "Pod", call.kind.group.isEmpty else { return }
        if let old {
            // Priority and service account are decided once.
            object["spec", "priority"] = old["spec", "priority"]
            return
        }
        try await admitPriority(&object, call)
        try await admitServiceAccount(&object, call)
        addDefaultTolerations(&object)
    }

    /// A pod's priority is that of its class, or of the default class; the client cannot choose the number.
    private func admitPriority(_ pod: inout JSON, _ call: Call) async throws(APIFailure) {
        let prefix = StoreKeys.prefix(group: "scheduling.k8s.io", plural: "priorityclasses", namespace: nil)
        let asked = pod["spec", "priority"]?.integer
        let name = pod["spec", "priorityClassName"]?.string ?? ""
        var chosen: JSON?
        if name.isEmpty {
            for entry in try await readRange(prefix: prefix).entries {
                let candidate = try decoded.object(entry)
                if candidate["globalDefault"]?.bool == true { chosen = candidate }
            }
        } else {
            guard let entry = try await read(prefix + name).entry else {
                throw .forbidden(call.kind, pod["metadata", "name"]?.string ?? "", "no PriorityClass with name \(name) was found")
            }
            chosen = try decoded.object(entry)
        }
        let value = chosen?["value"]?.integer ?? 0
        if let asked, asked != value {
            throw .forbidden(
                call.kind, pod["metadata", "name"]?.string ?? "",
                "the integer value of priority (\(asked)) must not be provided in pod spec; priority admission controller "
                    + "computed \(value) from the given PriorityClass name"
            )
        }
        pod["spec", "priority"] = .integer(value)
        if let chosen {
            pod["spec", "priorityClassName"] = chosen["metadata", "name"]
            if pod["spec", "preemptionPolicy"] == nil { pod["spec", "preemptionPolicy"] = chosen["preemptionPolicy"] }
        }
        if pod["spec", "preemptionPolicy"] == nil { pod["spec", "preemptionPolicy"] = "PreemptLowerPriority" }
    }

    /// Pods stay for five minutes on a node that is not ready or not reachable, unless they say otherwise.
    private func addDefaultTolerations(_ pod: inout JSON) {
        var tolerations = pod["spec", "tolerations"]?.array ?? []
        let present = tolerations.map(Toleration.init)
        for key in [Names.notReadyTaint, Names.unreachableTaint] {
            let taint = Taint(key: key, effect: "NoExecute")
            if present.contains(where: { $0.tolerates(taint) }) { continue }
            tolerations.append([
                "key": .string(key), "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300,
            ])
        }
        pod["spec", "tolerations"] = .array(tolerations)
    }
}
