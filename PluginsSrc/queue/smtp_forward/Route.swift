// Where a domain's mail goes: the keys of smtp_forward.ini, of which a section overrides those above.
import HarakaPluginKit

/// One backend and how it is spoken to.
struct Route: Equatable, Sendable {
    var host = "localhost", path = "", pool = ""
    var port: UInt32 = 25
    /// Seconds.
    var connectTimeout: Int64 = 30, timeout: Int64 = 300, deadRetry: Int64 = 10
    var usesTLS = false, requiresTLS = false, verifiesTLS = false
    var authType = "", user = "", password = ""
    var isLMTP = false
    var isOnePerRecipient = false
    var takesOutbound = false
    /// The queue that takes mail of the domain's recipients.
    var queue = "smtp_forward"
    /// Of mail that is queued.
    var bind = "", bindHelo = ""

    /// What goes to the client service.
    func options(for connection: Connection) -> SMTPClientOptions {
        var options = SMTPClientOptions(host, port: port)
        (options.path, options.pool) = (path, pool)
        (options.connectTimeout, options.idleTimeout) = (connectTimeout * 1000, timeout * 1000)
        options.deadRetry = deadRetry * 1000
        (options.usesTLS, options.requiresTLS, options.verifiesTLS) = (usesTLS, requiresTLS, verifiesTLS)
        (options.user, options.password, options.authType) = (user, password, authType)
        (options.isLMTP, options.tellsClient, options.connection) = (isLMTP, true, connection)
        return options
    }

    /// For mail that goes by the queue: the backend, or those of the pool in their order.
    var exchangers: [MX] {
        if !path.isEmpty { return [exchanger("", 0)] }
        guard !pool.isEmpty else { return [exchanger(host, port)] }
        return pool.words.map { member in
            let (host, port) = divided(member)
            return exchanger(host, port ?? 25)
        }
    }

    private func exchanger(_ host: String, _ port: UInt32) -> MX {
        var mx = MX(host, port: port)
        (mx.path, mx.isLMTP, mx.bind, mx.helo) = (path, isLMTP, bind, bindHelo)
        (mx.user, mx.password, mx.authType) = (user, password, authType)
        (mx.requiresTLS, mx.avoidsTLS) = (requiresTLS || verifiesTLS, !usesTLS && !requiresTLS && !verifiesTLS)
        return mx
    }

    /// The note `queue.next_hop`: what tells one backend from another. No password is in it.
    var nextHop: String {
        if !path.isEmpty { return (isLMTP ? "lmtp://" : "smtp://") + path }
        return (isLMTP ? "lmtp://" : "smtp://") + (pool.isEmpty ? "\(host):\(port)" : pool.words.joined(by: ","))
    }

    /// Takes what the section has.
    mutating func read(_ section: Value, _ name: String) throws(PluginError) {
        let reader = Reader(section: section, name: name)
        // A section with a host of its own is not about the pool of all.
        if section["host"] != .null || section["path"] != .null { (pool, path) = ("", "") }
        try reader.text("host", &host)
        try reader.text("path", &path)
        try reader.text("forwarding_host_pool", &pool)
        try reader.number("port", 1...65535) { port = UInt32($0) }
        try reader.number("connect_timeout", 1...3600) { connectTimeout = $0 }
        try reader.number("timeout", 1...3600) { timeout = $0 }
        try reader.number("dead_forwarding_host_retry_secs", 1...86400) { deadRetry = $0 }
        try reader.flag("enable_tls", &usesTLS)
        try reader.flag("require_tls", &requiresTLS)
        try reader.flag("verify_tls", &verifiesTLS)
        try reader.text("auth_type", &authType)
        try reader.text("auth_user", &user)
        try reader.text("auth_pass", &password)
        try reader.flag("using_lmtp", &isLMTP)
        try reader.flag("one_message_per_rcpt", &isOnePerRecipient)
        try reader.flag("enable_outbound", &takesOutbound)
        try reader.text("queue", &queue)
        try reader.text("bind", &bind)
        try reader.text("bind_helo", &bindHelo)
    }
}

/// `192.0.2.1:25`, `[2001:db8::1]:25`, or without a port.
func divided(_ member: String) -> (host: String, port: UInt32?) {
    let bytes = Array(member.utf8)
    let bracket = bytes.lastIndex(of: UInt8(ascii: "]"))
    guard let colon = bytes.lastIndex(of: UInt8(ascii: ":")), bracket.map({ $0 < colon }) ?? true,
        // An IPv6 address without brackets has more than one.
        bracket != nil || bytes.firstIndex(of: UInt8(ascii: ":")) == colon
    else { return (bare(bytes[...]), nil) }
    return (bare(bytes[..<colon]), UInt32(String(decoding: bytes[(colon + 1)...], as: UTF8.self)))
}

private func bare(_ host: ArraySlice<UInt8>) -> String {
    guard host.first == UInt8(ascii: "["), host.last == UInt8(ascii: "]") else {
        return String(decoding: host, as: UTF8.self)
    }
    return String(decoding: host.dropFirst().dropLast(), as: UTF8.self)
}

/// Reads keys of one section; what is not there stays as it is.
struct Reader {
    let section: Value
    let name: String

    func text(_ key: String, _ text: inout String) throws(PluginError) {
        switch section[key] {
        case .null: break
        case .text(let value): text = value
        // A name or password of digits is a number to the reader of ini files.
        case .integer(let number): text = "\(number)"
        default: throw PluginError("[\(name)] \(key): expected a text")
        }
    }

    func number(_ key: String, _ range: ClosedRange<Int64>, _ take: (Int64) -> Void) throws(PluginError) {
        switch section[key] {
        case .null: break
        case .integer(let number) where range.contains(number): take(number)
        default: throw PluginError("[\(name)] \(key): expected \(range.lowerBound) to \(range.upperBound)")
        }
    }

    func flag(_ key: String, _ flag: inout Bool) throws(PluginError) {
        switch section[key] {
        case .null: return
        case .boolean(let on):
            flag = on
            return
        case .integer(let number) where number == 0 || number == 1:
            flag = number == 1
            return
        case .text(let word):
            if let on = word.lend({ $0.switch }) {
                flag = on
                return
            }
        default: break
        }
        throw PluginError("[\(name)] \(key) is neither true nor false")
    }
}
