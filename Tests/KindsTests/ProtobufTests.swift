import Kinds
import Objects
import Testing

struct ProtobufTests {
    private let kinds: KindRegistry

    init() throws { kinds = try KindRegistry.builtIn() }

    private func decode(_ apiVersion: String, _ kind: String, _ object: [UInt8]) throws -> JSON {
        try ProtobufBody.decode(Wire.body(apiVersion, kind, object), kinds: kinds)
    }

    // MARK: - What kubectl sends

    @Test(arguments: ProtobufRecordings.all)
    func `a recorded body is the object that the command meant`(_ recording: ProtobufRecordings.Recording) throws {
        #expect(try ProtobufBody.decode(recording.bytes, kinds: kinds) == JSON(parsing: recording.object))
    }

    // MARK: - The kind files

    @Test func `every field of every kind of Kubernetes' own has a number`() throws {
        let groups = [
            "", "apps", "coordination.k8s.io", "policy", "scheduling.k8s.io", "autoscaling", "authentication.k8s.io",
            "authorization.k8s.io", "apiextensions.k8s.io",
        ]
        for kind in kinds.kinds where !kind.isCustomResource {
            #expect(groups.contains(kind.group), "\(kind.kind)")
            #expect(kind.schema.fieldsWithoutProtobuf == [], "\(kind.kind)")
        }
        #expect(kinds.kinds.contains { !$0.isCustomResource })
    }

    @Test(arguments: [
        ("a number twice", "  a: string @1\n  b: string @1", "field b has the protobuf number of another one"),
        ("a number that holds others", "  a: string @1\n  b: string @1.2", "field b has the protobuf number of another one"),
        ("a number among inner ones", "  a: string @1.2\n  b: string @1.2", "field b has the protobuf number of another one"),
        ("inner ones that are a field", "  a: string @1.2\n  b: string @1", "field b has the protobuf number of another one"),
        ("no number", "  a: string @", "@ is no protobuf field number"),
        ("zero", "  a: string @0", "@0 is no protobuf field number"),
        ("half a path", "  a: string @1.", "@1. is no protobuf field number"),
        ("an unknown choice", "  a: any @1(either)", "unknown protobuf choice either"),
        ("a number at items", "  a: [string @1]", "a modifier of fields stands at items or values"),
    ])
    func `a number that cannot be is refused with its line`(_ name: String, _ fields: String, _ reason: String) throws {
        do {
            _ = try KindRegistry.parsing([(name: "shared.kind", text: "type T\n\(fields)\n")])
            Issue.record("\(name): taken")
        } catch {
            #expect(error.reason == reason, "\(name)")
            #expect(error.line >= 2, "\(name)")
        }
    }

    // MARK: - Values

    @Test func `times have whole seconds or microseconds, and the zero time is absent`() throws {
        let time = Wire.field(1, 1_767_225_600) + Wire.field(2, 123_456_789)
        let lease = try decode("coordination.k8s.io/v1", "Lease", Wire.field(2, Wire.field(3, time) + Wire.field(4, [])))
        #expect(lease["spec", "acquireTime"] == "2026-01-01T00:00:00.123456Z")
        #expect(lease["spec", "renewTime"] == nil)
        let pod = try decode("v1", "Pod", Wire.field(1, Wire.field(8, []) + Wire.field(9, time)))
        #expect(pod["metadata"] == ["deletionTimestamp": "2026-01-01T00:00:00Z"])
        let epoch = try decode("v1", "Pod", Wire.field(1, Wire.field(8, Wire.field(1, 0) + Wire.field(2, 0))))
        #expect(epoch["metadata", "creationTimestamp"] == "1970-01-01T00:00:00Z")
    }

