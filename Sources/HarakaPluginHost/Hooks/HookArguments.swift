// What hook functions are asked about, made when somebody is asked. docs/hooks.md "The hooks".

import HarakaCore
import HarakaPluginABI
import MailMessage
import SMTPSyntax

extension PluginHost {
    /// The arguments of whose turn it is: the hook's own plugins, or those of `deny` or `ok`.
    func arguments(_ run: HookRun) -> haraka_list {
        run.chain.isBeyondHook ? decisionArguments(run) : arguments(of: run)
    }

    private func arguments(of run: HookRun) -> haraka_list {
        if let outbound = run.outbound { return lend(outbound.arguments) }
        if case .custom(_, let values) = run.question { return lend(values) }
        return switch run.hook {
        case .log?: logLine.map { lend([.map($0)]) } ?? arena.lend(arguments: run.question)
        case .logging?:
            logLine.map { line in lend(["level", "hook", "origin", "data"].map { line[$0] ?? .text("") }) }
                ?? arena.lend(arguments: run.question)
        case .initMaster?, .initChild?, .postFork?: haraka_list()
        case .preConnection?: run.state.map { lend($0.endpoints) } ?? haraka_list()
        case .receivedLine?: run.state.map { lend($0.receivedLine) } ?? haraka_list()
        case .helo?, .ehlo?: helloArguments(run)
        default: arena.lend(arguments: run.question)
        }
    }

    /// The host, and what a plugin of `helo_parse` or `ehlo_parse` has added.
    private func helloArguments(_ run: HookRun) -> haraka_list {
        let more = run.state?.connection.helloArguments ?? []
        switch run.question {
        case .helo(let host) where !more.isEmpty, .ehlo(let host) where !more.isEmpty: return lend([.text(host)] + more)
        default: return arena.lend(arguments: run.question)
        }
    }

    func lend(_ values: [Value]) -> haraka_list {
        let items = arena.allocate(haraka_value.self, values.count)
        for (index, value) in values.enumerated() { items[index] = arena.lend(value) }
        return haraka_list(items: items, count: values.count)
    }

    /// What `deny` and `ok` are told.
    private func decisionArguments(_ run: HookRun) -> haraka_list {
        guard let (verdict, plugin, method) = run.decision else { return haraka_list() }
        let code = Value.integer(Int64(verdict.code.rawValue))
        let words = verdict.reply.inDenyArguments
        guard run.chain.refusal != nil else { return lend([.text(plugin), code, words]) }
        let parameters = arguments(of: run)
        let items = arena.allocate(haraka_value.self, 6)
        items[0] = arena.lend(code)
        items[1] = arena.lend(words)
        items[2] = arena.lend(Value.text(plugin))
        items[3] = arena.lend(Value.text(method))
        items[4] = haraka_value()
        items[4].type = HARAKA_TYPE_LIST
        items[4].as.list = parameters
        items[5] = arena.lend(Value.text(run.hookName))
        return haraka_list(items: items, count: 6)
    }
}

extension ConnectionState {
    /// The arguments of `pre_connection`: both ends, how many clients one address may have, and who else is here.
    fileprivate var endpoints: [Value] {
        let (remote, local) = (connection.remote, connection.local)
        return [
            .text(remote.ip), .integer(Int64(remote.port)), .text(local.ip), .integer(Int64(local.port)),
            .integer(Int64(driver.connectionsPerAddress)), .list(driver.otherAddresses.map(Value.text)),
        ]
    }

    /// The arguments of `received_line`: the protocol, who has authenticated, the cipher, and the core's own line.
    fileprivate var receivedLine: [Value] {
        [
            .text(connection.protocolName), .text(connection.auth?.user ?? ""), .text(connection.cipherName ?? ""),
            .text(connection.transaction?.receivedLine ?? ""),
        ]
    }
}

extension PluginReply {
    /// Text, lines, or for a DSN a map with its code, its status and one of these, so that a plugin that postpones a
    /// refusal can give it again as it was.
    fileprivate var inDenyArguments: Value {
        let words = lines.count > 1 ? Value.list(lines.map(Value.text)) : .text(text)
        guard code != nil || status != nil else { return words }
        var dsn = ValueMap()
        if let code { dsn["code"] = .integer(Int64(code)) }
        if let status { dsn["status"] = .text("\(status)") }
        dsn[lines.count > 1 ? "lines" : "text"] = words
        return .map(dsn)
    }
}

extension Arena {
    /// The arguments that a question carries.
    mutating func lend(arguments question: Question) -> haraka_list {
        switch question {
        case .helo(let host), .ehlo(let host): return lend(first: lend(.text(host)))
        case .mail(let path), .rcpt(let path): return lend(first: lend(path.address), lend(path.parameters))
        case .rcptOK(let path): return lend(first: lend(path.address))
        case .mailPre(let path), .rcptPre(let path): return lend(first: lend(.text(path.address)))
        case .queueOK(let text): return lend(first: lend(.text(text)))
        case .queuePost(let code, let text):
            return lend(first: lend(.integer(Int64(code.rawValue))), lend(.text(text)))
        case .vrfy(let rest), .noop(let rest), .help(let rest): return lend(first: lend(.text(rest)))
        case .heloParse(let word, let rest), .ehloParse(let word, let rest), .mailParse(let word, let rest),
            .rcptParse(let word, let rest), .unrecognizedCommand(let word, let rest), .named(_, let word, let rest):
            return lend(first: lend(.text(word)), lend(.text(rest)))
        default: return haraka_list()
        }
    }

    private mutating func lend(first: haraka_value, _ second: haraka_value? = nil) -> haraka_list {
        let items = allocate(haraka_value.self, 2)
        items[0] = first
        if let second { items[1] = second }
        return haraka_list(items: items, count: second == nil ? 1 : 2)
    }
}

extension Question {
    /// What stands for a secret.
    static let hidden = "[hidden]"

    /// The arguments as the log shows them: what plugins ask each other holds passwords, and so does what follows AUTH.
    /// - Parameter afterAuth: the client has said AUTH before
    func parameterText(afterAuth: Bool = false) -> String {
        switch self {
        case .helo(let host), .ehlo(let host): host
        case .mail(let path), .rcpt(let path): path.address.formatted
        case .rcptOK(let path): path.address.formatted
        case .mailPre(let path), .rcptPre(let path): path.address
        case .queueOK(let text): text
        case .queuePost(let code, let text): "\(code.name),\(text)"
        case .vrfy(let rest), .noop(let rest), .help(let rest): rest
        case .heloParse(let word, let rest), .ehloParse(let word, let rest), .mailParse(let word, let rest),
            .rcptParse(let word, let rest):
            CommandLine.shown(word: word, rest: rest, separator: ",")
        case .unrecognizedCommand(let word, let rest), .named(_, let word, let rest):
            CommandLine.shown(word: word, rest: rest, separator: ",", afterAuth: afterAuth)
        case .custom: Question.hidden
        default: ""
        }
    }
}
