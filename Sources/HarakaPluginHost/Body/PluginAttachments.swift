// A plugin that reads attachments while they come in. plugin.h `haraka_attachments`.

import HarakaPluginABI
import MailMessage

/// The functions of `haraka_attachments`, for one transaction. On the loop.
final class PluginAttachments: BodyHandler, AttachmentObserver {
    typealias Begin =
        @convention(c) (
            UnsafeMutableRawPointer?, haraka_transaction, UnsafePointer<haraka_part_info>?,
            UnsafeMutablePointer<UnsafeMutableRawPointer?>?
        ) -> Int32

    private let functions: haraka_attachments
    private let begin: Begin
    fileprivate let data: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, haraka_str) -> Void
    fileprivate let end: @convention(c) (UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, Int32) -> Void
    fileprivate var context: UnsafeMutableRawPointer? { functions.context }

    /// Nil: malformed. Nothing is taken then. The size is looked at before anything else.
    init?(
        _ source: UnsafePointer<haraka_attachments>?, _ plugin: Plugin, _ host: PluginHost,
        _ transaction: haraka_transaction
    ) {
        guard let source, source.pointee.size >= MemoryLayout<haraka_attachments>.size else { return nil }
        functions = source.pointee
        guard let begin = functions.begin, let data = functions.data, let end = functions.end else { return nil }
        (self.begin, self.data, self.end) = (begin, data, end)
        super.init(plugin, host, transaction, .attachment, (functions.context, functions.destroy))
    }

    func begins(_ part: PartFacts) -> (any AttachmentReader)? {
        guard !isOver else { return nil }
        return enter { () -> PluginAttachment? in
            var partContext: UnsafeMutableRawPointer?
            let info = host.arena.lend(part)
            let isWanted = withUnsafePointer(to: info) { begin(context, transaction, $0, &partContext) > 0 }
            guard isWanted else { return nil }
            let reader = PluginAttachment(self, partContext)
            opened(reader)
            return reader
        }
    }
}

/// One attachment that a plugin reads.
private final class PluginAttachment: AttachmentReader, OpenPart {
    private let handler: PluginAttachments
    private let context: UnsafeMutableRawPointer?
    private var hasEnded = false

    init(_ handler: PluginAttachments, _ context: UnsafeMutableRawPointer?) {
        self.handler = handler
        self.context = context
    }

    func received(_ bytes: UnsafeRawBufferPointer) {
        guard !hasEnded, !handler.isOver else { return }
        let text = haraka_str(ptr: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), len: bytes.count)
        handler.enter { handler.data(handler.context, context, text) }
    }

    func ended(_ end: PartEnd) {
        guard end != .aborted else { return tellAborted() }
        guard !hasEnded else { return }
        hasEnded = true
        handler.closed(self)
        handler.enter { handler.end(handler.context, context, end == .complete ? 1 : 0) }
    }

    func tellAborted() {
        guard !hasEnded else { return }
        hasEnded = true
        handler.closed(self)
        let (handler, context) = (handler, context)
        handler.tellLater { handler.end(handler.context, context, -1) }
    }
}
