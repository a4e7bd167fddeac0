// Who has authenticated writes in the name of his own domain.
import HarakaPluginKit

/// The hook `mail`, for children that want it. Haraka's words.
func constrainSender(_ call: borrowing Call) -> Answer {
    let user = call.connection.authUser.string
    guard let at = user.utf8.lastIndex(of: 0x40), let sender = call.address(0), !sender.host.isEmpty else {
        return .continue
    }
    let own = user.utf8[user.utf8.index(after: at)...]
    guard !own.isEmpty else { return .continue }
    let mine = organization(String(decoding: own, as: UTF8.self), call.plugin)
    let theirs = organization(sender.host.string, call.plugin)
    guard mine != theirs else { return .continue }
    return .deny("Envelope domain '\(theirs)' doesn't match AUTH domain '\(mine)'")
}

/// The organizational domain; of a name that has none, the name.
private func organization(_ name: String, _ plugin: Plugin) -> String {
    let domains = plugin.domains
    let name = (domains?.toASCII(name) ?? name).asciiLowercased
    return domains?.organizational(name) ?? name
}
