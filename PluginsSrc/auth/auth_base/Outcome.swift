// How an exchange ends: replies, notes, results, delays.
import HarakaPluginKit

extension Exchange {
    /// 235. All that belongs to it is done before the client can say the next thing.
    func accept(_ next: consuming Next) throws(PluginError) {
        connection.setRelaying(true)
        try connection.setAuthenticated(user: user, method: mechanism.rawValue)
        connection.notes.set("auth_user", .text(user))
        if !password.isEmpty, !auth.blanksPassword, !auth.settings.blanksPassword {
            connection.notes.set("auth_passwd", .text(password))
        }
        connection.results.pass(mechanism.rawValue)
        connection.results.set("method", .text(mechanism.rawValue))
        connection.results.set("user", .text(user))
        connection.authResults("auth=pass (\(mechanism.rawValue.asciiLowercased))")
        auth.plugin.log(.info, about: connection.object, "authenticated user=\(user) method=\(mechanism.rawValue)")
        try reply(235, "2.7.0 Authentication successful", allowed: 200..<300)
        next.ok()
    }

    /// 535, after a while. Counted at once: who leaves now has failed, too.
    func refuse(_ next: consuming Next) throws(PluginError) {
        let count = 1 + Int(clamping: connection.notes.get("auth_fails").integer(or: 0))
        connection.notes.set("auth_fails", .integer(Int64(count)))
        auth.attemptFailed(connection)
        connection.results.fail(mechanism.rawValue)
        connection.authResults("auth=fail (\(mechanism.rawValue.asciiLowercased)) smtp.auth=\(quoted(user))")
        let isLast = closes || (auth.settings.maxFailures > 0 && count >= auth.settings.maxFailures)
        let delay = min(auth.settings.delay(afterSessionFailures: count), next.millisecondsLeft - 1000)
        auth.plugin.log(.notice, about: connection.object, line(count, delay))
        guard delay > 0 else { return try tell(isLast, next) }
        next.after(milliseconds: delay) { next in
            self.goOn(next) { next throws(PluginError) in try self.tell(isLast, next) }
        }
    }

    private func line(_ count: Int, _ delay: Int64) -> String {
        "authentication failed user=\(user) method=\(mechanism.rawValue) ip=\(connection.remoteIP.string) "
            + "failures=\(count), delaying for \(max(0, delay) / 1000) seconds"
    }

    private func tell(_ isLast: Bool, _ next: consuming Next) throws(PluginError) {
        try reply(535, "5.7.8 Authentication failed", allowed: 400..<600)
        if isLast { connection.disconnect() }
        next.ok()
    }

    /// A child may have words, a code, a status of its own; a refusal stays one, and a success.
    private func reply(_ code: UInt32, _ text: String, allowed: Range<UInt32>) throws(PluginError) {
        let own = words.map { allowed.contains($0.code) ? $0.code : code } ?? code
        guard let words, let text = words.text else {
            return try connection.respond(Int32(clamping: own), Reply(text))
        }
        try connection.respond(Int32(clamping: own), Reply(text, status: words.status))
    }

    /// Not now. The client has done nothing wrong, so nothing is counted.
    func later(_ words: Reply?, _ next: consuming Next) {
        auth.plugin.log(.warn, about: connection.object, "no answer about user=\(user) method=\(mechanism.rawValue)")
        guard let text = words?.text else { return end(454, "4.7.0", "Temporary authentication failure", next) }
        try? connection.respond(454, Reply(text, status: words?.status ?? Status(4, 7, 0)))
        next.ok()
    }

    /// Haraka's words for its mechanisms. Counted as an error of the protocol.
    func malformed(_ next: consuming Next) {
        let errors = connection.property(HARAKA_CONN_ERRORS).integer(or: 0)
        try? connection.object.set(property: HARAKA_CONN_ERRORS, to: .integer(errors + 1))
        switch mechanism {
        case .plain, .login, .cramMD5:
            try? connection.respond(504, Reply("Invalid AUTH string"))
            next.ok()
        default: end(501, "5.5.2", "Invalid AUTH string", next)
        }
    }

    /// A reply of ours that ends the exchange.
    func end(_ code: Int32, _ status: StaticString, _ text: String, _ next: consuming Next) {
        try? connection.respond(code, Reply("\(status) \(text)"))
        next.ok()
    }
}

extension Authentication {
    func attemptFailed(_ connection: Connection) {
        let key = Attempts.key(connection.remoteIP.string)
        attempts.failed(key, now: Plugin.monotonicClock, window: settings.addressWindow)
    }

    /// Milliseconds that an attempt of this client waits; the hook's time limit is not used up.
    func delay(for connection: Connection, within limit: Int64) -> Int64 {
        let key = Attempts.key(connection.remoteIP.string)
        let count = attempts.count(key, now: Plugin.monotonicClock, window: settings.addressWindow)
        return min(settings.delay(afterAddressFailures: count), limit / 2)
    }
}

/// A client's name in Authentication-Results (RFC 8601 section 2.2): what could end the value is quoted, or it could add results
/// of its own.
func quoted(_ user: String) -> String {
    let isPlain = user.utf8.allSatisfy { byte in
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2D, 0x2E, 0x40, 0x5F: true
        default: false
        }
    }
    if isPlain, !user.isEmpty { return user }
    var text = "\""
    for scalar in user.unicodeScalars where scalar.value > 0x1F && scalar.value != 0x7F {
        if scalar == "\"" || scalar == "\\" { text += "\\" }
        text.unicodeScalars.append(scalar)
    }
    return text + "\""
}
