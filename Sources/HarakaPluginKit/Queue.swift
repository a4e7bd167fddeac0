// The queue of mail that goes out, from the host's service outbound/1.
import CHarakaPluginKit

/// What became of a mail that was given to the queue.
public enum QueueOutcome: Equatable, Sendable {
    /// It is on disk; the text holds its uuid.
    case queued(String)
    /// An address is wrong; the text says which.
    case refused(String)
    /// Not now: the disk does not take it.
    case failed(String)
}

/// Why a queue may not know an answer: it lives in another process.
public typealias QueueBody<Found> = (
    _ found: Result<Found, PluginError>, _ next: consuming Next
) throws(PluginError) -> Void

/// Puts mail into the queue, looks into it, and acts on what is there. plugin.ini: `needs=outbound/1`. Everything takes its
/// time: closures run later, on the loop. Those that wait for a hook get its Next back, and are let go if the hook ends before.
/// Loop thread only.
///
///     plugin.hook("queue") { call, next throws(PluginError) in
///         guard let outbound = call.plugin.outbound, let transaction = call.transaction else { return next.continue() }
///         try outbound.send(transaction, for: next) { outcome, next in next.answer(outcome.answer) }
///     }
public struct Outbound: @unchecked Sendable {
    let service: UnsafePointer<haraka_outbound_1>
    let owner: haraka_self

    /// nil: this host does not offer it.
    public init?(_ plugin: Plugin) {
        guard let service = HarakaPluginKit.service("outbound/1", haraka_outbound_1.self) else { return nil }
        (self.service, owner) = (service, plugin.handle)
    }

    /// Queues a mail of the plugin's own. `then` is told when it is on disk, or why it is not.
    public func send(
        _ mail: OutgoingMail, for next: consuming Next,
        then body: @escaping (_ outcome: QueueOutcome, _ next: consuming Next) throws(PluginError) -> Void
    ) throws(PluginError) {
        let waiting = Waiting(next)
        let status = mail.lent { mail in
            told({ code, text in waiting.told(code, text, body) }) { service.pointee.send(owner, mail, $0) }
        }
        try PluginError.check(status, "queueing a mail")
    }

    /// The same for no hook.
    public func send(
        _ mail: OutgoingMail, then body: @escaping (_ outcome: QueueOutcome) -> Void = { _ in }
    ) throws(PluginError) {
        let status = mail.lent { mail in
            told({ code, text in body(QueueOutcome(code, text)) }) { service.pointee.send(owner, mail, $0) }
        }
        try PluginError.check(status, "queueing a mail")
    }

    /// Queues a transaction's message as it stands, for its recipients. From the hook `data_post` on.
    public func send(
        _ transaction: Transaction, for next: consuming Next,
        then body: @escaping (_ outcome: QueueOutcome, _ next: consuming Next) throws(PluginError) -> Void
    ) throws(PluginError) {
        let waiting = Waiting(next)
        let status = told({ code, text in waiting.told(code, text, body) }) {
            service.pointee.send_transaction(owner, transaction.handle, $0)
        }
        try PluginError.check(status, "queueing a transaction")
    }

    /// How much there is.
    ///
    ///     try outbound.stats(for: next) { stats, next throws(PluginError) in next.ok("\(try stats.get().waiting)") }
    public func stats(
        for next: consuming Next, then body: @escaping QueueBody<QueueStats>
    ) throws(PluginError) {
        let waiting = Waiting(next)
        try answered("the queue's figures", waiting, { QueueStats($0) }, body) { service.pointee.stats(owner, $0) }
    }

    /// What there is, oldest first: a row for each message and domain.
    public func list(
        _ filter: QueueFilter = QueueFilter(), for next: consuming Next, then body: @escaping QueueBody<[QueueRow]>
    ) throws(PluginError) {
        let waiting = Waiting(next)
        let read = { (list: ValueView) in (0..<list.count).map { QueueRow(list[$0]) } }
        try answered("the queue's list", waiting, read, body) { callback in
            filter.lent { service.pointee.list(owner, $0, callback) }
        }
    }