    @Test func `zero is kept where it was set, and dropped where clients always write it`() throws {
        let spec = Wire.field(4, 0) + Wire.field(5, 0) + Wire.field(11, 0) + Wire.field(21, 0) + Wire.field(16, "")
        let volume = Wire.field(1, "v") + Wire.field(2, Wire.field(2, Wire.field(1, "")))
        let pod = try decode("v1", "Pod", Wire.field(2, Wire.field(1, volume) + spec))
        #expect(
            pod["spec"] == [
                "volumes": [["name": "v", "emptyDir": [:]]], "terminationGracePeriodSeconds": 0, "activeDeadlineSeconds": 0,
                "automountServiceAccountToken": false,
            ])
    }

    @Test func `fields of inlined messages are members of the outer object`() throws {
        let selector = Wire.field(1, Wire.field(1, "settings")) + Wire.field(2, "key") + Wire.field(3, 1)
        let container =
            Wire.field(1, "c") + Wire.field(7, Wire.field(1, "A") + Wire.field(3, Wire.field(3, selector)))
            + Wire.field(10, Wire.field(1, Wire.field(3, Wire.field(1, Wire.field(1, 1) + Wire.field(3, "http")))) + Wire.field(4, 5))
        let pod = try decode("v1", "Pod", Wire.field(2, Wire.field(2, container)))
        #expect(
            pod["spec", "containers"] == [
                [
                    "name": "c",
                    "env": [["name": "A", "valueFrom": ["configMapKeyRef": ["name": "settings", "key": "key", "optional": true]]]],
                    "livenessProbe": ["tcpSocket": ["port": "http"], "periodSeconds": 5],
                ]
            ])
    }

    @Test func `quantities, packed numbers, lists in maps and raw JSON are read`() throws {
        let node = try decode(
            "v1", "Node", Wire.field(3, Wire.field(1, Wire.field(1, "cpu") + Wire.field(2, Wire.field(1, "64")))))
        #expect(node["status", "capacity"] == ["cpu": "64"])
        let groups = Wire.field(14, Wire.field(4, Wire.varint(7) + Wire.varint(300)) + Wire.field(4, 9))
        #expect(try decode("v1", "Pod", Wire.field(2, groups))["spec", "securityContext", "supplementalGroups"] == [7, 300, 9])
        let extra = Wire.field(1, "scopes") + Wire.field(2, Wire.field(1, "a") + Wire.field(1, "b"))
        let review = try decode(
            "authorization.k8s.io/v1", "SubjectAccessReview", Wire.field(2, Wire.field(3, "bob") + Wire.field(5, extra)))
        #expect(review["spec"] == ["user": "bob", "extra": ["scopes": ["a", "b"]]])
        let managed = Wire.field(1, "kubectl") + Wire.field(7, Wire.field(1, #"{"f:spec":{}}"#))
        let pod = try decode("v1", "Pod", Wire.field(1, Wire.field(17, managed)))
        #expect(pod["metadata", "managedFields"] == [["manager": "kubectl", "fieldsV1": ["f:spec": [:]]]])
    }

    @Test func `schemas of definitions are read with their choices`() throws {
        let text = Wire.field(5, "string")
        let number = Wire.varint(9 << 3 | 1) + [0, 0, 0, 0, 0, 0, 0xF8, 0x3F]
        let schema =
            Wire.field(5, "object") + number + Wire.field(8, Wire.field(1, "[1]"))
            + Wire.field(24, Wire.field(1, text)) + Wire.field(30, Wire.field(1, 1) + Wire.field(2, text))
            + Wire.field(33, Wire.field(1, 0)) + Wire.field(29, Wire.field(1, "p") + Wire.field(2, text))
            + Wire.field(32, Wire.field(1, "d") + Wire.field(2, Wire.field(2, "e"))) + Wire.field(38, 1)
        let version = Wire.field(1, "v1") + Wire.field(2, 0) + Wire.field(3, 1) + Wire.field(4, Wire.field(1, schema))
        let definition = try decode("apiextensions.k8s.io/v1", "CustomResourceDefinition", Wire.field(2, Wire.field(7, version)))
        let found = definition["spec", "versions"]?.array?.first
        #expect(found?["served"] == false)
        #expect(
            found?["schema", "openAPIV3Schema"] == [
                "type": "object", "maximum": .number("1.5"), "default": [1], "items": ["type": "string"],
                "additionalProperties": ["type": "string"], "additionalItems": false, "properties": ["p": ["type": "string"]],
                "dependencies": ["d": ["e"]], "x-kubernetes-preserve-unknown-fields": true,
            ])
    }

    @Test(
        arguments: [
            (0, "0s"), (1, "1ns"), (1500, "1.5µs"), (250_000_000, "250ms"), (1_000_000_000, "1s"), (1_050_000_000, "1.05s"),
            (90_000_000_000, "1m30s"), (3_600_000_000_000, "1h0m0s"), (-5_400_000_000_000, "-1h30m0s"),
            (.min, "-2562047h47m16.854775808s"), (.max, "2562047h47m16.854775807s"),
        ] as [(Int64, String)])
    func `durations are written as Go writes them`(_ nanoseconds: Int64, _ text: String) throws {
        let file = "kind Wait\n  version v1\npackage io.k8s\ntype Wait\n  time: duration @1?\n"
        let registry = try KindRegistry.parsing([(name: "shared.kind", text: file)])
        let object = try ProtobufBody.decode(Wire.body("v1", "Wait", Wire.field(1, Wire.field(1, nanoseconds))), kinds: registry)
        #expect(object["time"] == .string(text))
    }

    @Test func `evictions and delete options of any group are read`() throws {
        let options = Wire.field(1, 0) + Wire.field(2, Wire.field(1, "u")) + Wire.field(4, "Orphan") + Wire.field(5, "All")
        let object: JSON = [
            "gracePeriodSeconds": 0, "preconditions": ["uid": "u"], "propagationPolicy": "Orphan", "dryRun": ["All"],
        ]
        for version in ["policy/v1", "policy/v1beta1"] {
            let eviction = try decode(version, "Eviction", Wire.field(1, Wire.field(1, "p")) + Wire.field(2, options))
            #expect(
                eviction == ["kind": "Eviction", "apiVersion": .string(version), "metadata": ["name": "p"], "deleteOptions": object])
        }
        for version in ["v1", "apps/v1", "meta.k8s.io/v1"] {
            let read = try decode(version, "DeleteOptions", options)
            #expect(read["gracePeriodSeconds"] == 0, "\(version)")
            #expect(read["propagationPolicy"] == "Orphan", "\(version)")
        }
    }

    @Test func `a body without a kind has the kind that is expected`() throws {
        let body = Array("k8s\0".utf8) + Wire.field(2, Wire.field(1, Wire.field(1, "a")))
        let object = try ProtobufBody.decode(body, kinds: kinds, defaultKind: "Namespace", defaultAPIVersion: "v1")
        #expect(object == ["kind": "Namespace", "apiVersion": "v1", "metadata": ["name": "a"]])
        #expect(throws: ProtobufError.unsupported(" of  is not known as protobuf")) { try ProtobufBody.decode(body, kinds: kinds) }
    }

    @Test func `unknown fields are skipped, and of values given twice the last counts`() throws {
        let metadata = Wire.field(99, "x") + Wire.field(98, 7) + Wire.field(1, "first") + Wire.field(1, "last")
        let data = Wire.field(2, Wire.field(1, "k") + Wire.field(2, "1")) + Wire.field(2, Wire.field(1, "k") + Wire.field(2, "2"))
        let map = try decode("v1", "ConfigMap", Wire.field(77, [1, 2]) + Wire.field(1, metadata) + data)
        #expect(map == ["kind": "ConfigMap", "apiVersion": "v1", "metadata": ["name": "last"], "data": ["k": "2"]])
    }
}
