// The body of a transaction as plugins deal with it: handlers while it comes in, parts when it is there.

import HarakaCore
import HarakaPluginABI
import MailMessage

/// Of one transaction, made when a plugin first asks. On the loop.
final class PluginBody {
    /// More than anybody needs: each costs at every piece of every message.
    static let maximumHandlers = 100

    private unowned(unsafe) let host: PluginHost
    /// Ends this body before it goes.
    unowned(unsafe) let transaction: Transaction
    private let serial: UInt64
    private var handlers: [BodyHandler] = []
    /// The header of the part that was looked at last: a plugin asks for one field after the other.
    private var lastHeader: (index: Int, block: HeaderBlock)?

    init(_ host: PluginHost, _ transaction: Transaction) {
        self.host = host
        self.transaction = transaction
        host.lastBody &+= 1
        serial = host.lastBody
        host.bodies[serial] = self
    }

    /// The transaction is over: its parts name nothing, and every handler hears of it.
    func end() {
        host.bodies[serial] = nil
        for handler in handlers { handler.end() }
    }

    /// Ends the handlers of plugins that are over.
    func endRevoked() {
        for handler in handlers where handler.plugin.isRevoked { handler.end() }
        handlers.removeAll(where: \.isOver)
    }

    /// False: too many.
    func add(_ handler: BodyHandler) -> Bool {
        guard handlers.count < PluginBody.maximumHandlers else { return false }
        handlers.append(handler)
        transaction.body.parses = true
        return true
    }

    func handle(of index: Int) -> haraka_part {
        haraka_part(bits: PartHandle(body: serial, index: index).bits)
    }

    /// All parts. What it throws: see `status`.
    func tree() throws -> BodyTree {
        guard let content = transaction.content, content.hasEnded else { throw BodyUnknown.notYet }
        return try content.bodyTree()
    }

    /// The values of the part's own header fields of that name.
    func headerValues(_ name: String, of part: BodyTree.Part, isDecoded: Bool) throws -> [String] {
        if part.facts.index == 0, let content = transaction.content {
            return isDecoded ? content.decodedHeaderValues(name) : content.headerValues(name)
        }
        let header = try header(of: part)
        return isDecoded ? header.decodedValues(name) : header.values(name)
    }

    private func header(of part: BodyTree.Part) throws -> HeaderBlock {
        let index = part.facts.index
        if let lastHeader, lastHeader.index == index { return lastHeader.block }
        guard let view = try transaction.content?.snapshot() else { throw BodyUnknown.notYet }
        let bytes = try view.bytes(in: part.header.moved(by: view.bodyStart))
        let block = bytes.withUnsafeBytes { HeaderBlock(parsing: $0, maxLines: .max) }
        lastHeader = (index, block)
        return block
    }

    /// Why a part cannot be had, for the log, and as a status.
    func status(_ error: any Error) -> Int32 {
        switch error as? BodyUnknown {
        case .notYet: return HARAKA_E_STATE
        case .tooManyParts: return HARAKA_E_LIMIT
        case nil:
            host.warn(HARAKA_LOG_ERROR, "core", transaction.uuid, "the message cannot be read: \(error)")
            return HARAKA_E_IO
        }
    }
}

extension Range<Int> {
    func moved(by distance: Int) -> Range<Int> { (lowerBound + distance)..<(upperBound + distance) }
}

extension MessageView {
    /// A copy of that range, which is short.
    fileprivate func bytes(in range: Range<Int>) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: range.count) { buffer, done in
            while done < range.count {
                let room = UnsafeMutableRawBufferPointer(rebasing: UnsafeMutableRawBufferPointer(buffer)[done...])
                let count = try read(at: range.lowerBound + done, into: room)
                guard count > 0 else { break }
                done += count
            }
        }
    }
}

extension BodyTree.Part {
    /// HARAKA_PART_...; nil: no such property.
    func property(_ id: Int32) -> Value? {
        switch id {
        case HARAKA_PART_INDEX: .integer(Int64(facts.index))
        case HARAKA_PART_DEPTH: .integer(Int64(facts.depth))
        case HARAKA_PART_CONTENT_TYPE: .text(facts.contentType)
        case HARAKA_PART_CHARSET: .text(facts.charset)
        case HARAKA_PART_ENCODING: .text(facts.encoding)
        case HARAKA_PART_DISPOSITION: .text(facts.disposition)
        case HARAKA_PART_FILENAME: .text(facts.filename)
        case HARAKA_PART_BOUNDARY: .text(facts.boundary)
        case HARAKA_PART_SIZE: .integer(Int64(content.count))
        case HARAKA_PART_IS_ATTACHMENT: .boolean(facts.isAttachment)
        case HARAKA_PART_IS_COMPLETE: .boolean(isComplete)
        case HARAKA_PART_CHILDREN: .integer(Int64(children.count))
        default: nil
        }
    }
}
