internal import APIMessages
internal import Kinds
internal import Objects
internal import Store

extension APIServer {
    /// Reads or changes the replica count of anything that has one.
    func scale(_ call: Call) async throws(APIFailure) -> APIResponse {
        guard let paths = call.kind.scale else { throw .noSuchResource }
        if call.info.verb == "get" {
            guard let entry = try await read(call.key).entry else { throw .notFound(call.kind, call.info.name) }
            let object = try ObjectCodec.decode(entry)
            let view = ScaleView(paths)
            guard !call.kind.isCustomResource || object.value(at: view.path(paths.specReplicas)) != nil else {
                let why = "the spec replicas field \"\(paths.specReplicas)\" does not exist"
                throw .internalError(why, details: ["causes": [["message": .string(why)]]])
            }
            return Rendering.json(view.scale(of: object))
        }
        let isDryRun = try call.isDryRun("UpdateOptions")
        let view = ScaleView(paths)
        let wanted: (JSON) throws(APIFailure) -> JSON
        if call.info.verb == "update" {
            let body = try decodeBody(call, kind: "Scale", apiVersion: "autoscaling/v1")
            wanted = { (_) throws(APIFailure) in body }
        } else {
            guard let schema = call.kinds.kind(group: "autoscaling", version: "v1", kind: "Scale")?.schema else { throw .noSuchResource }
            wanted = try patchFunction(call, schema: schema, isCustomResource: false)
        }
        let (entry, _) = try await change(call.kind, namespace: call.namespace, name: call.info.name, isDryRun: isDryRun) {
            (old, entry) async throws(APIFailure) in
            let new = try wanted(view.scale(of: old))
            let version = new["metadata", "resourceVersion"]?.string ?? ""
            if !version.isEmpty, version != String(entry.modified) { throw .conflict(call.kind, call.info.name) }
            let replicas = new["spec", "replicas"]?.integer ?? 0
            guard replicas >= 0, replicas <= Int64(Int32.max) else {
                throw .invalid(
                    kind: "Scale", group: "autoscaling", name: call.info.name,
                    [
                        FieldError(
                            path: "spec.replicas", reason: .invalid,
                            message: "Invalid value: \(replicas): must be greater than or equal to 0")
                    ])
            }
            var object = old
            object.setValue(.integer(replicas), at: view.path(paths.specReplicas))
            let plain = call.changed(subresource: "")
            return try await self.replacement(object, old: old, plain)
        }
        return Rendering.json(view.scale(of: try ObjectCodec.decode(entry)))
    }
}

/// `autoscaling/v1` Scale as a view of another object.
struct ScaleView: Sendable {
    private let paths: ScalePaths

    init(_ paths: ScalePaths) { self.paths = paths }

    /// `.spec.replicas` as keys.
    func path(_ text: String) -> ArraySlice<String> { text.split(separator: ".").map(String.init)[...] }

    func scale(of object: JSON) -> JSON {
        var metadata: JSON = [:]
        for field in ["name", "namespace", "uid", "resourceVersion", "creationTimestamp"] {
            if let value = object["metadata"]?[field] { metadata[field] = value }
        }
        var status: JSON = ["replicas": .integer(object.value(at: path(paths.statusReplicas))?.integer ?? 0)]
        if !paths.labelSelector.isEmpty, let selector = object.value(at: path(paths.labelSelector)) {
            status["selector"] = .string(selector.string ?? ScaleView.text(of: selector))
        }
        return [
            "kind": "Scale", "apiVersion": "autoscaling/v1", "metadata": metadata,
            "spec": ["replicas": .integer(object.value(at: path(paths.specReplicas))?.integer ?? 0)], "status": status,
        ]
    }

    /// A selector object in the query form `a=b,c in (d,e)`.
    private static func text(of selector: JSON) -> String {
        guard let selector = LabelSelector(selector) else { return "" }
        return selector.requirements.map { requirement in
            switch requirement.comparison {
            case .isIn where requirement.values.count == 1: "\(requirement.key)=\(requirement.values[0])"
            case .isIn: "\(requirement.key) in (\(requirement.values.sorted().joined(separator: ",")))"
            case .notIn: "\(requirement.key) notin (\(requirement.values.sorted().joined(separator: ",")))"
            case .exists: requirement.key
            case .doesNotExist: "!\(requirement.key)"
            case .greaterThan: "\(requirement.key)>\(requirement.values.first ?? "")"
            case .lessThan: "\(requirement.key)<\(requirement.values.first ?? "")"
            }
        }.joined(separator: ",")
    }
}
