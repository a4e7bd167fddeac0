// What smtp_proxy.ini says.
import HarakaPluginKit

/// All of the file: a change takes effect as a whole, or not at all.
struct Settings: Equatable, Sendable {
    var host = "localhost", pool = ""
    var port: UInt32 = 25
    /// Seconds.
    var connectTimeout: Int64 = 30, timeout: Int64 = 300, deadRetry: Int64 = 10
    var usesTLS = false, requiresTLS = false, verifiesTLS = false
    var authType = "", user = "", password = ""
    var takesOutbound = true

    init(_ ini: Value) throws(PluginError) {
        let main = ini["main"]
        try text(main, "host", &host)
        try text(main, "forwarding_host_pool", &pool)
        try number(main, "port", 1...65535) { port = UInt32($0) }
        try number(main, "connect_timeout", 1...3600) { connectTimeout = $0 }
        try number(main, "timeout", 1...3600) { timeout = $0 }
        try number(main, "dead_forwarding_host_retry_secs", 1...86400) { deadRetry = $0 }
        try flag(main, "enable_tls", &usesTLS)
        try flag(main, "require_tls", &requiresTLS)
        try flag(main, "verify_tls", &verifiesTLS)
        try text(main, "auth_type", &authType)
        try text(main, "auth_user", &user)
        try text(main, "auth_pass", &password)
        try flag(main, "enable_outbound", &takesOutbound)
    }

    /// Of the file as it is now.
    init(of plugin: Plugin) throws(PluginError) { try self.init(Value(plugin.config.ini("smtp_proxy.ini"))) }

    func options(for connection: Connection) -> SMTPClientOptions {
        var options = SMTPClientOptions(host, port: port)
        options.pool = pool
        (options.connectTimeout, options.idleTimeout) = (connectTimeout * 1000, timeout * 1000)
        options.deadRetry = deadRetry * 1000
        (options.usesTLS, options.requiresTLS, options.verifiesTLS) = (usesTLS, requiresTLS, verifiesTLS)
        (options.user, options.password, options.authType) = (user, password, authType)
        (options.tellsClient, options.connection) = (true, connection)
        return options
    }
}

private func text(_ section: Value, _ key: String, _ text: inout String) throws(PluginError) {
    switch section[key] {
    case .null: break
    case .text(let value): text = value
    // A name or password of digits is a number to the reader of ini files.
    case .integer(let number): text = "\(number)"
    default: throw PluginError("\(key): expected a text")
    }
}

private func number(
    _ section: Value, _ key: String, _ range: ClosedRange<Int64>, _ take: (Int64) -> Void
) throws(PluginError) {
    switch section[key] {
    case .null: break
    case .integer(let number) where range.contains(number): take(number)
    default: throw PluginError("\(key): expected \(range.lowerBound) to \(range.upperBound)")
    }
}

private func flag(_ section: Value, _ key: String, _ flag: inout Bool) throws(PluginError) {
    switch section[key] {
    case .null: return
    case .boolean(let on): flag = on
    case .integer(let number) where number == 0 || number == 1: flag = number == 1
    case .text(let word):
        guard let on = word.lend({ $0.switch }) else { fallthrough }
        flag = on
    default: throw PluginError("\(key) is neither true nor false")
    }
}
