/// The text of a kubeconfig file that reaches one server with a client certificate, everything embedded.
public struct Kubeconfig: Sendable, Equatable {
    /// For example `https://127.0.0.1:6443`.
    public var server: String
    public var authorityPEM: String
    public var clientCertificatePEM: String
    public var clientKeyPEM: String
    public var user: String

    public init(
        server: String, authorityPEM: String, clientCertificatePEM: String, clientKeyPEM: String, user: String = "kubernetes-admin"
    ) {
        self.server = server
        self.authorityPEM = authorityPEM
        self.clientCertificatePEM = clientCertificatePEM
        self.clientKeyPEM = clientKeyPEM
        self.user = user
    }

    /// YAML; cluster and context are called `sluice`.
    public var text: String {
        """
        apiVersion: v1
        kind: Config
        clusters:
        - name: sluice
          cluster:
            certificate-authority-data: \(Base64.encode(authorityPEM))
            server: "\(server)"
        users:
        - name: "\(user)"
          user:
            client-certificate-data: \(Base64.encode(clientCertificatePEM))
            client-key-data: \(Base64.encode(clientKeyPEM))
        contexts:
        - name: sluice
          context:
            cluster: sluice
            user: "\(user)"
        current-context: sluice

        """
    }

    /// Writes the file with mode 0600, whole or not at all; makes missing directories with mode 0700.
    public func write(to path: String) throws(IdentityError) {
        if let slash = path.lastIndex(of: "/"), slash > path.startIndex { try SecretFile.createDirectory(String(path[..<slash])) }
        try SecretFile.write(text, to: path)
    }
}

/// RFC 4648 base64 with padding, in one line.
enum Base64 {
    static func encode(_ text: String) -> String {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        result.reserveCapacity((bytes.count + 2) / 3 * 4)
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let group = bytes[start..<min(start + 3, bytes.count)]
            var bits = 0
            for byte in group { bits = bits << 8 | Int(byte) }
            bits <<= 8 * (3 - group.count)
            for index in 0..<4 {
                result.append(index <= group.count ? alphabet[bits >> (18 - 6 * index) & 0x3f] : 0x3d)
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
