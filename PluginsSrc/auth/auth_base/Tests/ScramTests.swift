// SCRAM-SHA-256 with the example of RFC 7677, and with everything that a client can get wrong on purpose.
import HarakaPluginKit
import Testing

@testable import AuthBase

private let clientNonce = "rOprNGfwEbeRWgbNEkqO"
private let serverNonce = "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"
private let clientFirst = "n,,n=user,r=rOprNGfwEbeRWgbNEkqO"
private let serverFirst = "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096"
private let clientFinal =
    "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="
private let serverFinal = "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4="

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

/// The keys of `pencil` in the RFC's example.
private func keys() throws -> ScramKeys {
    let salt = try #require(Base64.decode("W22ZaJ0SNY7soEsUEjb6gQ=="))
    return try ScramKeys.derive(password: "pencil", salt: salt, iterations: 4096, .system)
}

private func exchange(isPlus: Bool = false, offersPlus: Bool = false, bindings: [(String, [UInt8])] = []) -> Scram {
    var terms = Scram.Terms()
    (terms.isPlus, terms.offersPlus, terms.nonce) = (isPlus, offersPlus, serverNonce)
    terms.hashing = .system
    terms.bindings = bindings.map { (name: $0.0, data: $0.1) }
    return Scram(terms)
}

/// A client that does it right, but for what `final` changes.
private func proof(
    _ scram: inout Scram, header: String, binding: [UInt8] = [], nonce: String = serverNonce
) throws -> String {
    let keys = try keys()
    guard case .ask = try scram.begin(bytes(header + "n=user,r=\(clientNonce)")) else { return "" }
    guard case .challenge(let challenge) = scram.answered(keys) else { return "" }
    let without = "c=\(Base64.encode(bytes(header) + binding)),r=\(clientNonce)\(nonce)"
    let signed = bytes("n=user,r=\(clientNonce),") + challenge + bytes("," + without)
    let salted = try Hashing.system.derive(bytes("pencil"), keys.salt, 4096)
    let clientKey = try Hashing.system.keyed(salted, "Client Key")
    let signature = try Hashing.system.hmacSHA256(keys.storedKey, signed)
    return without + ",p=" + Base64.encode(zip(clientKey, signature).map { $0 ^ $1 })
}

@Suite("SCRAM-SHA-256")
struct ScramTests {
    @Test("the example of RFC 7677 section 3, byte for byte")
    func example() throws {
        var scram = exchange()
        #expect(try scram.begin(bytes(clientFirst)) == .ask(.credentials(user: "user")))
        #expect(scram.answered(try keys()) == .challenge(bytes(serverFirst)))
        #expect(try scram.received(bytes(clientFinal)) == .challenge(bytes(serverFinal)))
        #expect(try scram.received([]) == .accepted)
        #expect(scram.user == "user")
    }

    @Test("without an initial response the client is asked for its first message")
    func later() throws {
        var scram = exchange()
        #expect(try scram.begin(nil) == .challenge([]))
        #expect(try scram.received(bytes(clientFirst)) == .ask(.credentials(user: "user")))
    }

    @Test("keys are kept as Dovecot keeps them, and serve as well as the password")
    func stored() throws {
        let keys = try keys()
        let text = "4096,\(Base64.encode(keys.salt)),\(Base64.encode(keys.storedKey)),\(Base64.encode(keys.serverKey))"
        #expect(
            text
                == "4096,W22ZaJ0SNY7soEsUEjb6gQ==,WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=,"
                + "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=")
        #expect(ScramKeys(text) == keys)
        for bad in [
            "", "4096", "0,W22Z,x,y", "-1" + text.dropFirst(4), "4096,," + text.dropFirst(30), text + ",",
            text.dropLast(4) + "",
            "99999999" + text.dropFirst(4), "4096,!!!!" + text.dropFirst(29),
        ] { #expect(ScramKeys(bad) == nil, "\(bad)") }
    }

