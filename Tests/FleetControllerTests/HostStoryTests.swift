import Controllers
import Objects
import Ports
import Simulation
import Testing

@Suite struct HostStoryTests {
    @Test func `hosts of the rack are registered, inspected and become available`() throws {
        let plane = try Plane(hosts: [Plane.group(3)])
        try plane.start()
        let isDone = try plane.reaches { plane.availableCount == 3 }
        #expect(isDone)
        let object = try #require(try plane.get(BareMetalHost.resource, ObjectKey(namespace: Names.hostNamespace, name: "r64-001")))
        #expect(object["metadata", "labels", Names.modelLabel]?.string == "r64")
        #expect(object["status", "hardware", "cpu", "count"]?.integer == 64)
        #expect(object["status", "hardware", "ramMebibytes"]?.integer == 256 << 10)
        #expect(object["status", "hardware", "systemVendor", "productName"]?.string == "r64")
        #expect(object["status", "poweredOn"]?.bool == false)
        #expect(object["status", "operationHistory", "inspect", "end"]?.string != nil)
        let reasons = try plane.reasons(about: "r64-001")
        #expect(reasons.isSuperset(of: ["Registering", "Inspecting", "Available"]))
        try plane.world.stop()
    }

    @Test func `a host whose controller is silent shows the error and recovers`() throws {
        let plane = try Plane(hosts: [Plane.group(1)])
        plane.rack.inject(.managementOutage(.seconds(300)), on: "r64-001")
        try plane.start()
        let hasFailed = try plane.reaches { plane.hosts.contains { $0.operationalStatus == "error" } }
        #expect(hasFailed)
        #expect(plane.hosts[0].errorType == "registration error" && plane.hosts[0].errorCount > 0)
        let isDone = try plane.reaches { plane.availableCount == 1 }
        #expect(isDone && plane.hosts[0].errorMessage.isEmpty && plane.hosts[0].errorType.isEmpty)
        try plane.world.stop()
    }

    @Test func `credentials come from the host's own namespace only`() throws {
        let plane = try Plane(hosts: [Plane.group(1)])
        try plane.start()
        let secrets = ResourceName(group: "", version: "v1", kind: "Secret", plural: "secrets", isNamespaced: true)
        let secret: JSON = ["metadata": ["name": "bmc"], "data": ["username": "cm9vdA==", "password": "Y2Fsdmlu"]]
        try plane.create(secrets, namespace: "default", secret)
        try plane.create(
            BareMetalHost.resource, namespace: Names.hostNamespace,
            [
                "metadata": ["name": "other", "namespace": .string(Names.hostNamespace)],
                "spec": ["online": false, "bmc": ["address": "sim://test/r64-001", "credentialsName": "bmc"]],
            ])
        func other() -> BareMetalHost? { plane.hosts.first { $0.metadata.name == "other" } }
        let hasFailed = try plane.reaches { other()?.errorMessage.contains("Secret sluice-hosts/bmc does not exist") == true }
        #expect(hasFailed)
        try plane.create(secrets, namespace: Names.hostNamespace, secret)
        let isDone = try plane.reaches { other()?.isClaimable == true }
        #expect(isDone)
        try plane.world.stop()
    }

    @Test func `a host is provisioned by its image, cleaned when it goes, and deleted with its finalizer`() throws {
        let plane = try Plane(hosts: [Plane.group(1)])
        try plane.start()
        _ = try plane.reaches { plane.availableCount == 1 }
        let key = plane.hosts[0].key
        try plane.patch(BareMetalHost.resource, key, ["spec": ["image": ["url": "http://a/x"], "online": true]])
        let isProvisioned = try plane.reaches { plane.hosts[0].state == .provisioned }
        #expect(isProvisioned && plane.hosts[0].isPoweredOn)
        #expect(plane.rack.observation(of: "r64-001")?.attached?.image.url == "http://a/x")
        try plane.patch(BareMetalHost.resource, key, ["spec": ["image": nil, "online": false]])
        let isClean = try plane.reaches { plane.availableCount == 1 }
        #expect(isClean)
        let observation = try #require(plane.rack.observation(of: "r64-001"))
        #expect(observation.attached == nil && observation.residue == nil && !observation.isPoweredOn && observation.leaks == 0)
        try plane.delete(BareMetalHost.resource, key)
        let isGone = try plane.reaches { plane.hosts.isEmpty }
        #expect(isGone)
        try plane.world.stop()
    }

    @Test func `a host whose consumer never existed is taken back and cleaned`() throws {
        let plane = try Plane(hosts: [Plane.group(1)])
        try plane.start()
        _ = try plane.reaches { plane.availableCount == 1 }
        let claim = HostClaim(kind: .bareMetalInstance, namespace: "default", name: "nobody")
        try plane.patch(
            BareMetalHost.resource, plane.hosts[0].key,
            ["spec": ["consumerRef": claim.json, "image": ["url": "http://a/x"], "online": true]])
        _ = try plane.reaches { plane.availableCount == 0 }
        let isBack = try plane.reaches { plane.availableCount == 1 }
        #expect(isBack)
        try plane.world.stop()
    }

    @Test func `a host that is deleted while it serves is cleaned first`() throws {
        let plane = try Plane(hosts: [Plane.group(1)])
        try plane.start()
        _ = try plane.reaches { plane.availableCount == 1 }
        try plane.patch(BareMetalHost.resource, plane.hosts[0].key, ["spec": ["image": ["url": "http://a/x"], "online": true]])
        _ = try plane.reaches { plane.hosts[0].state == .provisioned }
        try plane.delete(BareMetalHost.resource, plane.hosts[0].key)
        let isGone = try plane.reaches { plane.hosts.isEmpty }
        #expect(isGone)
        let observation = try #require(plane.rack.observation(of: "r64-001"))
        #expect(observation.attached == nil && observation.residue == nil && !observation.isPoweredOn)
        #expect(observation.refusedWrites == 0)
        try plane.world.stop()
    }

    @Test func `cleaning that was cut off is done again`() throws {
        let plane = try Plane(hosts: [Plane.group(1)])
        try plane.start()
        _ = try plane.reaches { plane.availableCount == 1 }
        try plane.patch(BareMetalHost.resource, plane.hosts[0].key, ["spec": ["image": ["url": "http://a/x"], "online": true]])
        _ = try plane.reaches { plane.hosts[0].state == .provisioned }
        try plane.patch(BareMetalHost.resource, plane.hosts[0].key, ["spec": ["image": nil, "online": false]])
        _ = try plane.reaches { plane.hosts[0].state == .deprovisioning }
        // Erasing has begun by then; the management controller falls silent in the middle of it.
        try plane.world.run(for: .seconds(6))
        plane.rack.inject(.managementOutage(.seconds(60)), on: "r64-001")
        let isBack = try plane.reaches { plane.availableCount == 1 }
        #expect(isBack && plane.rack.observation(of: "r64-001")?.residue == nil)
        try plane.world.stop()
    }
}
