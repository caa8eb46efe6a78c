internal import Crypto
internal import Objects
internal import SwiftASN1
internal import X509

/// One directory of certificates and keys: reads, checks, issues and writes them.
///
/// A key is written before its certificate, and a certificate is renewed for the key that is there; so a crash between two
/// writes leaves a key without a certificate, which the next start completes, and never two files that do not match.
struct CertificateStore {
    let directory: String
    let now: Timestamp

    /// The certificate authority, made if the directory has none.
    func authority() throws(IdentityError) -> SigningAuthority {
        guard let key = try key("ca") else {
            for name in ["server", "admin"] where try SecretFile.read(path(name, "crt")) != nil {
                throw damaged("ca.key", "is missing although \(name).crt exists")
            }
            let key = P256.Signing.PrivateKey()
            try SecretFile.write(key.pemRepresentation + "\n", to: path("ca", "key"))
            return try newAuthority(key)
        }
        guard let certificate = try certificate("ca") else {
            for name in ["server", "admin"] where try SecretFile.read(path(name, "crt")) != nil {
                throw damaged("ca.crt", "is missing although \(name).crt exists")
            }
            return try newAuthority(key)
        }
        guard certificate.publicKey == Certificate.PublicKey(key.publicKey) else {
            throw damaged("ca.crt", "does not belong to ca.key")
        }
        guard case .isCertificateAuthority? = try? certificate.extensions.basicConstraints else {
            throw damaged("ca.crt", "is not the certificate of an authority")
        }
        guard isCurrent(certificate) else {
            throw IdentityError(
                message: "\(path("ca", "crt")) is valid from \(CertificateIssuer.timestamp(certificate.notValidBefore)) to "
                    + "\(CertificateIssuer.timestamp(certificate.notValidAfter)), and it is \(now)",
                remedy: "check this machine's clock; if the authority has expired, move \(directory) away and hand out new kubeconfigs")
        }
        return SigningAuthority(certificate: certificate, key: key)
    }

    /// A certificate that the authority has signed, issued if it is missing, about to expire, or no longer fits.
    func leaf(
        _ name: String, authority: SigningAuthority, fits: (Certificate) -> Bool,
        issue: (P256.Signing.PrivateKey) throws -> Certificate
    ) throws(IdentityError) -> PublicKeyInfrastructure.Pair {
        let key: P256.Signing.PrivateKey
        if let present = try self.key(name) {
            key = present
        } else {
            key = P256.Signing.PrivateKey()
            try SecretFile.write(key.pemRepresentation + "\n", to: path(name, "key"))
        }
        if let certificate = try certificate(name) {
            guard certificate.publicKey == Certificate.PublicKey(key.publicKey) else {
                throw damaged("\(name).crt", "does not belong to \(name).key")
            }
            guard authority.certificate.publicKey.isValidSignature(certificate.signature, for: certificate) else {
                throw damaged("\(name).crt", "was not signed by ca.crt")
            }
            let left = CertificateIssuer.timestamp(certificate.notValidAfter) - now
            // One that ends with its authority cannot be made longer by issuing it anew.
            let isLasting =
                left > PublicKeyInfrastructure.renewalPeriod
                || certificate.notValidAfter == authority.certificate.notValidAfter
            if isCurrent(certificate), isLasting, fits(certificate) { return try pair(certificate, key) }
        }
        do {
            let certificate = try issue(key)
            try SecretFile.write(try certificate.serializeAsPEM().pemString + "\n", to: path(name, "crt"))
            return try pair(certificate, key)
        } catch {
            throw issuing(name, error)
        }
    }

    func pair(_ certificate: Certificate, _ key: P256.Signing.PrivateKey) throws(IdentityError) -> PublicKeyInfrastructure.Pair {
        do {
            return PublicKeyInfrastructure.Pair(
                certificatePEM: try certificate.serializeAsPEM().pemString + "\n", privateKeyPEM: key.pemRepresentation + "\n",
                notValidAfter: CertificateIssuer.timestamp(certificate.notValidAfter))
        } catch {
            throw issuing("certificate", error)
        }
    }

    private func newAuthority(_ key: P256.Signing.PrivateKey) throws(IdentityError) -> SigningAuthority {
        do {
            let certificate = try CertificateIssuer.authority(key: key, now: now)
            try SecretFile.write(try certificate.serializeAsPEM().pemString + "\n", to: path("ca", "crt"))
            return SigningAuthority(certificate: certificate, key: key)
        } catch {
            throw issuing("ca", error)
        }
    }

    private func key(_ name: String) throws(IdentityError) -> P256.Signing.PrivateKey? {
        guard let text = try SecretFile.read(path(name, "key")) else {
            guard try SecretFile.read(path(name, "crt")) == nil else {
                throw damaged("\(name).key", "is missing although \(name).crt exists")
            }
            return nil
        }
        do { return try P256.Signing.PrivateKey(pemRepresentation: text) } catch {
            throw damaged("\(name).key", "is not a P-256 private key in PEM")
        }
    }

    private func certificate(_ name: String) throws(IdentityError) -> Certificate? {
        guard let text = try SecretFile.read(path(name, "crt")) else { return nil }
        do { return try Certificate(pemEncoded: text) } catch {
            throw damaged("\(name).crt", "is not a certificate in PEM")
        }
    }

    private func isCurrent(_ certificate: Certificate) -> Bool {
        let date = CertificateIssuer.date(now)
        return certificate.notValidBefore <= date && date < certificate.notValidAfter
    }

    private func path(_ name: String, _ suffix: String) -> String { "\(directory)/\(name).\(suffix)" }

    private func damaged(_ file: String, _ what: String) -> IdentityError {
        let isAuthority = file.hasPrefix("ca.")
        let base = file.prefix { $0 != "." }
        return IdentityError(
            message: "\(directory)/\(file) \(what)",
            remedy: isAuthority
                ? "restore it from a backup, or move \(directory) away to begin with a new authority and new kubeconfigs"
                : "restore it from a backup, or remove \(base).crt and \(base).key to have them issued anew")
    }

    private func issuing(_ name: String, _ error: any Error) -> IdentityError {
        if let error = error as? IdentityError { return error }
        return IdentityError(message: "cannot issue \(name) in \(directory): \(error)", remedy: "check the names asked for")
    }
}
