// Receiving a message: DATA's content into the sink until CR LF . CR LF. RFC 5321 section 4.5.2.

import HarakaCore
import HarakaSpool
import MailMessage
import NIOCore
import SMTPSyntax

/// The state of one DATA.
struct Reception {
    var decoder: DataDecoder
    let sink: MessageSink
}

extension SessionHandler {
    /// Before a question is asked: the message begins with DATA, so that plugins of `data` can add headers.
    func prepare(_ question: Question) {
        switch question {
        case .data: beginMessage()
        case .dataPost: connection.transaction?.dataPostStart = ServerContext.milliseconds()
        case .queue, .queueOutbound:
            guard let transaction = connection.transaction else { return }
            let taken = ServerContext.milliseconds() - transaction.dataPostStart
            transaction.dataPostDelay = Double(taken) / 1000
        default: break
        }
    }

    private func beginMessage() {
        guard let transaction = connection.transaction else { return }
        let settings = server.settings
        let sink = MessageSink(
            folder: server.spool, spoolAfter: settings.spoolAfter, maxHeaderLines: settings.maxHeaderLines)
        transaction.begin(sink)
        self.sink = sink
        if settings.session.addsReceived {
            transaction.edit(.addLeading(name: "Received", value: receivedLine(transaction)))
        }
    }

    private func receivedLine(_ transaction: Transaction) -> String {
        var line = ReceivedLine(transactionID: transaction.uuid, date: server.date())
        line.helloHost = connection.helloHost
        line.rdns = connection.remote.host
        if connection.remote.info != connection.remote.host { line.remoteInfo = connection.remote.info }
        line.ip = connection.remote.ip
        line.localHost = connection.local.host
        line.localInfo = connection.local.info
        line.protocolName = ReceivedLine.protocolName(
            isExtended: connection.isESMTP, isTLS: false, isAuthenticated: false)
        line.envelopeFrom = transaction.reversePath
        return line.value
    }

    func beginReception() {
        guard let transaction = connection.transaction, let sink else { return }
        self.sink = nil
        if transaction.discardsData { sink.isDiscarding = true }
        reception = Reception(decoder: DataDecoder(bareNewline: server.settings.bareNewline), sink: sink)
    }

    /// Takes what there is of the message. False: more must come.
    func receive() -> Bool {
        guard let buffer = input else {
            // The client has gone in the middle of its message, which is dropped.
            guard inputHasEnded else { return false }
            reception = nil
            perform(machine.clientLeft())
            return true
        }
        let progress = buffer.withUnsafeReadableBytes { bytes in decode(bytes) }
        drop(progress.consumed)
        if progress.ended { endReception() }
        return true
    }

    private func decode(_ bytes: UnsafeRawBufferPointer) -> DataDecoder.Progress {
        guard let sink = reception?.sink else { return .init(consumed: bytes.count, ended: false) }
        let progress = reception?.decoder.decode(bytes) { sink.append($0) }
        let limit = server.settings.session.maxBytes
        let isRefused = server.settings.bareNewline == .reject && reception?.decoder.sawBareNewline == true
        if !sink.isDiscarding, isRefused || (limit > 0 && sink.byteCount > limit) { sink.isDiscarding = true }
        return progress ?? .init(consumed: bytes.count, ended: false)
    }

    private func endReception() {
        guard let reception, let transaction = connection.transaction else { return }
        self.reception = nil
        reception.sink.end()
        if server.settings.cleansAuthResults { reception.sink.renameAuthenticationResults() }
        var facts = MessageFacts()
        facts.bytes = reception.sink.byteCount
        facts.hasBareNewline = server.settings.bareNewline == .reject && reception.decoder.sawBareNewline
        facts.receivedHeaders = reception.sink.receivedCount
        facts.failure = reception.sink.failure.map { "\($0)" }
        if let failure = facts.failure, server.log.isEnabled(2) {
            server.log.log(2, uuid: transaction.uuid, origin: "core", "message refused for now: \(failure)")
        }
        if reception.decoder.longestLine > server.settings.dataLineLength {
            transaction.notes.set("data_line_length_exceeded", .boolean(true))
        }
        perform(machine.messageEnded(facts))
    }
}
