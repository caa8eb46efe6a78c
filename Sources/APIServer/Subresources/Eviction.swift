internal import APIMessages
internal import Kinds
internal import Objects
internal import Ports
internal import Store

extension APIServer {
    /// Deletes a pod if its disruption budgets allow; budget and pod change in one commit, so that parallel evictions
    /// cannot spend the same allowance twice.
    func evict(_ call: Call) async throws(APIFailure) -> APIResponse {
        let (eviction, options) = try evictionOptions(call)
        let isDryRun = try call.isDryRun("CreateOptions", body: options)
        guard let budgets = call.kinds.kind(group: "policy", version: "v1", plural: "poddisruptionbudgets") else {
            throw .noSuchResource
        }
        let name = call.info.name
        let given = eviction["metadata", "name"]?.string ?? ""
        guard given.isEmpty || given == name else { throw .badRequest("name in URL does not match name in Eviction object") }
        for _ in 0..<16 {
            let key = StoreKeys.key(group: "", plural: "pods", namespace: call.namespace, name: name)
            guard let entry = try await read(key).entry else { throw .notFound(call.kind, name) }
            let pod = try ObjectCodec.decode(entry)
            if let uid = options["preconditions", "uid"]?.string, uid != pod["metadata", "uid"]?.string {
                throw .conflict(call.kind, name, "the UID in the precondition does not match the UID in record")
            }
            guard Eviction.needsBudget(pod) else { return try await finishEviction(call, options, isDryRun) }
            let prefix = StoreKeys.prefix(group: "policy", plural: budgets.plural, namespace: call.namespace)
            let view = Pod(pod)
            var matching: [(entry: StoreEntry, object: JSON)] = []
            for candidate in try await readRange(prefix: prefix).entries {
                let object = try ObjectCodec.decode(candidate)
                if PodDisruptionBudget(object).covers(view) { matching.append((candidate, object)) }
            }
            guard let budget = matching.first else { return try await finishEviction(call, options, isDryRun) }
            guard matching.count == 1 else {
                throw APIFailure(
                    code: 500, reason: "InternalError",
                    message: "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.")
            }
            let spent = try Eviction.spend(budget.object, pod: name, now: time.now())
            if isDryRun { return evicted }
            let deleting = Deletion.begin(pod, kind: call.kind, options: options, now: time.now())
            let isGone = Deletion.isFinished(deleting, kind: call.kind)
            let mutations: [StoreMutation] = [
                .put(key: budget.entry.key, value: ObjectCodec.encode(spent)),
                isGone ? .delete(key: key) : .put(key: key, value: ObjectCodec.encode(deleting)),
            ]
            let preconditions = [budget.entry, entry].map { StorePrecondition(key: $0.key, modified: $0.modified) }
            if try await tryCommit(mutations, if: preconditions) != nil { return evicted }
        }
        throw .tooManyRequests("too many evictions of pods under the same budget at once; try again", retryAfterSeconds: 1)
    }

    private var evicted: APIResponse {
        Rendering.json(["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "code": 201], status: 201)
    }

    /// The Eviction, in `policy/v1` or the older `policy/v1beta1`, and its delete options.
    private func evictionOptions(_ call: Call) throws(APIFailure) -> (JSON, JSON) {
        let form = try BodyForm(call.request, isCustomResource: false)
        let body = try readBody(call, form, kind: "Eviction", apiVersion: "policy/v1")
        guard body.object != nil else { throw .badRequest("an Eviction must be an object, not \(body.typeName)") }
        let version = body["apiVersion"]?.string ?? "policy/v1"
        guard body["kind"]?.string ?? "Eviction" == "Eviction", version == "policy/v1" || version == "policy/v1beta1" else {
            throw .badRequest("\(body["kind"]?.string ?? "") in version \"\(version)\" cannot be handled as a Eviction")
        }
        return (body, body["deleteOptions"] ?? [:])
    }

    private func finishEviction(_ call: Call, _ options: JSON, _ isDryRun: Bool) async throws(APIFailure) -> APIResponse {
        _ = try await remove(
            call.kind, namespace: call.namespace, name: call.info.name, options: options, isDryRun: isDryRun, user: call.user)
        return evicted
    }
}

/// The rules of eviction, decided purely.
enum Eviction {
    /// Pods that do no work yet or any more may go whatever the budget says.
    static func needsBudget(_ pod: JSON) -> Bool {
        if pod["metadata", "deletionTimestamp"] != nil { return false }
        let phase = pod["status", "phase"]?.string ?? "Pending"
        return phase == "Running" || phase == "Unknown"
    }

    /// The budget with one disruption less, or the refusal.
    static func spend(_ budget: JSON, pod: String, now: Timestamp) throws(APIFailure) -> JSON {
        let name = budget["metadata", "name"]?.string ?? ""
        let status = budget["status"]
        func refuse(_ message: String) -> APIFailure {
            .tooManyRequests(
                "Cannot evict pod as it would violate the pod's disruption budget.",
                details: ["causes": [["reason": "DisruptionBudget", "message": .string(message)]]], retryAfterSeconds: 0)
        }
        let generation = budget["metadata", "generation"]?.integer ?? 0
        guard (status?["observedGeneration"]?.integer ?? 0) >= generation else {
            throw .tooManyRequests(
                "Cannot evict pod as it would violate the pod's disruption budget.",
                details: [
                    "causes": [
                        [
                            "reason": "DisruptionBudget",
                            "message": .string("The disruption budget \(name) is still being processed by the server."),
                        ]
                    ],
                    "retryAfterSeconds": 10,
                ], retryAfterSeconds: 10)
        }
        let allowed = status?["disruptionsAllowed"]?.integer ?? 0
        guard allowed > 0 else {
            let desired = status?["desiredHealthy"]?.integer ?? 0
            let healthy = status?["currentHealthy"]?.integer ?? 0
            throw refuse("The disruption budget \(name) needs \(desired) healthy pods and has \(healthy) currently")
        }
        guard (status?["disruptedPods"]?.object?.count ?? 0) < 2_000 else {
            throw refuse("DisruptedPods map too big - too many evictions not confirmed by PDB controller")
        }
        var changed = budget
        changed["status", "disruptionsAllowed"] = .integer(allowed - 1)
        changed["status", "disruptedPods", pod] = .string(now.rfc3339)
        return changed
    }
}
