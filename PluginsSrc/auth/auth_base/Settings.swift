// auth.ini.
import HarakaPluginKit

/// To whom AUTH is offered without TLS.
enum InClear: String {
    case never
    /// To private addresses.
    case `private`
    case always
}

/// What the administrator wants. docs/authentication.md.
struct Settings {
    /// nil: as the plugin has it.
    var inClear: InClear?
    /// Only for the hooks of other plugins: children say it themselves.
    var methods: [MechanismName] = [.plain, .login]
    var blanksPassword = false
    /// Failed attempts after which a session is over; 0: never.
    var maxFailures = 3
    /// Milliseconds that a failed attempt waits at most.
    var maxDelay: Int64 = 16_000
    /// Failed attempts of an address that cost it nothing; later ones make every attempt wait. 0: no limit.
    var addressFailures = 10
    /// Milliseconds for which they are remembered.
    var addressWindow: Int64 = 3_600_000
    /// For the salts of users that are not known; empty: each process has its own.
    var secret = ""

    init() {}

    /// - Parameter ini: auth.ini.
    /// - Throws: what is wrong, with section and key.
    init(_ ini: Value) throws(PluginError) {
        let main = ini["main"]
        if case .text(let word) = main["in_clear"] {
            guard let rule = InClear(rawValue: word.asciiLowercased) else {
                throw PluginError("auth.ini: in_clear is none of never, private, always")
            }
            inClear = rule
        }
        if case .text(let list) = main["methods"] { methods = try Self.methods(list) }
        blanksPassword = try Self.isOn(main["blankout_password"], blanksPassword)
        let failures = ini["failures"]
        maxFailures = Int(try Self.number(failures, "max", Int64(maxFailures)))
        maxDelay = 1000 * (try Self.number(failures, "max_delay", maxDelay / 1000))
        addressFailures = Int(try Self.number(failures, "address", Int64(addressFailures)))
        addressWindow = 1000 * (try Self.number(failures, "address_window", addressWindow / 1000))
        switch ini["scram"]["secret"] {
        case .text(let text): secret = text
        // Digits alone are a number to the reader of ini files.
        case .integer(let number): secret = "\(number)"
        default: break
        }
    }

    /// Of the hooks that other plugins answer, only these can be asked.
    private static func methods(_ list: String) throws(PluginError) -> [MechanismName] {
        var methods: [MechanismName] = []
        for word in list.words {
            guard let name = MechanismName(rawValue: uppercased(word)), [.plain, .login, .cramMD5].contains(name) else {
                throw PluginError("auth.ini: methods: \(word) is none of PLAIN, LOGIN, CRAM-MD5")
            }
            methods.append(name)
        }
        return methods
    }

    private static func isOn(_ value: Value, _ fallback: Bool) throws(PluginError) -> Bool {
        switch value {
        case .null: return fallback
        case .boolean(let on): return on
        case .integer(let number) where number == 0 || number == 1: return number == 1
        case .text(let word):
            let word = word.asciiLowercased
            if ["true", "yes", "ok", "enabled", "on"].contains(word) { return true }
            if ["false", "no", "disabled", "off"].contains(word) { return false }
        default: break
        }
        throw PluginError("auth.ini: blankout_password is neither true nor false")
    }

    private static func number(_ section: Value, _ key: String, _ fallback: Int64) throws(PluginError) -> Int64 {
        switch section[key] {
        case .null: return fallback
        case .integer(let number) where 0...1_000_000_000 ~= number: return number
        default: throw PluginError("auth.ini: [failures] \(key) is no number from 0 up")
        }
    }
}
