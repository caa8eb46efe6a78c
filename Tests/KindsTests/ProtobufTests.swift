import Kinds
import Objects
import Testing

/// Writes protobuf messages by hand.
private enum Wire {
    static func varint(_ value: UInt64) -> [UInt8] {
        var (value, bytes) = (value, [UInt8]())
        while value >= 0x80 {
            bytes.append(UInt8(value & 0x7F) | 0x80)
            value >>= 7
        }
        return bytes + [UInt8(value)]
    }
    static func field(_ number: UInt64, _ bytes: [UInt8]) -> [UInt8] {
        varint(number << 3 | 2) + varint(UInt64(bytes.count)) + bytes
    }
    static func field(_ number: UInt64, _ text: String) -> [UInt8] { field(number, Array(text.utf8)) }
    static func field(_ number: UInt64, _ value: Int64) -> [UInt8] { varint(number << 3) + varint(UInt64(bitPattern: value)) }

    static func body(_ apiVersion: String, _ kind: String, _ object: [UInt8]) -> [UInt8] {
        Array("k8s\0".utf8) + field(1, field(1, apiVersion) + field(2, kind)) + field(2, object) + field(3, "") + field(4, "")
    }
}

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

// MARK: - What is refused

struct ProtobufRefusalTests {
    private static func namespace(_ object: [UInt8]) -> [UInt8] { Wire.body("v1", "Namespace", object) }
    private static func metadata(_ fields: [UInt8]) -> [UInt8] { namespace(Wire.field(1, fields)) }

    /// Schemas within one another: a tag and a length for each.
    private static func deep(_ levels: Int) -> [UInt8] {
        var schema: [UInt8] = []
        for _ in 0..<levels { schema = Wire.field(28, schema) }
        let version = Wire.field(4, Wire.field(1, schema))
        return Wire.body("apiextensions.k8s.io/v1", "CustomResourceDefinition", Wire.field(2, Wire.field(7, version)))
    }

    @Test(
        arguments: [
            ("nothing", [], .malformed("it does not begin with k8s\\x00")),
            ("JSON", Array("{}".utf8), .malformed("it does not begin with k8s\\x00")),
            ("an unknown kind", Wire.body("v1", "Gadget", []), .unsupported("Gadget of v1 is not known as protobuf")),
            (
                "a custom resource", Wire.body("sluice.dev/v1alpha1", "NodeGroup", []),
                .unsupported("NodeGroup of sluice.dev/v1alpha1 is not known as protobuf")
            ),
            (
                "a body cut off", Array(namespace(Wire.field(1, Wire.field(1, "abc"))).dropLast(8)),
                .malformed("field 2 is longer than what is left of the body")
            ),
            ("a number cut off", Array("k8s\0".utf8) + [0x80], .malformed("the body ends within a number")),
            (
                "a number without end", Array("k8s\0".utf8) + [UInt8](repeating: 0xFF, count: 40),
                .malformed("a number is longer than 64 bits")
            ),
            (
                "a length beyond everything", Array("k8s\0".utf8) + [0x12] + [UInt8](repeating: 0xFF, count: 9) + [1],
                .malformed("field 2 is longer than what is left of the body")
            ),
            ("the field zero", namespace([0]), .malformed("0 is no field number")),
            ("a group", namespace([0x0B]), .malformed("field 1 has the unknown wire type 3")),
            ("a number for a message", namespace(Wire.field(1, 5)), .malformed("metadata has the wire type of something else")),
            ("a text for a number", metadata(Wire.field(7, "x")), .malformed("generation has the wire type of something else")),
            ("a number for a map", metadata(Wire.field(11, 1)), .malformed("labels has the wire type of something else")),
            ("a text that is not UTF-8", metadata(Wire.field(1, [0xFF, 0xFE])), .malformed("a text is not UTF-8")),
            (
                "a time beyond all years", metadata(Wire.field(8, Wire.field(1, Int64.max))),
                .malformed("9223372036854775807 seconds and 0 nanoseconds after 1970 are no time")
            ),
            ("raw JSON that is none", metadata(Wire.field(17, Wire.field(7, Wire.field(1, "{")))), nil),
            ("another encoding", namespace([]) + Wire.field(3, "gzip"), .unsupported("the object is encoded as gzip")),
            ("another form within", namespace([]) + Wire.field(4, "text/csv"), .unsupported("the object is not protobuf but text/csv")),
            ("messages too deep", deep(200), .malformed("messages stand more than 100 deep within one another")),
        ] as [(String, [UInt8], ProtobufError?)])
    func `what is not understood is refused with a reason`(_ name: String, _ body: [UInt8], _ wanted: ProtobufError?) throws {
        let kinds = try KindRegistry.builtIn()
        do {
            _ = try ProtobufBody.decode(body, kinds: kinds)
            Issue.record("\(name): taken")
        } catch {
            if let wanted { #expect(error == wanted, "\(name)") }
        }
    }

    @Test func `a depth within the limit is read`() throws {
        let read = try ProtobufBody.decode(Self.deep(90), kinds: KindRegistry.builtIn())
        #expect(read["spec", "versions"]?.array?.count == 1)
    }

    @Test func `many keys take no more than linear time`() throws {
        let entries = (0..<100_000).flatMap { Wire.field(2, Wire.field(1, "k\($0)") + Wire.field(2, "v")) }
        let map = try ProtobufBody.decode(Wire.body("v1", "ConfigMap", entries), kinds: KindRegistry.builtIn())
        #expect(map["data"]?.object?.count == 100_000)
    }

    /// Ten thousand bodies with a few bytes changed, cut or added: each is read or refused, and what is read can be written.
    @Test func `mutated bodies never crash`() throws {
        let kinds = try KindRegistry.builtIn()
        let samples = ProtobufRecordings.all.map(\.bytes)
        var state: UInt64 = 0x5EED
        func random(_ bound: Int) -> Int {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((state >> 33) % UInt64(bound))
        }
        var (taken, refused) = (0, 0)
        for round in 0..<10_000 {
            var body = samples[round % samples.count]
            for _ in 0...random(3) {
                // The four bytes in front stay, so that the rest is looked at.
                let place = 4 + random(body.count - 4)
                switch random(4) {
                case 0: body[place] = UInt8(random(256))
                case 1: body[place] ^= 1 << UInt8(random(8))
                case 2: body.insert(UInt8(random(256)), at: place)
                default: if body.count > 8 { body.remove(at: place) }
                }
            }
            do {
                let object = try ProtobufBody.decode(body, kinds: kinds)
                #expect(try JSON(parsing: object.encoded) == object)
                taken += 1
            } catch is ProtobufError {
                refused += 1
            }
        }
        #expect(taken > 100)
        #expect(refused > 500)
    }
}
