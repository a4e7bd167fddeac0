// The client's bytes: command lines, and after DATA the message.

public import HarakaCore
import SMTPSyntax

/// A message on its way in.
struct Reception {
    var decoder: DataDecoder
    var content: [UInt8] = []

    init(_ bareNewline: BareNewlinePolicy) { decoder = DataDecoder(bareNewline: bareNewline) }

    /// The blank line behind the header has come.
    var hasHeader: Bool { String(decoding: content, as: UTF8.self).contains("\r\n\r\n") }
}

extension SessionSettings {
    /// Haraka's defaults under a version that does not change.
    public static var test: SessionSettings {
        var settings = SessionSettings()
        settings.banner = "Haraka/1.0"
        return settings
    }
}

extension SessionDriver {
    /// Handles all that the session is ready for.
    func pump() {
        while !isClosed {
            let isMoving = reception == nil ? takeLine() : receive()
            guard isMoving else { return }
        }
    }

    private func takeLine() -> Bool {
        guard machine.awaitsCommand, !input.isEmpty else { return false }
        switch input.withUnsafeBytes({ lines.next($0) }) {
        case .needMore: return false
        case .tooLong: perform(machine.lineTooLong())
        case .skipped(let consumed): input.removeFirst(consumed)
        case .bareNewline(let consumed):
            input.removeFirst(consumed)
            perform(machine.bareNewline())
        case .line(let length, let consumed):
            let line = input.withUnsafeBytes { CommandLine(UnsafeRawBufferPointer(rebasing: $0[..<length])) }
            connection.currentLine = String(decoding: input[..<length], as: UTF8.self)
            input.removeFirst(consumed)
            perform(machine.received(line, isFollowed: !input.isEmpty))
        }
        return true
    }

    private func receive() -> Bool {
        guard machine.question == nil, !input.isEmpty, var reception else { return false }
        var content: [UInt8] = []
        let progress = input.withUnsafeBytes { reception.decoder.decode($0) { content += $0 } }
        reception.content += content
        input.removeFirst(progress.consumed)
        self.reception = progress.ended ? nil : reception
        if progress.ended {
            perform(machine.messageEnded(facts(of: reception)))
        } else if machine.awaitsHeader, reception.hasHeader {
            perform(machine.headerEnded())
        }
        return true
    }

    private func facts(of reception: Reception) -> MessageFacts {
        var facts = MessageFacts()
        facts.bytes = reception.content.count
        facts.hasBareNewline = bareNewline == .reject && reception.decoder.sawBareNewline
        let header = String(decoding: reception.content, as: UTF8.self).split(
            separator: "\r\n", omittingEmptySubsequences: false
        ).prefix { !$0.isEmpty }
        facts.receivedHeaders = header.filter { $0.lowercased().hasPrefix("received:") }.count
        facts.failure = storageFailure
        facts.hasTooManyParts = hasTooManyParts
        facts.hidesParts = hidesParts
        return facts
    }
}
