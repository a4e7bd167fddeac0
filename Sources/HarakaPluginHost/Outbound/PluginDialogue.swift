// A plugin's dialogue with another server: whose it is, what is awaited, and how it ends. plugin.h "smtp_client/1".

import HarakaCore
import HarakaPluginABI
import SMTPSyntax

typealias PluginReplyFunction =
    @convention(c) (
        UnsafeMutableRawPointer?, Int32, UnsafePointer<haraka_smtp_reply>?
    ) -> Void

/// One dialogue, from `open` until it is released, aborted or broken, or its plugin or connection is over. On the loop.
final class PluginDialogue {
    /// Of one plugin, at the same time; and replies that one dialogue awaits.
    static let maximum = 10_000
    private static let maximumCalls = 1000

    enum Kind { case open, command, data, message }

    /// A reply that is awaited, and who is told. Its context is destroyed exactly once.
    fileprivate final class Call {
        let kind: Kind
        let function: PluginReplyFunction
        let context: PendingDestroy
        /// The last reply to it has come.
        var hasCome = false
        var isOver = false

        init(_ kind: Kind, _ function: @escaping PluginReplyFunction, _ context: PendingDestroy) {
            self.kind = kind
            self.function = function
            self.context = context
        }
    }

    private enum Phase {
        case opening, ready
        /// The server waits for the message.
        case wantsMessage
        case sendsMessage
        /// It is no dialogue any more, and somebody has yet to be told.
        case broken
        case over
    }

    private let host: PluginHost
    let plugin: Plugin
    /// For whom it is.
    private weak var state: ConnectionState?
    /// With whom.
    private let peer: String
    private(set) var handle = Handle(bits: 0)
    private var client: (any PluginSMTPClient)?
    private var calls: [Call] = []
    private var phase = Phase.opening

    init(_ host: PluginHost, _ plugin: Plugin, _ state: ConnectionState?, to peer: String) {
        self.host = host
        self.plugin = plugin
        self.state = state
        self.peer = peer
    }

    /// A status; a refused call has taken nothing.
    func open(
        _ options: SMTPClientOptions, _ clients: any PluginSMTPClients,
        _ callback: UnsafePointer<haraka_smtp_reply_callback>?
    ) -> Int32 {
        guard let call = call(.open, callback) else { return HARAKA_E_ARGUMENT }
        guard let handle = host.clients.insert(self) else { return HARAKA_E_LIMIT }
        self.handle = handle
        calls = [call]
        plugin.dialogues[ObjectIdentifier(self)] = self
        state?.dialogues.append(self)
        client = clients.open(options, for: state?.connection) { [weak self] in self?.come($0, call) }
        guard client == nil else { return HARAKA_SUCCESS }
        call.isOver = true
        calls = []
        close()
        return HARAKA_E_LIMIT
    }

    private func call(_ kind: Kind, _ callback: UnsafePointer<haraka_smtp_reply_callback>?) -> Call? {
        guard let callback = callback?.pointee, let function = callback.function else { return nil }
        return Call(
            kind, function, PendingDestroy(pointer: callback.context, destroy: callback.destroy, plugin: plugin))
    }

    // MARK: what the plugin says

    var capabilities: [String]? { phase == .opening ? nil : client?.capabilities ?? [] }

    /// Hands something to the server, if this is the moment for it.
    func say(
        _ kind: Kind, _ callback: UnsafePointer<haraka_smtp_reply_callback>?,
        _ send: (any PluginSMTPClient, @escaping (SMTPClientReply) -> Void) -> Void
    ) -> Int32 {
        guard phase != .broken, let client else { return HARAKA_E_GONE }
        guard phase == (kind == .message ? .wantsMessage : .ready) else { return HARAKA_E_STATE }
        guard mayFollow(client) else { return HARAKA_E_STATE }
        guard calls.count < PluginDialogue.maximumCalls else { return HARAKA_E_LIMIT }
        guard let call = call(kind, callback) else { return HARAKA_E_ARGUMENT }
        calls.append(call)
        if kind == .message { phase = .sendsMessage }
        send(client) { [weak self] in self?.come($0, call) }
        return HARAKA_SUCCESS
    }

