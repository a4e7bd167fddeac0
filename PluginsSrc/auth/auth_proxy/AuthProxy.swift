// auth/auth_proxy: asks the mail servers of a user's domain whether a password is right.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerAuthProxy)
    }
#endif

/// The dialogue with the client is the parent's. A mistake in auth_proxy.ini refuses to load.
public func registerAuthProxy(_ plugin: Plugin) throws(PluginError) {
    plugin.inherits("auth/auth_base")
    let live = Live(try Settings(of: plugin))
    plugin.config.watch(Live.file) { live.changed(plugin) }
    plugin.method("check_plain_passwd") { call, next throws(PluginError) in
        let user = call.text(0).string
        guard let question = live.settings.question(about: user), let clients = call.plugin.smtpClients else {
            return next.continue()
        }
        let (password, object) = (call.text(1).string, call.connection.object)
        try clients.checkPassword(password, of: question.users, at: question.servers, for: next) { finding, next in
            if case .unknown(let reply) = finding {
                next.plugin.log(
                    .error, about: object, "no answer about \(user): \(reply.host) \(reply.code) \(reply.text)")
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

/// What is in force. Loop thread only.
private final class Live {
    static let file = "auth_proxy.ini"
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
