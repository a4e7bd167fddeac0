// status: answers STATUS, for programs on this machine.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerStatus)
    }
#endif

/// Only clients with an address of this machine are offered it, and answered.
public func registerStatus(_ plugin: Plugin) {
    let figures = Figures(since: Plugin.wallClock)
    plugin.hook("connect_init") { call in
        call.connection.notes.keep("guest", Guest(of: figures))
        return .continue
    }
    plugin.hook("capabilities") { call in
        if call.connection.isLocal { call.connection.addCapability("STATUS") }
        return .continue
    }
    plugin.hook("unrecognized_command") { call, next throws(PluginError) in
        guard isStatus(call.text(0)) else { return next.continue() }
        guard call.connection.isLocal else { return next.deny("STATUS not allowed remotely") }
        let connection = call.connection
        switch Request(call.text(1).string) {
        case .poolList: try answer(connection, "{}", next)
        case .connectionStats: try answer(connection, figures.json(process: Plugin.processNumber), next)
        case .queue(let question):
            guard let outbound = call.plugin.outbound else {
                return next.deny("STATUS QUEUE is not available: there is no outbound queue")
            }
            try question.ask(outbound, next) { json, next throws(PluginError) in
                guard let json else { return next.deny("No such file in the queue") }
                try answer(connection, json, next)
            }
        case .unknown: next.deny("Unrecognized command")
        }
    }
}

private func answer(_ connection: Connection, _ json: String, _ next: consuming Next) throws(PluginError) {
    try connection.respond(211, Reply(json))
    next.ok()
}

/// Verbs are compared without case (RFC 5321 section 2.4).
private func isStatus(_ word: Text) -> Bool {
    let verb: StaticString = "STATUS"
    return word.equalsCaseless(Text(UnsafeRawBufferPointer(start: verb.utf8Start, count: verb.utf8CodeUnitCount)))
}

/// What follows STATUS.
enum Request: Equatable {
    case poolList, connectionStats
    case queue(QueueQuestion)
    case unknown

    /// The words are as Haraka's, in any case.
    init(_ rest: String) {
        let words = rest.utf8.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
        guard words.count >= 2 else {
            self = .unknown
            return
        }
        switch (words[0].asciiLowercased, words[1].asciiLowercased) {
        case ("pool", "list"): self = .poolList
        case ("connection", "stats"): self = .connectionStats
        case ("queue", let verb):
            // An empty name would be all files.
            self = QueueQuestion(verb, file: words.count > 2 ? words[2] : "").map { .queue($0) } ?? .unknown
        default: self = .unknown
        }
    }
}

/// What this process has seen since the plugin was loaded. Loop thread only.
final class Figures {
    /// Milliseconds since 1970.
    let since: Int64
    fileprivate(set) var open: Int64 = 0
    fileprivate(set) var total: Int64 = 0

    init(since: Int64) { self.since = since }

    func json(process: Int64) -> String {
        "{\"process\":\(process),\"since\":\(since),\"open\":\(open),\"total\":\(total)}"
    }
}

/// One connection, kept with it: its end is the end of this, however that comes about.
final class Guest {
    private let figures: Figures

    init(of figures: Figures) {
        self.figures = figures
        figures.open += 1
        figures.total += 1
    }

    deinit { figures.open -= 1 }
}
