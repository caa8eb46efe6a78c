import APIMessages
import Identity
import Testing

@Suite struct AuthorizerTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var attributes: RequestAttributes
        var expected: Decision

        init(_ name: String, _ attributes: RequestAttributes, _ expected: Decision) {
            testDescription = name
            self.attributes = attributes
            self.expected = expected
        }
    }

    static let refused = Decision.deny(reason: "")
    static let alice = UserInfo(name: "alice", groups: ["system:authenticated"])
    static let master = UserInfo(name: "root", groups: ["system:masters", "system:authenticated"])
    static let node = UserInfo(name: "system:node:h1", groups: ["system:nodes", "system:authenticated"])
    static let impostor = UserInfo(name: "h1", groups: ["system:nodes", "system:authenticated"])

    static func ask(
        _ user: UserInfo, _ verb: String, _ resource: String, group: String = "", sub: String = "", namespace: String = "",
        name: String = ""
    ) -> RequestAttributes {
        RequestAttributes(
            user: user, verb: verb, group: group, version: "v1", resource: resource, subresource: sub, namespace: namespace, name: name)
    }

    static func ask(_ user: UserInfo, path: String, verb: String = "get") -> RequestAttributes {
        RequestAttributes(user: user, verb: verb, path: path)
    }

    static let lease = "coordination.k8s.io"

    static let cases = [
        Case("masters do everything", ask(master, "deletecollection", "widgets", group: "example.com"), .allow),
        Case("masters read every path", ask(master, path: "/metrics"), .allow),
        Case("users read discovery", ask(alice, path: "/apis/apps/v1"), .allow),
        Case("users read the API root", ask(alice, path: "/api"), .allow),
        Case("a path that merely begins alike", ask(alice, path: "/apifoo"), refused),
        Case("users do not read metrics", ask(alice, path: "/metrics"), refused),
        Case("users do not post to discovery", ask(alice, path: "/api", verb: "post"), refused),
        Case("users review themselves", ask(alice, "create", "selfsubjectaccessreviews", group: "authorization.k8s.io"), .allow),
        Case("users do not review others", ask(alice, "create", "subjectaccessreviews", group: "authorization.k8s.io"), refused),
        Case("users list no pods", ask(alice, "list", "pods", namespace: "default"), refused),
        Case("a stranger reads the version", ask(.anonymous, path: "/version"), .allow),
        Case("a stranger reads one check", ask(.anonymous, path: "/readyz/store"), .allow),
        Case("a stranger reads no discovery", ask(.anonymous, path: "/api"), refused),
        Case("a stranger reads no resource of that name", ask(.anonymous, "get", "version"), refused),
        Case("a node watches pods", ask(node, "watch", "pods"), .allow),
        Case("a node deletes pods", ask(node, "delete", "pods", namespace: "default", name: "p"), .allow),
        Case("a node creates no pods", ask(node, "create", "pods", namespace: "default"), refused),
        Case("a node writes a pod's status", ask(node, "patch", "pods", sub: "status", namespace: "default", name: "p"), .allow),
        Case("a node reads no secrets", ask(node, "get", "secrets", namespace: "default", name: "s"), refused),
        Case("a node registers", ask(node, "create", "nodes"), .allow),
        Case("a node writes its own status", ask(node, "patch", "nodes", sub: "status", name: "h1"), .allow),
        Case(
            "a node does not write another's status", ask(node, "patch", "nodes", sub: "status", name: "h2"),
            .deny(reason: "node \"h1\" is not allowed to modify node \"h2\"")),
        Case("a node reads another node", ask(node, "get", "nodes", name: "h2"), .allow),
        Case("a node does not delete itself", ask(node, "delete", "nodes", name: "h1"), refused),
        Case("a node renews its lease", ask(node, "update", "leases", group: lease, namespace: "kube-node-lease", name: "h1"), .allow),
        Case(
            "a node does not renew another's", ask(node, "update", "leases", group: lease, namespace: "kube-node-lease", name: "h2"),
            .deny(reason: "node \"h1\" can only access the lease with the same name as itself")),
        Case("a node's lease elsewhere", ask(node, "update", "leases", group: lease, namespace: "default", name: "h1"), refused),
        Case("a node reports events", ask(node, "create", "events", namespace: "default"), .allow),
        Case(
            "somebody in the nodes' group who is no node", ask(impostor, "patch", "nodes", name: "h1"),
            .deny(reason: "unknown node for user \"h1\"")),
    ]

    @Test(arguments: cases)
    func `the standard policy decides`(_ example: Case) {
        #expect(AuthorizerChain.standard.authorize(example.attributes) == example.expected)
    }

    static let rules: [(String, PolicyRule, RequestAttributes, Bool)] = [
        (
            "a subresource is not its resource", PolicyRule(apiGroups: [""], resources: ["pods"], verbs: ["get"]),
            ask(alice, "get", "pods", sub: "log", name: "p"), false
        ),
        (
            "a subresource by name", PolicyRule(apiGroups: [""], resources: ["pods/log"], verbs: ["get"]),
            ask(alice, "get", "pods", sub: "log", name: "p"), true
        ),
        (
            "a subresource of everything", PolicyRule(apiGroups: ["*"], resources: ["*/scale"], verbs: ["*"]),
            ask(alice, "update", "deployments", group: "apps", sub: "scale", name: "d"), true
        ),
        (
            "everything but that subresource", PolicyRule(apiGroups: ["*"], resources: ["*/scale"], verbs: ["*"]),
            ask(alice, "update", "deployments", group: "apps", name: "d"), false
        ),
        (
            "a named object", PolicyRule(apiGroups: [""], resources: ["configmaps"], verbs: ["get"], resourceNames: ["a"]),
            ask(alice, "get", "configmaps", name: "a"), true
        ),
        (
            "another name", PolicyRule(apiGroups: [""], resources: ["configmaps"], verbs: ["get"], resourceNames: ["a"]),
            ask(alice, "get", "configmaps", name: "b"), false
        ),
        (
            "names do not cover a list", PolicyRule(apiGroups: [""], resources: ["configmaps"], verbs: ["*"], resourceNames: ["a"]),
            ask(alice, "list", "configmaps"), false
        ),
        ("another group", PolicyRule(apiGroups: ["apps"], resources: ["*"], verbs: ["*"]), ask(alice, "get", "pods"), false),
        ("resources do not cover paths", PolicyRule(apiGroups: ["*"], resources: ["*"], verbs: ["*"]), ask(alice, path: "/x"), false),
    ]

    @Test(arguments: rules.indices)
    func `a rule covers what RBAC says it covers`(_ index: Int) {
        let (name, rule, attributes, expected) = Self.rules[index]
        #expect(rule.covers(attributes) == expected, "\(name)")
    }

    static let messages: [(RequestAttributes, String)] = [
        (
            ask(alice, "list", "pods", namespace: "default"),
            #"pods is forbidden: User "alice" cannot list resource "pods" in API group "" in the namespace "default""#
        ),
        (
            ask(alice, "get", "nodes", name: "h1"),
            #"nodes "h1" is forbidden: User "alice" cannot get resource "nodes" in API group "" at the cluster scope"#
        ),
        (
            ask(alice, "update", "deployments", group: "apps", sub: "scale", namespace: "a", name: "d"),
            #"deployments.apps "d" is forbidden: User "alice" cannot update resource "deployments/scale" in API group "apps" "#
                + #"in the namespace "a""#
        ),
        (ask(alice, path: "/x"), #"forbidden: User "alice" cannot get path "/x""#),
        (ask(UserInfo(name: "a\"b\n"), path: "/x"), #"forbidden: User "a\"b\n" cannot get path "/x""#),
    ]

    @Test(arguments: messages.indices)
    func `a refusal is worded as kube-apiserver words it`(_ index: Int) {
        let (attributes, text) = Self.messages[index]
        #expect(attributes.forbiddenMessage() == text)
        #expect(attributes.forbiddenMessage(reason: "why") == text + ": why")
    }

    @Test func `the first authorizer with an opinion decides`() {
        let everything = PolicyBinding(
            users: ["system:node:h1"], rules: [PolicyRule(apiGroups: ["*"], resources: ["*"], verbs: ["*"])])
        let attributes = Self.ask(Self.node, "patch", "nodes", name: "h2")
        #expect(AuthorizerChain([PolicyAuthorizer([everything]), NodeRestriction()]).authorize(attributes) == .allow)
        #expect(AuthorizerChain([NodeRestriction(), PolicyAuthorizer([everything])]).authorize(attributes) != .allow)
        #expect(AuthorizerChain([]).authorize(attributes) == Self.refused)
    }
}
