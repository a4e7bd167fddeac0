// What clients show, and what is made of it.

import CSSL
import NIOCore
import Testing

@testable import HarakaTLS

@Suite("Client certificates")
struct ClientCertificateTests {
    private static let good = Made.identity(["client.example.com", "192.0.2.1"], signer: Made.authority)
    private static let unknown = Made.identity(["client.example.com"])
    private static let expired = Made.identity(["client.example.com"], signer: Made.authority) {
        $0.begins = -10 * 86_400
        $0.days = -1
    }

    private func server(_ rule: TLSRules.ClientCertificate, _ change: (inout TLSSettings) -> Void = { _ in }) throws
        -> TLSContext
    {
        try Made.context {
            $0.rules.clientCertificate = rule
            $0.rules.authorities = [PEMText(name: "ca.pem", bytes: Made.authority.certificate)]
            change(&$0)
        }
    }

    private func pair(_ server: TLSContext, _ identity: TLSIdentity?, _ version: TLSVersion, port: Int = 25) throws
        -> Pair
    {
        let client = try Made.context(identity.map { [$0] } ?? []) { $0.rules.maxVersion = version }
        let pair = try Pair(server, client, port: port)
        pair.carry()
        return pair
    }

    @Test("a good one is told with all its facts", arguments: [TLSVersion.v1_2, .v1_3])
    func good(version: TLSVersion) throws {
        let facts = try #require(try pair(try server(.requested), Self.good, version).server.recorder.facts)
        #expect(facts.isVerified && facts.verifyError == "")
        let peer = try #require(facts.peer)
        #expect(peer.subject == "CN=client.example.com" && peer.issuer == "CN=Test-CA")
        #expect(peer.commonName == "client.example.com")
        #expect(peer.names == ["client.example.com", "192.0.2.1"])
        #expect(peer.serial.count == 32 && peer.serial == peer.serial.uppercased())
        #expect(peer.fingerprint.count == 64 && peer.fingerprint == peer.fingerprint.lowercased())
        #expect(peer.notAfter - peer.notBefore == 30 * 86_400 + 3600)
    }

    @Test("a bad one, or none, is welcome where it is only asked for", arguments: [TLSVersion.v1_2, .v1_3])
    func requested(version: TLSVersion) throws {
        let server = try server(.requested)
        let unknown = try pair(server, Self.unknown, version).server.recorder.facts
        #expect(unknown?.isVerified == false && unknown?.verifyError == "self-signed" && unknown?.peer != nil)
        let expired = try pair(server, Self.expired, version).server.recorder.facts
        #expect(expired?.isVerified == false && expired?.verifyError == "certificate has expired")
        let other = Made.made(["Other CA"]) { $0.isAuthority = true }
        let foreign = try pair(server, Made.identity(["x.example"], signer: other), version).server.recorder.facts
        #expect(foreign?.isVerified == false && foreign?.verifyError == "unknown CA")
        let none = try pair(server, nil, version).server.recorder.facts
        #expect(none?.isVerified == false && none?.verifyError == "" && none?.peer == nil)
    }

