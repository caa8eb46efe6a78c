internal import APIMessages
internal import Kinds
internal import Objects
internal import Ports
internal import Store

/// What deleting an object comes to, decided purely.
enum Deletion {
    /// Whether nothing keeps a deleted object any more: no finalizer and no grace period.
    static func isFinished(_ object: JSON, kind: Kind) -> Bool {
        guard object["metadata", "deletionTimestamp"] != nil else { return false }
        let grace = object["metadata", "deletionGracePeriodSeconds"]?.integer ?? 0
        return grace == 0 && !hasFinalizers(object, kind: kind)
    }

    private static func hasFinalizers(_ object: JSON, kind: Kind) -> Bool {
        if !(object["metadata", "finalizers"]?.array ?? []).isEmpty { return true }
        return kind.kind == "Namespace" && kind.group.isEmpty && !(object["spec", "finalizers"]?.array ?? []).isEmpty
    }

    /// Seconds an object may take to go: pods that run get theirs, everything else goes at once.
    private static func grace(_ object: JSON, kind: Kind, asked: Int64?) -> Int64 {
        guard kind.kind == "Pod", kind.group.isEmpty else { return 0 }
        let phase = object["status", "phase"]?.string ?? "Pending"
        let isBound = !(object["spec", "nodeName"]?.string ?? "").isEmpty
        if !isBound || phase == "Succeeded" || phase == "Failed" { return 0 }
        let own = object["spec", "terminationGracePeriodSeconds"]?.integer ?? 30
        return max(0, asked ?? own)
    }

    /// The object with its deletion begun; the caller removes it where ``isFinished(_:kind:)`` says so.
    static func begin(_ object: JSON, kind: Kind, options: JSON, now: Timestamp) -> JSON {
        var object = object
        if CustomResourceDefinitions.isDefinition(kind) {
            return CustomResourceDefinitions.terminating(object, now: now)
        }
        switch options["propagationPolicy"]?.string {
        case "Foreground": addFinalizer("foregroundDeletion", to: &object)
        case "Orphan": addFinalizer("orphan", to: &object)
        default: break
        }
        let grace = grace(object, kind: kind, asked: options["gracePeriodSeconds"]?.integer)
        let isFirst = object["metadata", "deletionTimestamp"] == nil
        if !isFirst {
            // A second deletion can only shorten the wait.
            let present = object["metadata", "deletionGracePeriodSeconds"]?.integer ?? 0
            guard options["gracePeriodSeconds"] != nil, grace < present else { return object }
        }
        object["metadata", "deletionTimestamp"] = .string((now + .seconds(grace)).rfc3339)
        object["metadata", "deletionGracePeriodSeconds"] = .integer(grace)
        if kind.generationTracksSpec, let generation = object["metadata", "generation"]?.integer, generation > 0, isFirst {
            object["metadata", "generation"] = .integer(generation + 1)
        }
        if kind.kind == "Namespace", kind.group.isEmpty { object["status", "phase"] = "Terminating" }
        return object
    }

    private static func addFinalizer(_ name: String, to object: inout JSON) {
        var finalizers = object["metadata", "finalizers"]?.array ?? []
        if !finalizers.contains(.string(name)) { finalizers.append(.string(name)) }
        object["metadata", "finalizers"] = .array(finalizers)
    }
}

extension APIServer {
    func delete(_ call: Call) async throws(APIFailure) -> APIResponse {
        let options = try deleteOptions(call)
        let isDryRun = try call.isDryRun("DeleteOptions", body: options)
        let (entry, wasRemoved) = try await remove(
            call.kind, namespace: call.namespace, name: call.info.name, options: options, isDryRun: isDryRun, user: call.user)
        if CustomResourceDefinitions.isDefinition(call.kind), !isDryRun { try await finishDefinition(call.kind, call.info.name) }
        let object = try ObjectCodec.decode(entry)
        // An object that stays for a while is shown as it is; of one that has gone there is only a receipt. Pods are always
        // shown, as on Kubernetes.
        if !wasRemoved || call.kind.kind == "Pod" {
            return try Rendering.object(
                entry, kind: call.kind, as: try call.representation(), query: call, now: time.now())
        }
        var details: JSON = ["name": .string(call.info.name)]
        if !call.kind.group.isEmpty { details["group"] = .string(call.kind.group) }
        details["kind"] = .string(call.kind.plural)
        details["uid"] = object["metadata", "uid"]
        return Rendering.json([
            "kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "details": details,
        ])
    }

    /// Deletes an object, or begins to.
    func remove(
        _ kind: Kind, namespace: String, name: String, options: JSON, isDryRun: Bool, user: UserInfo
    ) async throws(APIFailure) -> (entry: StoreEntry, wasRemoved: Bool) {
        let now = time.now()
        return try await change(kind, namespace: namespace, name: name, isDryRun: isDryRun) { (old, entry) async throws(APIFailure) in
            try NodeRestrictions.checkDelete(old, kind, user)
            try self.checkDeletePreconditions(options, old: old, entry: entry, kind)
            let object = Deletion.begin(old, kind: kind, options: options, now: now)
            if Deletion.isFinished(object, kind: kind) { return .remove(object) }
            return object == old ? .unchanged : .replace(object)
        }
    }

    private func checkDeletePreconditions(
        _ options: JSON, old: JSON, entry: StoreEntry, _ kind: Kind
    ) throws(APIFailure) {
        let name = old["metadata", "name"]?.string ?? ""
        if let uid = options["preconditions", "uid"]?.string, uid != old["metadata", "uid"]?.string {
            throw .conflict(
                kind, name,
                "the UID in the precondition (\(uid)) does not match the UID in record (\(old["metadata", "uid"]?.string ?? "")). "
                    + "The object might have been deleted and then recreated")
        }
        if let version = options["preconditions", "resourceVersion"]?.string, version != String(entry.modified) {
            throw .conflict(
                kind, name,
                "the ResourceVersion in the precondition (\(version)) does not match the ResourceVersion in record (\(entry.modified)). "
                    + "The object might have been modified")
        }
        if kind.kind == "Namespace", kind.group.isEmpty, StandardObjects.protectedNamespaces.contains(name) {
            throw .forbidden(kind, name, "this namespace may not be deleted")
        }
    }

    func deleteCollection(_ call: Call) async throws(APIFailure) -> APIResponse {
        var options = try deleteOptions(call)
        let isDryRun = try call.isDryRun("DeleteOptions", body: options)
        options["preconditions"] = nil
        let selection = try ListOptions(call, isWatch: false)
        let page = try await readPage(call, selection)
        var deleted: [JSON] = []
        for entry in page.entries {
            let object = try ObjectCodec.decode(entry)
            let name = object["metadata", "name"]?.string ?? ""
            do throws(APIFailure) {
                let namespace = object["metadata", "namespace"]?.string ?? ""
                let (gone, _) = try await remove(
                    call.kind, namespace: namespace, name: name, options: options, isDryRun: isDryRun, user: call.user)
                if CustomResourceDefinitions.isDefinition(call.kind), !isDryRun { try await finishDefinition(call.kind, name) }
                deleted.append(try ObjectCodec.decode(gone, as: call.kind))
            } catch  where error.code == 404 {
                continue  // somebody else was faster
            }
        }
        return Rendering.json([
            "kind": .string(call.kind.listKind), "apiVersion": .string(call.kind.apiVersion),
            "metadata": ["resourceVersion": .string(String(page.revision))], "items": .array(deleted),
        ])
    }
}
