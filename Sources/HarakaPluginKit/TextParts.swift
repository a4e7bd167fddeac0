// The texts of a message, looked through one after the other.
import CHarakaPluginKit

extension Next {
    /// Gives `search` each part that is a text or a message inside the message, in UTF-8, until it finds something, and hands
    /// that and the Next back on the loop. Little text is searched at once, much on a thread for slow things, so `search` must
    /// not touch connections, transactions, notes or results. If it throws, the answer is "plugin failed". Loop thread.
    ///
    ///     next.searchTexts(of: transaction) { text throws(PluginError) -> Bool? in
    ///         var place = ByteSearch.Place()
    ///         return try text.searchChunks { search.finds(in: $0, from: &place) != nil } ? true : nil
    ///     } then: { found, next in
    ///         found == nil ? next.continue() : next.deny("no")
    ///     }
    public consuming func searchTexts<Found: Sendable>(
        of transaction: Transaction, _ search: @escaping @Sendable (Stream) throws(PluginError) -> Found?,
        then: @escaping (Found?, consuming Next) -> Void
    ) {
        guard let body = transaction.body else {
            return fail(PluginError("bodies are not offered by this host", status: HARAKA_E_UNSUPPORTED))
        }
        self.search(body, from: 0, search, then)
    }

    private consuming func search<Found: Sendable>(
        _ body: Body, from index: Int, _ search: @escaping @Sendable (Stream) throws(PluginError) -> Found?,
        _ then: @escaping (Found?, consuming Next) -> Void
    ) {
        let batch: TextBatch
        do throws(PluginError) {
            batch = try TextBatch(of: body, from: index)
            guard batch.isLarge else { return then(try batch.search(search), self) }
        } catch {
            // The client left while others were searched: there is nobody to answer.
            return index > 0 && error.status == HARAKA_E_HANDLE ? self.continue() : fail(error)
        }
        let following = batch.next
        offload { () throws(PluginError) -> Found? in
            try batch.search(search)
        } then: { found, next in
            guard found == nil, let following else { return then(found, next) }
            next.search(body, from: following, search, then)
        }
    }
}

/// Some of the texts, opened: a message may have very many, and open ones are limited.
private final class TextBatch: Sendable {
    /// What takes longer than a few milliseconds has no place on the loop.
    private static let little: Int64 = 128 * 1024

    private let streams: [Stream]
    /// More bytes than should be searched on the loop.
    let isLarge: Bool
    /// Where the next batch begins; nil: this is the last.
    let next: Int?

    init(of body: Body, from first: Int) throws(PluginError) {
        var (streams, size, index): ([Stream], Int64, Int) = ([], 0, first)
        while streams.count < 32, size <= TextBatch.little, let part = try body.part(index) {
            index += 1
            guard part.isText || part.contentType.hasPrefix("message/") else { continue }
            streams.append(try part.open(.text))
            size += part.size
        }
        self.streams = streams
        next = try body.part(index) == nil ? nil : index
        isLarge = size > TextBatch.little || first > 0 || next != nil
    }

    func search<Found>(_ search: (Stream) throws(PluginError) -> Found?) throws(PluginError) -> Found? {
        for stream in streams { if let found = try search(stream) { return found } }
        return nil
    }
}
