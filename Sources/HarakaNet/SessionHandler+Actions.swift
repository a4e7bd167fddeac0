// What the machine wants done: questions asked, replies sent, lines taken.

import HarakaCore
import HarakaPluginHost
import NIOCore
import SMTPSyntax

extension SessionHandler {
    /// One command line, if there is a whole one.
    func takeLine() -> Bool {
        guard let buffer = input, buffer.readableBytes > 0 else { return false }
        let action: SessionAction
        if buffer.beginsTLS {
            action = machine.spokeTLS()
        } else {
            switch buffer.withUnsafeReadableBytes({ lines.next($0) }) {
            case .needMore: return false
            case .skipped(let consumed):
                drop(consumed)
                return true
            case .tooLong: action = machine.lineTooLong()
            case .bareNewline(let consumed):
                drop(consumed)
                action = machine.bareNewline()
            case .line(let length, let consumed): action = take(buffer, length, consumed)
            }
        }
        perform(action)
        return true
    }

    private func take(_ buffer: ByteBuffer, _ length: Int, _ consumed: Int) -> SessionAction {
        let command = buffer.withUnsafeReadableBytes { bytes in
            let line = UnsafeRawBufferPointer(rebasing: bytes[..<length])
            connection.currentLine = String(decoding: line, as: UTF8.self)
            return CommandLine(line)
        }
        if command.verb == .mail {
            machine.pressure = server.shortage().map { "\($0.words), try again later" } ?? queueShortage()
        }
        if server.log.isEnabled(8) { logLine(command) }
        let action = machine.received(command, isFollowed: consumed < buffer.readableBytes)
        drop(consumed)
        return action
    }

    /// Mail of this client may go into the queue, and its disk is nearly full.
    private func queueShortage() -> String? {
        guard connection.isRelaying, let outbox = server.outbox, outbox.isShort() else { return nil }
        return "No room for more mail, try again later"
    }

    /// Passwords stay out of the log.
    private func logLine(_ command: CommandLine) {
        var shown = command.verb == nil ? command.word : connection.currentLine
        if command.isCommand("AUTH") {
            let mechanism = command.argument.prefix { $0 != " " }
            shown = "AUTH \(mechanism)" + (mechanism.count < command.argument.count ? " [hidden]" : "")
        }
        server.log.log(8, uuid: connection.logUUID, origin: "core", "C: \(shown) state=\(connection.state.rawValue)")
    }

    /// Gives back the memory as soon as all input was used: an idle connection holds none.
    func drop(_ count: Int) {
        input?.moveReaderIndex(forwardBy: count)
        guard let used = input, used.readableBytes == 0 else {
            // What is left is the beginning of the next line.
            return lineBegan = lastActivity
        }
        input = nil
        if hasRoom, tls == nil { server.receiveRoom.giveBack(used) }
    }

    /// Reads in large pieces, or no longer. Setting it on an open channel does not fail.
    func wantRoom(_ wants: Bool) {
        guard wants != hasRoom, let options = channelContext?.channel.syncOptions else { return }
        hasRoom = wants
        let large: any RecvByteBufferAllocator = tls == nil ? server.receiveRoom : ReceiveRoom.sealed
        try? options.setOption(.recvAllocator, value: wants ? large : ReceiveRoom.small)
    }

    /// Carries out what the machine says, and what it says next, until it has to wait.
    func perform(_ first: SessionAction) {
        var action = first
        while true {
            switch action {
            case .ask(let question):
                prepare(question)
                guard let verdict = server.host.ask(question, connection) else { return }
                action = machine.hooksCompleted(verdict)
            case .send(let reply, let then):
                send(reply)
                guard let next = go(then) else { return }
                action = next
            case .proceed(let then):
                guard let next = go(then) else { return }
                action = next
            case .store:
                guard let next = store() else { return }
                action = next
            case .resolveName:
                guard let name = server.names.remembered(connection.remote.ip) else { return resolveName() }
                action = machine.nameResolved(name)
            case .close: return finish()
            case .wait: return
            }
        }
    }

    private func go(_ then: SessionAction.Then) -> SessionAction? {
        switch then {
        case .read: return nil
        case .resume: return machine.replySent()
        case .receiveMessage:
            beginReception()
            return nil
        case .receiveMore:
            receiveMore()
            return nil
        case .disconnect:
            dropReception()
            return machine.disconnect()
        }
    }

    private func resolveName() {
        guard let loop = channelContext?.eventLoop else { return }
        server.names.resolve(connection.remote.ip, on: loop) { [weak self] name in
            self?.pump { $0.perform($0.machine.nameResolved(name)) }
        }
    }

    // MARK: replies

    func send(_ reply: Reply) {
        guard !isFinished, !isMute, channelContext != nil else { return }
        let prefix = denialMark(reply)
        var bytes = output ?? server.takeScratch()
        output = nil
        reply.encode(into: { bytes.writeBytes($0) }, prefix: prefix)
        output = bytes
        if server.log.isEnabled(8) {
            server.log.log(8, uuid: connection.logUUID, origin: "core", "S: \(reply)")
        }
        if !isPumping { flush() }
    }

    func flush() {
        guard let bytes = output, let context = channelContext else { return }
        output = nil
        context.writeAndFlush(wrapOutboundOut(bytes), promise: nil)
        server.giveBack(bytes)
    }
}

extension ByteBuffer {
    /// A TLS record of a handshake: type 22, version 3.0 to 3.4 (RFC 8446 section 5.1). No command begins so.
    fileprivate var beginsTLS: Bool {
        guard let first = getInteger(at: readerIndex, as: UInt8.self), first == 22, readableBytes >= 3 else {
            return false
        }
        return getInteger(at: readerIndex + 1, as: UInt8.self) == 3
            && getInteger(at: readerIndex + 2, as: UInt8.self).map { $0 <= 4 } ?? false
    }
}
