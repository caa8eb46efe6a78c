import APIMessages
import Identity
import Testing

@Suite struct StaticTokenFileTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var text: String
        var users: [String: UserInfo] = [:]
        var warnings: [String] = []
        var error: String?
    }

    static let alice = UserInfo(name: "alice", uid: "1")

    static let cases = [
        Case(testDescription: "an empty file", text: ""),
        Case(testDescription: "three columns", text: "t1,alice,1", users: ["t1": alice]),
        Case(
            testDescription: "groups in quotes", text: "t1,alice,1,\"dev,ops\"\n",
            users: ["t1": UserInfo(name: "alice", uid: "1", groups: ["dev", "ops"])]),
        Case(
            testDescription: "one group without quotes and a fifth column", text: "t1,alice,1,dev,ignored\n",
            users: ["t1": UserInfo(name: "alice", uid: "1", groups: ["dev"])]),
        Case(testDescription: "empty groups", text: "t1,alice,1,\n", users: ["t1": alice]),
        Case(testDescription: "Windows line ends and blank lines", text: "\r\nt1,alice,1\r\n\r\n\r\n", users: ["t1": alice]),
        Case(
            testDescription: "spaces are kept as they are", text: " t1, alice,1",
            users: [" t1": UserInfo(name: " alice", uid: "1")]),
        Case(testDescription: "a number sign begins no comment", text: "#t1,alice,1", users: ["#t1": alice]),
        Case(
            testDescription: "a doubled quote and a comma in a name", text: "t1,\"al\"\"ice, jr\",1",
            users: ["t1": UserInfo(name: "al\"ice, jr", uid: "1")]),
        Case(
            testDescription: "a line break inside quotes", text: "t1,\"al\nice\",1\nt2,bob,2",
            users: ["t1": UserInfo(name: "al\nice", uid: "1"), "t2": UserInfo(name: "bob", uid: "2")]),
        Case(
            testDescription: "an empty token", text: ",alice,1\nt2,bob,2", users: ["t2": UserInfo(name: "bob", uid: "2")],
            warnings: ["empty token in token file f, record number 1"]),
        Case(
            testDescription: "a token twice", text: "t1,alice,1\nt1,bob,2", users: ["t1": UserInfo(name: "bob", uid: "2")],
            warnings: ["duplicate token in token file f, record number 2"]),
        Case(
            testDescription: "two columns", text: "t1,alice,1\n\nt2,bob",
            error: "token file f, line 3: must have at least 3 columns (token, user name, user uid), found 2"),
        Case(testDescription: "a bare quote", text: "t1,al\"ice,1", error: "token file f, line 1: a bare quote in a field without quotes"),
        Case(
            testDescription: "text after a quote", text: "t1,\"alice\" ,1",
            error: "token file f, line 1: text after the closing quote of a field"),
        Case(
            testDescription: "an open quote", text: "t1,alice,1\nt2,\"bob,2\n",
            error: "token file f, line 2: a quoted field that is never closed"),
    ]

    @Test(arguments: cases)
    func `token files are read as kube-apiserver reads them`(_ example: Case) throws {
        do {
            let file = try StaticTokenFile(parsing: example.text, name: "f")
            #expect(example.error == nil)
            #expect(file.warnings == example.warnings)
            for (token, user) in example.users { #expect(file.user(token: token) == user) }
            #expect(file.user(token: "unknown") == nil)
            #expect(file.user(token: "") == nil)
        } catch {
            #expect(error.message == example.error)
        }
    }

    @Test func `a missing file is an error with a remedy`() {
        let error = #expect(throws: IdentityError.self) { _ = try StaticTokenFile(path: "/nonexistent/tokens.csv") }
        #expect(error?.message == "token file /nonexistent/tokens.csv does not exist")
    }
}

@Suite struct AuthenticatorTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var credentials: Credentials
        var expected: Authenticator.Outcome
    }

    static let cases = [
        Case(testDescription: "nothing", credentials: .none, expected: .user(.anonymous)),
        Case(
            testDescription: "a known token", credentials: .bearerToken("t1"),
            expected: .user(UserInfo(name: "alice", uid: "1", groups: ["dev", "system:authenticated"]))),
        Case(testDescription: "an unknown token", credentials: .bearerToken("t2"), expected: .unauthenticated),
        Case(
            testDescription: "a certificate", credentials: .certificate(commonName: "bob", organizations: ["ops"]),
            expected: .user(UserInfo(name: "bob", groups: ["ops", "system:authenticated"]))),
        Case(
            testDescription: "a certificate of nobody", credentials: .certificate(commonName: "", organizations: ["system:masters"]),
            expected: .user(.anonymous)),
        Case(
            testDescription: "a component of this process", credentials: .inProcess(UserInfo(name: "c", groups: ["system:authenticated"])),
            expected: .user(UserInfo(name: "c", groups: ["system:authenticated"]))),
        Case(testDescription: "this process for nobody", credentials: .inProcess(.anonymous), expected: .user(.anonymous)),
    ]

    @Test(arguments: cases)
    func `credentials become users`(_ example: Case) throws {
        let authenticator = Authenticator(tokens: try StaticTokenFile(parsing: "t1,alice,1,dev", name: "f"))
        #expect(authenticator.authenticate(example.credentials) == example.expected)
    }

    @Test func `anonymous requests can be refused`() {
        #expect(Authenticator(allowsAnonymous: false).authenticate(.none) == .unauthenticated)
    }
}
