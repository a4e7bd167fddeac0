// What happens to a session: the client, its plugins, the clock, the server.

public import HarakaCore
public import SMTPSyntax

extension SessionDriver {
    public func connect() { happen { $0.perform($0.machine.connected()) } }

    /// Something else happens to the machine, for which there is no method here.
    public func event(_ event: (inout SessionMachine) -> SessionAction) {
        happen {
            $0.awaited = .other
            $0.perform(event(&$0.machine))
            $0.pump()
        }
    }

    /// No mail is taken, in these words; nil: it is.
    public func setPressure(_ words: String?) { happen { $0.machine.pressure = words } }

    /// A plugin writes on the connection.
    public func change(_ write: (Connection) -> Void) { happen { write($0.connection) } }

    /// The handshake is done.
    public func establishTLS(_ facts: TLSFacts = .test) { happen { $0.machine.tlsEstablished(facts) } }

    /// A plugin has put another client in the place of this one, and its uuid with it.
    public func restart(keepsName: Bool) {
        happen {
            $0.connection.uuid = "AAAAAAAA-0000-4000-8000-000000000002"
            $0.machine.restarted(keepsName: keepsName)
        }
    }

    /// A plugin that was asked replies by itself.
    public func respond(_ reply: Reply) { happen { $0.put($0.machine.respond(reply)) } }

    /// Bytes of the client arrive in one piece.
    public func send(_ bytes: [UInt8]) { happen { $0.take(bytes) } }

    private func take(_ bytes: [UInt8]) {
        guard !isClosed, !machine.isDisconnecting else { return }
        if !machine.awaitsCommand, reception == nil { machine.spokeEarly() }
        input += bytes
        pump()
    }

    /// The handler that was taking its time answers.
    public func answer(_ verdict: Verdict) { happen { $0.end(verdict) } }

    private func end(_ verdict: Verdict) {
        guard var current = run else { return }
        let final = current.answered(verdict)
        run = current
        note(current)
        guard let final else { return }
        run = nil
        perform(machine.hooksCompleted(final))
        pump()
    }

    public func resolve(_ name: String) {
        happen {
            guard $0.isResolving else { return }
            $0.isResolving = false
            $0.perform($0.machine.nameResolved(name))
            $0.pump()
        }
    }

    public func clientLeaves() { happen { $0.leave() } }

    private func leave() {
        if let question = run?.question, !HookRules(question.hook ?? .unrecognizedCommand).isRequired { run = nil }
        reception = nil
        perform(machine.clientLeft())
    }

    public func timeIsOut() { happen { $0.interrupt { $0.machine.timedOut() } } }
    public func serverStops() { happen { $0.interrupt { $0.machine.serverStops() } } }
    public func serverFails() { happen { $0.interrupt { $0.machine.failed() } } }

    /// Plugins are told that nobody waits for them any more; then the machine hears of it.
    private func interrupt(_ event: (SessionDriver) -> SessionAction) {
        if !machine.isDisconnecting { run = nil }
        reception = nil
        awaited = .other
        perform(event(self))
    }
}
