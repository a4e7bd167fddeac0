// Counting what clients do, and comparing it with the limits.
import HarakaPluginKit

/// All that is counted in this process. Loop thread only.
final class Limiter {
    private var settings: Settings
    private let open = OpenConnections()
    private let connections = Windows()
    private let hosts = Windows()
    private let senders = Windows()
    private let recipients = Windows()
    private let bounces = Windows()
    private var deliveries = Deliveries()

    init(_ settings: Settings) { self.settings = settings }

    /// Milliseconds before each refusal.
    var tarpitDelay: Int64 { settings.tarpitDelay }

    /// New limits hold from the next command on. What was counted stays.
    func configurationChanged(_ plugin: Plugin) {
        do throws(PluginError) {
            settings = try Settings(of: plugin)
            plugin.log(.info, "limit.ini has changed")
        } catch {
            plugin.log(.error, "limit.ini: all stays as it was: \(error.cause)")
        }
    }

    // ---- connections ----

    /// `connect_init` runs for every connection, whatever other plugins say.
    func arrived(_ call: borrowing Call) -> Answer {
        guard settings.concurrency != nil, let host = hostKeys(call.connection) else { return .continue }
        call.connection.notes.keep(visitNote, Visit(host.alone, in: open))
        return .continue
    }

    /// The rate, before anybody else can turn the client away: who is refused comes again, which is a connection, too.
    func counted(_ call: borrowing Call) -> Answer {
        guard let (key, rate) = connectionRate(call.connection) else { return .continue }
        _ = connections.hit(key, seconds: rate.seconds, now: Plugin.monotonicClock)
        return .continue
    }

    func connectExcess(_ call: borrowing Call) -> Excess? {
        let connection = call.connection
        return tooManyOpen(connection) ?? tooManyConnections(connection)
            ?? tooManyRecipientsOfHost(connection, hits: false)
    }

    private func tooManyOpen(_ connection: Connection) -> Excess? {
        guard let concurrency = settings.concurrency,
            let visit = connection.notes.kept(visitNote, as: Visit.self),
            let max = concurrency.max(past(connection, concurrency.history?.plugin))
        else { return nil }
        return LimitKind.concurrency.excess(open.count(of: visit.key), over: max)
    }

    private func tooManyConnections(_ connection: Connection) -> Excess? {
        guard let (key, rate) = connectionRate(connection) else { return nil }
        let count = connections.count(of: key, now: Plugin.monotonicClock)
        return LimitKind.connectionRate.excess(count, over: rate.count)
    }

    /// A client with a past has a rate of its own, and is counted alone.
    private func connectionRate(_ connection: Connection) -> (key: String, rate: Rate)? {
        guard let rates = settings.connectionRate, let host = hostKeys(connection) else { return nil }
        let match = rates.match(host.all, alone: host.alone)
        guard let history = settings.connectionRateHistory,
            let rate = history[past(connection, history.plugin)]
        else { return match }
        // What the file frees by name or address stays free.
        return match == nil || rate.count == 0 ? nil : (" " + host.alone, rate)
    }

    // ---- commands ----

    func errorExcess(_ call: borrowing Call) -> Excess? {
        guard let max = settings.errors else { return nil }
        let count = call.connection.property(HARAKA_CONN_ERRORS).integer(or: 0)
        return LimitKind.errors.excess(count, over: max)
    }

    /// Reached only by commands that no plugin before this one knows.
    func commandExcess(_ call: borrowing Call) -> Excess? {
        guard let max = settings.unrecognizedCommands else { return nil }
        let visit = visit(call.connection)
        visit.unrecognizedCommands += 1
        // The word alone: what follows AUTH is nobody's business.
        call.connection.results.push("unrec_cmds", .text(call.text(0).string))
        return LimitKind.unrecognizedCommands.excess(visit.unrecognizedCommands, over: max)
    }

    // ---- deliveries ----

