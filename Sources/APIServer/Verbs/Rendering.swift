internal import APIMessages
internal import Kinds
internal import Objects
internal import Store

/// Turns objects into responses of the representation the client asked for.
enum Rendering {
    static let headers: [(name: String, value: String)] = [
        ("content-type", "application/json"), ("cache-control", "no-cache, private"),
    ]

    static func json(_ value: JSON, status: Int = 200) -> APIResponse {
        APIResponse(status: status, headers: headers, body: .bytes(value.encoded))
    }

    /// One stored object.
    static func object(
        _ entry: StoreEntry, kind: Kind, as representation: Representation, query: Call, now: Timestamp, status: Int = 200,
        warnings: [String] = []
    ) throws(APIFailure) -> APIResponse {
        var response: APIResponse
        switch representation {
        case .object:
            response = APIResponse(status: status, headers: headers, body: .bytes(ObjectCodec.text(entry, kind: kind)))
        case .metadata:
            response = json(partial(try ObjectCodec.decodeMetadata(entry)), status: status)
        case .table:
            let object = try ObjectCodec.decode(entry, as: kind)
            let table = TableWriter(kind: kind, include: query.query("includeObject"), now: now)
            let version = object["metadata", "resourceVersion"] ?? ""
            response = APIResponse(
                status: status, headers: headers, body: .bytes(table.table([object], metadata: ["resourceVersion": version])))
        }
        for warning in warnings { response.headers.append(("warning", "299 - \(JSON.string(warning).text)")) }
        return response
    }

    /// An object's metadata alone.
    static func partial(_ object: JSON) -> JSON {
        ["kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1", "metadata": object["metadata"] ?? [:]]
    }
}
