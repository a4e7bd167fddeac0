// The hooks that the core asks: those of Haraka, and those that only qpsmtpd has. docs/hooks.md "The hooks".

/// A question that the core asks its plugins. The raw value is the slot in a handler table of `Hook.count` slots, and
/// the bit in a `HookSet`.
public enum Hook: UInt8, Sendable, CaseIterable {
    case initMaster, initChild, postFork, log, logging, config, userConfig
    case preConnection, connectInit, lookupRDNS, connect
    case heloParse, helo, ehloParse, ehlo, capabilities
    case authParse, auth, authPlain, authLogin, authCRAMMD5
    case quit, vrfy, noop, help, rset, unrecognizedCommand
    case mailParse, mailPre, mail, rcptParse, rcptPre, rcpt, rcptOK
    case receivedLine, data, dataHeadersEnd, maxDataExceeded, dataPostHeaders, dataPost
    case queuePre, queue, queueOutbound, queueOK, queuePost
    case resetTransaction, deny, ok, disconnect, postConnection
    case preSendTransEmail, sendEmail, getMX, delivered, deferred, bounce

    public static let count = Hook.allCases.count

    /// Haraka's name, as plugins, logs and symbols spell it.
    public var name: String {
        switch self {
        case .initMaster: "init_master"
        case .initChild: "init_child"
        case .postFork: "post_fork"
        case .log: "log"
        case .logging: "logging"
        case .config: "config"
        case .userConfig: "user_config"
        case .preConnection: "pre_connection"
        case .connectInit: "connect_init"
        case .lookupRDNS: "lookup_rdns"
        case .connect: "connect"
        case .heloParse: "helo_parse"
        case .helo: "helo"
        case .ehloParse: "ehlo_parse"
        case .ehlo: "ehlo"
        case .capabilities: "capabilities"
        case .authParse: "auth_parse"
        case .auth: "auth"
        case .authPlain: "auth_plain"
        case .authLogin: "auth_login"
        case .authCRAMMD5: "auth_cram_md5"
        case .quit: "quit"
        case .vrfy: "vrfy"
        case .noop: "noop"
        case .help: "help"
        case .rset: "rset"
        case .unrecognizedCommand: "unrecognized_command"
        case .mailParse: "mail_parse"
        case .mailPre: "mail_pre"
        case .mail: "mail"
        case .rcptParse: "rcpt_parse"
        case .rcptPre: "rcpt_pre"
        case .rcpt: "rcpt"
        case .rcptOK: "rcpt_ok"
        case .receivedLine: "received_line"
        case .data: "data"
        case .dataHeadersEnd: "data_headers_end"
        case .maxDataExceeded: "max_data_exceeded"
        case .dataPostHeaders: "data_post_headers"
        case .dataPost: "data_post"
        case .queuePre: "queue_pre"
        case .queue: "queue"
        case .queueOutbound: "queue_outbound"
        case .queueOK: "queue_ok"
        case .queuePost: "queue_post"
        case .resetTransaction: "reset_transaction"
        case .deny: "deny"
        case .ok: "ok"
        case .disconnect: "disconnect"
        case .postConnection: "post_connection"
        case .preSendTransEmail: "pre_send_trans_email"
        case .sendEmail: "send_email"
        case .getMX: "get_mx"
        case .delivered: "delivered"
        case .deferred: "deferred"
        case .bounce: "bounce"
        }
    }

    /// False: the name is known, so that plugins can register on it, but the core does not ask it. Those of AUTH are
    /// asked by the plugin that does AUTH (auth/auth_base): `auth_plain`, `auth_login` or `auth_cram_md5`, then `auth`,
    /// as in qpsmtpd, with mechanism, user, password, hash and ticket. Nobody asks `auth_parse`.
    public var isAsked: Bool {
        switch self {
        case .authParse, .auth, .authPlain, .authLogin, .authCRAMMD5: false
        default: true
        }
    }

    /// The hook of that name; `-` and `_` are one, as in qpsmtpd's `auth-plain`. Nil: not a hook of the core's.
    public init?(name: String) {
        let wanted = name.contains("-") ? String(name.map { $0 == "-" ? "_" : $0 }) : name
        guard let hook = Hook.allCases.first(where: { $0.name == wanted }) else { return nil }
        self = hook
    }
}
