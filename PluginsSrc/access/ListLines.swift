// What may stand in a line of a list.
import HarakaPluginKit

/// What an entry may be.
enum EntryKind {
    /// Host names, IP addresses and networks.
    case clients
    /// Mail addresses, or parts of them.
    case addresses
    /// Domains and mail addresses, some with `!`.
    case domains

    /// Why a line can be no such entry; nil if it can. Generous: it is for slips of the pen, and for files that were
    /// something else.
    func mistake(in text: Text) -> String? {
        if text.bytes.contains(where: { $0 <= 0x20 || $0 == 0x7F }) { return "\(text.string): a blank inside" }
        let isAddress = text.bytes.contains(UInt8(ascii: "@"))
        let hasSlash = text.bytes.contains(UInt8(ascii: "/"))
        switch self {
        case .clients where isAddress: return "\(text.string): a mail address, no client"
        case .clients where hasSlash && IPNetwork(text) == nil: return "\(text.string): no network"
        case .domains where hasSlash && !isAddress: return "\(text.string): no domain"
        case .domains where text == "!": return "!: of nobody"
        default: return nil
        }
    }
}
