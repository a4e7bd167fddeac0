// auth/flat_file: users and their passwords in a file of the configuration. docs/authentication.md.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerFlatFile)
    }
#endif

/// The dialogue is the parent's; here are the users.
public func registerFlatFile(_ plugin: Plugin) throws(PluginError) {
    plugin.inherits("auth/auth_base")
    // As in Haraka: under TLS, or to private addresses.
    plugin.find("offer_to_private")?.invoke()
    let users = LiveUsers(plugin)
    plugin.config.watch(LiveUsers.file) { users.changed() }
    plugin.method("auth_methods") { _ in Answer(.ok, value: .text(users.file.methods.joined(by: " "))) }
    plugin.method("check_plain_passwd") { call, next in users.check(call.text(0).string, call.text(1).string, next) }
    plugin.method("get_plain_passwd") { call in
        guard case .plain(let password)? = users.file.users[call.text(0).string] else { return .continue }
        return Answer(.ok, value: .text(password))
    }
    plugin.method("get_scram_credentials") { call, next throws(PluginError) in
        try users.giveKeys(of: call.text(0).string, next)
    }
    plugin.hook("mail") { call in
        guard users.file.constrainsSender, let constrain = plugin.find("constrain_sender") else { return .continue }
        return constrain.invoke(call)
    }
}

/// The file as it is now. Loop thread only.
final class LiveUsers {
    static let file = "auth_flat_file.ini"

    let plugin: Plugin
    private(set) var file = UserFile([])
    /// From the file: the same in all processes, and nobody knows it who has not read the file.
    private var secret: [UInt8] = []

    /// A mistake leaves out a user, or keeps a default: who is right in the file can log in.
    init(_ plugin: Plugin) {
        self.plugin = plugin
        take(read())
        for mistake in file.mistakes { plugin.log(.error, "\(Self.file): \(mistake)") }
    }

    /// A file with a mistake is not used at all: half a list would turn users away.
    func changed() {
        let new = read()
        guard new.mistakes.isEmpty else {
            return plugin.log(.error, "\(Self.file): all stays as it was: \(new.mistakes[0])")
        }
        take(new)
        plugin.log(.info, "\(Self.file) has changed: \(file.users.count) users")
    }

    /// Line by line, and not as an ini file: there a password of digits would lose its zeros, and a line that is wrong would
    /// stand in the log.
    private func read() -> UserFile {
        let lines = plugin.config.data(Self.file)
        return UserFile((0..<lines.count).map { Array(lines[$0].text.bytes) })
    }

    private func take(_ new: UserFile) {
        file = new
        secret = (try? Digest.bytes(.sha256, of: new.content)) ?? []
    }

    /// The method check_plain_passwd. A user that is not known costs as much time as one that is, and is left to other plugins.
    func check(_ user: String, _ password: String, _ next: consuming Next) {
        let stored = file.users[user]
        guard let model = stored ?? file.model(for: user, secret) else { return next.continue() }
        guard model.isSlow else { return next.answer(verdict(model.accepts(password, .host), isKnown: stored != nil)) }
        let isKnown = stored != nil
        next.offload { () throws(PluginError) in
            model.accepts(password, .host)
        } then: { accepts, next in
            next.answer(verdict(accepts, isKnown: isKnown))
        }
    }

    /// The method get_scram_credentials. Keys as they are stored, or made of the password; a user without either gets some that
    /// look like those of another.
    func giveKeys(of user: String, _ next: consuming Next) throws(PluginError) {
        if case .scram(let keys)? = file.users[user] { return next.answer(Answer(.ok, value: .text(keys.text))) }
        let model = file.scramModel(for: user, secret)
        let (salt, other) = try StoredKeys.invention(for: user, secret, .host)
        if case .scram(let keys)? = model, !isPlain(user) {
            let keys = StoredKeys(iterations: keys.iterations, salt: salt, storedKey: other, serverKey: other)
            return next.answer(Answer(.ok, value: .text(keys.text)))
        }
        var password = Digest.hex(other)
        if case .plain(let known)? = file.users[user] { password = known }
        next.offload { [password] () throws(PluginError) in
            try StoredKeys.derive(password: password, salt: salt, iterations: StoredKeys.fewestIterations, .host).text
        } then: { text, next in
            next.answer(Answer(.ok, value: .text(text)))
        }
    }

    private func isPlain(_ user: String) -> Bool {
        if case .plain? = file.users[user] { return true }
        return false
    }
}

private func verdict(_ accepts: Bool, isKnown: Bool) -> Answer { isKnown ? accepts ? .ok : .deny : .continue }
