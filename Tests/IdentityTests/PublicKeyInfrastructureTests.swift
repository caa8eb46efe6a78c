import Identity
import Objects
import SwiftASN1
import Testing
import X509

@Suite struct PublicKeyInfrastructureTests {
    @Test func `a new directory gets an authority, a server and an administrator`() throws {
        let scratch = Scratch()
        let made = try PublicKeyInfrastructure.loadOrCreate(directory: scratch.path, now: start, serverNames: ["10.1.2.3", "head.example"])
        let authority = try Certificate(pemEncoded: made.authority.certificatePEM)
        let server = try Certificate(pemEncoded: made.server.certificatePEM)
        let administrator = try Certificate(pemEncoded: made.administrator.certificatePEM)
        #expect(authority.publicKey.isValidSignature(server.signature, for: server))
        #expect(authority.publicKey.isValidSignature(administrator.signature, for: administrator))
        let names = try #require(try server.extensions.subjectAlternativeNames)
        #expect(names.contains(.dnsName("kubernetes.default.svc")))
        #expect(names.contains(.dnsName("head.example")))
        #expect(names.contains(.ipAddress(ASN1OctetString(contentBytes: [10, 1, 2, 3]))))
        #expect(names.contains(.ipAddress(ASN1OctetString(contentBytes: [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]))))
        let subject = try CertificateSubject(derEncoded: Array(administrator.serializeAsPEM().derBytes))
        #expect(subject.commonName == "kubernetes-admin")
        #expect(subject.organizations == ["system:masters"])
        #expect(made.administrator.notValidAfter - start == day * 365)
        #expect(made.authority.notValidAfter - start == day * 3_650)
        #expect(Set([authority.serialNumber, server.serialNumber, administrator.serialNumber]).count == 3)
        for name in ["ca.crt", "ca.key", "server.crt", "server.key", "admin.crt", "admin.key"] { #expect(scratch.mode(name) == 0o600) }
        #expect(scratch.mode("") == 0o700)
        #expect(Scratch.list(scratch.path).allSatisfy { !$0.hasSuffix(".new") })
    }

    @Test func `a restart uses what is there`() throws {
        let scratch = Scratch()
        let first = try PublicKeyInfrastructure.loadOrCreate(directory: scratch.path, now: start)
        let second = try PublicKeyInfrastructure.loadOrCreate(directory: scratch.path, now: start + day)
        #expect(first.authority == second.authority)
        #expect(first.server == second.server)
        #expect(first.administrator == second.administrator)
    }

    @Test func `certificates with less than thirty days left are renewed for the same keys`() throws {
        let scratch = Scratch()
        let first = try PublicKeyInfrastructure.loadOrCreate(directory: scratch.path, now: start)
        let early = try PublicKeyInfrastructure.loadOrCreate(directory: scratch.path, now: start + day * 334)
        #expect(early.administrator == first.administrator)
        let late = try PublicKeyInfrastructure.loadOrCreate(directory: scratch.path, now: start + day * 336)
        #expect(late.administrator.notValidAfter - start == day * (336 + 365))
        #expect(late.administrator.privateKeyPEM == first.administrator.privateKeyPEM)
        #expect(late.server.certificatePEM != first.server.certificatePEM)
        #expect(late.authority == first.authority)
    }

    @Test func `near the authority's end a leaf ends with it and is not issued again and again`() throws {
        let scratch = Scratch()
        let first = try PublicKeyInfrastructure.loadOrCreate(directory: scratch.path, now: start)
        let late = try PublicKeyInfrastructure.loadOrCreate(directory: scratch.path, now: start + day * 3_640)
        #expect(late.server.notValidAfter == first.authority.notValidAfter)
        let again = try PublicKeyInfrastructure.loadOrCreate(directory: scratch.path, now: start + day * 3_641)
        #expect(again.server == late.server)
    }

    @Test func `new server names reissue the server's certificate only`() throws {
        let scratch = Scratch()
        let first = try PublicKeyInfrastructure.loadOrCreate(directory: scratch.path, now: start)
        let second = try PublicKeyInfrastructure.loadOrCreate(directory: scratch.path, now: start, serverNames: ["192.0.2.7"])
        #expect(second.server.certificatePEM != first.server.certificatePEM)
        #expect(second.administrator == first.administrator)
        let third = try PublicKeyInfrastructure.loadOrCreate(directory: scratch.path, now: start)
        #expect(third.server == second.server)
    }

    @Test func `a crash between a key and its certificate is completed`() throws {
        let scratch = Scratch()
        let first = try PublicKeyInfrastructure.loadOrCreate(directory: scratch.path, now: start)
        for name in ["server.crt", "admin.crt", "admin.key", "ca.crt"] { scratch.remove(name) }
        let second = try PublicKeyInfrastructure.loadOrCreate(directory: scratch.path, now: start)
        #expect(second.authority.privateKeyPEM == first.authority.privateKeyPEM)
        #expect(second.server.privateKeyPEM == first.server.privateKeyPEM)
    }

    struct Damage: Sendable, CustomTestStringConvertible {
        var testDescription: String
        var message: String
        var harm: @Sendable (Scratch) -> Void
    }

    static let damages = [
        Damage(testDescription: "a truncated CA", message: "ca.crt is not a certificate in PEM") {
            $0.write("ca.crt", "-----BEGIN CERTIFICATE-----\n")
        },
        Damage(testDescription: "a missing CA", message: "ca.crt is missing although server.crt exists") { $0.remove("ca.crt") },
        Damage(testDescription: "a missing CA key", message: "ca.key is missing although ca.crt exists") { $0.remove("ca.key") },
        Damage(testDescription: "a foreign CA key", message: "ca.crt does not belong to ca.key") {
            $0.write("ca.key", $0.read("server.key") ?? "")
        },
        Damage(testDescription: "a server certificate as CA", message: "ca.crt is not the certificate of an authority") {
            $0.write("ca.key", $0.read("server.key") ?? "")
            $0.write("ca.crt", $0.read("server.crt") ?? "")
        },
        Damage(testDescription: "an empty server key", message: "server.key is not a P-256 private key in PEM") {
            $0.write("server.key", "")
        },
        Damage(testDescription: "a foreign server key", message: "server.crt does not belong to server.key") {
            $0.write("server.key", $0.read("admin.key") ?? "")
        },
        Damage(testDescription: "a missing administrator key", message: "admin.key is missing although admin.crt exists") {
            $0.remove("admin.key")
        },
    ]

    @Test(arguments: damages)
    func `damage is an error that names the file and nothing is replaced`(_ damage: Damage) throws {
        let scratch = Scratch()
        _ = try PublicKeyInfrastructure.loadOrCreate(directory: scratch.path, now: start)
        damage.harm(scratch)
        let names = Scratch.list(scratch.path).sorted()
        let before = names.map { scratch.read($0) }
        let error = #expect(throws: IdentityError.self) {
            _ = try PublicKeyInfrastructure.loadOrCreate(directory: scratch.path, now: start)
        }
        #expect(error?.message == "\(scratch.path)/\(damage.message)")
        #expect(error?.remedy.contains("restore it from a backup") == true)
        #expect(Scratch.list(scratch.path).sorted() == names)
        #expect(names.map { scratch.read($0) } == before)
    }