    @Test("a wrong proof is refused, whichever bit is wrong, and so is one of another length")
    func wrongProof() throws {
        let right = try #require(Base64.decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ="))
        let start = String(clientFinal.dropLast(44))
        for bit in 0..<256 {
            var wrong = right
            wrong[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(try final(start + Base64.encode(wrong)) == .refused)
        }
        for proof in [[], Array(right.dropLast()), right + [0]] {
            #expect(try final(start + Base64.encode(proof)) == (proof.isEmpty ? .malformed : .refused))
        }
    }

    /// What comes of a last message after the RFC's first.
    private func final(_ message: String) throws -> Step {
        var scram = exchange()
        _ = try scram.begin(bytes(clientFirst))
        _ = scram.answered(try keys())
        return try scram.received(bytes(message))
    }

    @Test("a message of another exchange does not serve in this one")
    func replay() throws {
        var terms = Scram.Terms()
        (terms.nonce, terms.hashing) = ("another", .system)
        var scram = Scram(terms)
        _ = try scram.begin(bytes(clientFirst))
        _ = scram.answered(try keys())
        #expect(try scram.received(bytes(clientFinal)) == .refused)
    }

    @Test("a nonce of the client's own making is refused, however well it is signed")
    func ownNonce() throws {
        for nonce in ["", "x", serverNonce + "x", String(serverNonce.dropLast())] {
            var scram = exchange()
            let message = try proof(&scram, header: "n,,", nonce: nonce)
            #expect(try scram.received(bytes(message)) == .refused)
        }
    }

    @Test("a nonce, a binding header or an extension that differs is refused")
    func differing() throws {
        let proof = clientFinal.suffix(46)
        let nonce = clientNonce + serverNonce
        #expect(try final("c=biws,r=\(nonce)x,\(proof)") == .refused)
        #expect(try final("c=biws,r=\(clientNonce),\(proof)") == .refused)
        #expect(try final("c=eSws,r=\(nonce),\(proof)") == .refused)
        #expect(try final("c=biws,r=\(nonce),x=1,\(proof)") == .refused)
    }

    @Test("each first message that is cut short is malformed, until only its nonce is")
    func cutFirst() throws {
        for count in 0..<clientFirst.utf8.count {
            var scram = exchange()
            let step = try scram.begin(Array(clientFirst.utf8.prefix(count)))
            #expect(step == (count <= 12 ? .malformed : .ask(.credentials(user: "user"))), "\(count)")
        }
    }

    @Test("each last message that is cut short fails")
    func cutFinal() throws {
        for count in 0..<clientFinal.utf8.count {
            let step = try final(String(clientFinal.prefix(count)))
            #expect(step == .malformed || step == .refused, "\(count)")
        }
    }

    @Test(
        "first messages that are none",
        arguments: [
            "", ",", ",,", "n", "n,,", "n,n=user,r=x", "x,,n=user,r=x", "n,b=c,n=user,r=x", "n,a=,n=user,r=x",
            "n,,n=,r=x", "n,,n=user", "n,,n=user,r=", "n,,r=x,n=user", "n,,m=1,n=user,r=x", "n,,n=us=er,r=x",
            "n,,n=us=2,r=x", "n,,n=us=2c,r=x", "n,,n=a\u{0}b,r=x", "n,,n=a\u{7}b,r=x", "n,,n=user,r=a b",
            "p=,,n=user,r=x", "p=tls exporter,,n=user,r=x", "n,,n=\u{202E}user,r=x", "n,,n=user,r=\u{E9}",
        ])
    func malformed(message: String) throws {
        var scram = exchange()
        #expect(try scram.begin(bytes(message)) == .malformed)
        #expect(try scram.received(bytes(clientFirst)) == .malformed)
    }

    @Test("a name may hold a comma and an equals sign, written =2C and =3D")
    func escapes() throws {
        var scram = exchange()
        #expect(try scram.begin(bytes("n,,n=a=2Cb=3Dc=3D2C,r=x")) == .ask(.credentials(user: "a,b=c=2C")))
        scram = exchange()
        #expect(try scram.begin(bytes("n,a=us=2Cer,n=us=2Cer,r=x")) == .ask(.credentials(user: "us,er")))
    }

    @Test("nobody acts for another")
    func authorization() throws {
        var scram = exchange()
        #expect(try scram.begin(bytes("n,a=admin,n=user,r=x")) == .refused)
    }

    @Test("the end has nothing in it, and comes once")
    func end() throws {
        var scram = exchange()
        _ = try scram.begin(bytes(clientFirst))
        _ = scram.answered(try keys())
        _ = try scram.received(bytes(clientFinal))
        var other = scram
        #expect(try other.received([1]) == .malformed)
        #expect(try other.received([]) == .malformed)
        #expect(try scram.received([]) == .accepted)
        #expect(try scram.received([]) == .malformed)
    }

    @Test("an unknown user gets the same salt each time, another than other users, and no password fits")
    func invented() throws {
        let keys = try ScramKeys.invented(user: "nobody", secret: [1, 2, 3], .system)
        #expect(try ScramKeys.invented(user: "nobody", secret: [1, 2, 3], .system) == keys)
        #expect(try ScramKeys.invented(user: "nobodz", secret: [1, 2, 3], .system).salt != keys.salt)
        #expect(try ScramKeys.invented(user: "nobody", secret: [1, 2, 4], .system).salt != keys.salt)
        #expect(keys.salt.count == 16 && keys.iterations == 4096)
        #expect(try ScramKeys.salt(user: "nobody", secret: [1, 2, 3], .system) == keys.salt)
        var scram = exchange()
        _ = try scram.begin(bytes(clientFirst))
        _ = scram.answered(keys)
        #expect(try scram.received(bytes(clientFinal)) == .refused)
    }
}

@Suite("SCRAM-SHA-256-PLUS")
struct ScramPlusTests {
    private let bindings = [("tls-exporter", bytes("exported")), ("tls-server-end-point", bytes("certificate"))]

