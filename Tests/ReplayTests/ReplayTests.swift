import Objects
import Replay
import Testing

#if canImport(Glibc)
    import Glibc
#endif

struct ReplayTests {
    static let nodes = "sn,cpu_milli,memory_mib,gpu,model\nn0,32000,65536,0,\nn1,32000,65536,0,\ng0,96000,393216,2,G2\n"
    static let header = "name,cpu_milli,memory_mib,num_gpu,gpu_milli,qos,pod_phase,creation_time,scheduled_time,deletion_time\n"

    private func run(_ pods: String, options: ReplayOptions = ReplayOptions()) throws -> ReplayReport {
        try Replay.run(nodes: Array(Self.nodes.utf8), pods: Array((Self.header + pods).utf8), options: options)
    }

    @Test("One pod waits for one host, runs, and the host goes back")
    func replaysOnePod() throws {
        let report = try run("a,4000,8192,0,0,LS,Running,1000,1000,5000\nend,100,100,0,0,LS,Running,9000,9000,9100\n")
        #expect(report.waits == [300] && report.podsPlaced == 1)
        #expect(report.podsNeverPlaced == ["deleted before its host was ready": 1])
        // Claimed at 1000, idle from 5000, removed after 600 s, in the pool again 60 s later; claimed again at 9000.
        #expect(report.hostSeconds == 5_660 - 1_000 + 100)
        #expect(report.peakHosts == 1)
        #expect(report.requestedPodSeconds == 4_100 && report.placedPodSeconds == 3_700 && report.lostPodSeconds == 400)
        #expect(report.isBalanced && report.violations.isEmpty)
    }

    @Test("A pod that fits no host is refused for its reason and loses its whole life")
    func refusesLargePods() throws {
        let report = try run("a,200000,8192,0,0,LS,Running,0,0,100\n")
        #expect(report.podsNeverPlaced == ["Insufficient cpu": 1] && report.refusals == ["Insufficient cpu": 1])
        #expect(report.lostPodSeconds == 100 && report.hostSeconds == 0 && report.isBalanced)
    }

    @Test("Slices share devices and respect each device's limit")
    func sharesDevices() throws {
        var pods = ""
        for index in 0..<4 { pods += "s\(index),1000,1024,1,600,BE,Running,0,0,10000\n" }
        let report = try run(pods)
        // Two devices take one slice of 600 each; 2400 thousandths would not fit anyway, 1200 would on counts alone.
        #expect(report.podsPlaced == 2)
        #expect(report.refusals == ["no host is free for the node group": 2])
        #expect(report.isBalanced && report.violations.isEmpty)
    }

