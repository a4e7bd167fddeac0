// Dialogues as text: what the server says goes in, and what the machine does comes out beside it.

import HarakaCore
import SMTPSyntax

/// Plays a machine. Lines that begin with `S: ` are the server's, `! ` are events of the driver; the machine's own are
/// `C: `, and `> ` for all that goes to the driver.
final class ClientPlay {
    private(set) var machine: ClientMachine
    private var decoder = ReplyDecoder()
    /// What ``begin`` begins.
    var envelope: ClientEnvelope
    private(set) var lines: [String] = []
    private(set) var outcomes: [ClientOutcome] = []
    private(set) var failures: [ClientFailure] = []
    /// Every action, in order.
    private(set) var actions: [ClientAction] = []

    init(_ settings: ClientSettings = .test, _ envelope: ClientEnvelope = .test) {
        machine = ClientMachine(settings)
        self.envelope = envelope
    }

    /// Plays what is input in `script`, and returns all that was said.
    static func play(
        _ script: String, _ settings: ClientSettings = .test, _ envelope: ClientEnvelope = .test
    ) -> [String] {
        let play = ClientPlay(settings, envelope)
        var reply: [String] = []
        for line in script.split(separator: "\n", omittingEmptySubsequences: true).map(String.init) {
            if line.hasPrefix("S: ") { reply.append(String(line.dropFirst(3))) }
            guard !reply.isEmpty else {
                if line.hasPrefix("! ") { play.event(String(line.dropFirst(2))) }
                continue
            }
            // A whole reply arrives at once; "&" in front glues it to the next one.
            let last = reply.last ?? ""
            let isMidway = Int(last.prefix(3)) != nil && last.dropFirst(3).first == "-"
            if isMidway || last.hasPrefix("&") { continue }
            play.server(reply.map { $0.hasPrefix("&") ? String($0.dropFirst()) : $0 })
            reply = []
        }
        return play.lines
    }

    func server(_ said: [String]) {
        lines += said.map { "S: \($0)" }
        receive(Array(said.map { $0 + "\r\n" }.joined().utf8))
    }

    func receive(_ bytes: [UInt8]) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let (consumed, event) = rest.withUnsafeBytes { decoder.next($0) }
            rest = rest.dropFirst(consumed)
            switch event {
            case .reply(let reply): perform(machine.received(reply, isLast: rest.isEmpty))
            case .malformed(let malformed): perform(machine.malformed(malformed))
            case nil: break
            }
        }
    }

    func event(_ name: String) {
        lines.append("! \(name)")
        switch name {
        case "begin": perform(machine.begin(envelope))
        case "tls": perform(machine.tlsEstablished([.test]))
        case "tls failed": perform(machine.tlsFailed("bad certificate"))
        case "sent": perform(machine.messageSent())
        case "unreadable": perform(machine.messageUnreadable("disk error"))
        case "quit": perform(machine.quit())
        case "closed": perform(machine.closed())
        case "timeout": perform(machine.timedOut())
        default: lines.append("no such event")
        }
    }

    private func perform(_ actions: [ClientAction]) {
        self.actions += actions
        for action in actions { perform(action) }
    }

    private func perform(_ action: ClientAction) {
        switch action {
        case .send(let bytes): said(bytes, "C: ")
        case .sendSecret(let secret):
            said(secret.bytes, "C: ")
            lines.append("> shown \(secret.shown)")
        case .startTLS: lines.append("> tls")
        case .sendMessage(let needsDowngrade): lines.append("> message\(needsDowngrade ? " 7bit" : "")")
        case .ready: lines.append("> ready")
        case .refused(let failure):
            failures.append(failure)
            lines.append("> refused \(failure.brief)")
        case .done(let outcome):
            outcomes.append(outcome)
            lines.append(outcome.canContinue ? "> done" : "> done for good")
            lines += outcome.recipients.map { "> \($0.brief)" }
        case .warn(let text): lines.append("> warn \(text)")
        case .close(let why): lines.append("> close" + (why.map { " \($0)" } ?? ""))
        }
    }

    private func said(_ bytes: [UInt8], _ prefix: String) {
        let text = String(decoding: bytes, as: UTF8.self)
        lines += text.split(separator: "\r\n", omittingEmptySubsequences: false).dropLast().map { prefix + $0 }
        if !text.hasSuffix("\r\n") { lines.append("no line end") }
    }
}

extension ClientFailure {
    /// `deferred next 4.4.2 mail: text`
    var brief: String {
        let marks = [
            (mayTryNextHost, " next"), (wasStale, " stale"), (mayHaveBeenDelivered, " maybe"),
        ]
        let shown = marks.filter(\.0).map(\.1).joined()
        return "\(isPermanent ? "failed" : "deferred")\(shown) \(status) \(stage.rawValue): \(text)"
    }
}

extension ClientRecipient {
    var brief: String {
        guard let failure else { return "\(address.address) delivered: \(reply?.description ?? "?")" }
        return "\(address.address) \(isLeftOver ? "left over, " : "")\(failure.brief)"
    }
}

extension ClientSettings {
    static var test: ClientSettings { ClientSettings(helo: "me.example") }

    static func with(_ change: (inout ClientSettings) -> Void) -> ClientSettings {
        var settings = test
        change(&settings)
        return settings
    }
}

extension ClientEnvelope {
    static var test: ClientEnvelope { of(["b@y.example"]) }

    static func of(_ recipients: [String], from: String = "<a@x.example>") -> ClientEnvelope {
        ClientEnvelope(from: .test(from), recipients: recipients.map { .test("<\($0)>") }, size: 100)
    }

    static func with(_ recipients: [String], _ change: (inout ClientEnvelope) -> Void) -> ClientEnvelope {
        var envelope = of(recipients)
        change(&envelope)
        return envelope
    }
}

extension Address {
    /// Non-ASCII domains become `xn--test`.
    static func test(_ text: String) -> Address {
        (try? Address.parse(text, idna: { _ in "xn--test.example" })) ?? Address(user: "bad", host: "address")
    }
}

extension ClientChannelBinding {
    static var test: ClientChannelBinding { .init(name: "tls-exporter", data: [1, 2, 3]) }
}
