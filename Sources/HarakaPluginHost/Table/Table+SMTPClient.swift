// The service smtp_client/1: dialogues of plugins with other servers. plugin.h "smtp_client/1".

import HarakaCore
import HarakaPluginABI
import SMTPSyntax

/// The table of smtp_client/1, made once. Only hosts that can connect offer it.
enum SMTPClientService {
    /// RFC 4954 section 4.5.3.1.3 wants 12,288 bytes of a line.
    private static let maximumLine = 64 * 1024

    nonisolated(unsafe) static let table: UnsafeMutablePointer<haraka_smtp_client_1> = {
        let table = UnsafeMutablePointer<haraka_smtp_client_1>.allocate(capacity: 1)
        table.initialize(to: haraka_smtp_client_1())
        table.pointee.size = MemoryLayout<haraka_smtp_client_1>.size
        table.pointee.open = { me, options, callback, out in
            PluginHost.withPlugin(me) { host, plugin in
                guard let clients = host.smtpClients else { return HARAKA_E_UNSUPPORTED }
                guard let out, let parsed = SMTPClientOptions(options, plugin.name) else { return HARAKA_E_ARGUMENT }
                guard plugin.dialogues.count < PluginDialogue.maximum else { return HARAKA_E_LIMIT }
                let bits = options?.pointee.connection.bits ?? 0
                let state = host.connections.find(bits)
                guard bits == 0 || state != nil else { return host.badHandle("connection") }
                let dialogue = PluginDialogue(host, plugin, state, to: parsed.peer)
                let status = dialogue.open(parsed, clients, callback)
                if status >= 0 { out.pointee = haraka_smtp_client(bits: dialogue.handle.bits) }
                return status
            }
        }
        table.pointee.capabilities = { client, out in
            SMTPClientService.with(client) { host, dialogue in
                guard let out else { return HARAKA_E_ARGUMENT }
                guard let lines = dialogue.capabilities else { return HARAKA_E_STATE }
                out.pointee = host.arena.lend(Value.list(lines.map(Value.text)))
                return HARAKA_SUCCESS
            }
        }
        fillCommands(table)
        fillEnds(table)
        return table
    }()

    private static func fillCommands(_ table: UnsafeMutablePointer<haraka_smtp_client_1>) {
        table.pointee.command = { client, line, callback in
            SMTPClientService.with(client) { _, dialogue in
                guard let bytes = line.bytes, !bytes.isEmpty else { return HARAKA_E_ARGUMENT }
                guard bytes.count <= SMTPClientService.maximumLine else { return HARAKA_E_LIMIT }
                guard !bytes.contains(where: { $0 == 13 || $0 == 10 || $0 == 0 }) else { return HARAKA_E_ARGUMENT }
                return dialogue.say(SMTPClientService.isData(bytes) ? .data : .command, callback) {
                    $0.command(Array(bytes), $1)
                }
            }
        }
        table.pointee.mail = { client, from, transaction, callback in
            SMTPClientService.with(client) { host, dialogue in
                guard let from = SMTPClientService.address(from) else { return HARAKA_E_ARGUMENT }
                let state = host.transactions.find(transaction.bits)
                guard transaction.bits == 0 || state != nil else { return host.badHandle("transaction") }
                return dialogue.say(.command, callback) { $0.mail(from, state?.transaction, $1) }
            }
        }
        table.pointee.rcpt = { client, to, callback in
            SMTPClientService.with(client) { _, dialogue in
                guard let to = SMTPClientService.address(to), !to.isNull else { return HARAKA_E_ARGUMENT }
                return dialogue.say(.command, callback) { $0.rcpt(to, $1) }
            }
        }
        table.pointee.message = { client, message, callback in
            SMTPClientService.with(client) { host, dialogue in
                guard let view = host.messages.find(message.bits) else { return host.badHandle("message") }
                return dialogue.say(.message, callback) { $0.message(view, $1) }
            }
        }
    }

    private static func fillEnds(_ table: UnsafeMutablePointer<haraka_smtp_client_1>) {
        // One that has ended by itself is no reason for a line in the log: who cleans up need not look first.
        table.pointee.release = { client in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let dialogue = host.clients.find(client.bits) else { return HARAKA_E_HANDLE }
            dialogue.release()
            return HARAKA_SUCCESS
        }
        table.pointee.abort = { client in
            guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
            guard let dialogue = host.clients.find(client.bits) else { return HARAKA_E_HANDLE }
            dialogue.abort()
            return HARAKA_SUCCESS
        }
    }