    struct BadCase: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var pods: String
        var error: ReplayError
    }

    static let bad = [
        BadCase(
            testDescription: "a word for a number", pods: header + "a,x,1,0,0,LS,Running,0,0,1\n",
            error: ReplayError(table: "pods", line: 2, column: "cpu_milli", problem: "'x' is no whole number of 0 to 2^40")),
        BadCase(
            testDescription: "a negative number", pods: header + "a,1,1,0,0,LS,Running,0,0,1\nb,1,-1,0,0,LS,Running,0,0,1\n",
            error: ReplayError(table: "pods", line: 3, column: "memory_mib", problem: "'-1' is no whole number of 0 to 2^40")),
        BadCase(
            testDescription: "too few fields", pods: header + "a,1\n",
            error: ReplayError(table: "pods", line: 2, problem: "2 fields instead of 10")),
        BadCase(
            testDescription: "deleted before created", pods: header + "a,1,1,0,0,LS,Running,9,9,8\n",
            error: ReplayError(table: "pods", line: 2, column: "deletion_time", problem: "8 is before the creation at 9")),
        BadCase(
            testDescription: "a name twice", pods: header + "a,1,1,0,0,LS,Running,0,0,1\na,1,1,0,0,LS,Running,0,0,1\n",
            error: ReplayError(table: "pods", line: 3, column: "name", problem: "'a' occurs twice")),
        BadCase(
            testDescription: "a missing column", pods: "name,cpu_milli\n",
            error: ReplayError(table: "pods", line: 1, column: "memory_mib", problem: "the header has no such column")),
        BadCase(testDescription: "nothing", pods: "", error: ReplayError(table: "pods", line: 1, problem: "the table is empty")),
    ]

    @Test("A bad table is refused with line and column", arguments: bad)
    func refusesBadTables(_ item: BadCase) {
        #expect(throws: item.error) { try ReplayTrace(nodes: Array(Self.nodes.utf8), pods: Array(item.pods.utf8)) }
    }

    @Test("The report is JSON and a page that needs nothing else")
    func reports() throws {
        let report = try run("a,4000,8192,0,0,LS,Running,0,0,5000\n")
        let again = try JSON(parsing: report.json.encoded)
        #expect(again["podSeconds", "isBalanced"] == true && again["pendingSeconds", "p99"]?.integer == 300)
        let page = String(decoding: report.html, as: UTF8.self)
        #expect(page.hasPrefix("<!DOCTYPE html>") && page.contains("<svg") && page.contains("prefers-color-scheme: dark"))
        #expect(!page.contains("http://") && !page.contains("https://") && !page.contains("<script"))
        #expect(report.summary.contains("adds up"))
        #expect(again["series"]?.array?.count ?? 0 <= 600)
    }

    @Test("Random traces add up, and nothing that fits an empty host waits for ever", arguments: 0..<20)
    func addsUp(_ seed: Int) throws {
        var state = UInt64(seed) &* 7_919 &+ 17
        func random(_ limit: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % limit
        }
        var pods = ""
        for index in 0..<40 {
            let creation = random(20_000)
            let gpu = random(4) == 0 ? "1,\(random(10) * 100 + 100)" : "0,0"
            pods += "p\(index),\(random(20) * 1_000 + 500),\(random(64) * 512),\(gpu),LS,Running,\(creation),,\(creation + random(8_000))\n"
        }
        let report = try run(pods)
        #expect(report.isBalanced, "seed \(seed)")
        #expect(report.violations.isEmpty, "seed \(seed)")
        #expect(report.peakHosts <= 3, "seed \(seed)")
        let never = report.podsNeverPlaced.values.reduce(0, +)
        #expect(report.podsPlaced + never + report.podsWithoutLifetime == 40, "seed \(seed)")
    }

    @Test("The public trace adds up", .enabled(if: Shared.isPresent, "needs ../shared beside the checkout"))
    func replaysThePublicTrace() throws {
        let nodes = try #require(Shared.bytes("packing/nodes_all_1523.csv"))
        let pods = try #require(Shared.bytes("series/openb_replay.csv"))
        let report = try Replay.run(nodes: nodes, pods: pods)
        #expect(report.pods == 8_152 && report.hosts == 1_523)
        #expect(report.isBalanced && report.violations.isEmpty)
        #expect(report.refusals.isEmpty, "the fleet has room for every pod of the trace")
        #expect(report.wait(quantile: 0.99) <= 300)
        #expect(report.hostHours < report.staticHostHours / 50)
    }
}

/// The public traces beside the checkout, on machines that have them.
private enum Shared {
    static var isPresent: Bool { bytes("series/openb_replay.csv") != nil }

    static func bytes(_ path: String) -> [UInt8]? {
        var folder = #filePath
        for _ in 0..<3 { folder = String(folder[..<(folder.lastIndex(of: "/") ?? folder.startIndex)]) }
        for root in ["\(folder)/../shared"] {
            guard let file = fopen("\(root)/traces/\(path)", "rb") else { continue }
            defer { fclose(file) }
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 1 << 16)
            while true {
                let count = fread(&buffer, 1, buffer.count, file)
                if count == 0 { return bytes }
                bytes += buffer[..<count]
            }
        }
        return nil
    }
}
