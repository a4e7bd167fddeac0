// Every hook with arguments of every kind. docs/hooks.md lists what each hook is given.

import HarakaCore
import HarakaPluginABI
import HarakaPluginHost
import SMTPSyntax

/// What a hook's arguments are like.
enum ArgumentStyle: CaseIterable {
    case normal, empty, long, junk
    /// Normal ones, but no transaction and nothing known of the client, where that can be.
    case bare

    /// For the sentence "in the hook rcpt ...".
    var words: String {
        switch self {
        case .normal: ""
        case .empty: ", with empty arguments"
        case .long: ", with arguments of 64 KiB"
        case .junk: ", with junk as arguments"
        case .bare: ", without a transaction"
        }
    }

    /// A text of this kind.
    func text(_ usual: String) -> String {
        switch self {
        case .normal, .bare: usual
        case .empty: ""
        case .long: Junk.long
        case .junk: Junk.text
        }
    }

    func path(_ user: String, _ host: String) -> PathArguments {
        let parameters =
            switch self {
            case .normal, .bare: [Parameter(name: "SIZE", value: "1000"), Parameter(name: "SMTPUTF8", value: nil)]
            case .empty: [Parameter]()
            case .long: [Parameter(name: Junk.long, value: Junk.long)]
            case .junk: [Parameter(name: Junk.text, value: Junk.text), Parameter(name: "SIZE", value: "-1")]
            }
        let isEmpty = self == .empty
        let address = isEmpty ? Address.null : Address(user: text(user), host: text(host))
        return PathArguments(address: address, parameters: parameters)
    }
}

extension CheckClient {
    /// Hooks that are asked within a transaction only.
    private static let inTransaction: Set<String> = [
        "mail", "rcpt_parse", "rcpt_pre", "rcpt", "rcpt_ok", "received_line", "data", "data_headers_end",
        "max_data_exceeded", "data_post_headers", "data_post", "queue_pre", "queue", "queue_outbound", "queue_ok",
        "reset_transaction", "pre_send_trans_email",
    ]
    private static let afterData: Set<String> = [
        "max_data_exceeded", "data_post_headers", "data_post", "queue_pre", "queue", "queue_outbound", "queue_ok",
        "reset_transaction", "pre_send_trans_email",
    ]

    /// Brings the connection into the state in which the core asks that hook.
    func prepare(_ hook: String, _ style: ArgumentStyle) {
        self.style = style
        if style != .bare { greet() }
        guard CheckClient.inTransaction.contains(hook) else { return }
        beginTransaction()
        if style == .empty { connection.transaction?.reversePath = .null }
        if hook == "mail" { connection.transaction?.recipients = [] }
        if CheckClient.afterData.contains(hook) { receive(Messages.content(style, token)) }
    }

    /// The question that a hook of the core's, or one of the plugin's own, is asked. Nil: it is no connection's.
    func question(_ hook: String, _ style: ArgumentStyle) -> Question? {
        let word = style.text("XTEST")
        let rest = style.text("an argument of \(token)")
        guard let known = Hook(name: hook) else { return .named(hook, word: word, rest: rest) }
        switch known {
        case .initMaster, .initChild, .postFork, .log, .logging, .deny, .ok: return nil
        // About mails, not about connections.
        case .sendEmail, .getMX, .delivered, .deferred, .bounce: return nil
        // Asked when another plugin reads a file.
        case .config, .userConfig: return .named(hook, word: style.text("some.ini"), rest: style.text("ini"))
        case .heloParse: return .heloParse(word: "HELO", rest: rest)
        case .ehloParse: return .ehloParse(word: "EHLO", rest: rest)
        case .mailParse: return .mailParse(word: "MAIL", rest: style.text("FROM:<\(token)@example.net> SIZE=1000"))
        case .rcptParse: return .rcptParse(word: "RCPT", rest: style.text("TO:<\(token)@example.com>"))
        case .mailPre: return .mailPre(PathArgument(address: style.text("<\(token)@example.net>")))
        case .rcptPre: return .rcptPre(PathArgument(address: style.text("<\(token)@example.com>")))
        case .queuePost: return .queuePost(.ok, style.text("Message Queued"))
        case .vrfy: return .vrfy(rest)
        case .noop: return .noop(rest)
        case .help: return .help(rest)
        case .helo: return .helo(style.text("\(token).example.net"))
        case .ehlo: return .ehlo(style.text("\(token).example.net"))
        case .mail: return .mail(style.path("sender-\(token)", "example.net"))
        case .rcpt: return .rcpt(style.path("rcpt-\(token)", "example.com"))
        case .rcptOK: return .rcptOK(style.path("rcpt-\(token)", "example.com"))
        case .queueOK: return .queueOK(style.text("Message Queued"))
        case .unrecognizedCommand: return .unrecognizedCommand(word: word, rest: rest)
        default: return CheckClient.plain(known)
        }
    }

