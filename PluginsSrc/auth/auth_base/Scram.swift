// SCRAM-SHA-256 and SCRAM-SHA-256-PLUS, the server's side (RFC 5802, RFC 7677).
import HarakaPluginKit

/// One exchange. The client proves that it knows the password, and the server that it knows the keys; neither says them.
///
///     C: n,,n=user,r=nonce            begin, or received
///     S: r=nonce+ours,s=salt,i=4096   answered
///     C: c=biws,r=...,p=proof         received
///     S: v=signature                  received
///     C: (empty)                      received: accepted
struct Scram {
    /// What this server offers, and what it has.
    struct Terms {
        /// The client has chosen SCRAM-SHA-256-PLUS.
        var isPlus = false
        /// SCRAM-SHA-256-PLUS stood in the AUTH line.
        var offersPlus = false
        /// What binds to this TLS connection, by name (RFC 5929, RFC 9266).
        var bindings: [(name: String, data: [UInt8])] = []
        /// Ours: printable, without a comma, new for each exchange.
        var nonce = ""
        var hashing = Hashing.host
    }

    private enum State {
        case first, keys, final, proven, over
    }

    private let terms: Terms
    private var state = State.first
    private var first: ClientFirst?
    private var keys: ScramKeys?
    private var serverFirst = ""
    private(set) var user = ""

    init(_ terms: Terms) { self.terms = terms }

    mutating func begin(_ initial: [UInt8]?) throws(PluginError) -> Step {
        guard let initial else { return .challenge([]) }
        return try received(initial)
    }

    mutating func received(_ response: [UInt8]) throws(PluginError) -> Step {
        switch state {
        case .first: return read(first: response)
        case .final: return try read(final: response)
        case .proven:
            state = .over
            // The client has nothing to add; if it has, it is not what it claims to be.
            return response.isEmpty ? .accepted : .malformed
        case .keys, .over: return .malformed
        }
    }

    /// The keys of the user, or invented ones for a user that is not known.
    mutating func answered(_ keys: ScramKeys) -> Step {
        guard case .keys = state, let first else { return .malformed }
        self.keys = keys
        serverFirst = "r=\(first.nonce)\(terms.nonce),s=\(Base64.encode(keys.salt)),i=\(keys.iterations)"
        state = .final
        return .challenge(Array(serverFirst.utf8))
    }

    private mutating func read(first bytes: [UInt8]) -> Step {
        state = .over
        guard let message = ClientFirst(bytes) else { return .malformed }
        first = message
        user = message.user
        guard message.isForItself, isAgreed(message.flag) else { return .refused }
        state = .keys
        return .ask(.credentials(user: user))
    }

    /// RFC 5802 section 6. "y" says that the client saw no PLUS: if it was offered, somebody has taken it out on the way.
    private func isAgreed(_ flag: ChannelBindingFlag) -> Bool {
        switch flag {
        case .unsupported: !terms.isPlus
        case .notOffered: !terms.isPlus && !terms.offersPlus
        case .required(let name): terms.isPlus && terms.bindings.contains { $0.name == name }
        }
    }

    private mutating func read(final bytes: [UInt8]) throws(PluginError) -> Step {
        state = .over
        guard let first, let keys else { return .malformed }
        guard let message = ClientFinal(bytes) else { return .malformed }
        guard message.nonce == first.nonce + terms.nonce, isBound(message, first) else { return .refused }
        let signed = first.bare + [0x2C] + Array(serverFirst.utf8) + [0x2C] + message.withoutProof
        guard try isProof(message.proof, of: keys, signed) else { return .refused }
        state = .proven
        let signature = try terms.hashing.hmacSHA256(keys.serverKey, signed)
        return .challenge(Array("v=\(Base64.encode(signature))".utf8))
    }

    /// The first message's header again, followed by what binds to the channel if the client wanted that.
    private func isBound(_ message: ClientFinal, _ first: ClientFirst) -> Bool {
        var expected = first.header
        if case .required(let name) = first.flag {
            guard let binding = terms.bindings.first(where: { $0.name == name }) else { return false }
            expected += binding.data
        }
        return sameBytes(message.binding, expected)
    }

    /// RFC 5802 section 3: ClientKey = ClientProof XOR ClientSignature, and its digest is what is stored.
    private func isProof(_ proof: [UInt8], of keys: ScramKeys, _ signed: [UInt8]) throws(PluginError) -> Bool {
        guard proof.count == ScramKeys.length else { return false }
        let signature = try terms.hashing.hmacSHA256(keys.storedKey, signed)
        let clientKey = zip(proof, signature).map { $0 ^ $1 }
        return sameBytes(try terms.hashing.sha256(clientKey), keys.storedKey)
    }
}
