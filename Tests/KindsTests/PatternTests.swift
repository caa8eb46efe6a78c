import Kinds
import Testing

struct PatternTests {
    @Test(arguments: [
        ("^[a-z]+$", "abc", true), ("^[a-z]+$", "aBc", false), ("b", "abc", true), ("^a|c$", "xc", true), ("^a|c$", "xa", false),
        ("^(ab)*$", "abab", true), ("^(ab)*$", "aba", false), ("^a{2,3}$", "aa", true), ("^a{2,3}$", "aaaa", false),
        ("^a{2,}$", "aaaa", true),
        ("^a{,2}$", "a{,2}", true), ("^\\d+\\.\\w$", "12.a", true), ("^[^a-c]$", "b", false), ("^[]a]$", "]", true),
        ("^[a\\-z]$", "-", true),
        ("^(?:a|b)?c$", "bc", true), ("(?i)^HELLO$", "hello", true), ("^.$", "ä", true), ("^.$", "\n", false),
        ("^[[:alpha:]]+$", "ab1", false),
        ("\\bfoo\\b", "a foo b", true), ("\\bfoo\\b", "afoo", false), ("^(a*)*$", "aaaa", true), ("^$", "", true), ("^\\x41$", "A", true),
        ("^(([0-9]+)|(\\.[0-9]+))(([KMGTPE]i)|[numkMGTPE])?$", "12Ki", true), ("^[0-9a-f]{2}(:[0-9a-f]{2}){5}$", "00:11:22:aa:bb:cc", true),
    ])
    func `a pattern matches as RE2 does`(_ pattern: String, _ text: String, _ fits: Bool) throws {
        #expect(try Pattern(pattern).matches(text) == fits)
    }

    @Test(arguments: ["(", ")", "[a", "*a", "a{3,2}", "(?=a)", "(?<!a)b", "\\", "\\k", "[z-a]", "[[:nope:]]"])
    func `what cannot be matched in bounded time or is malformed is refused`(_ pattern: String) {
        #expect(throws: PatternError.self) { try Pattern(pattern) }
    }

    @Test func `a pattern that makes others backtrack for ever takes no time`() throws {
        let text = String(repeating: "a", count: 2_000) + "!"
        #expect(try !Pattern("^(a+)+$").matches(text))
        #expect(try !Pattern("^(a|a)*$").matches(text))
    }
}
