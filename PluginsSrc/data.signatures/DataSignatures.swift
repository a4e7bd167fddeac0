// data.signatures: refuses mail whose text holds a string of a list.
public import HarakaPluginKit

#if hasFeature(Embedded)
    @c(haraka_register)
    public func harakaRegister(_ host: UnsafePointer<haraka_host>?, _ handle: haraka_self) -> Int32 {
        Plugin.register(host, handle, registerDataSignatures)
    }
#endif

public func registerDataSignatures(_ plugin: Plugin) {
    let signatures = Signatures(plugin)
    plugin.config.watch(file) { signatures.changed(plugin) }
    plugin.hook("data") { call in
        if !signatures.search.isEmpty { call.transaction?.parseBody() }
        return .continue
    }
    plugin.hook("data_post") { call, next in
        let search = signatures.search
        guard let transaction = call.transaction, !search.isEmpty else { return next.continue() }
        next.searchTexts(of: transaction) { text throws(PluginError) -> Bool? in
            try holds(text, search) ? true : nil
        } then: { found, next in
            transaction.results.set(found == nil ? "pass" : "fail", .text("signature"))
            if found == nil { next.continue() } else { next.deny("Mail matches a known spam signature") }
        }
    }
}

private let file = "data.signatures"

/// The list in force. A message that is being searched keeps the one it began with.
private final class Signatures {
    private(set) var search: ByteSearch

    init(_ plugin: Plugin) { search = ByteSearch(strings(plugin.config.list(file))) }

    func changed(_ plugin: Plugin) {
        search = ByteSearch(strings(plugin.config.list(file)))
        plugin.log(.info, "\(file) has changed")
    }
}

private func strings(_ list: ValueView) -> [String] { (0..<list.count).map { list[$0].text.string } }

private func holds(_ text: Stream, _ search: ByteSearch) throws(PluginError) -> Bool {
    var place = ByteSearch.Place()
    return try text.searchChunks { piece throws(PluginError) in search.finds(in: piece, from: &place) != nil }
}
