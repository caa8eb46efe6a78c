internal import SwiftASN1
internal import X509

/// Whom a client certificate names, as kube-apiserver reads it: the common name is the user, the organisations are the groups.
public struct CertificateSubject: Sendable, Equatable {
    /// Empty where the subject has none.
    public var commonName: String
    public var organizations: [String]

    /// Reads the subject; does not verify the certificate.
    ///
    /// - Throws: where the bytes are no X.509 certificate.
    public init(derEncoded bytes: [UInt8]) throws { self.init(try Certificate(derEncoded: bytes)) }

    init(_ certificate: Certificate) {
        commonName = ""
        organizations = []
        for name in certificate.subject {
            for attribute in name {
                guard let value = String(attribute.value) else { continue }
                switch attribute.type {
                case .RDNAttributeType.commonName: commonName = value
                case .RDNAttributeType.organizationName: organizations.append(value)
                default: break
                }
            }
        }
    }
}
