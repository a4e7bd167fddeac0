// A server for the machine to talk to, and a driver between them. Everything happens in the order in which it would.

import HarakaCore
import SMTPSyntax

/// Answers commands. What it says to whom is set from outside; what it says of the order of commands is right.
struct ClientServer {
    var isLMTP = false
    /// EHLO's lines, without the first.
    var offers: [String] = []
    var mail = "250 2.1.0 sender ok"
    /// By local part; 250 for the others.
    var recipients: [String: String] = [:]
    /// RCPT commands that are taken in one transaction.
    var limit = Int.max
    var data = "354 go on"
    /// DATA although nobody was taken.
    var emptyData = "503 5.5.1 RCPT first"
    /// For the message as a whole, or in LMTP by local part.
    var final = "250 2.0.0 queued"
    var finals: [String: String] = [:]

    private(set) var accepted: [String] = []
    private var hasMail = false
    private var isReceiving = false

    /// The replies to what the client has sent, a reply each.
    mutating func replies(to bytes: [UInt8]) -> [String] {
        String(decoding: bytes, as: UTF8.self).split(separator: "\r\n").flatMap { reply(to: String($0)) }
    }

    private mutating func reply(to line: String) -> [String] {
        if isReceiving { return line == "." ? messageEnded() : [] }
        switch line.split(separator: " ").first?.uppercased() {
        case "EHLO", "LHLO": return [hello()]
        case "HELO": return ["250 mx"]
        case "STARTTLS", "XCLIENT":
            offers.removeAll { $0.hasPrefix("STARTTLS") && line == "STARTTLS" }
            return ["220 go on"]
        case "RSET":
            (hasMail, accepted) = (false, [])
            return ["250 2.0.0 reset"]
        case "MAIL":
            hasMail = mail.hasPrefix("2")
            return [mail]
        case "RCPT": return [recipient(line)]
        case "DATA": return [dataReply()]
        case "QUIT": return ["221 2.0.0 bye"]
        case "AUTH": return ["334 VXNlcg=="]
        case "dXNlcg==": return ["334 UGFzcw=="]
        case "DXNLCG==": return ["334 UGFzcw=="]
        case "CGVUY2LS": return ["235 2.7.0 welcome"]
        default: return ["500 5.5.2 what? \(line)"]
        }
    }

    private func hello() -> String {
        let lines = ["mx"] + offers
        return lines.enumerated().map { "250\($0 == lines.count - 1 ? " " : "-")\($1)" }.joined(separator: "\r\n")
    }

    private mutating func recipient(_ line: String) -> String {
        guard hasMail else { return "503 5.5.1 MAIL first" }
        guard accepted.count < limit else { return "452 4.5.3 too many" }
        let name = String(line.dropFirst("RCPT TO:<".count).prefix { $0 != "@" })
        let reply = recipients[name] ?? "250 2.1.5 ok"
        if reply.hasPrefix("2") { accepted.append(name) }
        return reply
    }

    private mutating func dataReply() -> String {
        guard hasMail else { return "503 5.5.1 MAIL first" }
        let reply = accepted.isEmpty ? emptyData : data
        isReceiving = reply.hasPrefix("354")
        return reply
    }

    /// It was not 354 that it has said.
    mutating func forgetData() { isReceiving = false }

    /// The final dot has come.
    mutating func messageEnded() -> [String] {
        let replies = isLMTP ? accepted.map { finals[$0] ?? final } : [accepted.isEmpty ? "554 5.5.1 nobody" : final]
        (isReceiving, hasMail, accepted) = (false, false, [])
        return replies
    }
}

/// What befalls a dialogue instead of one reply, or of the end of the handshake.
enum ClientFault: Sendable, Equatable, CaseIterable {
    case refusedForNow, refusedForGood, serviceClosed, intermediate, positive, malformed, closed, timeout

    var words: String? {
        switch self {
        case .refusedForNow: "450 4.9.9 not now"
        case .refusedForGood: "550 5.9.9 never"
        case .serviceClosed: "421 4.9.9 bye"
        case .intermediate: "354 go on"
        case .positive: "250 2.9.9 fine"
        case .malformed: "what?"
        case .closed, .timeout: nil
        }
    }
}

