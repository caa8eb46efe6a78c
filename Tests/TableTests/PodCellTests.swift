import APIServer
import Objects
import Testing

/// 2026-01-01T00:10:00Z, ten minutes after the objects here were made.
let testNow = Timestamp(seconds: 1_767_226_200)
let testCreation: JSON = "2026-01-01T00:00:00Z"

func parsed(_ text: String) throws -> JSON { try JSON(parsing: text) }

/// A pod and what its columns Ready, Status and Restarts must say.
struct PodCase: Sendable, CustomTestStringConvertible {
    var name: String
    var spec = #"{"containers":[{"name":"a"}]}"#
    var status: String
    var isDeleting = false
    var ready = "0/1"
    var text: String
    var restarts = "0"

    var testDescription: String { name }

    func object() throws -> JSON {
        var metadata: JSON = ["name": "p", "creationTimestamp": testCreation]
        if isDeleting { metadata["deletionTimestamp"] = "2026-01-01T00:09:00Z" }
        return ["metadata": metadata, "spec": try parsed(spec), "status": try parsed(status)]
    }
}

@Suite("Cells of pods")
struct PodCellTests {
    static let twoInit = #"{"containers":[{"name":"a"}],"initContainers":[{"name":"i"},{"name":"j"}]}"#
    static let sidecar = #"{"containers":[{"name":"a"}],"initContainers":[{"name":"s","restartPolicy":"Always"}]}"#

