// The rest of the server, as the plugin host of the zoo sees it: a log, configuration, a client.

import Glibc
import HarakaCore
import HarakaPluginABI
import HarakaPluginHost
import SMTPSyntax

/// Collects log lines.
final class ZooLog: PluginLog, @unchecked Sendable {
    struct Line {
        let level: Int32
        let uuid: String
        let origin: String
        let message: String
    }

    private let lock = ZooLock()
    private var collected: [Line] = []
    private var limit: Int32?
    private var observer: ((String) -> Void)?

    /// Runs where a plugin says something, at that very moment.
    func observe(_ observer: @escaping (String) -> Void) { lock.with { self.observer = observer } }

    var lines: [Line] { lock.with { collected } }
    /// Lines above this level are not wanted.
    var level: Int32 {
        get { lock.with { limit ?? HARAKA_LOG_DATA } }
        set { lock.with { limit = newValue } }
    }

    /// Unless a test says otherwise: as servers run, for the host asks hooks in a quicker way while nobody wants to see
    /// each answer; and what the zoo's plugins say. With ZOO_LOG=9 in the environment the whole zoo goes the long way.
    func isEnabled(_ level: Int32) -> Bool {
        lock.with { limit.map { level <= $0 } ?? (level <= ZooLog.usual || level == HARAKA_LOG_PROTOCOL) }
    }

    private static let usual = getenv("ZOO_LOG").flatMap { Int32(String(cString: $0)) } ?? HARAKA_LOG_INFO

    func log(_ level: Int32, uuid: String, origin: String, _ message: String) {
        if level == HARAKA_LOG_PROTOCOL { lock.with { observer }?(message) }
        lock.change { collected.append(Line(level: level, uuid: uuid, origin: origin, message: message)) }
    }

    /// What plugins said, as "plugin: text", and forgets it.
    func heard() -> [String] {
        var texts: [String] = []
        lock.change {
            texts = collected.filter { $0.level == HARAKA_LOG_PROTOCOL }.map { "\($0.origin): \($0.message)" }
            collected.removeAll { $0.level == HARAKA_LOG_PROTOCOL }
        }
        return texts
    }

    /// Lines of one level.
    func messages(_ level: Int32) -> [String] { lines.filter { $0.level == level }.map(\.message) }

    /// Waits for a line; false if it does not come.
    func waits(for message: String) -> Bool {
        lock.wait(until: { collected.contains { $0.message == message } })
    }
}

/// Configuration that says what it was asked for.
final class ZooConfiguration: PluginConfiguration, @unchecked Sendable {
    private let lock = ZooLock()
    private var asked: [String] = []

    var questions: [String] { lock.with { asked } }

    func get(_ name: String, type: Int32, booleans: String, package: String?) -> (value: Value, problems: [String]) {
        lock.with { asked.append("\(name) \(type) '\(booleans)'") }
        switch name {
        case "broken.ini": return (.map(ValueMap()), ["broken.ini:1: what is this?"])
        case "list": return (.list([.text("a"), .text("b")]), [])
        case "x.ini":
            let main = ValueMap([.init("on", .boolean(true)), .init("n", .integer(5)), .init("ratio", .number(1.5))])
            return (.map(ValueMap([.init("main", .map(main)), .init("empty", .map(ValueMap()))])), [])
        default: return (.null, [])
        }
    }
}

/// A client whose session is the test.
final class ZooClient: ConnectionDriver {
    let connection: Connection
    unowned let zoo: Zoo
    /// Verdicts that came late.
    private(set) var verdicts: [Verdict] = []
    private(set) var replies: [(code: Int, reply: PluginReply)] = []
    private(set) var disconnects = 0
    private(set) var pauses = 0
    /// The addresses of other clients.
    var others: [String] = []
    var otherAddresses: [String] { others }
    /// Runs when the hooks are through, as a session's next step would.
    var onCompleted: ((Verdict) -> Void)?

