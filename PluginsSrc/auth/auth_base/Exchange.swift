// One exchange with a client, from AUTH to the reply that ends it.
import HarakaPluginKit

/// Speaks a mechanism with the client, and asks who knows the users. Kept alive by what it waits for. Loop thread only.
final class Exchange {
    let auth: Authentication
    let mechanism: MechanismName
    let connection: Connection
    private var speech: Speech
    /// What prevent_credential_leaks looks for; only what the client has sent in the clear.
    private(set) var password = ""
    /// Who the client says it is; of a token, who the backend says.
    var user: String { owner ?? speech.user }
    private var owner: String?
    /// What the backend has said with its verdict.
    private(set) var words: Reply?
    private(set) var closes = false

    init(_ auth: Authentication, _ mechanism: MechanismName, _ connection: Connection) throws(PluginError) {
        (self.auth, self.mechanism, self.connection) = (auth, mechanism, connection)
        speech = try Speech(mechanism, auth, connection)
    }

    func begin(_ initial: String?, hasMore: Bool, _ next: consuming Next) throws(PluginError) {
        guard !hasMore else { return end(501, "5.5.4", "Syntax error in AUTH", next) }
        guard let initial else { return try follow(try speech.begin(nil), next) }
        try heard(ClientResponse(initial: initial.utf8), next) { bytes throws(PluginError) in
            try self.speech.begin(bytes)
        }
    }

    /// Does what the mechanism wants next.
    private func follow(_ step: Step, _ next: consuming Next) throws(PluginError) {
        switch step {
        case .challenge(let bytes): try challenge(bytes, next)
        case .ask(let question): try wait(question, next)
        case .accepted: try accept(next)
        case .refused: try refuse(next)
        case .malformed: malformed(next)
        case .unexpected: end(501, "5.5.4", "\(mechanism.rawValue) has no initial response", next)
        case .badProtocol: next.denyDisconnect("bad protocol")
        }
    }

    private func challenge(_ bytes: [UInt8], _ next: consuming Next) throws(PluginError) {
        try next.askClient(334, Base64.encode(bytes), limit: ClientResponse.limit - 2) {
            line, next throws(PluginError) in
            guard let line else { return self.end(500, "5.5.6", "Authentication exchange line is too long", next) }
            try self.heard(ClientResponse(line: line), next) { bytes throws(PluginError) in
                try self.speech.received(bytes)
            }
        }
    }

    private func heard(
        _ response: ClientResponse, _ next: consuming Next, _ read: ([UInt8]) throws(PluginError) -> Step
    ) throws(PluginError) {
        switch response {
        case .bytes(let bytes): try follow(try read(bytes), next)
        case .cancelled: end(501, "5.7.0", "Authentication cancelled", next)
        case .notBase64: end(501, "5.5.2", "Cannot decode Base64", next)
        // As in Haraka: a second AUTH while one is running.
        case .anotherAuth: next.denyDisconnect("bad protocol")
        }
    }

    /// An address that has failed too often waits before it learns anything.
    private func wait(_ question: Question, _ next: consuming Next) throws(PluginError) {
        let delay = auth.delay(for: connection, within: next.millisecondsLeft)
        guard delay > 0 else { return try ask(question, next) }
        next.after(milliseconds: delay) { next in
            self.goOn(next) { next throws(PluginError) in try self.ask(question, next) }
        }
    }

    /// After a timer or a job. An error has consumed the Next, and so answered for now; the cause is for the log.
    func goOn(_ next: consuming Next, _ body: (consuming Next) throws(PluginError) -> Void) {
        do throws(PluginError) { try body(next) } catch { auth.plugin.log(.crit, "failed: \(error.cause)") }
    }

    private func ask(_ question: Question, _ next: consuming Next) throws(PluginError) {
        if case .password(_, let password) = question { self.password = password }
        let isScram: Bool
        if case .credentials = question { isScram = true } else { isScram = false }
        try auth.go(auth.ways(question, mechanism)[...], next) { finding, next throws(PluginError) in
            if isScram { try self.told(keys: finding, next) } else { try self.told(finding, next) }
        }
    }

    private func told(_ finding: Finding, _ next: consuming Next) throws(PluginError) {
        switch finding {
        case .right(let user, let words):
            // A token may say better than the client who it is.
            if mechanism == .bearer || mechanism == .xoauth2 { owner = user }
            self.words = words
            // Nobody is no user.
            try follow(speech.judged(isRight: !self.user.isEmpty), next)
        case .wrong(let words, let closes):
            (self.words, self.closes) = (words, closes)
            try follow(speech.judged(isRight: false), next)
        case .later(let words): later(words, next)
        case .keys: malformed(next)
        }
    }

    /// SCRAM: keys, a password to make them of, or an unknown user, who must look like any other.
    private func told(keys finding: Finding, _ next: consuming Next) throws(PluginError) {
        switch finding {
        case .keys(let keys): try follow(speech.answered(keys), next)
        case .right(let password, _):
            let salt = try ScramKeys.salt(user: user, secret: try auth.secret(), .host)
            next.offload { () throws(PluginError) in
                try ScramKeys.derive(
                    password: password ?? "", salt: salt, iterations: ScramKeys.fewestIterations, .host)
            } then: { keys, next in
                self.goOn(next) { next throws(PluginError) in try self.follow(self.speech.answered(keys), next) }
            }
        case .wrong(_, let closes):
            self.closes = closes
            try follow(speech.answered(try .invented(user: user, secret: try auth.secret(), .host)), next)
        case .later(let words): later(words, next)
        }
    }
}
