// A plugin that rewrites parts while they come in. plugin.h `haraka_filter`.

import HarakaPluginABI
import MailMessage

/// The functions of `haraka_filter`, for one transaction. On the loop.
final class PluginFilter: BodyHandler, BodyFilter {
    typealias Data =
        @convention(c) (
            UnsafeMutableRawPointer?, UnsafeMutableRawPointer?, haraka_str, Int32, haraka_output
        ) -> Void

    /// A filter may make this out of nothing ...
    static let freeOutput = 64 << 20
    /// ... and this many times what it was given.
    static let outputFactor = 8

    private let functions: haraka_filter
    private let begin: PluginAttachments.Begin
    fileprivate let data: Data
    fileprivate var context: UnsafeMutableRawPointer? { functions.context }
    /// Bytes that it was given, and those that it gave, of all parts.
    fileprivate var (given, gave) = (0, 0)

    /// Nil: malformed. Nothing is taken then. The size is looked at before anything else.
    init?(
        _ source: UnsafePointer<haraka_filter>?, _ plugin: Plugin, _ host: PluginHost, _ transaction: haraka_transaction
    ) {
        guard let source, source.pointee.size >= MemoryLayout<haraka_filter>.size else { return nil }
        functions = source.pointee
        guard let begin = functions.begin, let data = functions.data else { return nil }
        (self.begin, self.data) = (begin, data)
        super.init(plugin, host, transaction, .filter, (functions.context, functions.destroy))
    }

    func begins(_ part: PartFacts) -> (any PartFilter)? {
        guard !isOver else { return nil }
        return enter { () -> PluginPartFilter? in
            var partContext: UnsafeMutableRawPointer?
            let info = host.arena.lend(part)
            let isWanted = withUnsafePointer(to: info) { begin(context, transaction, $0, &partContext) > 0 }
            guard isWanted else { return nil }
            let filter = PluginPartFilter(self, partContext)
            opened(filter)
            return filter
        }
    }

    fileprivate func tellEnd(_ partContext: UnsafeMutableRawPointer?) { functions.end?(context, partContext) }

    /// False: more than a message can be allowed to grow.
    fileprivate func mayGive(_ count: Int) -> Bool {
        guard count <= given &* PluginFilter.outputFactor &+ PluginFilter.freeOutput &- gave else { return false }
        gave += count
        return true
    }
}

/// One part that a plugin rewrites.
final class PluginPartFilter: PartFilter, OpenPart {
    private let handler: PluginFilter
    private let context: UnsafeMutableRawPointer?
    /// What `haraka_output` stands for while the plugin's function runs.
    private var collected: [UInt8] = []
    private var hadLast = false
    private var hasEnded = false
    private var gaveTooMuch = false
    private var hasFailed = false

    init(_ handler: PluginFilter, _ context: UnsafeMutableRawPointer?) {
        self.handler = handler
        self.context = context
    }

    func rewrite(_ bytes: UnsafeRawBufferPointer, isLast: Bool, into output: inout [UInt8]) {
        guard !hasEnded, !handler.isOver else { return passOn(bytes, into: &output) }
        if isLast { hadLast = true }
        handler.given += bytes.count
        let text = haraka_str(ptr: bytes.baseAddress?.assumingMemoryBound(to: CChar.self), len: bytes.count)
        // The buffer changes hands, so that nothing of the caller's is open while the plugin runs.
        swap(&output, &collected)
        handler.enter {
            handler.host.withOutput(of: self) { handler.data(handler.context, context, text, isLast ? 1 : 0, $0) }
        }
        swap(&output, &collected)
        if gaveTooMuch { fail("made more of a part than a filter may") }
    }

    /// The plugin was over in the middle of the part, and may have kept some of it back.
    private func passOn(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        output.append(contentsOf: bytes)
        fail("was over while it rewrote a part")
    }

    private func fail(_ reason: String) {
        guard !hasFailed else { return }
        hasFailed = true
        handler.failMessage(reason)
    }

    /// `emit`.
    func give(_ bytes: UnsafeRawBufferPointer) -> Int32 {
        guard !gaveTooMuch, handler.mayGive(bytes.count) else {
            gaveTooMuch = true
            return HARAKA_E_LIMIT
        }
        collected.append(contentsOf: bytes)
        return HARAKA_SUCCESS
    }

    func ended() {
        guard hadLast else { return tellAborted() }
        guard !hasEnded else { return }
        hasEnded = true
        handler.closed(self)
        handler.enter { handler.tellEnd(context) }
    }

    func tellAborted() {
        guard !hasEnded else { return }
        hasEnded = true
        handler.closed(self)
        let (handler, context) = (handler, context)
        handler.tellLater { handler.tellEnd(context) }
    }
}

/// The output of the filter function that runs at this moment.
struct OpenOutput {
    let bits: UInt64
    unowned(unsafe) let filter: PluginPartFilter
}

extension PluginHost {
    /// Runs `body` with a handle that is good until it returns, and never again.
    fileprivate func withOutput(of filter: PluginPartFilter, _ body: (haraka_output) -> Void) {
        lastOutput &+= 1
        let outer = output
        let bits = Handle(.output, slot: 0, sequence: lastOutput).bits
        output = OpenOutput(bits: bits, filter: filter)
        body(haraka_output(bits: bits))
        output = outer
    }
}
