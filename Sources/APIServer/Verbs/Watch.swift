internal import APIMessages
internal import Kinds
internal import Objects
internal import Ports
internal import Store

extension APIServer {
    func watch(_ call: Call) async throws(APIFailure) -> APIResponse {
        var call = call
        if !call.info.name.isEmpty {
            // `watch` of one object is a watch of the collection with that name.
            var request = call.request
            request.query.append(("fieldSelector", "metadata.name=\(call.info.name)"))
            call = call.changed(request)
        }
        let options = try ListOptions(call, isWatch: true)
        let representation = try call.representation()
        let prefix = StoreKeys.prefix(group: call.kind.group, plural: call.kind.plural, namespace: call.namespace)
        let renderer = WatchRenderer(
            kind: call.kind, options: options, representation: representation, include: call.query("includeObject"), time: time,
            decoded: decoded, lines: lines)
        let asked = try options.revision()
        var initial: [[UInt8]] = []
        let from: Revision
        let wantsState = asked == nil || asked == 0 || options.sendsInitialEvents
        if wantsState {
            let everything = try await readRange(prefix: prefix)
            from = everything.revision
            if options.sendsInitialEvents || call.query("sendInitialEvents") == nil {
                initial = try renderer.initialEvents(everything)
            }
        } else {
            from = asked ?? 0
        }
        let source: StoreWatch
        do throws(StoreError) {
            source = try await store.watch(prefix: prefix, from: from)
        } catch {
            if case .compacted = error {
                // Kubernetes answers 200 and tells of the expiry as the first event.
                let failure = APIFailure.expired("too old resource version: \(from)")
                return APIResponse(
                    status: 200, headers: renderer.headers, body: .bytes(WatchRenderer.line("ERROR", failure.status.encoded)))
            }
            throw APIFailure(error)
        }
        let deadline = options.timeoutSeconds.map { time.now() + .seconds(max(1, $0)) }
        let stream = WatchBody(source: source, renderer: renderer, initial: initial, from: from, deadline: deadline, time: time)
        return APIResponse(status: 200, headers: renderer.headers, body: .stream(stream))
    }
}