    /// Questions without arguments.
    private static func plain(_ hook: Hook) -> Question? {
        let questions: [Question] = [
            .preConnection, .connectInit, .lookupRDNS, .connect, .capabilities, .receivedLine, .data, .dataHeadersEnd,
            .maxDataExceeded, .dataPostHeaders, .dataPost, .queuePre, .queue, .queueOutbound, .resetTransaction, .rset,
            .quit, .disconnect, .postConnection, .preSendTransEmail,
        ]
        return questions.first { $0.hook == hook }
    }
}

extension Harness {
    /// Asks one hook once, with a client of its own. False: it is no hook that this can ask.
    @discardableResult
    func drive(_ hook: String, _ style: ArgumentStyle, _ generation: Generation) -> Bool {
        switch Hook(name: hook) {
        case .initMaster?: askServer(.initMaster, generation)
        case .initChild?: askServer(.initChild, generation)
        case .postFork?: askServer(.postFork, generation)
        case .log?, .logging?:
            measured(hook, style: style) {
                _ = host.runLogHook(
                    level: 6, levelName: "INFO", uuid: "-", origin: style.text("core"), message: style.text("a line"))
            }
        // What is told to `ok` is told by the way.
        case .ok?: return false
        case .deny?: Refuser.askDeny(self, style)
        case .sendEmail?, .getMX?, .delivered?, .deferred?, .bounce?:
            let mail = mail(style)
            // As with clients: who needs longer is looked at in the group `next`.
            if mail.ask(hook, style) == nil, mail.wait(atMost: 250) == nil { mail.withdraw() }
        default:
            let asked = [connect()] + commands(hook, style).map { _ in connect() }
            guard let first = asked.first, let question = first.question(hook, style) else {
                for client in asked { client.leave() }
                return false
            }
            for (client, question) in zip(asked, [question] + commands(hook, style)) {
                put(question, hook, style, to: client)
            }
        }
        return true
    }

    private func put(_ question: Question, _ hook: String, _ style: ArgumentStyle, to client: CheckClient) {
        client.prepare(hook, style)
        // Who needs longer is looked at in the group `next`.
        if client.ask(question, hook, style) == nil, client.wait(atMost: 250) == nil { client.vanish() }
        client.endTransaction()
        client.leave()
    }

    /// The commands that plugins are known to take, besides one that nobody does.
    func commands(_ hook: String, _ style: ArgumentStyle) -> [Question] {
        guard Hook(name: hook) == .unrecognizedCommand else { return [] }
        let commands = [
            ("STARTTLS", ""), ("AUTH", "PLAIN AHVzZXIAcGFzc3dvcmQ="), ("AUTH", "LOGIN"), ("AUTH", "CRAM-MD5"),
            ("XCLIENT", "ADDR=192.0.2.7 NAME=client.example.net"),
        ]
        return commands.map { .unrecognizedCommand(word: $0, rest: style == .normal ? $1 : style.text($1)) }
    }
}

/// A handler that refuses, so that the `deny` hook has something to hear of.
enum Refuser {
    nonisolated(unsafe) private static var words: [UInt8] = []

    private static let refuse: @convention(c) (UnsafePointer<haraka_call>?) -> Int32 = { call in
        guard let call, !words.isEmpty else { return HARAKA_DENY }
        return words.withUnsafeBytes { bytes in
            var line = haraka_str(ptr: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), len: bytes.count)
            return withUnsafePointer(to: &line) { line in
                var reply = haraka_reply()
                reply.size = MemoryLayout<haraka_reply>.size
                reply.lines = line
                reply.line_count = 1
                _ = TableSpy.original.complete(call.pointee.next, HARAKA_DENYSOFT, &reply)
                return HARAKA_PENDING
            }
        }
    }

    /// The hook whose refusal the plugin hears of.
    static func prepare(_ harness: Harness, _ generation: Generation) {
        harness.host.addFirst(refuse, to: "noop", of: generation)
    }

    static func askDeny(_ harness: Harness, _ style: ArgumentStyle) {
        words = style == .normal ? [] : Array(style.text("refused for a test").utf8.prefix(60_000))
        let client = harness.connect()
        client.prepare("noop", style)
        client.answer(.noop(""), "deny", style)
        client.leave()
    }
}
