import APIMessages
import APIServer
import Objects
import Store
import Testing

@Suite struct WatchTests {
    @Test func `a watch without a revision begins with the present state`() async throws {
        let harness = try await Harness()
        await harness.make(Paths.configMaps, Sample.configMap("a"))
        let watch = try await harness.watch("\(Paths.configMaps)?watch=true")
        #expect(try await watch.summaries(1) == ["ADDED a"])
        await harness.make(Paths.configMaps, Sample.configMap("b"))
        _ = await harness.patch("\(Paths.configMaps)/a", ["data": ["a": "2"]])
        await harness.send("DELETE", "\(Paths.configMaps)/b")
        #expect(try await watch.summaries(3) == ["ADDED b", "MODIFIED a", "DELETED b"])
        watch.cancel()
        #expect(try await watch.next() == nil)
    }

    @Test func `a watch from an old revision tells everything since`() async throws {
        let harness = try await Harness()
        let made = await harness.make(Paths.configMaps, Sample.configMap("a"))
        _ = await harness.patch("\(Paths.configMaps)/a", ["data": ["a": "2"]])
        await harness.make(Paths.configMaps, Sample.configMap("b"))
        await harness.send("DELETE", "\(Paths.configMaps)/a")
        let version = made["metadata", "resourceVersion"]?.string ?? ""
        let watch = try await harness.watch("\(Paths.configMaps)?watch=1&resourceVersion=\(version)")
        #expect(try await watch.summaries(3) == ["MODIFIED a", "ADDED b", "DELETED a"])
        watch.cancel()
    }

    @Test func `a deletion is told with the last state and its own revision`() async throws {
        let harness = try await Harness()
        let made = await harness.make(Paths.configMaps, Sample.configMap("a", data: ["last": "words"]))
        let version = made["metadata", "resourceVersion"]?.string ?? ""
        await harness.send("DELETE", "\(Paths.configMaps)/a")
        let watch = try await harness.watch("\(Paths.configMaps)?watch=1&resourceVersion=\(version)")
        let event = try await watch.next()
        #expect(event?["type"] == "DELETED")
        #expect(event?["object", "data"] == ["last": "words"])
        #expect(event?["object", "metadata", "resourceVersion"]?.string == String(try await harness.store.currentRevision()))
        watch.cancel()
    }

    @Test func `an object that begins or ceases to match is added or deleted`() async throws {
        let harness = try await Harness()
        let watch = try await harness.watch("\(Paths.configMaps)?watch=1&labelSelector=tier=front")
        await harness.make(Paths.configMaps, Sample.configMap("a", labels: ["tier": "back"]))
        await harness.make(Paths.configMaps, Sample.configMap("b", labels: ["tier": "front"]))
        func label(_ tier: String) async {
            _ = await harness.patch("\(Paths.configMaps)/a", ["metadata": ["labels": ["tier": .string(tier)]]])
        }
        await label("front")
        _ = await harness.patch("\(Paths.configMaps)/a", ["data": ["a": "2"]])
        await label("back")
        await harness.send("DELETE", "\(Paths.configMaps)/a")
        await harness.send("DELETE", "\(Paths.configMaps)/b")
        #expect(try await watch.summaries(5) == ["ADDED b", "ADDED a", "MODIFIED a", "DELETED a", "DELETED b"])
        watch.cancel()
    }

    @Test func `a pod that is bound appears on its node's watch`() async throws {
        let harness = try await Harness()
        let watch = try await harness.watch("/api/v1/pods?watch=1&fieldSelector=spec.nodeName=n1")
        await harness.make(Paths.pods, Sample.pod("p"))
        await harness.make(Paths.pods, Sample.pod("q"))
        let binding: JSON = ["apiVersion": "v1", "kind": "Binding", "metadata": ["name": "p"], "target": ["kind": "Node", "name": "n1"]]
        #expect(await harness.send("POST", "\(Paths.pods)/p/binding", binding).status == 201)
        let event = try await watch.next()
        #expect(event?["type"] == "ADDED")
        #expect(event?["object", "spec", "nodeName"] == "n1")
        watch.cancel()
    }

    @Test func `one object can be watched by its name`() async throws {
        let harness = try await Harness()
        await harness.make(Paths.configMaps, Sample.configMap("a"))
        let watch = try await harness.watch("\(Paths.configMaps)/b?watch=1")
        await harness.make(Paths.configMaps, Sample.configMap("b"))
        #expect(try await watch.summaries(1) == ["ADDED b"])
        watch.cancel()
    }

    @Test func `initial events end with an annotated bookmark`() async throws {
        let harness = try await Harness()
        await harness.make(Paths.configMaps, Sample.configMap("a"))
        await harness.make(Paths.configMaps, Sample.configMap("b"))
        let watch = try await harness.watch(
            "\(Paths.configMaps)?watch=1&sendInitialEvents=true&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")
        #expect(try await watch.summaries(2) == ["ADDED a", "ADDED b"])
        let bookmark = try await watch.next()
        #expect(bookmark?["type"] == "BOOKMARK")
        #expect(bookmark?["object", "kind"] == "ConfigMap")
        #expect(bookmark?["object", "metadata", "annotations"] == ["k8s.io/initial-events-end": "true"])
        #expect(bookmark?["object", "metadata", "resourceVersion"]?.string == String(try await harness.store.currentRevision()))
        await harness.make(Paths.configMaps, Sample.configMap("c"))
        #expect(try await watch.summaries(1) == ["ADDED c"])
        watch.cancel()
    }

