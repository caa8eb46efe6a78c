internal import Kinds
internal import Objects
internal import Store

/// The query of a list, watch or deletecollection.
struct ListOptions: Sendable {
    var labels: LabelSelector
    var fields: FieldSelector
    /// 0: no bound.
    var limit: Int
    var continuation: Continuation?
    /// As written; empty where absent.
    var resourceVersion: String
    var resourceVersionMatch: String
    var timeoutSeconds: Int?
    var sendsInitialEvents: Bool
    var allowsBookmarks: Bool

    var hasSelector: Bool { !labels.isEmpty || !fields.terms.isEmpty }

    init(_ call: Call, isWatch: Bool) throws(APIFailure) {
        do {
            labels = try LabelSelector(parsing: call.query("labelSelector") ?? "")
            fields = try FieldSelector(parsing: call.query("fieldSelector") ?? "")
        } catch {
            throw .badRequest(error.description)
        }
        try ListOptions.check(labels)
        try ListOptions.check(fields, call)
        limit = max(0, Int(try ListOptions.number(call, "limit") ?? 0))
        timeoutSeconds = try ListOptions.number(call, "timeoutSeconds").map { Int(clamping: $0) }
        let token = call.query("continue") ?? ""
        continuation = token.isEmpty ? nil : try Continuation(token)
        resourceVersion = call.query("resourceVersion") ?? ""
        resourceVersionMatch = call.query("resourceVersionMatch") ?? ""
        let initial = call.query("sendInitialEvents")
        sendsInitialEvents = initial == "true" || initial == "1"
        let bookmarks = call.query("allowWatchBookmarks")
        allowsBookmarks = bookmarks == "true" || bookmarks == "1"
        try checkCombination(isWatch: isWatch, hasInitialEvents: initial != nil)
    }

    /// Keys and values of a selector must be ones that labels can have.
    private static func check(_ selector: LabelSelector) throws(APIFailure) {
        for requirement in selector.requirements {
            if let why = NameRules.qualifiedName(requirement.key).first {
                throw .badRequest("unable to parse requirement: <nil>: Invalid value: \"\(requirement.key)\": \(why)")
            }
            for value in requirement.values {
                guard let why = NameRules.labelValue(value).first else { continue }
                throw .badRequest(
                    "unable to parse requirement: values[0][\(requirement.key)]: Invalid value: \"\(value)\": \(why)")
            }
        }
    }

    /// Fields that can be selected by are named with their kind.
    private static func check(_ selector: FieldSelector, _ call: Call) throws(APIFailure) {
        let kind = call.kind
        for term in selector.terms {
            let isKnown =
                term.field == "metadata.name" || (term.field == "metadata.namespace" && kind.isNamespaced)
                || kind.selectableFields.contains(term.field)
            if isKnown { continue }
            let why =
                kind.group.isEmpty
                ? "\"\(term.field)\" is not a known field selector: only \"metadata.name\", \"metadata.namespace\""
                : "field label not supported: \(term.field)"
            let (labels, fields) = (call.query("labelSelector") ?? "", call.query("fieldSelector") ?? "")
            throw .badRequest(
                "Unable to find \"\(kind.apiVersion), Resource=\(kind.plural)\" that match label selector \"\(labels)\", "
                    + "field selector \"\(fields)\": \(why)")
        }
    }

    private static func number(_ call: Call, _ name: String) throws(APIFailure) -> Int64? {
        guard let text = call.query(name), !text.isEmpty else { return nil }
        guard let value = Int64(text) else { throw .badRequest("strconv.ParseInt: parsing \"\(text)\": invalid syntax") }
        return value
    }

    /// The rules of Kubernetes' `ValidateListOptions`.
    private func checkCombination(isWatch: Bool, hasInitialEvents: Bool) throws(APIFailure) {
        func forbid(_ path: String, _ why: String) -> APIFailure {
            .invalid(
                kind: "ListOptions", group: "meta.k8s.io", name: "",
                [FieldError(path: path, reason: .forbidden, message: "Forbidden: \(why)")])
        }
        if isWatch {
            if hasInitialEvents, resourceVersionMatch != "NotOlderThan" {
                throw forbid("resourceVersionMatch", "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
            }
            if sendsInitialEvents, !allowsBookmarks {
                throw forbid("allowWatchBookmarks", "sendInitialEvents requires allowWatchBookmarks")
            }
            if !resourceVersionMatch.isEmpty, !hasInitialEvents {
                throw forbid(
                    "resourceVersionMatch", "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
            }
            return
        }
        if hasInitialEvents { throw forbid("sendInitialEvents", "sendInitialEvents is forbidden for list") }
        guard !resourceVersionMatch.isEmpty else { return }
        guard !resourceVersion.isEmpty else {
            throw forbid("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided")
        }
        if continuation != nil { throw forbid("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided") }
        guard resourceVersionMatch == "Exact" || resourceVersionMatch == "NotOlderThan" else {
            throw .invalid(
                kind: "ListOptions", group: "meta.k8s.io", name: "",
                [
                    FieldError(
                        path: "resourceVersionMatch", reason: .notSupported,
                        message: "Unsupported value: \"\(resourceVersionMatch)\": supported values: \"Exact\", \"NotOlderThan\", \"\"")
                ])
        }
        if resourceVersionMatch == "Exact", resourceVersion == "0" {
            throw forbid("resourceVersionMatch", "resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\"")
        }
    }

    /// The revision in `resourceVersion`; `nil` where absent.
    func revision() throws(APIFailure) -> Revision? {
        if resourceVersion.isEmpty { return nil }
        guard let revision = Revision(resourceVersion), revision >= 0 else {
            throw .badRequest(
                "invalid resource version: resourceVersion: Invalid value: \"\(resourceVersion)\": "
                    + "strconv.ParseUint: parsing \"\(resourceVersion)\": invalid syntax")
        }
        return revision
    }

    /// Whether labels and names are all that the selectors look at.
    private var selectsByMetadata: Bool { fields.terms.allSatisfy { $0.field == "metadata.name" || $0.field == "metadata.namespace" } }

    func matches(_ entry: StoreEntry) throws(APIFailure) -> Bool {
        if !hasSelector { return true }
        return matches(try selectsByMetadata ? ObjectCodec.decodeMetadata(entry) : ObjectCodec.decode(entry))
    }

    func matches(_ object: JSON) -> Bool {
        if !labels.isEmpty, !labels.matches(object["metadata", "labels"]?.stringMap ?? [:]) { return false }
        return fields.matches(object)
    }
}

/// Where a paged list goes on: Kubernetes' token, base64 of `{"v":…,"rv":…,"start":…}`.
struct Continuation: Sendable, Equatable {
    /// The revision of the first page; -1 for the present one.
    var revision: Revision
    /// The last key of the page before, relative to the collection's prefix.
    var after: String

    init(revision: Revision, after: String) {
        self.revision = revision
        self.after = after
    }

    init(_ token: String) throws(APIFailure) {
        guard let bytes = Base64.decode(token), let json = try? JSON(parsing: bytes), json["v"]?.string == "meta.k8s.io/v1",
            let revision = json["rv"]?.integer, revision != 0, var start = json["start"]?.string, !start.isEmpty
        else { throw .badRequest("continue key is not valid: start the list again without continue") }
        if start.hasPrefix("/") { start.removeFirst() }
        if start.hasSuffix("\u{0}") { start.removeLast() }
        self.init(revision: revision, after: start)
    }

    var token: String {
        let json: JSON = ["v": "meta.k8s.io/v1", "rv": .integer(revision), "start": .string("/\(after)\u{0}")]
        return Base64.encode(json.encoded)
    }
}
