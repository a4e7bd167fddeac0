// auth/auth_bridge: asks one other mail server whether a password is right.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerAuthBridge)
    }
#endif

/// The dialogue with the client is the parent's. A mistake in smtp_bridge.ini refuses to load.
public func registerAuthBridge(_ plugin: Plugin) throws(PluginError) {
    plugin.inherits("auth/auth_base")
    let live = Live(try Settings(of: plugin))
    plugin.config.watch(Live.file) { live.changed(plugin) }
    plugin.method("check_plain_passwd") { call, next throws(PluginError) in
        guard let server = live.settings.server, let clients = call.plugin.smtpClients else { return next.continue() }
        let (user, object) = (call.text(0).string, call.connection.object)
        try clients.checkPassword(call.text(1).string, of: [user], at: [server], for: next) { finding, next in
            if case .unknown(let reply) = finding {
                next.plugin.log(.error, about: object, "\(reply.host): no answer: \(reply.code) \(reply.text)")
            }
            next.answer(answer(to: finding))
        }
    }
}

/// OK, DENY, or DENYSOFT: nobody knows now.
func answer(to finding: PasswordFinding) -> Answer {
    switch finding {
    case .right: .ok
    case .wrong: .deny
    case .unknown: .denySoft
    }
}

/// What smtp_bridge.ini says.
struct Settings {
    var host = ""
    var port: UInt32 = 0
    var requiresTLS = false

    init(_ ini: Value) throws(PluginError) {
        let main = ini["main"]
        if case .text(let text) = main["host"] { host = text }
        switch main["port"] {
        case .null: break
        case .integer(let number) where (0...65535).contains(number): port = UInt32(number)
        default: throw PluginError("port: expected 0 to 65535")
        }
        switch main["require_tls"] {
        case .null: break
        case .boolean(let on): requiresTLS = on
        case .text(let word) where word.lend({ $0.switch }) != nil: requiresTLS = word.lend { $0.switch } == true
        default: throw PluginError("require_tls is neither true nor false")
        }
    }

    /// Of the file as it is now.
    init(of plugin: Plugin) throws(PluginError) { try self.init(Value(plugin.config.ini(Live.file))) }

    /// nil: nobody is asked. Only what is fixed: a dialogue for AUTH is not told who the client is.
    var server: SMTPClientOptions? {
        guard !host.isEmpty else { return nil }
        var options = SMTPClientOptions(host, port: port)
        (options.usesTLS, options.requiresTLS, options.verifiesTLS) = (true, requiresTLS, requiresTLS)
        return options
    }
}

/// What is in force. Loop thread only.
private final class Live {
    static let file = "smtp_bridge.ini"
    private(set) var settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    func changed(_ plugin: Plugin) {
        do throws(PluginError) {
            settings = try Settings(of: plugin)
            plugin.log(.info, "\(Self.file) has changed")
        } catch {
            plugin.log(.error, "\(Self.file): all stays as it was: \(error.cause)")
        }
    }
}
