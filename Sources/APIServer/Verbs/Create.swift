internal import APIMessages
internal import Kinds
internal import Objects
internal import Ports
internal import Store

extension APIServer {
    func create(_ call: Call) async throws(APIFailure) -> APIResponse {
        let representation = try call.representation()
        let validation = try FieldValidation(call)
        let isDryRun = try call.isDryRun("CreateOptions")
        var object = try decodeBody(call, kind: call.kind.kind, apiVersion: call.kind.apiVersion)
        let given = object["metadata", "namespace"]?.string ?? ""
        guard given.isEmpty || given == call.namespace || !call.kind.isNamespaced else {
            throw .badRequest("the namespace of the provided object does not match the namespace sent on the request")
        }
        if let version = object["metadata", "resourceVersion"]?.string, !version.isEmpty {
            throw .unclassified("resourceVersion should not be set on objects to be created")
        }
        let warnings = try tidy(&object, call, validation)
        if call.kind.isNamespaced { try await requireNamespace(call, object) }
        ObjectPreparation.prepareForCreate(
            &object, kind: call.kind, namespace: call.namespace, stamp: .init(uid: newUID(), now: time.now()))
        let entry = try await insert(consume object, call, isDryRun: isDryRun)
        return try Rendering.object(
            entry, kind: call.kind, as: representation, query: call, now: time.now(), status: 201, warnings: warnings)
    }

    /// Names, admits, validates and writes a prepared object.
    private func insert(_ object: consuming JSON, _ call: Call, isDryRun: Bool) async throws(APIFailure) -> StoreEntry {
        guard (object["metadata", "name"]?.string ?? "").isEmpty else { return try await insertNamed(object, call, isDryRun: isDryRun) }
        let base = object["metadata", "generateName"]?.string ?? ""
        guard !base.isEmpty else { throw missingName(call.kind) }
        let unnamed = object
        // A generated name that is taken is drawn again.
        for _ in 0..<7 {
            do throws(APIFailure) {
                return try await insertNamed(named(unnamed, base, call.kind), call, isDryRun: isDryRun)
            } catch  where error.reason == "AlreadyExists" {
                continue
            }
        }
        return try await insertNamed(named(unnamed, base, call.kind), call, isDryRun: isDryRun)
    }

    private func named(_ object: JSON, _ base: String, _ kind: Kind) -> JSON {
        var object = object
        object["metadata", "name"] = .string(String(base.prefix(58)) + newSuffix())
        if kind.kind == "Namespace", kind.group.isEmpty {
            object["metadata", "labels", "kubernetes.io/metadata.name"] = object["metadata", "name"]
        }
        return object
    }

    private func insertNamed(_ object: consuming JSON, _ call: Call, isDryRun: Bool) async throws(APIFailure) -> StoreEntry {
        let name = object["metadata", "name"]?.string ?? ""
        call.kind.applyDefaults(to: &object)
        try await admit(&object, old: nil, call)
        try validate(object, old: nil, call.kind)
        if CustomResourceDefinitions.isDefinition(call.kind) { object["status"] = CustomResourceDefinitions.firstStatus(object) }
        let key = StoreKeys.key(group: call.kind.group, plural: call.kind.plural, namespace: call.namespace, name: name)
        let value = ObjectCodec.encode(object)
        if isDryRun {
            guard try await read(key).entry == nil else { throw try await alreadyExists(call.kind, name, key) }
            return StoreEntry(key: key, value: value, modified: 0)
        }
        guard let revision = try await tryCommit([.put(key: key, value: value)], if: [.init(key: key, modified: 0)]) else {
            throw try await alreadyExists(call.kind, name, key)
        }
        try await stored(call.kind, object)
        return StoreEntry(key: key, value: value, modified: revision)
    }

    private func alreadyExists(_ kind: Kind, _ name: String, _ key: String) async throws(APIFailure) -> APIFailure {
        let present = try await read(key).entry
        let deletion = try present.flatMap { (entry) throws(APIFailure) in try ObjectCodec.decode(entry)["metadata", "deletionTimestamp"] }
        return .alreadyExists(kind, name, isBeingDeleted: deletion != nil)
    }

    private func missingName(_ kind: Kind) -> APIFailure {
        .invalid(
            kind: kind.kind, group: kind.group, name: "",
            [FieldError(path: "metadata.name", reason: .required, message: "Required value: name or generateName is required")])
    }

    /// Drops what the kind does not know, or refuses it where the client wants that; returns the warnings.
    ///
    /// - Parameter refusal: the failure for a list of unknown fields; of its own for patches.
    func tidy(
        _ object: inout JSON, _ call: Call, _ validation: FieldValidation, refusal: ((String) -> APIFailure)? = nil
    ) throws(APIFailure) -> [String] {
        let unknown = call.kind.prune(&object)
        guard !unknown.isEmpty else { return [] }
        switch validation {
        case .ignore: return []
        case .warn: return unknown.map { "unknown field \"\($0)\"" }
        case .strict:
            let list = unknown.map { "unknown field \"\($0)\"" }.joined(separator: ", ")
            throw refusal?(list) ?? .undecodable(call.kind, "strict decoding error: \(list)")
        }
    }

    /// New objects need a namespace that exists and is not going away.
    private func requireNamespace(_ call: Call, _ object: JSON) async throws(APIFailure) {
        guard let namespaces = call.kinds.kind(group: "", version: "v1", plural: "namespaces") else { return }
        let key = StoreKeys.key(group: "", plural: "namespaces", namespace: "", name: call.namespace)
        guard let entry = try await read(key).entry else { throw .notFound(namespaces, call.namespace) }
        if try decoded.object(entry)["metadata", "deletionTimestamp"] != nil {
            let name = object["metadata", "name"]?.string ?? ""
            var failure = APIFailure.forbidden(
                call.kind, name, "unable to create new content in namespace \(call.namespace) because it is being terminated")
            failure.details?["causes"] = [
                [
                    "reason": "NamespaceTerminating", "message": .string("namespace \(call.namespace) is being terminated"),
                    "field": "metadata.namespace",
                ]
            ]
            throw failure
        }
    }

    /// A version 4 UUID.
    func newUID() -> String {
        let (high, low) = draw { random in
            (UInt64.random(in: 0...UInt64.max, using: &random), UInt64.random(in: 0...UInt64.max, using: &random))
        }
        let versioned = high & 0xFFFF_FFFF_FFFF_0FFF | 0x4000
        let varied = low & 0x3FFF_FFFF_FFFF_FFFF | 0x8000_0000_0000_0000
        func hex(_ value: UInt64, _ digits: Int) -> String {
            let text = String(value, radix: 16)
            return String(repeating: "0", count: max(0, digits - text.count)) + text
        }
        let (a, b) = (hex(versioned, 16), hex(varied, 16))
        return "\(a.prefix(8))-\(a.dropFirst(8).prefix(4))-\(a.suffix(4))-\(b.prefix(4))-\(b.suffix(12))"
    }

    /// Five characters that make no words, as Kubernetes appends them to `generateName`.
    func newSuffix() -> String {
        let alphabet = Array("bcdfghjklmnpqrstvwxz2456789")
        return draw { random in String((0..<5).map { _ in alphabet[Int.random(in: 0..<alphabet.count, using: &random)] }) }
    }
}
