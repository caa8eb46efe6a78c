import Controllers
import KubeClient
import Objects
import Simulation
import Testing

@Suite("Garbage collection and namespaces")
struct GarbageTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var owners: [GarbageDecision.Owner]
        var finalizers: [String] = []
        var hasDependents = false
        var decision: GarbageDecision
    }

    @Test(
        "What is owned stays, what is not goes",
        arguments: [
            Case(testDescription: "no owners", owners: [], decision: .keep),
            Case(testDescription: "owner there", owners: [.present], decision: .keep),
            Case(testDescription: "owner gone", owners: [.gone], decision: .delete(propagationPolicy: "Background")),
            Case(testDescription: "one of two gone", owners: [.gone, .present], decision: .forgetOwners(uids: ["u0"])),
            Case(testDescription: "waiting and present", owners: [.present, .waiting], decision: .forgetOwners(uids: ["u1"])),
            Case(testDescription: "owner waits", owners: [.waiting], decision: .delete(propagationPolicy: "Background")),
            Case(
                testDescription: "owner waits, own dependents", owners: [.waiting], hasDependents: true,
                decision: .delete(propagationPolicy: "Foreground")),
            Case(
                testDescription: "orphan finalizer", owners: [.gone], finalizers: ["orphan"],
                decision: .delete(propagationPolicy: "Orphan")),
        ])
    func decides(_ wanted: Case) {
        var metadata = ObjectMeta(name: "x", namespace: "default", uid: "x")
        metadata.finalizers = wanted.finalizers
        metadata.ownerReferences = wanted.owners.indices.map {
            OwnerReference(apiVersion: "v1", kind: "Pod", name: "o\($0)", uid: "u\($0)")
        }
        #expect(
            GarbageDecision(metadata, owners: wanted.owners, hasDependents: wanted.hasDependents) == wanted.decision)
    }

    private func family(_ plane: TestPlane) throws {
        let owner = try plane.create(Deployment.self, ["metadata": ["name": "top"], "spec": [:]])
        let reference = OwnerReference(
            apiVersion: "apps/v1", kind: "Deployment", name: "top", uid: owner["metadata", "uid"]?.string ?? "")
        let middle = try plane.create(
            ReplicaSet.self, ["metadata": ["name": "middle", "ownerReferences": [reference.json]], "spec": [:]])
        let second = OwnerReference(
            apiVersion: "apps/v1", kind: "ReplicaSet", name: "middle", uid: middle["metadata", "uid"]?.string ?? "")
        try plane.create(Pod.self, ["metadata": ["name": "leaf", "ownerReferences": [second.json]], "spec": [:]])
        try plane.run(seconds: 5)
        #expect(plane.objects(Pod.self).count == 1)
    }

    @Test("Background: the owner goes at once, dependents follow")
    func background() throws {
        let plane = TestPlane { [GarbageCollector($0)] }
        try family(plane)
        try plane.delete(Deployment.self, "top")
        #expect(plane.object(Deployment.self, "top") == nil)
        #expect(try plane.reaches { plane.objects(Pod.self).isEmpty && plane.objects(ReplicaSet.self).isEmpty })
    }

    @Test("Foreground: the owner goes last")
    func foreground() throws {
        let plane = TestPlane { [GarbageCollector($0)] }
        try family(plane)
        try plane.delete(Deployment.self, "top", policy: "Foreground")
        #expect(try plane.reaches { plane.object(Deployment.self, "top") == nil })
        #expect(plane.api.deletions == ["leaf", "middle", "top"])
    }

    @Test("Orphan: the owner goes, dependents stay and forget it")
    func orphan() throws {
        let plane = TestPlane { [GarbageCollector($0)] }
        try family(plane)
        try plane.delete(Deployment.self, "top", policy: "Orphan")
        #expect(try plane.reaches { plane.object(Deployment.self, "top") == nil })
        try plane.run(seconds: 60)
        #expect(plane.object(ReplicaSet.self, "middle")?.metadata.ownerReferences.isEmpty == true)
        #expect(plane.objects(Pod.self).count == 1)
    }

    @Test("An owner that never existed is looked up before its dependent goes; another object of its name does not count")
    func absentOwner() throws {
        let plane = TestPlane { [GarbageCollector($0)] }
        try plane.create(Deployment.self, ["metadata": ["name": "web"], "spec": [:]])
        let stale = OwnerReference(apiVersion: "apps/v1", kind: "Deployment", name: "web", uid: "former")
        let unknown = OwnerReference(apiVersion: "strange.dev/v1", kind: "Thing", name: "t", uid: "t")
        try plane.create(Pod.self, ["metadata": ["name": "stale", "ownerReferences": [stale.json]], "spec": [:]])
        try plane.create(Pod.self, ["metadata": ["name": "kept", "ownerReferences": [unknown.json]], "spec": [:]])
        #expect(try plane.reaches { plane.object(Pod.self, "stale") == nil })
        try plane.run(seconds: 600)
        #expect(plane.object(Pod.self, "kept") != nil)
    }

    @Test("A namespace gets its defaults, and goes when it is empty")
    func namespace() throws {
        let plane = TestPlane {
            [NamespaceController($0), NamespaceDefaultsController($0, rootCertificate: "PEM"), FakeHosts($0)]
        }
        try plane.create(Namespace.self, ["metadata": ["name": "team"]])
        let maps = ResourceName(group: "", version: "v1", kind: "ConfigMap", plural: "configmaps", isNamespaced: true)
        let accounts = ResourceName(group: "", version: "v1", kind: "ServiceAccount", plural: "serviceaccounts", isNamespaced: true)
        #expect(
            try plane.reaches { plane.api.object(maps, "kube-root-ca.crt", namespace: "team")?["data", "ca.crt"]?.string == "PEM" })
        #expect(plane.api.object(accounts, "default", namespace: "team") != nil)
        try plane.world.perform { [client = plane.client] in
            try await client.delete(accounts, ObjectKey(namespace: "team", name: "default"))
        }
        #expect(try plane.reaches { plane.api.object(accounts, "default", namespace: "team") != nil })
        try plane.create(Pod.self, ["metadata": ["name": "p"], "spec": ["containers": []]], namespace: "team")
        try plane.create(Pod.self, ["metadata": ["name": "q"], "spec": ["containers": []]], namespace: "other")
        #expect(try plane.reaches { plane.objects(Pod.self).allSatisfy { $0.phase == "Running" } })
        try plane.delete(Namespace.self, "team")
        #expect(try plane.reaches { plane.object(Namespace.self, "team") == nil })
        #expect(plane.api.deletions.last == "team")
        #expect(plane.objects(Pod.self).map(\.metadata.namespace) == ["other"])
        #expect(plane.api.object(maps, "kube-root-ca.crt", namespace: "team") == nil)
    }
}
