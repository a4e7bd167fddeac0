// Who knows the users: the methods of the child, one after the other, then the hooks of other plugins.
import HarakaPluginKit

/// What was found out about an attempt.
enum Finding {
    /// `user`: who it is, if only the backend knows (tokens).
    case right(user: String?, Reply?)
    case wrong(Reply?, closes: Bool)
    /// The backend does not answer now.
    case later(Reply?)
    /// For SCRAM.
    case keys(ScramKeys)
}

/// Takes it, with the Next.
typealias Told = (_ finding: Finding, _ next: consuming Next) throws(PluginError) -> Void

/// One way to an answer.
struct Way {
    /// A method of the child, or a hook.
    let name: String
    let isHook: Bool
    let arguments: [Value]
    /// What an OK means: for a method that gives a password, whether it is the right one.
    let judge: (Answer) throws(PluginError) -> Finding?
}

extension Authentication {
    /// Asks a method of this plugin's child as if it were a hook: it may answer at once, or later through `call->next`.
    func ask(
        _ method: String, _ arguments: [Value], _ next: consuming Next, then body: @escaping VerdictBody
    ) throws(PluginError) {
        try next.askHook("auth_ask", arguments + [.text(method), .text(plugin.name.string)], then: body)
    }

    /// The hook `auth_ask`: every plugin that stands on auth_base is on it, and the last argument says which one is meant.
    func passOn(_ call: borrowing Call) -> Answer {
        let last = call.argumentCount - 1
        guard last >= 1, call.text(last) == plugin.name, let method = plugin.find(call.text(last - 1).string) else {
            return .continue
        }
        return method.invoke(call)
    }

    /// The first way that has an answer. None: the user is not known.
    func go(_ ways: ArraySlice<Way>, _ next: consuming Next, _ told: @escaping Told) throws(PluginError) {
        guard let way = ways.first else { return try told(.wrong(nil, closes: false), next) }
        let rest = ways.dropFirst()
        let heard: VerdictBody = { answer, next throws(PluginError) in
            guard let finding = try self.finding(answer, way) else { return try self.go(rest, next, told) }
            try told(finding, next)
        }
        guard way.isHook else { return try ask(way.name, way.arguments, next, then: heard) }
        try next.askHook(way.name, way.arguments, then: heard)
    }

    /// nil: no opinion.
    private func finding(_ answer: Answer, _ way: Way) throws(PluginError) -> Finding? {
        switch answer.code {
        case .continue: nil
        case .ok: try way.judge(answer)
        case .deny: .wrong(answer.reply, closes: false)
        case .denyDisconnect, .disconnect: .wrong(answer.reply, closes: true)
        // Whatever else it says, it has not said that the client is right, nor that it is wrong.
        default: .later(answer.reply)
        }
    }

    // MARK: - The ways of each question

    func ways(_ question: Question, _ mechanism: MechanismName) -> [Way] {
        switch question {
        case .password(let user, let password): passwordWays(user, password, mechanism)
        case .digest(let user, let digest, let ticket): digestWays(user, digest, ticket)
        case .credentials(let user): credentialsWays(user)
        case .token(let user, let token):
            methods(["check_token"], [user, token, mechanism.rawValue]) { Self.right($0) }
        }
    }

    private func passwordWays(_ user: String, _ password: String, _ mechanism: MechanismName) -> [Way] {
        let asked = [user, password, mechanism.rawValue]
        return methods(["check_user", "check_plain_passwd"], asked) { Self.right($0) }
            + methods(["get_plain_passwd"], [user]) { answer in
                Self.password(in: answer).map { Self.judged(sameBytes(Array($0.utf8), Array(password.utf8))) }
            } + hooks(mechanism, user, password: password)
    }

    private func digestWays(_ user: String, _ digest: String, _ ticket: String) -> [Way] {
        let asked = [user, digest, MechanismName.cramMD5.rawValue, ticket]
        return methods(["check_user"], asked) { Self.right($0) }
            + methods(["check_cram_md5_passwd"], [user, digest, ticket]) { Self.right($0) }
            + methods(["get_plain_passwd"], [user]) { answer throws(PluginError) in
                guard let password = Self.password(in: answer) else { return nil }
                let expected = try CramMD5.digest(password: password, ticket: ticket, .host)
                return Self.judged(sameBytes(Array(expected.utf8), Array(digest.utf8)))
            } + hooks(.cramMD5, user, digest: digest, ticket: ticket)
    }

    /// A clear password is answered as `.right` with itself as the user: the exchange makes keys of it on another thread.
    private func credentialsWays(_ user: String) -> [Way] {
        methods(["get_scram_credentials"], [user]) { answer in
            guard let text = Self.password(in: answer) else { return nil }
            guard let keys = ScramKeys(text) else {
                self.plugin.log(.error, "get_scram_credentials: not iterations,salt,stored key,server key")
                return .later(nil)
            }
            return .keys(keys)
        } + methods(["get_plain_passwd"], [user]) { answer in Self.password(in: answer).map { .right(user: $0, nil) } }
    }

    private func methods(
        _ names: [String], _ arguments: [String], _ judge: @escaping (Answer) throws(PluginError) -> Finding?
    ) -> [Way] {
        names.filter { has($0) }.map { name in
            Way(name: name, isHook: false, arguments: arguments.map { .text($0) }, judge: judge)
        }
    }

    /// qpsmtpd's: mechanism, user, clear password, hash, ticket. First the hook of the mechanism, then the one for all.
    private func hooks(
        _ mechanism: MechanismName, _ user: String, password: String = "", digest: String = "", ticket: String = ""
    ) -> [Way] {
        let arguments = [mechanism.rawValue.asciiLowercased, user, password, digest, ticket].map { Value.text($0) }
        return [mechanism.method, "auth"].map { hook in
            Way(name: hook, isHook: true, arguments: arguments) { Self.right($0) }
        }
    }

    // MARK: - What an OK says

    private static func right(_ answer: Answer) -> Finding { .right(user: password(in: answer), answer.reply) }

    private static func judged(_ isRight: Bool) -> Finding {
        isRight ? .right(user: nil, nil) : .wrong(nil, closes: false)
    }

    /// The text that came with an OK; nil if there is none: no such user.
    private static func password(in answer: Answer) -> String? {
        guard case .text(let text) = answer.reply?.value, !text.isEmpty else { return nil }
        return text
    }
}
