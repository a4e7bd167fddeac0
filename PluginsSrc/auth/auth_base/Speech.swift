// The mechanisms side by side, as one value for the exchange.
import HarakaPluginKit

/// The mechanism that is spoken.
enum Speech {
    case plain(Plain), login(Login), cram(CramMD5), scram(Scram), bearer(Bearer)

    init(_ name: MechanismName, _ auth: Authentication, _ connection: Connection) throws(PluginError) {
        switch name {
        case .plain: self = .plain(Plain())
        case .login: self = .login(Login())
        case .bearer, .xoauth2: self = .bearer(Bearer(isXOAUTH2: name == .xoauth2))
        case .cramMD5:
            let random = try Digest.random(8)
            self = .cram(
                CramMD5(
                    ticket: CramMD5.ticket(random: random, time: Plugin.wallClock, host: connection.localHost.string)))
        case .scram, .scramPlus:
            var terms = Scram.Terms()
            terms.isPlus = name == .scramPlus
            terms.offersPlus = auth.isOffered(.scramPlus, to: connection)
            if terms.isPlus { terms.bindings = auth.bindings(of: connection) }
            terms.nonce = Base64.encode(try Digest.random(18))
            self = .scram(Scram(terms))
        }
    }

    var user: String {
        switch self {
        case .plain(let plain): plain.user
        case .login(let login): login.user
        case .cram(let cram): cram.user
        case .scram(let scram): scram.user
        case .bearer(let bearer): bearer.user
        }
    }

    mutating func begin(_ initial: [UInt8]?) throws(PluginError) -> Step {
        switch self {
        case .plain(var plain):
            defer { self = .plain(plain) }
            return plain.begin(initial)
        case .login(var login):
            defer { self = .login(login) }
            return login.begin(initial)
        case .cram(let cram): return cram.begin(initial)
        case .scram(var scram):
            defer { self = .scram(scram) }
            return try scram.begin(initial)
        case .bearer(var bearer):
            defer { self = .bearer(bearer) }
            return bearer.begin(initial)
        }
    }

    mutating func received(_ response: [UInt8]) throws(PluginError) -> Step {
        switch self {
        case .plain(var plain):
            defer { self = .plain(plain) }
            return plain.received(response)
        case .login(var login):
            defer { self = .login(login) }
            return login.received(response)
        case .cram(var cram):
            defer { self = .cram(cram) }
            return cram.received(response)
        case .scram(var scram):
            defer { self = .scram(scram) }
            return try scram.received(response)
        case .bearer(var bearer):
            defer { self = .bearer(bearer) }
            return bearer.received(response)
        }
    }

    /// The verdict on what was asked.
    mutating func judged(isRight: Bool) -> Step {
        guard case .bearer(var bearer) = self else { return isRight ? .accepted : .refused }
        defer { self = .bearer(bearer) }
        return bearer.judged(isRight: isRight)
    }

    mutating func answered(_ keys: ScramKeys) -> Step {
        guard case .scram(var scram) = self else { return .malformed }
        defer { self = .scram(scram) }
        return scram.answered(keys)
    }
}
