// The content of a message as MIME parts, from the host's service body/1.
import CHarakaPluginKit

/// What a plugin can do with the body of a transaction: look at its parts, follow attachments while they come, rewrite,
/// put a banner under it. RFC 2045, 2046. Loop thread only.
///
///     plugin.hook("data") { call in
///         call.transaction?.parseBody()
///         return .continue
///     }
///     plugin.hook("data_post") { call throws(PluginError) in
///         try call.transaction?.body?.forEachPart { part throws(PluginError) in ... }
///         return .continue
///     }
public struct Body: @unchecked Sendable {
    let service: UnsafePointer<haraka_body_1>
    let transaction: haraka_transaction
    let owner: haraka_self

    /// nil if the host does not offer it.
    init?(_ transaction: haraka_transaction, _ owner: haraka_self) {
        guard let raw = "body/1".lent({ haraka_kit_host().pointee.service($0) }) else { return nil }
        service = raw.assumingMemoryBound(to: haraka_body_1.self)
        self.transaction = transaction
        self.owner = owner
    }

    /// The whole message as a part. From the hook `data_post` on; quick if ``Transaction/parseBody()`` was called in time,
    /// else the message is parsed now.
    public var root: Part {
        get throws(PluginError) {
            var part = haraka_part()
            try PluginError.check(service.pointee.root(transaction, &part), "the body")
            return Part(service: service, handle: part)
        }
    }

    /// The part with that ``Part/index``: 0 is the whole message. nil if there are fewer.
    public func part(_ index: Int) throws(PluginError) -> Part? {
        var part = haraka_part()
        guard index >= 0 else { return nil }
        let status = service.pointee.part(transaction, index, &part)
        if status == HARAKA_E_ABSENT { return nil }
        try PluginError.check(status, "part \(index)")
        return Part(service: service, handle: part)
    }

    /// All parts in order of appearance, the whole message first.
    public func forEachPart(_ body: (Part) throws(PluginError) -> Void) throws(PluginError) {
        try searchParts { part throws(PluginError) in
            try body(part)
            return false
        }
    }

    /// The same until `isFound` says yes; whether it did.
    @discardableResult
    public func searchParts(_ isFound: (Part) throws(PluginError) -> Bool) throws(PluginError) -> Bool {
        var index = 0
        while let part = try part(index) {
            if try isFound(part) { return true }
            index += 1
        }
        return false
    }

    /// Puts a text under every text part that is no attachment, in the part's own charset. `html` empty: the text, with line
    /// breaks. Replaces an earlier banner; both empty: none. Until the hook `data` has ended.
    public func setBanner(text: String, html: String = "") throws(PluginError) {
        let status = text.lent { text in html.lent { service.pointee.banner(transaction, text, $0) } }
        try PluginError.check(status, "banner")
    }
}

/// What is known about a part when its content begins. Lent until the closure that was given it returns.
public struct PartInfo: @unchecked Sendable {
    let info: haraka_part_info

    public var contentType: Text { Text(info.content_type) }
    public var charset: Text { Text(info.charset) }
    public var encoding: Text { Text(info.encoding) }
    public var disposition: Text { Text(info.disposition) }
    /// UTF-8, as the sender wrote it: it may hold `/` and `..`.
    public var filename: Text { Text(info.filename) }
    public var index: Int { Int(info.index) }
    public var depth: Int { Int(info.depth) }
    public var isAttachment: Bool { info.is_attachment != 0 }
}

extension Transaction {
    /// Parts, attachments, filters, banner; nil if the host does not offer them.
    public var body: Body? { Body(handle, owner) }

    /// The parts are parsed while they come. Until the hook `data` has ended; later it is harmless.
    public func parseBody() { _ = haraka_parse_body(handle) }

    /// Parts found so far; 0 if nobody parses.
    public var partCount: Int64 { object.property(HARAKA_TRAN_MIME_PART_COUNT).integer(or: 0) }
}
