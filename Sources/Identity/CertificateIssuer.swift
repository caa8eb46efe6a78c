internal import Crypto
internal import Glibc
internal import Objects
internal import SwiftASN1
internal import X509

#if canImport(FoundationEssentials)
    internal import FoundationEssentials
#else
    internal import Foundation
#endif

/// Makes the three kinds of certificates this control plane needs. Keys are ECDSA P-256.
enum CertificateIssuer {
    static let authorityValidity: Duration = .seconds(10 * 365 * 86_400)
    static let leafValidity: Duration = .seconds(365 * 86_400)
    /// Certificates begin a little in the past, for peers whose clocks are behind.
    private static let skew: Duration = .seconds(300)

    /// A certificate authority that has signed itself.
    static func authority(key: P256.Signing.PrivateKey, now: Timestamp) throws -> Certificate {
        let name = try DistinguishedName { CommonName("sluice-ca") }
        let publicKey = Certificate.PublicKey(key.publicKey)
        return try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
            notValidBefore: date(now - skew), notValidAfter: date(now + authorityValidity), issuer: name, subject: name,
            signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(digitalSignature: true, keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: publicKey)
            },
            issuerPrivateKey: Certificate.PrivateKey(key))
    }

    /// A server's certificate for those DNS names and IP addresses.
    static func server(
        names: [String], publicKey: P256.Signing.PublicKey, authority: SigningAuthority, now: Timestamp
    ) throws -> Certificate {
        try leaf(
            subject: try DistinguishedName { CommonName("sluice") }, usage: .serverAuth, names: names.map(generalName),
            publicKey: publicKey, authority: authority, now: now, validity: leafValidity)
    }

    /// A client's certificate: user name and groups.
    static func client(
        commonName: String, organizations: [String], publicKey: P256.Signing.PublicKey, authority: SigningAuthority, now: Timestamp,
        validity: Duration = leafValidity
    ) throws -> Certificate {
        let subject = try DistinguishedName {
            for organization in organizations { OrganizationName(organization) }
            CommonName(commonName)
        }
        return try leaf(
            subject: subject, usage: .clientAuth, names: [], publicKey: publicKey, authority: authority, now: now, validity: validity)
    }

    private static func leaf(
        subject: DistinguishedName, usage: ExtendedKeyUsage.Usage, names: [GeneralName], publicKey: P256.Signing.PublicKey,
        authority: SigningAuthority, now: Timestamp, validity: Duration
    ) throws -> Certificate {
        let publicKey = Certificate.PublicKey(publicKey)
        let authorityIdentifier = SubjectKeyIdentifier(hash: authority.certificate.publicKey).keyIdentifier
        return try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: publicKey,
            notValidBefore: date(now - skew),
            // Nothing outlives its issuer.
            notValidAfter: min(date(now + validity), authority.certificate.notValidAfter),
            issuer: authority.certificate.subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: try Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([usage])
                SubjectKeyIdentifier(hash: publicKey)
                AuthorityKeyIdentifier(keyIdentifier: authorityIdentifier)
                if !names.isEmpty { SubjectAlternativeNames(names) }
            },
            issuerPrivateKey: Certificate.PrivateKey(authority.key))
    }

    /// An IP address where the text is one, otherwise a DNS name.
    static func generalName(_ name: String) -> GeneralName {
        var four = in_addr()
        if inet_pton(AF_INET, name, &four) == 1 {
            return .ipAddress(ASN1OctetString(contentBytes: ArraySlice(withUnsafeBytes(of: &four) { Array($0) })))
        }
        var six = in6_addr()
        if inet_pton(AF_INET6, name, &six) == 1 {
            return .ipAddress(ASN1OctetString(contentBytes: ArraySlice(withUnsafeBytes(of: &six) { Array($0) })))
        }
        return .dnsName(name)
    }

    static func date(_ moment: Timestamp) -> Date { Date(timeIntervalSince1970: Double(moment.seconds)) }

    static func timestamp(_ date: Date) -> Timestamp { Timestamp(seconds: Int64(date.timeIntervalSince1970)) }
}

/// A certificate authority that can sign.
struct SigningAuthority {
    var certificate: Certificate
    var key: P256.Signing.PrivateKey
}
