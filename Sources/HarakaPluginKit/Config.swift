// The plugin's configuration files.
import CHarakaPluginKit

/// Files of the configuration folder, laid over the defaults that the plugin brings. Loop thread only.
///
/// What is returned is lent until the call ends; a plugin reads its configuration when it registers, and again at each
/// reload, because then it is registered anew. One that would rather not wait for a reload watches its files.
///
///     let ini = plugin.config.ini("tarpit.ini", booleans: "main.enabled")
///     let seconds = ini["main"]["delay"].integer(or: 5)
///     plugin.config.watch("tarpit.ini") { settings.read(plugin.config) }
public struct Config: Sendable {
    let owner: haraka_self
    private let user: Address?

    init(owner: haraka_self, user: Address? = nil) {
        self.owner = owner
        self.user = user
    }

    /// The same files for one user: the plugins of hook `user_config` are asked first. If they need time, it is the common
    /// file meanwhile; ``forUser(_:_:_:booleans:then:)`` waits for them. As long as the address is lent.
    ///
    ///     let limit = plugin.config.user(recipient).ini("limit.ini")["main"]["size"].integer(or: 0)
    public func user(_ address: Address) -> Config { Config(owner: owner, user: address) }

    /// What a file is read as.
    public enum Kind: Int32, Sendable {
        case byName, value, list, data, ini, json, binary, yaml, hjson
    }

    /// An ini file: a map of sections, keys before the first section in `main`. `booleans` declares which keys are
    /// booleans as in Haraka, blank separated: `"main.enabled +main.strict -section.key"`.
    public func ini(_ name: String, booleans: String = "") -> ValueView {
        read(name, HARAKA_CONFIG_INI, booleans: booleans)
    }

    /// A list of texts, one per line, without comments.
    public func list(_ name: String) -> ValueView { read(name, HARAKA_CONFIG_LIST) }

    /// One value: the first line.
    public func value(_ name: String) -> ValueView { read(name, HARAKA_CONFIG_VALUE) }

    /// All lines as they are.
    public func data(_ name: String) -> ValueView { read(name, HARAKA_CONFIG_DATA) }

    /// A JSON document.
    public func json(_ name: String) -> ValueView { read(name, HARAKA_CONFIG_JSON) }

    /// A YAML document.
    public func yaml(_ name: String) -> ValueView { read(name, HARAKA_CONFIG_YAML) }

    /// An Hjson document.
    public func hjson(_ name: String) -> ValueView { read(name, HARAKA_CONFIG_HJSON) }

    /// Runs `body` on the loop after `name` has changed while the server runs: read it again there. Watching the same
    /// name again replaces what ran before. False if the plugin is being unloaded, or watches too many files.
    @discardableResult
    public func watch(_ name: String, _ body: @escaping () -> Void) -> Bool {
        let box = Unmanaged.passRetained(CallbackBox(body)).toOpaque()
        var callback = haraka_callback(function: runCallback, context: box, destroy: releaseKept)
        let status = name.lent { haraka_kit_host().pointee.config_watch(owner, $0, &callback) }
        if status < 0 { releaseKept(box) }
        return status >= 0
    }

    private func read(_ name: String, _ type: Int32, booleans: String = "") -> ValueView {
        var value = haraka_null()
        name.lent { name in
            booleans.lent { booleans in
                guard let user else {
                    return _ = haraka_kit_host().pointee.config_get(owner, name, type, booleans, &value)
                }
                _ = haraka_kit_host().pointee.user_config_get(owner, user.pointer, name, type, booleans, nil, &value)
            }
        }
        return ValueView(value)
    }
}