    @Test func `a leaf of another authority is refused`() throws {
        let one = Scratch()
        let other = Scratch()
        _ = try PublicKeyInfrastructure.loadOrCreate(directory: one.path, now: start)
        _ = try PublicKeyInfrastructure.loadOrCreate(directory: other.path, now: start)
        for name in ["admin.crt", "admin.key"] { one.write(name, other.read(name) ?? "") }
        let error = #expect(throws: IdentityError.self) {
            _ = try PublicKeyInfrastructure.loadOrCreate(directory: one.path, now: start)
        }
        #expect(error?.message == "\(one.path)/admin.crt was not signed by ca.crt")
    }

    @Test(arguments: [day * 3_651, day * -2])
    func `an authority that is not valid now is an error about clock and expiry`(_ shift: Duration) throws {
        let scratch = Scratch()
        _ = try PublicKeyInfrastructure.loadOrCreate(directory: scratch.path, now: start)
        let error = #expect(throws: IdentityError.self) {
            _ = try PublicKeyInfrastructure.loadOrCreate(directory: scratch.path, now: start + shift)
        }
        #expect(error?.remedy.contains("clock") == true)
    }

    @Test func `a node's certificate names it and its group`() throws {
        let scratch = Scratch()
        let made = try PublicKeyInfrastructure.loadOrCreate(directory: scratch.path, now: start)
        let node = try made.issueClient(commonName: "system:node:h1", organizations: ["system:nodes"], now: start)
        let certificate = try Certificate(pemEncoded: node.certificatePEM)
        let subject = try CertificateSubject(derEncoded: certificate.serializeAsPEM().derBytes)
        #expect(subject.commonName == "system:node:h1")
        #expect(subject.organizations == ["system:nodes"])
        #expect(
            try Certificate(pemEncoded: made.authority.certificatePEM).publicKey.isValidSignature(certificate.signature, for: certificate))
    }

    @Test func `a kubeconfig is written with mode 0600 and carries everything`() throws {
        let scratch = Scratch()
        let kubeconfig = Kubeconfig(
            server: "https://127.0.0.1:6443", authorityPEM: "a", clientCertificatePEM: "bc", clientKeyPEM: "def")
        try kubeconfig.write(to: scratch.path + "/kubeconfig")
        #expect(scratch.mode("kubeconfig") == 0o600)
        let text = try #require(scratch.read("kubeconfig"))
        #expect(text.contains("certificate-authority-data: YQ==\n"))
        #expect(text.contains("client-certificate-data: YmM=\n"))
        #expect(text.contains("client-key-data: ZGVm\n"))
        #expect(text.contains("current-context: sluice\n"))
    }
}
