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
        settings.sendsEnhancedCodes = false
        return settings
    }

    /// The same with enhanced status codes.
    public static var coded: SessionSettings {
        var settings = test
        settings.sendsEnhancedCodes = true
        return settings
    }
}

extension TLSFacts {
    /// A client without a certificate.
    public static var test: TLSFacts {
        var facts = TLSFacts()
        facts.version = "TLSv1.3"
        facts.cipher = "TLS_AES_256_GCM_SHA384"
        facts.standardCipher = "TLS_AES_256_GCM_SHA384"
        facts.bits = 256
        return facts
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
            let greetings = machine.settings.isLMTP ? ["HELO", "EHLO", "LHLO"] : ["HELO", "EHLO"]
            awaited = greetings.contains(line.word.uppercased()) ? .hello : .other
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
