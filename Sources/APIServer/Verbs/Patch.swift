internal import APIMessages
internal import Kinds
internal import Objects
internal import Ports
internal import Store

extension APIServer {
    /// Patches an object or its status, in any of the three forms.
    func patch(_ call: Call) async throws(APIFailure) -> APIResponse {
        let representation = try call.representation()
        let validation = try FieldValidation(call)
        let isDryRun = try call.isDryRun("PatchOptions")
        let apply = try patchFunction(call, schema: call.kind.schema, isCustomResource: call.kind.isCustomResource)
        var warnings: [String] = []
        let (entry, _) = try await change(call.kind, namespace: call.namespace, name: call.info.name, isDryRun: isDryRun) {
            (old, entry) async throws(APIFailure) in
            var object = try apply(old)
            guard object.object != nil else { throw .badRequest("the patch leaves \(object.typeName) instead of an object") }
            try self.checkPatched(object, old: old, call)
            warnings = try self.tidy(&object, call, validation)
            try self.checkPreconditions(object, old: old, entry: entry, call.kind)
            return try await self.replacement(object, old: old, call)
        }
        return try Rendering.object(
            entry, kind: call.kind, as: representation, query: call, now: time.now(), warnings: warnings)
    }

    /// A patch must not make an object another one.
    private func checkPatched(_ object: JSON, old: JSON, _ call: Call) throws(APIFailure) {
        for (path, why) in [("name", "name"), ("namespace", "namespace")] where object["metadata"]?[path] != old["metadata"]?[path] {
            throw .badRequest("the \(why) of the object does not match the \(why) on the URL")
        }
        guard object["kind"] == old["kind"], object["apiVersion"] == old["apiVersion"] else {
            throw .badRequest("a patch cannot change kind or apiVersion")
        }
    }

    /// The function a patch body stands for.
    func patchFunction(
        _ call: Call, schema: Schema, isCustomResource: Bool
    ) throws(APIFailure) -> (JSON) throws(APIFailure) -> JSON {
        let media = MediaType(call.request.header("content-type") ?? "")?.type ?? ""
        let unsupported = APIFailure(
            code: 415, reason: "UnsupportedMediaType", message: "415: Unsupported Media Type", details: [:])
        guard
            ["application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json"].contains(media),
            !(isCustomResource && media == "application/strategic-merge-patch+json")
        else { throw unsupported }
        let body: JSON
        do {
            body = try JSON(parsing: call.request.body, limits: JSONLimits(depth: options.maximumDepth))
        } catch {
            throw .badRequest("error decoding patch: \(error)")
        }
        switch media {
        case "application/json-patch+json":
            let patch: JSONPatch
            do throws(PatchError) { patch = try JSONPatch(body) } catch { throw APIFailure(error) }
            return { (old) throws(APIFailure) in
                do throws(PatchError) { return try patch.apply(to: old) } catch { throw APIFailure(error) }
            }
        case "application/merge-patch+json":
            guard body.object != nil else { throw .badRequest("a merge patch must be an object, not \(body.typeName)") }
            return { (old) throws(APIFailure) in MergePatch.apply(body, to: old) }
        default:
            guard body.object != nil else { throw .badRequest("a strategic merge patch must be an object, not \(body.typeName)") }
            return { (old) throws(APIFailure) in
                do throws(PatchError) { return try StrategicMergePatch.apply(body, to: old, schema: schema) } catch { throw APIFailure(error) }
            }
        }
    }
}

extension APIFailure {
    /// What a client is told of a patch that cannot be applied.
    init(_ error: PatchError) {
        switch error.reason {
        case .malformed: self = .badRequest(error.message)
        case .unprocessable:
            self = APIFailure(
                code: 422, reason: "Invalid",
                message: "the server rejected our request due to an error in our request: \(error.message)", details: [:])
        case .tooLarge: self = APIFailure(code: 413, reason: "RequestEntityTooLarge", message: error.message)
        }
    }
}