    /// `send_email`: as many at a time to a domain as it may have.
    func delivers(_ call: borrowing Call) -> Answer {
        guard let limits = settings.outbound, let mail = call.hmail else { return .continue }
        let domain = mail.domain.string
        guard let max = limits.max[domain] else { return .continue }
        let (count, isAllowed) = deliveries.begin(mail.uuid.string, to: domain, max: max, now: Plugin.monotonicClock)
        guard !isAllowed else { return .continue }
        mail.results.fail("outbound")
        call.log(.info, "outbound: \(count) to \(domain), limit \(max): again in \(limits.delay) s")
        return .delay(seconds: limits.delay)
    }

    /// `delivered`, `deferred`, `bounce`: however it ended, whatever the limits are by now.
    func delivered(_ call: borrowing Call) -> Answer {
        if let mail = call.hmail { deliveries.end(mail.uuid.string, to: mail.domain.string) }
        return .continue
    }

    // ---- recipients ----

    /// The first limit that is exceeded decides; what would have been counted after it is not.
    func recipientExcess(_ call: borrowing Call) -> Excess? {
        errorExcess(call) ?? tooManyAttempts(call.connection) ?? tooManyRecipientsOfHost(call.connection, hits: true)
            ?? tooManyOfSender(call) ?? tooManyForRecipient(call)
    }

    /// The null sender is everybody's: its mail is limited by recipient.
    private func tooManyOfSender(_ call: borrowing Call) -> Excess? {
        let sender = call.transaction?.sender
        let isNull = sender?.isNull ?? false
        return isNull
            ? LimitKind.bounceRate.excess(hit(call.address(0), settings.bounceRate, bounces))
            : LimitKind.senderRate.excess(hit(sender, settings.senderRate, senders))
    }

    private func tooManyForRecipient(_ call: borrowing Call) -> Excess? {
        LimitKind.recipientRate.excess(hit(call.address(0), settings.recipientRate, recipients))
    }

    private func tooManyAttempts(_ connection: Connection) -> Excess? {
        guard let ceiling = settings.recipients else { return nil }
        let max = connection.isRelaying ? settings.recipientsOfRelaying : nil
        guard let max = max ?? ceiling.max(past(connection, ceiling.history?.plugin)) else { return nil }
        // Those that were answered, and this one.
        var count: Int64 = 1
        for property in [HARAKA_CONN_RCPT_ACCEPT, HARAKA_CONN_RCPT_TEMPFAIL, HARAKA_CONN_RCPT_REJECT] {
            count += connection.property(property).integer(or: 0)
        }
        return LimitKind.recipients.excess(count, over: max)
    }

    private func tooManyRecipientsOfHost(_ connection: Connection, hits: Bool) -> Excess? {
        guard let rates = settings.hostRate, let host = hostKeys(connection),
            let (key, rate) = rates.match(host.all, alone: host.alone)
        else { return nil }
        let now = Plugin.monotonicClock
        let count = hits ? hosts.hit(key, seconds: rate.seconds, now: now) : hosts.count(of: key, now: now)
        return LimitKind.hostRate.excess(count, over: rate.count)
    }

    /// Counts a mailbox; nil if there is no limit for it.
    private func hit(_ address: Address?, _ rates: Rates?, _ windows: Windows) -> (count: Int64, limit: Int64)? {
        guard let rates, let address else { return nil }
        let host = address.host.string
        let mailbox = address.user.string.asciiLowercased + "@" + host
        guard let (key, rate) = rates.match(mailboxKeys(mailbox, host: host), alone: mailbox) else { return nil }
        return (windows.hit(key, seconds: rate.seconds, now: Plugin.monotonicClock), rate.count)
    }

    // ---- clients ----

    private func visit(_ connection: Connection) -> Visit {
        if let visit = connection.notes.kept(visitNote, as: Visit.self) { return visit }
        let visit = Visit("", in: nil)
        connection.notes.keep(visitNote, visit)
        return visit
    }

    private func hostKeys(_ connection: Connection) -> HostKeys? {
        HostKeys(address: connection.remoteIP.string, name: connection.remoteHost.string)
    }

    /// What the plugin with the memory has found out so far; nothing if there is no such plugin.
    private func past(_ connection: Connection, _ plugin: String?) -> Past {
        guard let plugin else { return .none }
        let history = connection.results.get(plugin, "history").number(or: 0)
        return history > 0 ? .good : history < 0 ? .bad : .none
    }
}

private let visitNote = "visit"
