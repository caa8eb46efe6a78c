internal import Crypto
public import Objects
internal import SwiftASN1
internal import X509

/// The certificates of one control plane: its authority, its server and its administrator, kept in a directory.
///
/// `ca.crt`, `ca.key`, `server.crt`, `server.key`, `admin.crt`, `admin.key`, all of mode 0600 in a directory of mode 0700.
public struct PublicKeyInfrastructure: Sendable {
    /// A certificate and its private key, as PEM text.
    public struct Pair: Sendable, Equatable {
        public var certificatePEM: String
        public var privateKeyPEM: String
        public var notValidAfter: Timestamp
    }

    /// Signs server and client certificates; the server believes clients it has signed.
    public var authority: Pair
    public var server: Pair
    /// `kubernetes-admin` in `system:masters`.
    public var administrator: Pair

    /// The names every server certificate carries besides those asked for.
    public static let standardServerNames = [
        "localhost", "127.0.0.1", "::1", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
    ]

    /// A certificate with less time left than this is issued anew at start.
    public static let renewalPeriod: Duration = .seconds(30 * 86_400)

    /// Reads the directory's certificates and makes what is missing.
    ///
    /// Server and administrator certificates are issued anew, for the keys that are there, when they are about to expire or
    /// the server's names have changed. A file that is damaged or does not belong to the others is an error, never replaced.
    ///
    /// - Parameters:
    ///   - directory: made with mode 0700 if it is missing.
    ///   - serverNames: host names and IP addresses of the server besides ``standardServerNames``.
    public static func loadOrCreate(
        directory: String, now: Timestamp, serverNames: [String] = []
    ) throws(IdentityError) -> PublicKeyInfrastructure {
        try SecretFile.createDirectory(directory)
        return try SecretFile.withLock(directory) { () throws(IdentityError) in
            let store = CertificateStore(directory: directory, now: now)
            let authority = try store.authority()
            var names = standardServerNames
            for name in serverNames where !names.contains(name) { names.append(name) }
            let wanted = Set(names.map(CertificateIssuer.generalName))
            let server = try store.leaf("server", authority: authority) { certificate in
                (try? certificate.extensions.subjectAlternativeNames).map { wanted.isSubset(of: $0) } ?? false
            } issue: { key in
                try CertificateIssuer.server(names: names, publicKey: key.publicKey, authority: authority, now: now)
            }
            let administrator = try store.leaf("admin", authority: authority) { certificate in
                CertificateSubject(certificate).organizations == ["system:masters"]
            } issue: { key in
                try CertificateIssuer.client(
                    commonName: "kubernetes-admin", organizations: ["system:masters"], publicKey: key.publicKey,
                    authority: authority, now: now)
            }
            return PublicKeyInfrastructure(
                authority: try store.pair(authority.certificate, authority.key), server: server, administrator: administrator)
        }
    }

    /// Issues a client certificate with a new key, for a node (`system:node:NAME` in `system:nodes`) or a user.
    ///
    /// - Parameter validity: is cut off where the authority's own ends.
    public func issueClient(
        commonName: String, organizations: [String], now: Timestamp, validity: Duration = .seconds(365 * 86_400)
    ) throws(IdentityError) -> Pair {
        do {
            let signing = SigningAuthority(
                certificate: try Certificate(pemEncoded: authority.certificatePEM),
                key: try P256.Signing.PrivateKey(pemRepresentation: authority.privateKeyPEM))
            let key = P256.Signing.PrivateKey()
            let certificate = try CertificateIssuer.client(
                commonName: commonName, organizations: organizations, publicKey: key.publicKey, authority: signing, now: now,
                validity: validity)
            return Pair(
                certificatePEM: try certificate.serializeAsPEM().pemString + "\n", privateKeyPEM: key.pemRepresentation + "\n",
                notValidAfter: CertificateIssuer.timestamp(certificate.notValidAfter))
        } catch {
            throw IdentityError(message: "cannot issue a certificate for \(commonName): \(error)", remedy: "check the authority")
        }
    }
}
