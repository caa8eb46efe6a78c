public import APIMessages

/// Finds out who sent a request.
public struct Authenticator: Sendable {
    /// What authentication says.
    public enum Outcome: Sendable, Equatable {
        case user(UserInfo)
        /// Credentials were shown that nobody here knows; the answer is 401.
        case unauthenticated
    }

    private let tokens: StaticTokenFile?
    private let allowsAnonymous: Bool

    /// - Parameters:
    ///   - tokens: without them every bearer token is refused.
    ///   - allowsAnonymous: whether a request without credentials is `system:anonymous`; otherwise it is refused.
    public init(tokens: StaticTokenFile? = nil, allowsAnonymous: Bool = true) {
        self.tokens = tokens
        self.allowsAnonymous = allowsAnonymous
    }

    /// The user behind the credentials. Everyone but `system:anonymous` is also in the group `system:authenticated`.
    public func authenticate(_ credentials: Credentials) -> Outcome {
        switch credentials {
        case .none:
            return anonymous
        case .bearerToken(let token):
            guard let user = tokens?.user(token: token) else { return .unauthenticated }
            return .user(Self.authenticated(user))
        case .certificate(let commonName, let organizations):
            // As in kube-apiserver, a certificate without a common name counts as none.
            guard !commonName.isEmpty else { return anonymous }
            return .user(Self.authenticated(UserInfo(name: commonName, groups: organizations)))
        case .inProcess(let user):
            return .user(Self.authenticated(user))
        }
    }

    private var anonymous: Outcome { allowsAnonymous ? .user(.anonymous) : .unauthenticated }

    private static func authenticated(_ user: UserInfo) -> UserInfo {
        guard user.name != UserInfo.anonymous.name, !user.groups.contains("system:authenticated") else { return user }
        var user = user
        user.groups.append("system:authenticated")
        return user
    }
}
