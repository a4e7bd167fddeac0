// What is offered to whom: the hook capabilities.
import HarakaPluginKit

/// What one plugin has offered to one connection; kept with it.
final class Offered {
    let names: [MechanismName]
    init(_ names: [MechanismName]) { self.names = names }
}

extension Authentication {
    /// Adds to the AUTH line. The note is Haraka's, so that other plugins know.
    func offer(_ call: borrowing Call, _ next: consuming Next) throws(PluginError) {
        let connection = call.connection
        connection.notes.keep("offered", Offered([]))
        // From before STARTTLS, or from before another EHLO.
        if authLine(of: connection) == nil { connection.notes.set("allowed_auth_methods", .list([])) }
        guard isAllowed(connection) else { return next.continue() }
        guard has("auth_methods") else {
            announce(ownMethods(), to: connection)
            return next.continue()
        }
        try ask("auth_methods", [], next) { answer, next in
            if answer.code == .ok { self.announce(mechanisms(in: answer.reply?.value), to: connection) }
            next.continue()
        }
    }

    /// Under TLS; else as auth.ini says, but never where the listener demands TLS.
    private func isAllowed(_ connection: Connection) -> Bool {
        if connection.isEncrypted { return true }
        guard !demandsTLS(connection) else { return false }
        switch settings.inClear ?? (offersToPrivate ? .private : .never) {
        case .never: return false
        case .private: return connection.isPrivate
        case .always: return true
        }
    }

    /// What smtp.ini says of the listener; `[submission]` demands it unless told otherwise.
    private func demandsTLS(_ connection: Connection) -> Bool {
        let role = connection.role
        let rule = plugin.config.ini("smtp.ini")[role.isEmpty ? "main" : role.string]["tls"].text.asciiLowercased
        return rule == "required" || (rule.isEmpty && role == "submission")
    }

    /// What can be answered with the methods that the child has.
    private func ownMethods() -> [MechanismName] {
        let names = MechanismName.allCases.filter { name in
            switch name {
            case .scramPlus, .scram: has("get_scram_credentials") || has("get_plain_passwd")
            case .bearer, .xoauth2: has("check_token")
            case .plain, .login: has("check_user") || has("check_plain_passwd") || has("get_plain_passwd")
            case .cramMD5: has("check_cram_md5_passwd") || has("get_plain_passwd")
            }
        }
        return names.isEmpty ? settings.methods : names
    }

    /// One AUTH line, whoever adds to it: RFC 4954 section 3.
    private func announce(_ names: [MechanismName], to connection: Connection) {
        let names = names.filter { $0 != .scramPlus || !bindings(of: connection).isEmpty }
        guard !names.isEmpty else { return }
        connection.notes.keep("offered", Offered(names))
        let line = authLine(of: connection)
        var all = line?.words ?? []
        for name in names where !all.contains(name.rawValue) { all.append(name.rawValue) }
        connection.notes.set("allowed_auth_methods", .list(all.map { .text($0) }))
        guard line != nil else { return connection.addCapability("AUTH " + all.joined(by: " ")) }
        replaceAuthLine(of: connection, "AUTH " + all.joined(by: " "))
    }

    /// What follows AUTH in the answer to EHLO, so far.
    private func authLine(of connection: Connection) -> String? {
        let lines = connection.property(HARAKA_CONN_CAPABILITIES)
        for index in 0..<lines.count where lines[index].text.hasPrefix("AUTH ") {
            return String(decoding: lines[index].text.bytes.dropFirst(5), as: UTF8.self)
        }
        return nil
    }

    private func replaceAuthLine(of connection: Connection, _ line: String) {
        let lines = connection.property(HARAKA_CONN_CAPABILITIES)
        let new = (0..<lines.count).map { index -> Value in
            .text(lines[index].text.hasPrefix("AUTH ") ? line : lines[index].text.string)
        }
        try? connection.object.set(property: HARAKA_CONN_CAPABILITIES, to: .list(new))
    }

    /// Whether this plugin has offered it, and to a client that has said EHLO since.
    func isOffered(_ name: MechanismName, to connection: Connection) -> Bool {
        guard connection.property(HARAKA_CONN_ESMTP).isTrue else { return false }
        let allowed = connection.notes.get("allowed_auth_methods")
        guard (0..<allowed.count).contains(where: { allowed[$0].string == name.rawValue }) else { return false }
        // A child with a hook_capabilities of its own has kept nothing: it offers what the note says.
        return connection.notes.kept("offered", as: Offered.self)?.names.contains(name) ?? true
    }

    /// What binds to this TLS connection; none without TLS.
    func bindings(of connection: Connection) -> [(name: String, data: [UInt8])] {
        guard connection.isEncrypted, let tls = plugin.tls else { return [] }
        return ["tls-exporter", "tls-server-end-point", "tls-unique"].compactMap { name in
            tls.channelBinding(connection, name).map { (name: name, data: $0) }
        }
    }
}

/// The mechanisms in a list of names: a text or a list.
func mechanisms(in value: Value?) -> [MechanismName] {
    var names: [MechanismName] = []
    func add(_ text: String) {
        for word in text.words { MechanismName(rawValue: uppercased(word)).map { names.append($0) } }
    }
    switch value {
    case .text(let text): add(text)
    case .list(let items): for case .text(let text) in items { add(text) }
    default: break
    }
    return names
}