    init(_ zoo: Zoo, _ uuid: String) {
        self.zoo = zoo
        var remote = Connection.Endpoint()
        remote.ip = "192.0.2.1"
        remote.port = 4242
        connection = Connection(
            uuid: uuid, startTime: 1, remote: remote, local: Connection.Endpoint(), localAddresses: [])
    }

    func respond(_ code: Int, _ reply: PluginReply) { replies.append((code, reply)) }
    func requestDisconnect() { disconnects += 1 }
    func pauseReading() { pauses += 1 }
    func resumeReading() { pauses -= 1 }
    /// A question of a plugin's that waits for this client.
    private(set) var asked: [(reply: Reply, limit: Int)] = []
    private var then: (([UInt8]?) -> Void)?
    /// How often nobody waited any more.
    private(set) var stops = 0
    /// A line that is here already when a plugin asks for it.
    var early: [UInt8]?
    func askClient(_ reply: Reply, limit: Int, _ then: @escaping ([UInt8]?) -> Void) {
        asked.append((reply, limit))
        guard let line = early else { return self.then = then }
        early = nil
        then(line)
    }
    func stopAskingClient() {
        stops += 1
        then = nil
        shook = nil
    }
    var canStartTLS = false
    private var shook: ((Bool) -> Void)?
    func startTLS(_ done: @escaping (Bool) -> Void) { shook = done }
    func channelBinding(_ type: String) -> [UInt8]? { type == "tls-exporter" ? [65, 66, 67] : nil }
    private(set) var restarts: [Bool] = []
    func restart(keepsName: Bool) { restarts.append(keepsName) }

    /// The line that a plugin has asked for; nil: it was too long. False: nobody waits for one.
    @discardableResult
    func say(_ line: String?) -> Bool {
        zoo.loop.run {
            let then = then
            self.then = nil
            then?(line.map { Array($0.utf8) })
            return then != nil
        }
    }

    /// The handshake is over. False: nobody waits for that.
    @discardableResult
    func shake(_ succeeds: Bool) -> Bool {
        zoo.loop.run {
            let shook = shook
            self.shook = nil
            shook?(succeeds)
            return shook != nil
        }
    }

    func hooksCompleted(_ verdict: Verdict) {
        verdicts.append(verdict)
        onCompleted?(verdict)
    }

    /// Asks the plugins; nil: they need time.
    func ask(_ question: Question) -> Verdict? { zoo.loop.run { zoo.host.ask(question, connection) } }

    /// Asks, and waits for what other threads have to say.
    func answer(_ question: Question) -> Verdict? {
        let before = zoo.loop.run { verdicts.count }
        if let verdict = ask(question) { return verdict }
        zoo.loop.drain()
        return zoo.loop.run { verdicts.count > before ? verdicts.last : nil }
    }

    /// Sends WORD rest to the plugins' unrecognized_command.
    @discardableResult
    func command(_ word: String, _ rest: String = "") -> Verdict? {
        answer(.unrecognizedCommand(word: word, rest: rest))
    }

    /// The verdicts that came late until now.
    var lateVerdicts: [Verdict] {
        zoo.loop.drain()
        return zoo.loop.run { verdicts }
    }

    func beginTransaction() {
        zoo.loop.run {
            connection.transactionCount += 1
            connection.transaction = Transaction(uuid: "\(connection.uuid).\(connection.transactionCount)")
        }
    }

    func endTransaction() {
        zoo.loop.run { connection.transaction = nil }
        zoo.loop.drain()
    }

    /// The client has gone, as far as TCP is concerned.
    func leave() {
        zoo.loop.run {
            connection.remoteIsClosed = true
            zoo.host.cancel(connection)
        }
        zoo.loop.drain()
    }

    /// The session is over.
    func end() {
        zoo.loop.run {
            connection.transaction = nil
            zoo.host.end(connection)
        }
        zoo.loop.drain()
    }
}