    @Test("bound to the channel by either name", arguments: ["tls-exporter", "tls-server-end-point"])
    func bound(name: String) throws {
        var scram = exchange(isPlus: true, offersPlus: true, bindings: bindings)
        let data = try #require(bindings.first { $0.0 == name }).1
        let message = try proof(&scram, header: "p=\(name),,", binding: data)
        guard case .challenge = try scram.received(bytes(message)) else { return #expect(Bool(false)) }
        #expect(try scram.received([]) == .accepted)
    }

    @Test("the binding of another channel is refused, and so is none")
    func wrongChannel() throws {
        for data in [bytes("certificate"), bytes("exporte"), bytes("exported!"), []] {
            var scram = exchange(isPlus: true, offersPlus: true, bindings: bindings)
            let message = try proof(&scram, header: "p=tls-exporter,,", binding: data)
            #expect(try scram.received(bytes(message)) == .refused)
        }
    }

    @Test("y is refused when PLUS was offered: somebody has taken it out on the way")
    func downgraded() throws {
        var scram = exchange(offersPlus: true, bindings: bindings)
        #expect(try scram.begin(bytes("y,,n=user,r=x")) == .refused)
        scram = exchange(offersPlus: false)
        #expect(try scram.begin(bytes("y,,n=user,r=x")) == .ask(.credentials(user: "user")))
        scram = exchange(offersPlus: true, bindings: bindings)
        #expect(try scram.begin(bytes("n,,n=user,r=x")) == .ask(.credentials(user: "user")))
    }

    @Test("the flag and the chosen mechanism must agree")
    func disagreeing() throws {
        for (header, isPlus) in [("n,,", true), ("y,,", true), ("p=tls-exporter,,", false), ("p=tls-unique,,", true)] {
            var scram = exchange(isPlus: isPlus, offersPlus: true, bindings: bindings)
            #expect(try scram.begin(bytes(header + "n=user,r=x")) == .refused, "\(header)")
        }
    }
}
