// Receiving a message: DATA's content into the sink until CR LF . CR LF. RFC 5321 section 4.5.2.

import HarakaCore
import HarakaSpool
import MailMessage
import NIOCore
import SMTPSyntax

/// The state of one DATA.
struct Reception {
    var decoder: DataDecoder
    /// Cuts long lines; nil: they are only noted.
    var folder: LineFolder?
    let sink: MessageSink
    /// CR LF . CR LF has come. The message is judged when no plugin holds the client back any more.
    var hasEnded = false
    /// The sink knows it.
    var isFlushed = false

    /// The header is there, and nobody has said yet that the message is not wanted.
    var hasHeader: Bool { sink.hasHeader && !sink.isDiscarding && sink.failure == nil }
}

extension SessionHandler {
    /// Before a question is asked: the message begins with DATA, so that plugins of `data` can add headers; and times
    /// are noted, if somebody can read them.
    func prepare(_ question: Question) {
        switch question {
        case .mail where machine.heard.contains(.resetTransaction):
            connection.transaction?.startTime = ServerContext.milliseconds()
        case .receivedLine: connection.transaction.map { $0.receivedLine = receivedLine($0) }
        case .data: beginMessage()
        case .dataPost: connection.transaction?.dataPostStart = ServerContext.milliseconds()
        case .queuePre: noteDataPostDelay()
        case .queue, .queueOutbound: if !machine.heard.contains(.queuePre) { noteDataPostDelay() }
        case .preSendTransEmail:
            connection.transaction.map { server.outbox?.completeHeader(of: $0, date: server.date()) }
        case .resetTransaction where machine.heard.contains(.resetTransaction):
            guard let transaction = connection.transaction else { return }
            transaction.duration = Double(ServerContext.milliseconds() - transaction.startTime) / 1000
        case .disconnect where machine.heard.contains(.disconnect) || machine.heard.contains(.postConnection):
            connection.duration = Double(ServerContext.milliseconds() - connection.startTime) / 1000
        default: break
        }
    }

    private func noteDataPostDelay() {
        guard let transaction = connection.transaction else { return }
        transaction.dataPostDelay = Double(ServerContext.milliseconds() - transaction.dataPostStart) / 1000
    }

    private func beginMessage() {
        guard let transaction = connection.transaction else { return }
        let settings = server.settings
        let sink = MessageSink(
            folder: server.spool, spoolAfter: settings.spoolAfter, maxHeaderLines: settings.maxHeaderLines,
            maxHeaderBytes: settings.limits.headerBytes)
        transaction.begin(sink)
        self.sink = sink
        if machine.settings.addsReceived {
            let line = transaction.receivedLine ?? receivedLine(transaction)
            transaction.edit(.addLeading(name: "Received", value: line))
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
            isExtended: connection.isESMTP, isTLS: connection.tls != nil, isAuthenticated: connection.auth != nil)
        line.envelopeFrom = transaction.reversePath
        return line.value
    }

    /// The hook `data` is through: what plugins want of the body counts now.
    func beginReception() {
        guard let transaction = connection.transaction, let sink else { return }
        self.sink = nil
        sink.begin(transaction.body, limits: server.settings.bodyLimits)
        if transaction.discardsData {
            // Who reads attachments while they come does so all the same, as in Haraka.
            if transaction.body.isEmpty { sink.isDiscarding = true } else { sink.keepsBody = false }
        }
        let settings = server.settings
        messageBegan = .now()
        reception = Reception(
            decoder: DataDecoder(bareNewline: settings.bareNewline),
            folder: settings.foldsLongLines ? LineFolder(limit: settings.dataLineLength) : nil, sink: sink)
    }

    /// The message is not wanted any more: whoever reads parts of it is told. Runs plugins.
    func dropReception() {
        guard let reception else { return }
        self.reception = nil
        reception.sink.abort()
    }

    /// A plugin has refused the message: the rest of it is thrown away until the final dot.
    func receiveMore() {
        if machine.refusesMessage { reception?.sink.abort() }
    }

    /// Takes what there is of the message. False: more must come, or a plugin must let it.
    func receive() -> Bool {
        guard let reception else { return false }
        if reception.hasEnded { return endReception() }
        if machine.awaitsHeader, reception.hasHeader {
            perform(machine.headerEnded())
            return true
        }
        guard let buffer = input else { return leaveIfAbandoned() }
        let progress = buffer.withUnsafeReadableBytes { bytes in decode(bytes) }
        drop(progress.consumed)
        if progress.ended { self.reception?.hasEnded = true }
        wantRoom(!progress.ended && reception.sink.byteCount > ReceiveRoom.worthwhile)
        return true
    }

    /// The client has gone in the middle of its message.
    func leaveIfAbandoned() -> Bool {
        guard inputHasEnded, input == nil, reception?.hasEnded != true, !machine.isDisconnecting else { return false }
        clientLeft()
        return true
    }

    /// Plugins may run in the sink and look at this session: nothing of it is taken apart meanwhile.
    private func decode(_ bytes: UnsafeRawBufferPointer) -> DataDecoder.Progress {
        guard let reception else { return .init(consumed: bytes.count, ended: false) }
        let sink = reception.sink
        var (decoder, folder) = (reception.decoder, reception.folder)
        let progress = decoder.decode(bytes) { piece in
            if folder == nil { sink.append(piece) } else { folder?.fold(piece) { sink.append($0) } }
        }
        self.reception?.decoder = decoder
        self.reception?.folder = folder
        let limit = machine.settings.maxBytes
        let isRefused = server.settings.bareNewline == .reject && decoder.sawBareNewline
        if !sink.isDiscarding, isRefused || (limit > 0 && sink.byteCount > limit) { sink.abort() }
        return progress
    }

    /// False: a plugin holds the end back.
    private func endReception() -> Bool {
        guard let reception, let transaction = connection.transaction else { return false }
        if !reception.isFlushed {
            self.reception?.isFlushed = true
            var folder = reception.folder
            folder?.finish { reception.sink.append($0) }
            reception.sink.end()
            return true
        }
        self.reception = nil
        let facts = facts(of: reception)
        if let failure = facts.failure, server.log.isEnabled(2) {
            server.log.log(2, uuid: transaction.uuid, origin: "core", "message refused for now: \(failure)")
        }
        if reception.decoder.longestLine > server.settings.dataLineLength {
            transaction.notes.set("data_line_length_exceeded", .boolean(true))
        }
        perform(machine.messageEnded(facts))
        return true
    }

    private func facts(of reception: Reception) -> MessageFacts {
        var facts = MessageFacts()
        facts.bytes = reception.sink.byteCount
        facts.hasBareNewline = server.settings.bareNewline == .reject && reception.decoder.sawBareNewline
        facts.receivedHeaders = reception.sink.receivedCount
        facts.hasTooManyParts = reception.sink.isOverfull
        facts.hidesParts = reception.sink.hidesParts || reception.sink.hasLongHeader
        facts.failure = reception.sink.failure.map { "\($0)" }
        return facts
    }
}
