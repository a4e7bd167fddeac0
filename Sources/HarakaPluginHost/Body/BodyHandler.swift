// What a plugin wants of one body while it comes in: whose it is, its open parts, its end. plugin.h "body/1".

import HarakaCore
import HarakaPluginABI
import MailMessage

/// A part that a plugin was asked about and wants. Its end is told exactly once.
protocol OpenPart: AnyObject {
    /// Tells the plugin that the part ends before its time.
    func tellAborted()
}

/// Attachment functions, or a filter, of one plugin for one transaction. On the loop.
///
/// The body comes in on its own time, so each function is entered as a hook would be: with a frame that names plugin
/// and connection, and with nothing of the host's held open. What ends early (the client has gone, the transaction or
/// the plugin is over) is told at the loop's next turn, because that happens in the middle of somebody's work.
class BodyHandler {
    unowned(unsafe) let host: PluginHost
    let plugin: Plugin
    let transaction: haraka_transaction
    private let context: UnsafeMutableRawPointer?
    private let destroy: PluginDestroy?
    private let entrance: FaultFrames.Entrance
    /// Of the fault page; 0: none.
    private let connection: UInt32
    private var openParts: [any OpenPart] = []
    /// Nothing of the plugin's is called any more.
    private(set) var isOver = false

    init(
        _ plugin: Plugin, _ host: PluginHost, _ transaction: haraka_transaction, _ entrance: FaultFrames.Entrance,
        _ context: (UnsafeMutableRawPointer?, PluginDestroy?)
    ) {
        self.plugin = plugin
        self.host = host
        self.transaction = transaction
        self.entrance = entrance
        (self.context, destroy) = context
        // That of the hook that asks.
        connection = host.faults.running.pointee.connection
    }

    /// Runs one of the plugin's functions.
    func enter<Result>(_ body: () -> Result) -> Result {
        host.enter(plugin, entrance) {
            host.faults.running.pointee.connection = connection
            return body()
        }
    }

    func opened(_ part: any OpenPart) { openParts.append(part) }

    func closed(_ part: any OpenPart) { openParts.removeAll { $0 === part } }

    /// Later, because whoever says that it is over is busy.
    func tellLater(_ work: @escaping () -> Void) {
        host.doom(LastWord(work).pending(of: plugin))
        host.settleSoon()
    }

    /// The transaction is over, or the plugin. The ends of open parts come first, then the context's own.
    func end() {
        guard !isOver else { return }
        isOver = true
        let parts = openParts
        openParts = []
        for part in parts { part.tellAborted() }
        host.doom(PendingDestroy(pointer: context, destroy: destroy, plugin: plugin))
        host.settleSoon()
    }

    /// The plugin cannot do its part: the message is refused for now.
    func failMessage(_ reason: String) {
        guard let transaction = host.transactions.find(transaction.bits)?.transaction else { return }
        host.warn(HARAKA_LOG_CRIT, plugin.name, transaction.uuid, reason)
        transaction.content?.fail("plugin \(plugin.name) \(reason)")
    }
}

/// A call that waits its turn among the destroy functions.
private final class LastWord {
    private let work: () -> Void

    init(_ work: @escaping () -> Void) { self.work = work }

    func pending(of plugin: Plugin) -> PendingDestroy {
        let destroy: PluginDestroy = { word in
            if let word { Unmanaged<LastWord>.fromOpaque(word).takeRetainedValue().work() }
        }
        return PendingDestroy(pointer: Unmanaged.passRetained(self).toOpaque(), destroy: destroy, plugin: plugin)
    }
}

extension Arena {
    /// What is known of a part, for the functions that are asked whether they want it.
    mutating func lend(_ facts: PartFacts) -> haraka_part_info {
        var info = haraka_part_info()
        info.size = MemoryLayout<haraka_part_info>.size
        info.content_type = lend(facts.contentType)
        info.charset = lend(facts.charset)
        info.encoding = lend(facts.encoding)
        info.disposition = lend(facts.disposition)
        info.filename = lend(facts.filename)
        info.index = UInt32(clamping: facts.index)
        info.depth = UInt32(clamping: facts.depth)
        info.is_attachment = facts.isAttachment ? 1 : 0
        return info
    }
}
