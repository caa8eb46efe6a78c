import Kinds
import Objects
import Testing

/// Writes protobuf messages by hand.
enum Wire {
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