/// Brings machine and server together until both are through.
final class ClientRun {
    private(set) var machine: ClientMachine
    private var server: ClientServer
    private var envelopes: [ClientEnvelope]
    private var decoder = ReplyDecoder()
    /// Which event goes wrong, counted from 0, and how.
    private let fault: (at: Int, ClientFault)?
    private var events = 0
    /// What the machine was waiting for when it went wrong; nil: it has not.
    private(set) var faultStage: ClientStage?
    private(set) var begunAtFault = 0
    /// Of the last message, what the server had answered by then: RCPT commands, and the final dot.
    private(set) var answered = (recipients: 0, finals: 0)
    private var waiting: [String] = []
    private(set) var outcomes: [ClientOutcome] = []
    private(set) var failures: [ClientFailure] = []
    private(set) var begun = 0
    private(set) var isClosed = false
    /// What must not happen.
    private(set) var faults: [String] = []
    /// Bytes in which replies arrive; 0: whole.
    var step = 0

    init(
        _ settings: ClientSettings, _ server: ClientServer, _ envelopes: [ClientEnvelope],
        fault: (at: Int, ClientFault)? = nil
    ) {
        machine = ClientMachine(settings)
        (self.server, self.envelopes, self.fault) = (server, envelopes, fault)
    }

    func run() {
        waiting = ["220 mx"]
        while !isClosed, !machine.isClosed, !waiting.isEmpty, events < 10_000 {
            let reply = waiting.removeFirst()
            happen { self.receive(reply) }
        }
        if !machine.isClosed { faults.append("it waits for a reply that no command asks for: \(machine.stage)") }
        if outcomes.count != begun { faults.append("\(begun) messages, \(outcomes.count) outcomes") }
        if failures.count > 1 { faults.append("refused twice") }
        if begun == 0, failures.isEmpty { faults.append("neither refused nor ready") }
    }

    /// The next event, or what comes instead.
    private func happen(_ event: () -> Void) {
        let (stage, number) = (machine.stage, events)
        events += 1
        guard let fault, fault.at == number else {
            let counts = faultStage == nil && begun == envelopes.count
            if stage == .recipient, counts { answered.recipients += 1 }
            if stage == .final, counts { answered.finals += 1 }
            return event()
        }
        (faultStage, begunAtFault) = (stage, begun)
        if stage == .data { server.forgetData() }
        if let words = fault.1.words { return receive(words) }
        perform(fault.1 == .closed ? machine.closed() : machine.timedOut())
        isClosed = true
    }

    private func receive(_ reply: String) {
        let bytes = Array("\(reply)\r\n".utf8)
        var start = 0
        while start < bytes.count {
            let end = step == 0 ? bytes.count : min(start + step, bytes.count)
            let (consumed, event) = bytes[start..<end].withUnsafeBytes { decoder.next($0) }
            start += consumed
            switch event {
            case .reply(let reply): perform(machine.received(reply))
            case .malformed(let malformed): perform(machine.malformed(malformed))
            case nil: break
            }
        }
    }

    private func perform(_ actions: [ClientAction]) {
        for action in actions {
            if isClosed { faults.append("\(action) after the end") }
            perform(action)
        }
    }

    private func perform(_ action: ClientAction) {
        switch action {
        case .send(let bytes): waiting += server.replies(to: bytes)
        case .sendSecret(let secret): waiting += server.replies(to: secret.bytes)
        case .startTLS: happen { self.perform(self.machine.tlsEstablished()) }
        case .sendMessage: happen { self.send() }
        case .ready: ready()
        case .refused(let failure): failures.append(failure)
        case .done(let outcome):
            outcomes.append(outcome)
            if outcome.recipients.count != envelopes[begun - 1].recipients.count {
                faults.append("recipients are lost")
            }
        case .warn: break
        case .close: isClosed = true
        }
    }

    private func send() {
        perform(machine.messageSent())
        waiting += server.messageEnded()
    }

    private func ready() {
        guard begun < envelopes.count else { return perform(machine.quit()) }
        begun += 1
        perform(machine.begin(envelopes[begun - 1]))
    }
}