    @Test("where it is required only a good one will do", arguments: [TLSVersion.v1_2, .v1_3])
    func required(version: TLSVersion) throws {
        let server = try server(.required)
        #expect(try pair(server, Self.good, version).server.recorder.facts?.isVerified == true)
        #expect(
            try pair(server, Self.unknown, version).server.recorder.failure == "the client's certificate: self-signed")
        #expect(
            try pair(server, Self.expired, version).server.recorder.failure
                == "the client's certificate: certificate has expired")
        #expect(
            try pair(server, nil, version).server.recorder.failure
                == "the client showed no certificate, and one is required")
    }

    @Test("a port may demand what others do not", arguments: [TLSVersion.v1_2, .v1_3])
    func port(version: TLSVersion) throws {
        let server = try server(.ignored) { $0.portsThatDemandCertificates = [465] }
        #expect(try pair(server, nil, version).server.recorder.facts?.peer == nil)
        #expect(
            try pair(server, nil, version, port: 465).server.recorder.failure
                == "the client showed no certificate, and one is required")
        #expect(try pair(server, Self.good, version, port: 465).server.recorder.facts?.isVerified == true)
        // A session from a port that asks nothing opens no door.
        let free = try pair(server, nil, version)
        free.server.write("x")
        free.carry()
        let session = try #require(free.client.tls?.session)
        let client = try Made.client { $0.rules.maxVersion = version }
        let other = try Pair(server, client, resuming: session, port: 465)
        other.carry()
        #expect(other.server.recorder.failure == "the client showed no certificate, and one is required")
        let same = try Pair(server, client, resuming: session)
        same.carry()
        #expect(same.server.recorder.facts?.isResumed == true)
    }

    @Test("a resumed session still knows its client", arguments: [TLSVersion.v1_2, .v1_3])
    func resumed(version: TLSVersion) throws {
        let server = try server(.requested)
        let first = try pair(server, Self.good, version)
        first.server.write("x")
        first.carry()
        let client = try Made.client { $0.rules.maxVersion = version }
        let second = try Pair(server, client, resuming: try #require(first.client.tls?.session))
        second.carry()
        let facts = try #require(second.server.recorder.facts)
        #expect(facts.isResumed && facts.isVerified && facts.peer?.commonName == "client.example.com")
    }

    @Test("as a client: the server's certificate must be good and its name the one that was asked for")
    func serverChecked() throws {
        let signed = try Made.context([Made.identity(["mail.example.com"], signer: Made.authority)])
        let client = try Made.client {
            $0.rules.clientCertificate = .required
            $0.rules.authorities = [PEMText(name: "ca.pem", bytes: Made.authority.certificate)]
        }
        let good = try Pair(signed, client, name: "mail.example.com")
        good.carry()
        #expect(good.client.recorder.facts?.isVerified == true)
        let wrong = try Pair(signed, client, name: "other.example.com")
        wrong.carry()
        #expect(wrong.client.recorder.failure?.hasPrefix("the server's certificate: ") == true)
    }

    @Test("channel bindings are the same on both sides, and each only where it is safe")
    func bindings() throws {
        for version in [TLSVersion.v1_2, .v1_3] {
            let pair = try pair(try server(.ignored), nil, version)
            let (here, there) = (try #require(pair.server.tls), try #require(pair.client.tls))
            let exported = try #require(here.channelBinding("tls-exporter"))
            #expect(exported.count == 32 && exported == there.channelBinding("tls-exporter"))
            let point = try #require(here.channelBinding("tls-server-end-point"))
            #expect(point.count == 32 && point == there.channelBinding("tls-server-end-point"))
            let unique = here.channelBinding("tls-unique")
            #expect(unique == there.channelBinding("tls-unique") && unique?.count == (version == .v1_2 ? 12 : nil))
            #expect(here.channelBinding("tls-nonsense") == nil)
        }
        let raw = TLSHandler(server: try Made.context(), limit: .seconds(1))
        #expect(raw.channelBinding("tls-exporter") == nil)
    }

    @Test("tls-unique of a resumed session is the server's Finished")
    func resumedUnique() throws {
        let server = try Made.context()
        let first = try pair(server, nil, .v1_2)
        let session = try #require(first.client.tls?.session)
        let second = try Pair(server, try Made.client { $0.rules.maxVersion = .v1_2 }, resuming: session)
        second.carry()
        #expect(second.server.recorder.facts?.isResumed == true)
        let binding = second.server.tls?.channelBinding("tls-unique")
        #expect(binding != nil && binding == second.client.tls?.channelBinding("tls-unique"))
        let ssl = try #require(second.server.tls?.connection?.ssl)
        var finished = [UInt8](repeating: 0, count: 12)
        #expect(SSL_get_finished(ssl, &finished, 12) == 12 && finished == binding)
    }
}
