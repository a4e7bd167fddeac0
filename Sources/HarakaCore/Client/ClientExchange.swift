// The client's side of a SASL exchange (RFC 4954; RFC 4616, RFC 2195, RFC 7677).

/// The mechanisms, the best first.
enum ClientMechanism: String, CaseIterable {
    case scramSHA256Plus = "SCRAM-SHA-256-PLUS"
    case scramSHA256 = "SCRAM-SHA-256"
    case cramMD5 = "CRAM-MD5"
    case plain = "PLAIN"
    case login = "LOGIN"

    /// Who listens has the password.
    var isPlaintext: Bool { self == .plain || self == .login }
}

/// One attempt to log in. All that it sends is secret.
struct ClientExchange {
    enum Step {
        case send(ClientSecret)
        /// For people, without anything secret. The server is told `*`.
        case fail(String)
    }

    /// What the exchange is made of.
    struct Terms {
        let mechanism: ClientMechanism
        let credentials: ClientCredentials
        let crypto: (any ClientCrypto)?
        var binding: ClientChannelBinding?
        /// SCRAM-SHA-256-PLUS stood in the server's list.
        var offersPlus = false
    }

    let mechanism: ClientMechanism
    private let terms: Terms
    private var scram: ClientScram?
    /// Challenges so far.
    private var round = 0
    /// An initial response that is too long for the command's line.
    private var waiting: [UInt8]?

    init(_ terms: Terms) {
        self.terms = terms
        mechanism = terms.mechanism
    }

    /// A positive reply may be believed: the server has shown that it knows us too, or the mechanism does not ask for
    /// that.
    var isProven: Bool { scram?.isProven ?? !isScram }

    private var isScram: Bool { mechanism == .scramSHA256 || mechanism == .scramSHA256Plus }

    /// The AUTH command, with the initial response if there is one and it fits (RFC 4954 section 4: 512 bytes).
    mutating func begin() -> Step {
        let command = "AUTH \(mechanism.rawValue)"
        let initial: [UInt8]?
        switch mechanism {
        case .cramMD5, .login: initial = nil
        case .plain: initial = plain
        case .scramSHA256, .scramSHA256Plus:
            guard let exchange = ClientScram(terms) else { return .fail("no random numbers for \(mechanism.rawValue)") }
            scram = exchange
            initial = exchange.first
        }
        guard let initial else { return isUsable ? .send(ClientSecret(command, shown: command)) : .fail(unusable) }
        guard isUsable else { return .fail(unusable) }
        let text = ClientBase64.encode(initial)
        guard command.utf8.count + 1 + text.utf8.count <= 510 else {
            waiting = initial
            return .send(ClientSecret(command, shown: command))
        }
        return .send(ClientSecret("\(command) \(text)", shown: "\(command) [hidden]"))
    }

    /// A 334.
    mutating func challenged(_ text: String) -> Step {
        round += 1
        if let waiting {
            self.waiting = nil
            round = 0
            return response(waiting)
        }
        switch mechanism {
        case .plain: return .fail("a challenge too many")
        // What it asks is for people, and has been many things.
        case .login: return round <= 2 ? response(login) : .fail("a challenge too many")
        case .cramMD5: return cramMD5(text)
        case .scramSHA256, .scramSHA256Plus:
            guard let bytes = ClientBase64.decode(text) else { return .fail("a challenge that is no Base64") }
            guard var exchange = scram else { return .fail("a challenge too many") }
            let answer = exchange.challenged(bytes)
            scram = exchange
            switch answer {
            case .success(let bytes): return response(bytes)
            case .failure(let failure): return .fail(failure.text)
            }
        }
    }

    /// RFC 4954 section 4: an empty response is an empty line here, not `=`.
    private func response(_ bytes: [UInt8]) -> Step {
        .send(ClientSecret(ClientBase64.encode(bytes), shown: "[hidden]"))
    }

    /// RFC 4616: a NUL would move the border between user and password.
    private var isUsable: Bool {
        !terms.credentials.user.utf8.contains(0) && !terms.credentials.password.utf8.contains(0)
    }

    private var unusable: String { "user or password with a NUL" }

    /// RFC 4616 section 2, without somebody to act for.
    private var plain: [UInt8] {
        [0] + Array(terms.credentials.user.utf8) + [0] + Array(terms.credentials.password.utf8)
    }

    private var login: [UInt8] { Array((round == 1 ? terms.credentials.user : terms.credentials.password).utf8) }

    /// RFC 2195 section 2: the user, a blank, and the keyed digest in lower-case hexadecimal.
    private func cramMD5(_ text: String) -> Step {
        guard round == 1 else { return .fail("a challenge too many") }
        guard let challenge = ClientBase64.decode(text) else { return .fail("a challenge that is no Base64") }
        guard let digest = terms.crypto?.hmacMD5(key: Array(terms.credentials.password.utf8), challenge) else {
            return .fail("no MD5 here")
        }
        let digits = Array("0123456789abcdef".utf8)
        let shown = digest.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }
        return response(Array(terms.credentials.user.utf8) + [0x20] + shown)
    }
}
