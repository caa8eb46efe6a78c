internal import APIMessages
internal import KubeClient
internal import Objects
internal import Testing

/// A server with one collection of pods, an informer of it in its own world, and what the informer told.
private final class Stage: Sendable {
    let world = World()
    let transport: ScriptedTransport
    let informer: Informer<Pod>
    let told = Recorded<[String]>([])

    init(_ answer: @escaping @Sendable (APIRequest, _ number: Int) throws -> APIResponse) {
        transport = ScriptedTransport(answer)
        informer = Informer(client: KubeClient(transport: transport), time: world.time)
        informer.onEvent { [told] event in
            switch event {
            case .added(let pod): told.change { $0.append("+\(pod.metadata.name)@\(pod.metadata.resourceVersion)") }
            case .modified(let old, let new):
                told.change { $0.append("~\(new.metadata.name)@\(old.metadata.resourceVersion)>\(new.metadata.resourceVersion)") }
            case .deleted(let pod): told.change { $0.append("-\(pod.metadata.name)@\(pod.metadata.resourceVersion)") }
            }
        }
    }

    @discardableResult
    func run() -> Task<Void, Never> { world.start { [informer] in await informer.run() } }

    var names: [String] { informer.objects().map(\.metadata.name) }
    var lines: [String] {
        transport.requests.map {
            $0.isWatch ? "watch \($0.queryValue("resourceVersion") ?? "")" : "list \($0.queryValue("continue") ?? "")"
        }
    }
}

@Suite struct InformerTests {
    @Test func takesEveryPageAndThenWatches() {
        let stream = ScriptedStream()
        let stage = Stage { request, _ in
            if request.isWatch { return .stream(stream) }
            switch request.queryValue("continue") {
            case nil: return .list([.pod("b", version: 1)], version: "10", continueToken: "two")
            case "two": return .list([.pod("a", version: 2)], version: "10", continueToken: "three")
            default: return .list([.pod("c", version: 3)], version: "10")
            }
        }
        let task = stage.run()
        stage.world.settle()
        #expect(stage.lines == ["list ", "list two", "list three", "watch 10"])
        #expect(stage.transport.lines.first == "GET /api/v1/pods?limit=500")
        #expect(stage.told.value == ["+b@1", "+a@2", "+c@3"])
        #expect(stage.names == ["a", "b", "c"], "in the order of their keys")
        task.cancel()
        stage.world.settle()
    }

    @Test func tellsDifferences() {
        let stream = ScriptedStream()
        let stage = Stage { request, _ in request.isWatch ? .stream(stream) : .list([.pod("a", version: 1)], version: "1") }
        let task = stage.run()
        stage.world.settle()
        stream.send(.event("ADDED", .pod("b", version: 2)), .event("MODIFIED", .pod("a", version: 3, labels: ["x": "y"])))
        stage.world.settle()
        #expect(stage.informer.object(ObjectKey(namespace: "a", name: "a"))?.metadata.labels == ["x": "y"])
        #expect(stage.informer.objects { $0.metadata.labels.isEmpty }.map(\.metadata.name) == ["b"])
        stream.send(
            .event("DELETED", .pod("b", version: 4)), .event("DELETED", .pod("stranger", version: 5)),
            .event("MODIFIED", .pod("c", version: 6)))
        stream.send(.event("BOOKMARK", ["metadata": ["resourceVersion": "9"]]))
        stage.world.settle()
        #expect(stage.told.value == ["+a@1", "+b@2", "~a@1>3", "-b@4", "+c@6"])
        #expect(stage.names == ["a", "c"])
        #expect(stage.informer.count == 2)
        task.cancel()
        stage.world.settle()
    }

    @Test(arguments: [true, false])
    func goesOnFromTheLastVersionAfterAnEndedWatch(breaks: Bool) {
        let streams = [ScriptedStream(), ScriptedStream(), ScriptedStream()]
        let watches = Recorded(0)
        let stage = Stage { request, _ in
            if !request.isWatch { return .list([.pod("a", version: 1)], version: "5") }
            return .stream(
                streams[
                    watches.change { count in
                        count += 1
                        return count - 1
                    }])
        }
        let task = stage.run()
        stage.world.settle()
        streams[0].send(.event("ADDED", .pod("b", version: 6)))
        if breaks { streams[0].breakOff() } else { streams[0].close() }
        stage.world.advance(by: .seconds(1))
        streams[1].send(.event("BOOKMARK", ["metadata": ["resourceVersion": "8"]]))
        if breaks { streams[1].breakOff() } else { streams[1].close() }
        stage.world.advance(by: .seconds(1))
        #expect(stage.lines == ["list ", "watch 5", "watch 6", "watch 8"], "no second list")
        streams[2].send(.event("MODIFIED", .pod("b", version: 9)))
        stage.world.settle()
        #expect(stage.told.value == ["+a@1", "+b@6", "~b@6>9"])
        task.cancel()
        stage.world.settle()
    }

