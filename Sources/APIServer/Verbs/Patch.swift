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
            let patched = object
            warnings = try self.tidy(&object, call, validation) { APIServer.strictPatchFailure($0, call, patched) }
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
        let accepted = PatchForm.allCases.filter { !isCustomResource || $0 != .strategic }
        guard let form = PatchForm(rawValue: media), accepted.contains(form) else {
            guard isCustomResource else {
                throw APIFailure(code: 415, reason: "UnsupportedMediaType", message: "415: Unsupported Media Type", details: [:])
            }
            let list = accepted.map(\.rawValue).joined(separator: ", ")
            throw .unsupportedMediaType("the body of the request was in an unknown format - accepted media types include: \(list)")
        }
        // A patch of an object that does not exist is told so before anybody looks at the patch.
        let patch = Result { () throws(APIFailure) in try PreparedPatch(form, call.request.body, depth: options.maximumDepth) }
        return { (old) throws(APIFailure) in try patch.get().apply(to: old, schema: schema) }
    }

    /// Unknown fields in a patch with strict validation.
    private static func strictPatchFailure(_ list: String, _ call: Call, _ patched: JSON) -> APIFailure {
        let media = MediaType(call.request.header("content-type") ?? "")?.type ?? ""
        let body = try? JSON(parsing: call.request.body)
        let value = media == PatchForm.strategic.rawValue ? (body ?? .null).text : patched.text
        return .invalid(
            kind: "", group: "", name: "",
            [
                FieldError(
                    path: "patch", reason: .invalid,
                    message: "Invalid value: \(JSON.string(value).text): strict decoding error: \(list)")
            ])
    }
}

/// The forms of patches that are understood.
enum PatchForm: String, CaseIterable {
    case operations = "application/json-patch+json"
    case merge = "application/merge-patch+json"
    case strategic = "application/strategic-merge-patch+json"
}

/// A patch that has been read and can be applied again where somebody else wrote in between.
enum PreparedPatch: Sendable {
    case operations(JSONPatch)
    case merge(JSON)
    case strategic(JSON)

    init(_ form: PatchForm, _ bytes: [UInt8], depth: Int) throws(APIFailure) {
        let body: JSON
        do {
            body = try JSON(parsing: bytes, limits: JSONLimits(depth: depth))
        } catch {
            throw .badRequest("error decoding patch: \(error)")
        }
        if form == .operations {
            do throws(PatchError) { self = .operations(try JSONPatch(body)) } catch { throw APIFailure(error) }
            return
        }
        guard body.object != nil else { throw .badRequest("error decoding patch: it must be an object, not \(body.typeName)") }
        self = form == .merge ? .merge(body) : .strategic(body)
    }

    func apply(to old: JSON, schema: Schema) throws(APIFailure) -> JSON {
        switch self {
        case .operations(let patch):
            do throws(PatchError) { return try patch.apply(to: old) } catch { throw APIFailure(error) }
        case .merge(let patch): return MergePatch.apply(patch, to: old)
        case .strategic(let patch):
            do throws(PatchError) {
                return try StrategicMergePatch.apply(patch, to: old, schema: schema)
            } catch {
                // Kubernetes has no reason for these.
                throw error.reason == .malformed ? .unclassified(error.message) : APIFailure(error)
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
                message: "the server rejected our request due to an error in our request", details: [:])
        case .tooLarge: self = APIFailure(code: 413, reason: "RequestEntityTooLarge", message: error.message)
        }
    }
}
