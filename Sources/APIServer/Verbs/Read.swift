internal import APIMessages
internal import Kinds
internal import Objects
internal import Ports
internal import Store

extension APIServer {
    func get(_ call: Call) async throws(APIFailure) -> APIResponse {
        let representation = try call.representation()
        let (entry, current) = try await read(call.key)
        if let text = call.query("resourceVersion"), let asked = Revision(text), asked > current {
            throw .resourceVersionTooLarge(asked, current: current)
        }
        guard let entry else { throw .notFound(call.kind, call.info.name) }
        return try Rendering.object(entry, kind: call.kind, as: representation, query: call, now: time.now())
    }

    func list(_ call: Call) async throws(APIFailure) -> APIResponse {
        let options = try ListOptions(call, isWatch: false)
        let representation = try call.representation()
        let page = try await readPage(call, options)
        var metadata: JSON = ["resourceVersion": .string(String(page.revision))]
        if call.kind.isCustomResource, representation == .object { metadata["continue"] = "" }
        if let continuation = page.continuation {
            metadata["continue"] = .string(continuation.token)
            if !options.hasSelector { metadata["remainingItemCount"] = .integer(Int64(page.remaining)) }
        }
        switch representation {
        case .object: return listResponse(call.kind, page.entries, metadata: metadata)
        case .table:
            var objects: [JSON] = []
            objects.reserveCapacity(page.entries.count)
            for entry in page.entries { objects.append(try ObjectCodec.decode(entry, as: call.kind)) }
            let table = TableWriter(kind: call.kind, include: call.query("includeObject"), now: time.now())
            return APIResponse(status: 200, headers: Rendering.headers, body: .bytes(table.table(objects, metadata: metadata)))
        case .metadata:
            var items: [JSON] = []
            for entry in page.entries { items.append(Rendering.partial(try ObjectCodec.decodeMetadata(entry))) }
            return Rendering.json([
                "kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata, "items": .array(items),
            ])
        }
    }

    /// Joins stored bytes; nothing is parsed.
    private func listResponse(_ kind: Kind, _ entries: [StoreEntry], metadata: JSON) -> APIResponse {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(entries.reduce(256) { $0 + $1.value.count + 48 })
        let head: JSON = ["kind": .string(kind.listKind), "apiVersion": .string(kind.apiVersion), "metadata": metadata]
        bytes += head.encoded.dropLast()
        bytes += Array(",\"items\":[".utf8)
        var isFirst = true
        let itemHead = ObjectCodec.head(of: kind)
        for entry in entries {
            if !isFirst { bytes.append(UInt8(ascii: ",")) }
            isFirst = false
            ObjectCodec.append(entry.value, revision: entry.modified, asItem: itemHead == nil, head: itemHead, to: &bytes)
        }
        bytes += Array("]}".utf8)
        return APIResponse(status: 200, headers: Rendering.headers, body: .bytes(bytes))
    }

    struct Page: Sendable {
        var entries: [StoreEntry]
        var revision: Revision
        var continuation: Continuation?
        var remaining: Int
    }

    /// One page of a collection at one revision, selectors applied.
    func readPage(_ call: Call, _ options: ListOptions) async throws(APIFailure) -> Page {
        let prefix = StoreKeys.prefix(group: call.kind.group, plural: call.kind.plural, namespace: call.namespace)
        var revision = try await listRevision(options)
        var after = options.continuation.map { prefix + $0.after }
        var entries: [StoreEntry] = []
        while true {
            let wanted = options.limit == 0 ? 0 : options.limit - entries.count
            let range: StoreRange
            do throws(APIFailure) {
                range = try await readRange(prefix: prefix, after: after, limit: wanted, revision: revision)
            } catch  where error.code == 410 {
                throw expired(options)
            }
            revision = range.revision
            for entry in range.entries {
                if try options.matches(entry) { entries.append(entry) }
            }
            after = range.entries.last?.key
            let isFull = options.limit > 0 && entries.count >= options.limit
            if !range.hasMore || isFull {
                let last = after.map { String($0.dropFirst(prefix.count)) }
                let continuation = range.hasMore ? last.map { Continuation(revision: range.revision, after: $0) } : nil
                return Page(
                    entries: entries, revision: range.revision, continuation: continuation, remaining: range.remaining)
            }
        }
    }

    /// The revision a list is read at; `nil` for the present one.
    private func listRevision(_ options: ListOptions) async throws(APIFailure) -> Revision? {
        if let continuation = options.continuation { return continuation.revision < 0 ? nil : continuation.revision }
        guard let asked = try options.revision(), asked > 0 else { return nil }
        // A page of a list at a revision means exactly that one, as on Kubernetes.
        let isExact = options.resourceVersionMatch == "Exact" || (options.resourceVersionMatch.isEmpty && options.limit > 0)
        if isExact { return asked }
        let current: Revision
        do throws(StoreError) { current = try await store.currentRevision() } catch { throw APIFailure(error) }
        if asked > current { throw .resourceVersionTooLarge(asked, current: current) }
        return nil
    }

    /// The failure for history that is gone, with a token that goes on at the present.
    private func expired(_ options: ListOptions) -> APIFailure {
        guard let continuation = options.continuation else { return .expired() }
        var failure = APIFailure.expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a new list without the "
                + "continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
                + "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
                + "deleted between the time the first chunk was returned and now may show up in the list.")
        failure.metadata = ["continue": .string(Continuation(revision: -1, after: continuation.after).token)]
        return failure
    }
}