    @Test(arguments: [true, false])
    func listsAgainWhereTheHistoryIsGone(asEvent: Bool) {
        let streams = [ScriptedStream(), ScriptedStream()]
        let stage = Stage { request, number in
            switch (request.isWatch, number) {
            case (false, 0): .list([.pod("gone", version: 1), .pod("same", version: 2), .pod("changed", version: 3)], version: "5")
            case (false, _): .list([.pod("same", version: 2), .pod("changed", version: 7), .pod("new", version: 8)], version: "9")
            case (true, 1): asEvent ? .stream(streams[0]) : .failure(410, "Expired")
            default: .stream(streams[1])
            }
        }
        let task = stage.run()
        stage.world.settle()
        if asEvent { streams[0].send(.event("ERROR", ["kind": "Status", "code": 410, "reason": "Expired"])) }
        stage.world.settle()
        #expect(stage.lines == ["list ", "watch 5", "list ", "watch 9"])
        #expect(stage.told.value == ["+gone@1", "+same@2", "+changed@3", "-gone@1", "~changed@3>7", "+new@8"], "only what is different")
        #expect(stage.world.time.pauses.isEmpty, "at once")
        task.cancel()
        stage.world.settle()
    }

    @Test(arguments: ["ends", "breaks", "expires", "refuses"])
    func doesNotLoopBusily(how: String) {
        let stage = Stage { request, _ in
            if !request.isWatch { return .list([], version: "5") }
            let stream = ScriptedStream()
            switch how {
            case "ends": stream.close()
            case "breaks": stream.breakOff()
            case "expires": stream.send(.event("ERROR", ["code": 410]))
            default: return .failure(429, "TooManyRequests")
            }
            return .stream(stream)
        }
        let task = stage.run()
        #expect(stage.world.advance(by: .seconds(600)), "the informer comes to rest")
        #expect(stage.transport.requests.count > 10, "but it does not give up")
        #expect(stage.transport.requests.count < 80)
        let pauses = stage.world.time.pauses
        #expect(pauses == pauses.sorted(), "the pauses grow")
        #expect(pauses.first == .milliseconds(how == "expires" ? 100 : 50))
        #expect(pauses.last == .seconds(30))
        task.cancel()
        stage.world.settle()
    }

    @Test func forgetsItsFailuresWhenEventsCome() {
        let watches = Recorded(0)
        let stage = Stage { request, _ in
            if !request.isWatch { return .list([], version: "5") }
            let stream = ScriptedStream()
            let number = watches.change { count in
                count += 1
                return count
            }
            // Every fourth watch tells something before it breaks.
            if number % 4 == 0 { stream.send(.event("BOOKMARK", ["metadata": ["resourceVersion": .string(String(number))]])) }
            stream.breakOff()
            return .stream(stream)
        }
        let task = stage.run()
        stage.world.advance(by: .seconds(60))
        #expect(stage.world.time.pauses.count > 100)
        #expect(stage.world.time.pauses.max() ?? .zero <= .milliseconds(800))
        task.cancel()
        stage.world.settle()
    }

    @Test func triesAgainUntilAListSucceeds() {
        let stage = Stage { request, number in
            if request.isWatch { return .stream(ScriptedStream()) }
            if number < 3 { throw ScriptedTransport.NoAnswer() }
            return .list([.pod("a", version: 1)], version: "5")
        }
        let synced = Recorded(false)
        let task = stage.run()
        stage.world.start { [informer = stage.informer] in
            await informer.waitUntilSynced()
            synced.change { $0 = true }
        }
        stage.world.settle()
        #expect(!synced.value)
        stage.world.advance(by: .seconds(1))
        #expect(synced.value)
        #expect(stage.told.value == ["+a@1"])
        task.cancel()
        stage.world.settle()
    }

    @Test func cancellationEndsRunAndThoseWhoWait() {
        let stream = ScriptedStream()
        let stage = Stage { request, _ in
            if request.isWatch { return .stream(stream) }
            return .list([], version: "5")
        }
        let ended = Recorded(false)
        let task = stage.world.start { [informer = stage.informer] in
            await informer.run()
            ended.change { $0 = true }
        }
        stage.world.settle()
        #expect(!ended.value)
        task.cancel()
        stage.world.settle()
        #expect(ended.value)
        #expect(stream.isCancelled)
    }

    @Test func nobodyWaitsForAListThatWillNotCome() {
        let stage = Stage { _, _ in throw ScriptedTransport.NoAnswer() }
        let waited = Recorded(0)
        let task = stage.run()
        for _ in 0..<2 {
            stage.world.start { [informer = stage.informer] in
                await informer.waitUntilSynced()
                waited.change { $0 += 1 }
            }
        }
        stage.world.settle()
        #expect(waited.value == 0)
        task.cancel()
        stage.world.settle()
        #expect(waited.value == 2)
    }
}
