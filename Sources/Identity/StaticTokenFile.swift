public import APIMessages
internal import Crypto

/// The users of a token file in kube-apiserver's `--token-auth-file` format: `token,user,uid,"group1,group2"`.
///
/// Tokens are kept and looked up as SHA-256 digests, so that how long a lookup takes tells nothing about them.
public struct StaticTokenFile: Sendable {
    /// What an operator should know about the file though it could be read, with record numbers from 1.
    public let warnings: [String]
    private let users: [SHA256Digest: UserInfo]

    /// Reads the file's text.
    ///
    /// A record with an empty token is left out, and of a token given twice the last record counts; both are warned of.
    ///
    /// - Parameter name: the file's, for messages.
    /// - Throws: ``IdentityError`` naming the line of a record with less than three columns or with misplaced quotes.
    /// - SeeAlso: `k8s.io/apiserver/pkg/authentication/token/tokenfile`.
    public init(parsing text: String, name: String) throws(IdentityError) {
        var warnings: [String] = []
        var users: [SHA256Digest: UserInfo] = [:]
        let records: [CSVReader.Record]
        do throws(CSVReader.Failure) { records = try CSVReader.records(of: text) } catch {
            throw IdentityError(
                message: "token file \(name), line \(error.line): \(error.message)",
                remedy: "put double quotes around a whole field and write a quote inside one as two")
        }
        for (index, record) in records.enumerated() {
            let fields = record.fields
            guard fields.count >= 3 else {
                throw IdentityError(
                    message: "token file \(name), line \(record.line): must have at least 3 columns (token, user name, user uid), "
                        + "found \(fields.count)",
                    remedy: "write token,user,uid or token,user,uid,\"group1,group2\"")
            }
            if fields[0].isEmpty {
                warnings.append("empty token in token file \(name), record number \(index + 1)")
                continue
            }
            var user = UserInfo(name: fields[1], uid: fields[2])
            if fields.count >= 4 { user.groups = fields[3].split(separator: ",").map(String.init) }
            if users.updateValue(user, forKey: Self.digest(fields[0])) != nil {
                warnings.append("duplicate token in token file \(name), record number \(index + 1)")
            }
        }
        self.warnings = warnings
        self.users = users
    }

    /// Reads the file at a path.
    public init(path: String) throws(IdentityError) {
        guard let text = try SecretFile.read(path) else {
            throw IdentityError(message: "token file \(path) does not exist", remedy: "create it, or leave the option out")
        }
        try self.init(parsing: text, name: path)
    }

    /// Whose token that is; `nil` for an unknown one.
    public func user(token: String) -> UserInfo? { users[Self.digest(token)] }

    private static func digest(_ token: String) -> SHA256Digest { SHA256.hash(data: Array(token.utf8)) }
}
