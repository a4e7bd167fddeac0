// A file of the configuration for one user, from plugins that may need time to know it.
import CHarakaPluginKit

extension Config {
    /// Runs `body` with a file as it is for one user: at once, or as soon as the plugins of hook `user_config` know it. What
    /// it is given is lent. Not at all if the plugin is unloaded first. Loop thread.
    ///
    ///     plugin.config.forUser(recipient, "limit.ini") { ini in apply(ini["main"]["size"].integer(or: 0)) }
    public func forUser(
        _ address: Address, _ name: String, _ kind: Kind = .byName, booleans: String = "",
        then body: @escaping (ValueView) -> Void
    ) {
        Question(owner, OwnAddress(address), (name, kind, booleans), body).ask()
    }
}

/// Asks, and asks again when it is told to.
private final class Question {
    private let owner: haraka_self
    private let address: OwnAddress
    private let file: (name: String, kind: Config.Kind, booleans: String)
    private let body: (ValueView) -> Void

    init(
        _ owner: haraka_self, _ address: OwnAddress, _ file: (name: String, kind: Config.Kind, booleans: String),
        _ body: @escaping (ValueView) -> Void
    ) {
        (self.owner, self.address, self.file, self.body) = (owner, address, file, body)
    }

    func ask() {
        let box = Unmanaged.passRetained(CallbackBox { self.ask() }).toOpaque()
        var later = haraka_callback(function: runCallback, context: box, destroy: releaseKept)
        var value = haraka_null()
        let status = address.lent { address in
            file.name.lent { name in
                file.booleans.lent { booleans in
                    haraka_kit_host().pointee.user_config_get(
                        owner, address, name, file.kind.rawValue, booleans, &later, &value)
                }
            }
        }
        if status == HARAKA_PENDING { return }
        // Only a pending answer has taken the callback.
        releaseKept(box)
        body(ValueView(value))
    }
}

/// A copy of an address that outlives the call.
private struct OwnAddress {
    private let flags: UInt32
    private let original: String, user: String, host: String, originalHost: String, address: String

    init(_ lent: Address) {
        flags = lent.pointer.pointee.flags
        original = lent.original.string
        user = lent.user.string
        host = lent.host.string
        originalHost = lent.originalHost.string
        address = lent.address.string
    }

    func lent<Result>(_ body: (UnsafePointer<haraka_address>) -> Result) -> Result {
        var lent = haraka_address()
        lent.size = MemoryLayout<haraka_address>.size
        lent.flags = flags
        return original.lent { original in
            user.lent { user in
                host.lent { host in
                    originalHost.lent { originalHost in
                        address.lent { address in
                            (lent.original, lent.user, lent.host) = (original, user, host)
                            (lent.original_host, lent.address) = (originalHost, address)
                            return withUnsafePointer(to: lent, body)
                        }
                    }
                }
            }
        }
    }
}
