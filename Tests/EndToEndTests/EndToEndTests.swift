import Foundation
import Testing

/// Stories played with the real `kubectl` against the real program on a port of its own.
@Suite(.serialized)
struct EndToEndTests {
    @Test(arguments: ["kubectl.sh", "pool.sh"])
    func playsTheStory(_ name: String) throws {
        guard Programs.kubectl != nil else {
            print("note: story \(name) is left out, because there is no kubectl on PATH; make setup installs one")
            return
        }
        let plane = try RunningPlane(fleet: "rack40")
        defer { plane.stop() }
        let story = try Programs.run(
            "/bin/sh", ["\(Programs.sources)/Stories/\(name)"],
            environment: ["KUBECONFIG": plane.kubeconfig, "SLUICE": Programs.sluice])
        #expect(story.status == 0, "\(story.output.suffix(4_000))")
        if story.status != 0 { print(plane.log) }
    }

    @Test func isReadyWithinThreeSecondsAndEndsWithinFive() throws {
        let plane = try RunningPlane(fleet: "rack40")
        defer { plane.stop() }
        #expect(plane.readyAfter < 3)
        let before = Date.timeIntervalSinceReferenceDate
        let status = plane.terminate()
        #expect(status == 0)
        #expect(Date.timeIntervalSinceReferenceDate - before < 5)
    }

    @Test func aSecondProcessOnTheSameDataIsRefused() throws {
        let plane = try RunningPlane(fleet: "none")
        defer { plane.stop() }
        let second = try Programs.run(Programs.sluice, ["up", "--data", plane.directory, "--listen", "127.0.0.1:0", "--fleet", "none"])
        #expect(second.status == 1)
        #expect(second.output.split(separator: "\n").count == 1, "\(second.output)")
        #expect(second.output.contains(plane.directory))
    }

    @Test(arguments: ["store.db", "simulated-rack.json"])
    func damagedDataIsReportedAndLeftAsItIs(_ file: String) throws {
        let directory = NSTemporaryDirectory() + "sluice-damaged-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try "no data of ours".write(toFile: "\(directory)/\(file)", atomically: true, encoding: .utf8)
        let run = try Programs.run(Programs.sluice, ["up", "--data", directory, "--listen", "127.0.0.1:0"])
        #expect(run.status == 1)
        #expect(run.output.contains("\(directory)/\(file)") && run.output.contains("left as it is"), "\(run.output)")
        #expect(run.output.split(separator: "\n").count == 1, "\(run.output)")
        #expect(try String(contentsOfFile: "\(directory)/\(file)", encoding: .utf8) == "no data of ours")
    }

    @Test(arguments: [
        (["up", "--listen", "nonsense"], Int32(2), "HOST:PORT"),
        (["up", "--fleet", "/no/such/fleet.yaml", "--data", "/tmp/sluice-never-made"], 1, "rack40"),
        (["explain", "pod", "x", "--kubeconfig", "/no/such/file"], 1, "/no/such/file"),
        (["frobnicate"], 2, "--help"),
        (["replay", "--nodes", "/no/such.csv", "--pods", "/no/such.csv"], 1, "/no/such.csv"),
    ])
    func wrongUseIsOneLineWithTheRemedy(_ arguments: [String], _ status: Int32, _ text: String) throws {
        let run = try Programs.run(Programs.sluice, arguments)
        #expect(run.status == status)
        #expect(run.output.contains(text), "\(run.output)")
        #expect(run.output.split(separator: "\n").count == 1, "\(run.output)")
    }

    @Test func anonymousGetsHealthAndVersionOnly() throws {
        let plane = try RunningPlane(fleet: "none")
        defer { plane.stop() }
        for (path, code) in [("/healthz", "200"), ("/version", "200"), ("/api", "403"), ("/api/v1/pods", "403"), ("/metrics", "403")] {
            let answer = try Programs.run(
                "/usr/bin/env", ["curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", plane.address + path])
            #expect(answer.output == code, "\(path)")
        }
    }

    @Test func staticTokensAuthenticate() throws {
        let file = NSTemporaryDirectory() + "sluice-tokens-\(UUID().uuidString).csv"
        try "secret-a,admin,uid-admin,\"system:masters\"\nsecret-b,alice,uid-alice,dev\n".write(
            toFile: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(atPath: file) }
        let plane = try RunningPlane(fleet: "none", more: ["--token-auth-file", file])
        defer { plane.stop() }
        for (token, code) in [("secret-a", "200"), ("secret-b", "403"), ("wrong", "401")] {
            let answer = try Programs.run(
                "/usr/bin/env",
                [
                    "curl", "-sk", "-o", "/dev/null", "-w", "%{http_code}", "-H", "Authorization: Bearer \(token)",
                    plane.address + "/api/v1/nodes",
                ])
            #expect(answer.output == code, "\(token)")
        }
    }
}