    @Test func `sendInitialEvents=false begins with the next change`() async throws {
        let harness = try await Harness()
        await harness.make(Paths.configMaps, Sample.configMap("a"))
        let watch = try await harness.watch(
            "\(Paths.configMaps)?watch=1&sendInitialEvents=false&resourceVersionMatch=NotOlderThan&allowWatchBookmarks=true")
        await harness.make(Paths.configMaps, Sample.configMap("b"))
        #expect(try await watch.summaries(1) == ["ADDED b"])
        watch.cancel()
    }

    @Test func `timeoutSeconds ends a watch, with a bookmark where the client takes them`() async throws {
        let harness = try await Harness()
        await harness.make(Paths.configMaps, Sample.configMap("a"))
        let revision = try await harness.store.currentRevision()
        for bookmarks in [true, false] {
            let query = "watch=1&resourceVersion=\(revision)&timeoutSeconds=30\(bookmarks ? "&allowWatchBookmarks=true" : "")"
            let watch = try await harness.watch("\(Paths.configMaps)?\(query)")
            harness.clock.advance(seconds: 30)
            if bookmarks {
                let last = try await watch.next()
                #expect(last?["type"] == "BOOKMARK")
                #expect(last?["object", "metadata", "resourceVersion"]?.string == String(revision))
            }
            #expect(try await watch.next() == nil)
        }
    }

    @Test func `a waiting watch ends when its time comes`() async throws {
        let harness = try await Harness()
        let revision = try await harness.store.currentRevision()
        let watch = try await harness.watch("\(Paths.configMaps)?watch=1&resourceVersion=\(revision)&timeoutSeconds=30")
        async let mover: Void = {
            for _ in 0..<100 { await Task.yield() }
            harness.clock.advance(seconds: 31)
        }()
        #expect(try await watch.next() == nil)
        await mover
    }

    @Test func `a watch of forgotten history is told so as an event`() async throws {
        let harness = try await Harness()
        let old = try await harness.store.currentRevision()
        for index in 0..<3 { await harness.make(Paths.configMaps, Sample.configMap("m\(index)")) }
        try await harness.store.compact(through: try await harness.store.currentRevision())
        let watch = try await harness.watch("\(Paths.configMaps)?watch=1&resourceVersion=\(old)")
        let event = try await watch.next()
        #expect(event?["type"] == "ERROR")
        #expect(event?["object", "code"] == 410)
        #expect(event?["object", "reason"] == "Expired")
        #expect(try await watch.next() == nil)
    }

    @Test func `a watch of the future is refused`() async throws {
        let harness = try await Harness()
        let answer = await harness.send("GET", "\(Paths.configMaps)?watch=1&resourceVersion=99999")
        #expect(answer.status == 504)
    }

    @Test func `only the first event of a Table watch carries column definitions`() async throws {
        let harness = try await Harness()
        await harness.make(Paths.configMaps, Sample.configMap("a"))
        let watch = try await harness.watch("\(Paths.configMaps)?watch=1", accept: "application/json;as=Table;v=v1;g=meta.k8s.io")
        await harness.make(Paths.configMaps, Sample.configMap("b"))
        let first = try await watch.next()
        #expect(first?["object", "kind"] == "Table")
        #expect(first?["object", "columnDefinitions"]?.array?.count == 3)
        #expect(first?["object", "rows"]?.array?.first?["cells"]?.array?.first == "a")
        let second = try await watch.next()
        #expect(second?["object", "columnDefinitions"] == .null)
        #expect(second?["object", "rows"]?.array?.first?["cells"]?.array?.first == "b")
        watch.cancel()
    }

    @Test func `metadata alone can be watched`() async throws {
        let harness = try await Harness()
        let watch = try await harness.watch(
            "\(Paths.configMaps)?watch=1", accept: "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io")
        await harness.make(Paths.configMaps, Sample.configMap("a"))
        let event = try await watch.next()
        #expect(event?["object", "kind"] == "PartialObjectMetadata")
        #expect(event?["object", "metadata", "name"] == "a")
        #expect(event?["object", "data"] == nil)
        watch.cancel()
    }

    @Test func `every watcher sees every change in order`() async throws {
        let harness = try await Harness()
        var watches: [WatchReader] = []
        for _ in 0..<20 { watches.append(try await harness.watch("\(Paths.configMaps)?watch=1")) }
        for index in 0..<30 { await harness.make(Paths.configMaps, Sample.configMap("m\(index)")) }
        let expected = (0..<30).map { "ADDED m\($0)" }
        for watch in watches {
            #expect(try await watch.summaries(30) == expected)
            watch.cancel()
        }
    }

    @Test func `cancelled watches free their places`() async throws {
        let harness = try await Harness(options: APIServerOptions(maximumWatches: 2))
        for _ in 0..<5 {
            let first = try await harness.watch("\(Paths.configMaps)?watch=1")
            let second = try await harness.watch("\(Paths.configMaps)?watch=1")
            let refused = await harness.send("GET", "\(Paths.configMaps)?watch=1")
            #expect(refused.status == 429)
            #expect(refused.header("retry-after") == "1")
            first.cancel()
            second.cancel()
        }
    }
}
