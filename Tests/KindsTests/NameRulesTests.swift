import Kinds
import Objects
import Testing

struct NameRulesTests {
    @Test(arguments: ["a", "a-b", "a.b", "0.x", String(repeating: "a", count: 253)])
    func `a subdomain is taken`(_ name: String) { #expect(NameRules.subdomain(name).isEmpty) }

    @Test(arguments: ["", "-a", "a-", "A", "a..b", ".a", "a_b", "ä"])
    func `what is no subdomain is explained`(_ name: String) {
        #expect(
            NameRules.subdomain(name) == [
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
                    + "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
                    + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
            ])
    }

    @Test func `a label is at most 63 characters without dots`() {
        #expect(NameRules.label("my-name").isEmpty)
        #expect(NameRules.label("a.b").count == 1)
        #expect(NameRules.label(String(repeating: "a", count: 64)) == ["must be no more than 63 characters"])
        #expect(NameRules.dns1035Label("1a").count == 1)
        #expect(NameRules.dns1035Label("a1").isEmpty)
    }

    @Test(arguments: [
        ("app", 0), ("example.com/app", 0), ("a b", 1), ("/a", 1), ("a/", 2), ("A.b/c", 1), ("a/b/c", 1),
        (String(repeating: "a", count: 64), 1), ("", 2),
    ])
    func `a label key is checked in its parts`(_ key: String, _ problems: Int) {
        #expect(NameRules.qualifiedName(key).count == problems, "\(NameRules.qualifiedName(key))")
    }

    @Test func `label values may be empty but not odd`() {
        #expect(NameRules.labelValue("").isEmpty)
        #expect(NameRules.labelValue("a_B.1").isEmpty)
        #expect(NameRules.labelValue("-a").count == 1)
        #expect(NameRules.labels(["a b": "c", "d": "e f"], path: "metadata.labels").map(\.path) == ["metadata.labels", "metadata.labels"])
    }

    @Test func `annotations are limited in size and may have upper case prefixes`() {
        #expect(NameRules.annotations(["Example.COM/a": "any text!"], path: "p").isEmpty)
        let large = JSON(["a": String(repeating: "x", count: 256 * 1024)])
        #expect(NameRules.annotations(large, path: "p").map(\.description) == ["p: Too long: may not be more than 262144 bytes"])
    }

    @Test(arguments: [("a.b-c_D", 0), ("", 1), ("a b", 1), (".", 1), ("..", 1), ("..a", 1)])
    func `a config key is checked`(_ key: String, _ problems: Int) { #expect(NameRules.configKey(key).count == problems) }
}
