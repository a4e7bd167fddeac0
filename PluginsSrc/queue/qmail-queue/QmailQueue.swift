// queue/qmail-queue: hands mail to qmail-queue.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerQmailQueue)
    }

    /// The generation ends after the last program has, so that the log never lacks how one ended.
    @c(haraka_shutdown)
    public func harakaShutdown(_ call: UnsafePointer<haraka_call>?) -> Int32 { jobs.shutDown(call) }
#endif

/// Of this copy of the plugin: each generation has its own. Loop thread only.
nonisolated(unsafe) private let jobs = Jobs()

/// A mistake in the configuration refuses to load.
///
/// Registers on `queue_outbound` whether it is wanted or not: a hook can only be added here, but `enable_outbound` may
/// change at any time.
public func registerQmailQueue(_ plugin: Plugin) throws(PluginError) {
    let current = Current(try Settings(of: plugin))
    for file in ["qmail-queue.path", "qmail-queue.ini"] {
        plugin.config.watch(file) { current.changed(plugin, file) }
    }
    plugin.hook("queue") { call, next throws(PluginError) in try queue(call, next, current.settings) }
    plugin.hook("queue_outbound") { call, next throws(PluginError) in
        guard current.settings.takesOutbound else { return next.continue() }
        try queue(call, next, current.settings)
    }
}

/// What is in force.
private final class Current {
    private(set) var settings: Settings

    init(_ settings: Settings) { self.settings = settings }

    func changed(_ plugin: Plugin, _ file: String) {
        do throws(PluginError) {
            settings = try Settings(of: plugin)
            plugin.log(.info, "\(file) has changed: \(settings.path)")
        } catch {
            plugin.log(.error, "\(file): all stays as it was: \(error.cause)")
        }
    }
}

/// The loop's side: collects what the program gets, lets a thread feed it, answers.
private func queue(_ call: borrowing Call, _ next: consuming Next, _ settings: Settings) throws(PluginError) {
    guard let transaction = call.transaction else { return next.continue() }
    let wish = transaction.notes.get("queue.wants").text
    guard wish.isEmpty || wish == "qmail-queue" else { return next.continue() }
    // From now on the message outlives the transaction, should the client leave before the program has ended. All that the
    // thread needs is taken along: it must not ask the host.
    let delivery = Delivery(
        path: settings.path, message: try transaction.message(), envelope: envelope(of: transaction),
        milliseconds: timeLimit(next.millisecondsLeft), plugin: call.plugin, object: transaction.object)
    let job = jobs.begin()
    next.offload {
        delivery.outcome()
    } then: { outcome, next in
        defer { withExtendedLifetime(job) {} }
        finish(outcome, transaction, next)
    }
}

/// The program is given up a second before the server gives up the plugin: then it is known that it does not have the
/// mail. Ten minutes if nobody has set a limit.
func timeLimit(_ left: Int64) -> Int64 { left > 3_600_000 ? 600_000 : max(500, left - 1000) }

private func envelope(of transaction: Transaction) -> [UInt8] {
    var recipients: [String] = []
    transaction.recipients.forEach { recipient in
        guard let recipient = recipient.address else { return }
        recipients.append(address(user: recipient.user.string, host: recipient.originalHost.string))
    }
    let sender = transaction.sender.flatMap { sender in
        sender.isNull ? nil : address(user: sender.user.string, host: sender.originalHost.string)
    }
    return envelope(sender: sender ?? "", recipients: recipients)
}

private func finish(_ outcome: Outcome, _ transaction: Transaction, _ next: consuming Next) {
    switch outcome {
    case .queued:
        transaction.results.pass("qmail-queue")
        next.ok("Queued!")
    case .refused(let why):
        transaction.results.fail(why)
        next.deny("Message refused")
    case .failed(let why):
        // Another queue plugin may take it; if there is none, the client keeps it.
        transaction.results.error(why)
        next.continue()
    }
}

/// One mail for one run of the program.
private struct Delivery: Sendable {
    let path: String
    let message: Message
    let envelope: [UInt8]
    let milliseconds: Int64
    let plugin: Plugin
    let object: Object

    /// The log knows how it ended also if the client has gone meanwhile.
    func outcome() -> Outcome {
        let outcome = run()
        switch outcome {
        case .queued: break
        case .refused(let why): plugin.log(.info, about: object, "refused: \(why)")
        case .failed(let why): plugin.log(.error, about: object, why)
        }
        return outcome
    }

    /// Runs it to its end. On a thread that may wait.
    private func run() -> Outcome {
        do throws(PluginError) {
            let program = try Program(path, inputs: 2, milliseconds: milliseconds)
            // A program that has seen enough ends before it has read all: how it ended says more than the broken pipe.
            do throws(PluginError) { try feed(program) } catch { guard error.status == brokenPipe else { throw error } }
            return described(Outcome(status: try program.wait()))
        } catch {
            return .failed("\(path): \(error.cause)")
        }
    }

    /// First the message on descriptor 0, then the envelope on 1: only then does qmail-queue believe that all is there.
    private func feed(_ program: Program) throws(PluginError) {
        var lines = LineEnds()
        let write = { (bytes: UnsafeRawBufferPointer) throws(PluginError) in try program.feed(0, bytes) }
        try message.forEachChunk { piece throws(PluginError) in try lines.convert(piece, write) }
        try lines.finish(write)
        program.close(0)
        try program.feed(1, envelope)
    }

    private func described(_ outcome: Outcome) -> Outcome {
        switch outcome {
        case .queued: .queued
        case .refused(let why): .refused("\(path): \(why)")
        case .failed(let why): .failed("\(path): \(why)")
        }
    }
}

private let brokenPipe: Int32 = -32
