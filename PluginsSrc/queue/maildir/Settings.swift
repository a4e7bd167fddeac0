// What queue.maildir.ini says.
import HarakaPluginKit

/// All of the file: a change takes effect as a whole, or not at all.
struct Settings: Sendable {
    let store: MailStore
    /// Whether mail of clients that may relay is delivered here, too.
    let takesOutbound: Bool

    /// Reads the file and makes the root, so that a wrong path is an error now and not at the next mail.
    init(_ config: Config) throws(PluginError) {
        let ini = config.ini("queue.maildir.ini", booleans: "-main.enable_outbound")["main"]
        takesOutbound = ini["enable_outbound"].isTrue
        store = MailStore(
            root: try text(ini["root"], "root", or: "./maildir"),
            path: try MailboxPath(template: try text(ini["path"], "path", or: "%d/%u")))
        _ = try Folder(creating: store.root)
    }
}

/// The text of a key; the fallback if the key is not set.
/// What is set and is no text, such as a list or a number, is a mistake: mail must not go to the default's place.
func text(_ value: ValueView, _ key: String, or fallback: String) throws(PluginError) -> String {
    if value.isNull { return fallback }
    guard let text = value.string, !text.isEmpty else { throw PluginError("\(key): not a path") }
    return text
}