    /// Does something to those that the filter is about; how many there were.
    public func act(
        _ action: QueueAction, _ filter: QueueFilter, for next: consuming Next, then body: @escaping QueueBody<Int64>
    ) throws(PluginError) {
        let waiting = Waiting(next)
        try answered("an action on the queue", waiting, { $0.integer(or: 0) }, body) { callback in
            filter.lent { service.pointee.act(owner, action.rawValue, $0, callback) }
        }
    }

    private func told(
        _ body: @escaping (Int32, String) -> Void,
        _ ask: (UnsafePointer<haraka_verdict_callback>) -> Int32
    ) -> Int32 {
        handOver(ToldBox(body)) { context in
            var callback = haraka_verdict_callback(function: runTold, context: context, destroy: releaseKept)
            return ask(&callback)
        }
    }

    private func answered<Found>(
        _ what: StaticString, _ waiting: Waiting, _ read: @escaping (ValueView) -> Found,
        _ body: @escaping QueueBody<Found>,
        _ ask: (UnsafePointer<haraka_value_callback>) -> Int32
    ) throws(PluginError) {
        let box = ValueBox { status, value in
            let found: Result<Found, PluginError> =
                status >= 0 ? .success(read(value)) : .failure(PluginError(refused: what, status))
            waiting.resumeIfWanted { next throws(PluginError) in try body(found, next) }
        }
        let status = handOver(box) { context in
            var callback = haraka_value_callback(function: runValue, context: context, destroy: releaseKept)
            return ask(&callback)
        }
        guard status >= 0 else { throw PluginError(refused: what, status) }
    }
}

extension Plugin {
    /// nil: this host does not offer a queue.
    public var outbound: Outbound? { Outbound(self) }
}

extension QueueOutcome {
    /// What a hook says that has given the mail away: OK, DENY or DENYSOFT with the words.
    public var answer: Answer {
        switch self {
        case .queued(let text): .ok(text)
        case .refused(let text): .deny(text)
        case .failed(let text): .denySoft(text)
        }
    }

    fileprivate init(_ code: Int32, _ text: String) {
        switch code {
        case HARAKA_OK: self = .queued(text)
        case HARAKA_DENY, HARAKA_DENYDISCONNECT: self = .refused(text)
        default: self = .failed(text)
        }
    }
}

extension Waiting {
    fileprivate func told(
        _ code: Int32, _ text: String, _ body: (QueueOutcome, consuming Next) throws(PluginError) -> Void
    ) {
        resumeIfWanted { next throws(PluginError) in try body(QueueOutcome(code, text), next) }
    }
}

extension PluginError {
    fileprivate init(refused what: StaticString, _ status: Int32) {
        self.init("\(what): \(PluginError.name(ofStatus: status))", status: status)
    }
}

private final class ToldBox {
    let body: (Int32, String) -> Void
    init(_ body: @escaping (Int32, String) -> Void) { self.body = body }
}

private final class ValueBox {
    let body: (Int32, ValueView) -> Void
    init(_ body: @escaping (Int32, ValueView) -> Void) { self.body = body }
}

private let runTold: @convention(c) (UnsafeMutableRawPointer?, Int32, UnsafePointer<haraka_reply>?) -> Void = {
    context, code, reply in
    guard let context else { return }
    var words: [String] = []
    if let reply = reply?.pointee { words = (0..<reply.line_count).map { Text(reply.lines[$0]).string } }
    Unmanaged<ToldBox>.fromOpaque(context).takeUnretainedValue().body(code, words.joined(by: "\n"))
}

private let runValue: @convention(c) (UnsafeMutableRawPointer?, Int32, UnsafePointer<haraka_value>?) -> Void = {
    context, status, value in
    guard let context else { return }
    Unmanaged<ValueBox>.fromOpaque(context).takeUnretainedValue().body(status, ValueView(value))
}