    /// RFC 2920 section 3.1: commands in a row only if the server knows that, and nothing behind DATA.
    private func mayFollow(_ client: any PluginSMTPClient) -> Bool {
        guard let last = calls.last else { return true }
        return last.kind != .data && client.capabilities.contains { $0.uppercased() == "PIPELINING" }
    }

    /// The plugin does not need it any more.
    func release() {
        let isIdle = phase == .ready && calls.isEmpty
        end { isIdle ? $0.release() : $0.abort() }
    }

    func abort() { end { $0.abort() } }

    // MARK: what the server says

    /// Perhaps while the plugin has yet to return. What comes after the last reply is not told.
    private func come(_ reply: SMTPClientReply, _ call: Call) {
        guard phase != .over, !call.isOver, !call.hasCome else { return }
        call.hasCome = reply.isLast || reply.failure != nil || call.kind != .message
        let isLast = call.hasCome
        host.afterReturn(of: plugin) { [self] in deliver(reply, call, isLast) }
        host.settleIfOutside()
    }

    private func deliver(_ reply: SMTPClientReply, _ call: Call, _ isLast: Bool) {
        guard phase != .over, !call.isOver else { return }
        note(reply, call, isLast)
        if isLast { finish(call) }
        if !plugin.isRevoked {
            host.enter(plugin, .dialogue, for: state) {
                var lent = host.arena.lend(reply)
                call.function(call.context.pointer, reply.status, &lent)
            }
        }
        if phase == .broken, calls.isEmpty { end { $0.abort() } }
    }

    private func note(_ reply: SMTPClientReply, _ call: Call, _ isLast: Bool) {
        guard reply.failure == nil, phase != .broken else { return phase = .broken }
        switch call.kind {
        case .open: phase = (200..<300).contains(reply.reply.code) ? .ready : .broken
        case .data where reply.reply.code == 354: phase = .wantsMessage
        case .message where isLast: phase = .ready
        case .command, .data, .message: break
        }
    }

    private func finish(_ call: Call) {
        call.isOver = true
        calls.removeAll { $0 === call }
        host.doom(call.context)
    }

    // MARK: the end

    /// Its connection is over.
    func connectionEnded() {
        let isForgotten = phase == .ready && calls.isEmpty
        let text = "did not release its dialogue with \(peer); closed at the end of the connection"
        let uuid = state?.connection.logUUID ?? "-"
        host.warn(isForgotten ? HARAKA_LOG_WARN : HARAKA_LOG_DEBUG, plugin.name, uuid, text)
        abort()
    }

    private func end(_ how: (any PluginSMTPClient) -> Void) {
        guard phase != .over else { return }
        let (client, left) = (client, calls)
        calls = []
        close()
        if let client { how(client) }
        for call in left {
            call.isOver = true
            host.doom(call.context)
        }
        host.settleIfOutside()
    }

    private func close() {
        phase = .over
        client = nil
        host.clients.remove(handle)
        plugin.dialogues[ObjectIdentifier(self)] = nil
        state?.dialogues.removeAll { $0 === self }
    }

    /// For the log.
    var shownPeer: String { peer }
}

extension SMTPClientReply {
    fileprivate var status: Int32 {
        switch failure {
        case nil: HARAKA_SUCCESS
        case .timedOut: HARAKA_E_TIMED_OUT
        case .closed: HARAKA_E_GONE
        case .failed: HARAKA_E_IO
        }
    }
}

extension Arena {
    /// Valid until the call has returned, as all that is lent.
    fileprivate mutating func lend(_ reply: SMTPClientReply) -> haraka_smtp_reply {
        var out = haraka_smtp_reply()
        out.size = MemoryLayout<haraka_smtp_reply>.size
        out.code = reply.failure == nil ? UInt32(clamping: reply.reply.code) : 0
        if let status = reply.reply.status {
            out.status_class = status.class
            out.status_subject = status.subject
            out.status_detail = status.detail
        }
        let lines = reply.reply.lines
        let copies = allocate(haraka_str.self, lines.count)
        for (index, line) in lines.enumerated() { copies[index] = lend(line) }
        out.lines = UnsafePointer(copies)
        out.line_count = lines.count
        out.host = lend(reply.host)
        return out
    }
}
