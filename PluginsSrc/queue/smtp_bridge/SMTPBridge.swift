// queue/smtp_bridge: sends outbound mail by one server, with the client's own user and password.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerSMTPBridge)
    }
#endif

/// A mistake in smtp_bridge.ini refuses to load.
public func registerSMTPBridge(_ plugin: Plugin) throws(PluginError) {
    let live = Live(try Settings(of: plugin))
    plugin.config.watch("smtp_bridge.ini") { live.changed(plugin) }
    plugin.hook("data_post") { call in
        // The transaction's notes travel with the mail, the connection's do not.
        guard let transaction = call.transaction, call.connection.isRelaying else { return .continue }
        for note in [Login.userNote, Login.passwordNote] {
            guard let text = call.connection.notes.get(note).string else { continue }
            transaction.notes.set(note, .text(text))
        }
        return .continue
    }
    plugin.hook("get_mx") { call in
        guard let mail = call.hmail else { return .continue }
        let login = Login(
            user: mail.notes.get(Login.userNote).text.string, password: mail.notes.get(Login.passwordNote).text.string)
        return live.settings.mx(login).map { .mx($0) } ?? .continue
    }
}

/// Who has authenticated, by the notes of auth/auth_base.
struct Login: Equatable {
    static let userNote = "auth_user"
    static let passwordNote = "auth_passwd"

    var user = "", password = ""
}

/// What smtp_bridge.ini says.
struct Settings: Equatable, Sendable {
    /// Empty: nothing is bridged.
    var host = ""
    var port: UInt32 = 0
    var priority: Int32 = 10
    var authType = ""

    init(_ ini: Value) throws(PluginError) {
        let main = ini["main"]
        if case .text(let text) = main["host"] { host = text }
        if case .text(let text) = main["auth_type"] { authType = text }
        port = UInt32(try number(main, "port", 0...65535) ?? 0)
        priority = Int32(try number(main, "priority", 0...65535) ?? 10)
    }

    /// Of the file as it is now.
    init(of plugin: Plugin) throws(PluginError) { try self.init(Value(plugin.config.ini("smtp_bridge.ini"))) }

    /// Where mail of that client goes; nil: nowhere else than without this plugin. Mail of nobody (reports, a plugin's own) goes
    /// there without a login.
    func mx(_ login: Login) -> MX? {
        guard !host.isEmpty else { return nil }
        var mx = MX(host, port: port)
        mx.priority = priority
        if !login.user.isEmpty, !login.password.isEmpty {
            (mx.user, mx.password, mx.authType) = (login.user, login.password, authType)
        }
        return mx
    }
}

private func number(_ main: Value, _ key: String, _ range: ClosedRange<Int64>) throws(PluginError) -> Int64? {
    switch main[key] {
    case .null: return nil
    case .integer(let number) where range.contains(number): return number
    default: throw PluginError("\(key): expected \(range.lowerBound) to \(range.upperBound)")
    }
}

/// What is in force. Loop thread only.
private final class Live {
    private(set) var settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    func changed(_ plugin: Plugin) {
        do throws(PluginError) {
            settings = try Settings(of: plugin)
            plugin.log(.info, "smtp_bridge.ini has changed")
        } catch {
            plugin.log(.error, "smtp_bridge.ini: all stays as it was: \(error.cause)")
        }
    }
}
