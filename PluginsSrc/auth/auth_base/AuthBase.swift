// auth/auth_base: SMTP AUTH (RFC 4954). Alone it asks the hooks auth_plain, auth_login, auth_cram_md5 and auth; as a parent it
// asks the methods of its child. docs/authentication.md.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerAuthBase)
    }
#endif

/// Runs once for the plugin itself, and once on behalf of each child: children share nothing. A mistake in auth.ini refuses to
/// load.
public func registerAuthBase(_ plugin: Plugin) throws(PluginError) {
    let auth = Authentication(plugin, try Settings(Value(plugin.config.ini("auth.ini"))))
    plugin.config.watch("auth.ini") { auth.settingsChanged() }
    // Methods of such names register themselves on their hooks, and a child can put its own in the place.
    plugin.method("hook_capabilities") { call, next throws(PluginError) in try auth.offer(call, next) }
    plugin.method("hook_unrecognized_command") { call in auth.recognize(call) }
    plugin.hook("auth_ask") { call in auth.passOn(call) }
    for name in MechanismName.allCases {
        plugin.method(name.method) { call, next throws(PluginError) in try auth.begin(name, call, next) }
    }
    plugin.method("constrain_sender") { call in constrainSender(call) }
    // For a child while it registers.
    plugin.method("offer_to_private") { _ in
        auth.offersToPrivate = true
        return .ok
    }
    plugin.method("blankout_password") { _ in
        auth.blanksPassword = true
        return .ok
    }
}

/// One plugin that authenticates: a child, or auth/auth_base itself. Loop thread only.
final class Authentication {
    let plugin: Plugin
    private(set) var settings: Settings
    let attempts = Attempts()
    /// Methods of the child that were looked up: by then it has added them all.
    private var known: [String: Bool] = [:]
    /// What the child has asked for.
    var offersToPrivate = false
    var blanksPassword = false
    /// For the salts of users that are not known.
    private var ownSecret: [UInt8] = []

    init(_ plugin: Plugin, _ settings: Settings) {
        self.plugin = plugin
        self.settings = settings
    }

    /// Whether the child has a method, which is what it can answer.
    func has(_ method: String) -> Bool {
        if let has = known[method] { return has }
        let has = plugin.find(method) != nil
        known[method] = has
        return has
    }

    /// A changed file with a mistake changes nothing.
    func settingsChanged() {
        do throws(PluginError) {
            settings = try Settings(Value(plugin.config.ini("auth.ini")))
            plugin.log(.info, "auth.ini has changed")
        } catch {
            plugin.log(.error, "auth.ini: all stays as it was: \(error.cause)")
        }
    }

    /// The configured one, which all processes share, else one of this process.
    func secret() throws(PluginError) -> [UInt8] {
        if !settings.secret.isEmpty { return Array(settings.secret.utf8) }
        if ownSecret.isEmpty { ownSecret = try Digest.random(32) }
        return ownSecret
    }

    /// The hook `unrecognized_command`. What was not offered here is left to other plugins.
    func recognize(_ call: borrowing Call) -> Answer {
        guard call.text(0).asciiLowercased == "auth" else { return .continue }
        let words = call.text(1).string.words
        guard let name = words.first.flatMap({ MechanismName(rawValue: uppercased($0)) }),
            isOffered(name, to: call.connection), let method = plugin.find(name.method)
        else { return .continue }
        if let refusal = outOfOrder(call) { return refusal }
        return method.invoke(call)
    }

    /// RFC 4954 section 4: once in a session, and not in the middle of a message.
    private func outOfOrder(_ call: borrowing Call) -> Answer? {
        if !call.connection.authUser.isEmpty { return say(call, "Already authenticated") }
        return call.transaction == nil ? nil : say(call, "AUTH is not permitted during a mail transaction")
    }

    private func say(_ call: borrowing Call, _ text: String) -> Answer {
        try? call.connection.respond(503, Reply(text, status: Status(5, 5, 1)))
        return .ok
    }

    /// A method `auth_...`: the exchange begins.
    func begin(_ name: MechanismName, _ call: borrowing Call, _ next: consuming Next) throws(PluginError) {
        let words = call.text(1).string.words
        let exchange = try Exchange(self, name, call.connection)
        try exchange.begin(words.count < 2 ? nil : words[1], hasMore: words.count > 2, next)
    }
}

/// ASCII letters in upper case.
func uppercased(_ text: String) -> String {
    String(decoding: text.utf8.map { $0 >= 0x61 && $0 <= 0x7A ? $0 & 0xDF : $0 }, as: UTF8.self)
}
