// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, the client's side (RFC 5802, RFC 7677).

/// One exchange. Each side proves to the other that it knows the password, or what was made of it.
///
///     C: n,,n=user,r=nonce            first
///     S: r=nonce+its,s=salt,i=4096    challenged
///     C: c=biws,r=...,p=proof
///     S: v=signature                  challenged
///     C: (empty)
struct ClientScram {
    struct Failure: Error {
        let text: String
    }

    /// RFC 7677 section 4 wants 4096 at least: fewer make a stolen exchange easy to guess from. More than the upper
    /// bound would hold up everybody else on this loop.
    static let iterations = 4096...1_000_000

    private enum State {
        case first, final, over
    }

    private let crypto: any ClientCrypto
    private let password: [UInt8]
    /// `gs2-header`, and what it binds to.
    private let header: [UInt8]
    private let binding: [UInt8]
    private let nonce: String
    private let bare: [UInt8]
    private var state = State.first
    private var signature: [UInt8] = []
    private(set) var isProven = false

    /// nil: no crypto, or no nonce, or no binding for the mechanism that needs one.
    init?(_ terms: ClientExchange.Terms) {
        guard let crypto = terms.crypto, let nonce = crypto.nonce(), !nonce.isEmpty else { return nil }
        guard let flag = Self.flag(terms) else { return nil }
        let credentials = terms.credentials
        (self.crypto, self.nonce) = (crypto, nonce)
        header = Array("\(flag),,".utf8)
        binding = terms.mechanism == .scramSHA256Plus ? terms.binding?.data ?? [] : []
        password = Array((ClientSASLPrep.prepared(credentials.password) ?? credentials.password).utf8)
        let user = ClientSASLPrep.prepared(credentials.user) ?? credentials.user
        bare = Array("n=\(Self.saslname(user)),r=\(nonce)".utf8)
    }

    /// RFC 5802 section 6: "y" tells a server that it seems to offer no PLUS; a server that does offer it knows then
    /// that somebody has changed its list.
    private static func flag(_ terms: ClientExchange.Terms) -> String? {
        guard terms.mechanism == .scramSHA256Plus else {
            return terms.binding != nil && !terms.offersPlus ? "y" : "n"
        }
        return terms.binding.map { "p=\($0.name)" }
    }

    /// RFC 5802 section 5.1: the comma ends a field, so it is written otherwise, and so is what announces that.
    private static func saslname(_ user: String) -> String {
        var out = ""
        for scalar in user.unicodeScalars {
            switch scalar {
            case ",": out += "=2C"
            case "=": out += "=3D"
            default: out.unicodeScalars.append(scalar)
            }
        }
        return out
    }

    /// `client-first-message`.
    var first: [UInt8] { header + bare }

    /// The answer to a challenge.
    mutating func challenged(_ bytes: [UInt8]) -> Result<[UInt8], Failure> {
        switch state {
        case .first:
            state = .final
            return answer(bytes)
        case .final:
            state = .over
            return verify(bytes)
        case .over: return .failure(Failure(text: "a challenge too many"))
        }
    }

    /// RFC 5802 section 3: the proof, and the signature that the server has to show.
    private mutating func answer(_ bytes: [UInt8]) -> Result<[UInt8], Failure> {
        guard let message = ServerFirst(bytes) else { return .failure(Failure(text: "a first message that is none")) }
        guard message.nonce.hasPrefix(nonce), message.nonce.utf8.count > nonce.utf8.count else {
            return .failure(Failure(text: "a nonce that is not ours"))
        }
        guard Self.iterations.contains(message.iterations) else {
            return .failure(Failure(text: "\(message.iterations) iterations"))
        }
        let withoutProof = Array("c=\(ClientBase64.encode(header + binding)),r=\(message.nonce)".utf8)
        let signed = bare + [0x2C] + bytes + [0x2C] + withoutProof
        guard let proof = prove(signed, message) else { return .failure(Failure(text: "no SHA-256 here")) }
        return .success(withoutProof + Array(",p=\(ClientBase64.encode(proof))".utf8))
    }

    /// Keeps what the server has to show in turn.
    private mutating func prove(_ signed: [UInt8], _ message: ServerFirst) -> [UInt8]? {
        guard
            let salted = crypto.pbkdf2SHA256(
                password: password, salt: message.salt, iterations: message.iterations),
            let clientKey = crypto.hmacSHA256(key: salted, Array("Client Key".utf8)),
            let storedKey = crypto.sha256(clientKey),
            let clientSignature = crypto.hmacSHA256(key: storedKey, signed),
            let serverKey = crypto.hmacSHA256(key: salted, Array("Server Key".utf8)),
            let serverSignature = crypto.hmacSHA256(key: serverKey, signed), serverSignature.count == 32
        else { return nil }
        signature = serverSignature
        return zip(clientKey, clientSignature).map { $0 ^ $1 }
    }

    /// `v=signature`; `e=reason` is no proof either.
    private mutating func verify(_ bytes: [UInt8]) -> Result<[UInt8], Failure> {
        let text = String(decoding: bytes, as: UTF8.self)
        let value = text.split(separator: ",", omittingEmptySubsequences: false).first ?? ""
        guard value.hasPrefix("v="), let shown = ClientBase64.decode(value.dropFirst(2)), isSignature(shown) else {
            return .failure(Failure(text: "the server does not prove that it knows us"))
        }
        isProven = true
        return .success([])
    }

    /// In a time that tells nothing of where they differ.
    private func isSignature(_ shown: [UInt8]) -> Bool {
        guard shown.count == signature.count, !shown.isEmpty else { return false }
        return zip(shown, signature).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) } == 0
    }
}

/// `server-first-message`: `r=nonce,s=salt,i=iterations`.
private struct ServerFirst {
    let nonce: String
    let salt: [UInt8]
    let iterations: Int

    /// nil: something else, or an extension that must be understood (`m=`).
    init?(_ bytes: [UInt8]) {
        guard bytes.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        let fields = String(decoding: bytes, as: UTF8.self).split(separator: ",", omittingEmptySubsequences: false)
        guard fields.count >= 3, fields[0].hasPrefix("r="), fields[1].hasPrefix("s="), fields[2].hasPrefix("i="),
            let salt = ClientBase64.decode(fields[1].dropFirst(2)), !salt.isEmpty,
            let iterations = Int(fields[2].dropFirst(2))
        else { return nil }
        (nonce, self.salt, self.iterations) = (String(fields[0].dropFirst(2)), salt, iterations)
    }
}