    static let simple: [PodCase] = [
        PodCase(name: "no status at all", status: "{}", text: ""),
        PodCase(name: "pending", status: #"{"phase":"Pending"}"#, text: "Pending"),
        PodCase(name: "the reason wins over the phase", status: #"{"phase":"Failed","reason":"Evicted"}"#, text: "Evicted"),
        PodCase(
            name: "gated",
            status: #"{"phase":"Pending","conditions":[{"type":"PodScheduled","status":"False","reason":"SchedulingGated"}]}"#,
            text: "SchedulingGated"),
        PodCase(
            name: "running",
            status: #"{"phase":"Running","containerStatuses":[{"ready":true,"restartCount":0,"state":{"running":{}}}]}"#,
            ready: "1/1", text: "Running"),
        PodCase(
            name: "running but not ready",
            status: #"{"phase":"Running","containerStatuses":[{"ready":false,"restartCount":0,"state":{"running":{}}}]}"#,
            text: "Running"),
        PodCase(
            name: "waiting in a crash loop",
            status: """
                {"phase":"Running","containerStatuses":[{"ready":false,"restartCount":9,
                "lastState":{"terminated":{"finishedAt":"2026-01-01T00:05:00Z"}},"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}
                """,
            text: "CrashLoopBackOff", restarts: "9 (5m ago)"),
        PodCase(
            name: "ended by a signal",
            status: #"{"phase":"Failed","containerStatuses":[{"state":{"terminated":{"exitCode":137,"signal":9}}}]}"#,
            text: "Signal:9"),
        PodCase(
            name: "ended with a code",
            status: #"{"phase":"Failed","containerStatuses":[{"state":{"terminated":{"exitCode":3}}}]}"#, text: "ExitCode:3"),
        PodCase(
            name: "ended with a reason",
            status: #"{"phase":"Failed","containerStatuses":[{"state":{"terminated":{"exitCode":137,"reason":"OOMKilled"}}}]}"#,
            text: "OOMKilled"),
        PodCase(
            name: "the first container has the last word",
            spec: #"{"containers":[{"name":"a"},{"name":"b"}]}"#,
            status: """
                {"phase":"Pending","containerStatuses":[{"state":{"waiting":{"reason":"ImagePullBackOff"}}},
                {"state":{"waiting":{"reason":"ErrImagePull"}}}]}
                """,
            ready: "0/2", text: "ImagePullBackOff"),
        PodCase(
            name: "one container done, one running in a ready pod",
            spec: #"{"containers":[{"name":"a"},{"name":"b"}]}"#,
            status: """
                {"phase":"Running","conditions":[{"type":"Ready","status":"True"}],"containerStatuses":[
                {"state":{"terminated":{"exitCode":0,"reason":"Completed"}}},{"ready":true,"state":{"running":{}}}]}
                """,
            ready: "1/2", text: "Running"),
        PodCase(
            name: "one container done, one running in a pod that is not ready",
            spec: #"{"containers":[{"name":"a"},{"name":"b"}]}"#,
            status: """
                {"phase":"Running","containerStatuses":[
                {"state":{"terminated":{"exitCode":0,"reason":"Completed"}}},{"ready":true,"state":{"running":{}}}]}
                """,
            ready: "1/2", text: "NotReady"),
        PodCase(name: "deleted", status: #"{"phase":"Running"}"#, isDeleting: true, text: "Terminating"),
        PodCase(name: "deleted after its end", status: #"{"phase":"Succeeded"}"#, isDeleting: true, text: "Succeeded"),
        PodCase(name: "deleted on a lost node", status: #"{"phase":"Running","reason":"NodeLost"}"#, isDeleting: true, text: "Unknown"),
        PodCase(name: "on a lost node, not deleted", status: #"{"phase":"Running","reason":"NodeLost"}"#, text: "NodeLost"),
    ]

    static let initial: [PodCase] = [
        PodCase(
            name: "the first init container runs", spec: twoInit,
            status: #"{"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"running":{}}}]}"#, text: "Init:0/2"),
        PodCase(
            name: "the second init container is not created yet", spec: twoInit,
            status: """
                {"phase":"Pending","initContainerStatuses":[{"name":"i","state":{"terminated":{"exitCode":0}}},
                {"name":"j","state":{"waiting":{"reason":"PodInitializing"}}}]}
                """,
            text: "Init:1/2"),
        PodCase(
            name: "an init container crashes", spec: twoInit,
            status: """
                {"phase":"Pending","initContainerStatuses":[{"name":"i","restartCount":2,
                "lastState":{"terminated":{"finishedAt":"2026-01-01T00:09:58Z"}},"state":{"waiting":{"reason":"CrashLoopBackOff"}}}]}
                """,
            text: "Init:CrashLoopBackOff", restarts: "2 (2s ago)"),
        PodCase(
            name: "an init container failed with a code", spec: twoInit,
            status: #"{"initContainerStatuses":[{"name":"i","state":{"terminated":{"exitCode":1}}}]}"#, text: "Init:ExitCode:1"),
        PodCase(
            name: "an init container failed by a signal", spec: twoInit,
            status: #"{"initContainerStatuses":[{"name":"i","state":{"terminated":{"exitCode":1,"signal":11}}}]}"#,
            text: "Init:Signal:11"),
        PodCase(
            name: "an init container failed with a reason", spec: twoInit,
            status: #"{"initContainerStatuses":[{"name":"i","state":{"terminated":{"exitCode":1,"reason":"Error"}}}]}"#,
            text: "Init:Error"),
        PodCase(
            name: "restarts of finished init containers do not count", spec: twoInit,
            status: """
                {"phase":"Running","initContainerStatuses":[{"name":"i","restartCount":4,
                "lastState":{"terminated":{"finishedAt":"2026-01-01T00:09:00Z"}},"state":{"terminated":{"exitCode":0}}}],
                "containerStatuses":[{"ready":true,"restartCount":1,"state":{"running":{}}}]}
                """,
            ready: "1/1", text: "Running", restarts: "1"),
        PodCase(
            name: "an initialized pod shows its containers even when an init container is gone", spec: twoInit,
            status: """
                {"phase":"Running","conditions":[{"type":"Initialized","status":"True"}],
                "initContainerStatuses":[{"name":"i","state":{"waiting":{}}}],
                "containerStatuses":[{"ready":false,"state":{"waiting":{"reason":"ContainerCreating"}}}]}
                """,
            text: "ContainerCreating"),
        PodCase(
            name: "a sidecar counts among the ready containers and its restarts stay", spec: sidecar,
            status: """
                {"phase":"Running","initContainerStatuses":[{"name":"s","restartCount":2,"started":true,"ready":true,
                "lastState":{"terminated":{"finishedAt":"2026-01-01T00:00:00Z"}},"state":{"running":{}}}],
                "containerStatuses":[{"ready":true,"restartCount":1,"state":{"running":{}}}]}
                """,
            ready: "2/2", text: "Running", restarts: "3 (10m ago)"),
        PodCase(
            name: "a sidecar that has not started", spec: sidecar,
            status: #"{"phase":"Pending","initContainerStatuses":[{"name":"s","started":false,"state":{"running":{}}}]}"#,
            ready: "0/2", text: "Init:0/1"),
    ]

    @Test("Ready, status and restarts follow the containers", arguments: simple + initial)
    func statusColumns(_ example: PodCase) throws {
        let cells = try #require(TablePrinter.cells(kind: "Pod", group: "", object: example.object(), now: testNow))
        #expect(cells.count == 9)
        #expect(Array(cells.prefix(5)) == ["p", .string(example.ready), .string(example.text), .string(example.restarts), "10m"])
    }

    @Test("The wide columns say <none> for what is missing")
    func wideColumns() throws {
        let bare = try #require(TablePrinter.cells(kind: "Pod", group: "", object: [:], now: testNow))
        #expect(bare == ["", "0/0", "", "0", "<unknown>", "<none>", "<none>", "<none>", "<none>"])
        let full = try parsed(
            """
            {"spec":{"nodeName":"n1","readinessGates":[{"conditionType":"x"},{"conditionType":"y"}]},
            "status":{"podIP":"10.0.0.1","podIPs":[{"ip":"10.0.0.1"},{"ip":"fd00::1"}],"nominatedNodeName":"n2",
            "conditions":[{"type":"x","status":"True"},{"type":"y","status":"False"}]}}
            """)
        let cells = try #require(TablePrinter.cells(kind: "Pod", group: "", object: full, now: testNow))
        #expect(Array(cells.suffix(4)) == ["10.0.0.1", "n1", "n2", "1/2"])
    }

    @Test("Only ended pods have row conditions", arguments: [("Succeeded", true), ("Failed", true), ("Running", false)])
    func conditions(phase: String, isCompleted: Bool) {
        let pod: JSON = ["status": ["phase": .string(phase)]]
        let conditions = TablePrinter.rowConditions(kind: "Pod", group: "", object: pod)
        #expect((conditions?.array?.first?["type"] == "Completed") == isCompleted)
        #expect(conditions?.array?.first?["reason"]?.string == (isCompleted ? phase : nil))
        #expect(TablePrinter.rowConditions(kind: "Namespace", group: "", object: pod) == nil)
    }
}
