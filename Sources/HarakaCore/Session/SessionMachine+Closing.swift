// The end of a session: QUIT, time limits, a client that left, a server that stops.

import SMTPSyntax

extension SessionMachine {
    mutating func quitDecided() -> SessionAction {
        let text = "\(connection.local.host) \(settings.closeText)"
        return send(Reply(221, text, status: .init(2, 0, 0)), then: .disconnect)
    }

    /// Idle for longer than `inactivity_timeout`.
    public mutating func timedOut() -> SessionAction { farewell(Reply(421, "timeout", status: .init(4, 4, 2))) }

    /// The server goes down.
    public mutating func serverStops() -> SessionAction {
        farewell(Reply(421, "\(connection.local.host) shutting down, try again later", status: .init(4, 3, 2)))
    }

    /// Something in the server failed while it handled a command.
    public mutating func failed() -> SessionAction {
        farewell(Reply(421, "Internal Server Error", status: .init(4, 3, 0)))
    }

    /// The last words, unless the last words are out already.
    private mutating func farewell(_ reply: Reply) -> SessionAction {
        guard !isDisconnecting else { return .wait }
        omitsStatus = false
        switch state {
        // The queue answers within the time of a disk; what it says counts.
        case .resuming(.disconnect), .repeating(.disconnect), .storing: return .wait
        case .asking(.queueOK(let text)):
            // A plugin has the message: a client that hears 421 now would send it a second time.
            count(.ok)
            return send(queued(text), then: .disconnect)
        default:
            finalReplies = 0
            return send(reply, then: .disconnect)
        }
    }

    /// The session ends, whoever wanted it: the transaction is reset, `disconnect` is asked, then the socket closes.
    /// Ends a question that is open; the driver has told the plugins. Safe to call twice.
    public mutating func disconnect() -> SessionAction {
        guard !isDisconnecting else { return .wait }
        guard hasBegun else {
            connection.state = .disconnected
            return closed()
        }
        connection.state = .disconnecting
        switch state {
        case .asking(.resetTransaction), .asking(.queuePost):
            // Required hooks go on; they end in the disconnect.
            afterReset = .disconnect
            return .wait
        case .asking(.queueOK): count(.ok)
        default: break
        }
        return resetTransaction(then: .disconnect)
    }

    /// The client has closed its side or the connection broke.
    public mutating func clientLeft() -> SessionAction {
        connection.remoteIsClosed = true
        return disconnect()
    }

    mutating func disconnected() -> SessionAction {
        connection.state = .disconnected
        return heard.contains(.postConnection) ? ask(.postConnection) : closed()
    }

    mutating func closed() -> SessionAction {
        state = .closed
        return .close
    }
}