    private static func with(_ client: haraka_smtp_client, _ body: (PluginHost, PluginDialogue) -> Int32) -> Int32 {
        guard let host = PluginHost.onLoop() else { return PluginHost.offLoop }
        guard let dialogue = host.clients.find(client.bits) else { return host.badHandle("dialogue") }
        return dialogue.plugin.isRevoked ? HARAKA_E_REVOKED : body(host, dialogue)
    }

    /// The verb DATA, in any case, with nothing behind it but blanks.
    private static func isData(_ line: UnsafeRawBufferPointer) -> Bool {
        let word = line.prefix { $0 != 32 && $0 != 9 }
        return word.count == 4 && zip(word, "data".utf8).allSatisfy { $0 | 0x20 == $1 }
    }

    private static func address(_ source: UnsafePointer<haraka_address>?) -> Address? {
        guard let source, case .address(let address)? = Value(haraka_address_value(source)) else { return nil }
        return address
    }
}

extension SMTPClientOptions {
    /// No limit for anything is longer, and none of this length overflows a clock. Milliseconds.
    private static let longest: Int64 = 3_600_000
    private static let knownFlags =
        HARAKA_CLIENT_LMTP | HARAKA_CLIENT_TLS | HARAKA_CLIENT_TLS_REQUIRED | HARAKA_CLIENT_TLS_VERIFY
        | HARAKA_CLIENT_XCLIENT | HARAKA_CLIENT_FRESH

    /// Nil: what the plugin gave makes no sense.
    fileprivate init?(_ source: UnsafePointer<haraka_smtp_client_options>?, _ plugin: String) {
        guard let source, source.pointee.size >= MemoryLayout<haraka_smtp_client_options>.size else { return nil }
        let given = source.pointee
        guard given.flags & ~Self.knownFlags == 0, given.port <= 65535 else { return nil }
        self.init()
        self.plugin = plugin
        guard readTexts(given), readTimes(given), [host, path, pool].count(where: { !$0.isEmpty }) == 1 else {
            return nil
        }
        isLMTP = given.flags & HARAKA_CLIENT_LMTP != 0
        usesXCLIENT = given.flags & HARAKA_CLIENT_XCLIENT != 0
        isFresh = given.flags & HARAKA_CLIENT_FRESH != 0
        if given.flags & HARAKA_CLIENT_TLS != 0 { tls = .ifOffered }
        if given.flags & HARAKA_CLIENT_TLS_REQUIRED != 0 { tls = .required }
        verifiesTLS = given.flags & HARAKA_CLIENT_TLS_VERIFY != 0
        // A certificate without TLS is none.
        guard !verifiesTLS || tls != .never else { return nil }
        port = given.port > 0 ? Int(given.port) : isLMTP ? 24 : 25
    }

    private mutating func readTexts(_ given: haraka_smtp_client_options) -> Bool {
        guard let host = given.host.text, let path = given.path.text, let pool = given.pool.text,
            let helo = given.helo.text, let user = given.auth_user.text, let password = given.auth_pass.text,
            let mechanism = given.auth_type.text
        else { return false }
        // What goes into a line as it stands must not end it.
        guard [host, path, pool, helo, user, mechanism].allSatisfy({ !$0.utf8.contains { $0 < 0x20 || $0 == 0x7f } }),
            !helo.utf8.contains(0x20), !password.utf8.contains(0)
        else { return false }
        (self.host, self.path, self.pool, self.helo) = (host, path, pool, helo)
        (self.user, self.password, self.mechanism) = (user, password, mechanism)
        return true
    }

    private mutating func readTimes(_ given: haraka_smtp_client_options) -> Bool {
        guard given.connect_timeout >= 0, given.idle_timeout >= 0, given.dead_retry >= 0 else { return false }
        if given.connect_timeout > 0 { connectTimeout = min(given.connect_timeout, Self.longest) }
        if given.idle_timeout > 0 { idleTimeout = min(given.idle_timeout, Self.longest) }
        if given.dead_retry > 0 { deadRetry = min(given.dead_retry, Self.longest) }
        return true
    }

    /// With whom, for the log.
    fileprivate var peer: String {
        if !path.isEmpty { return path }
        return pool.isEmpty ? "\(host):\(port)" : pool
    }
}
