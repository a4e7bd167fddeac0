// What qmail-queue.path and qmail-queue.ini say.
import HarakaPluginKit

/// Both files: a change takes effect as a whole, or not at all.
struct Settings: Sendable, Equatable {
    let path: String
    /// Whether mail of clients that may relay is taken.
    let takesOutbound: Bool

    /// As the files are now.
    init(of plugin: Plugin) throws(PluginError) {
        let ini = plugin.config.ini("qmail-queue.ini", booleans: "+main.enable_outbound")["main"]
        let outbound = ini["enable_outbound"]
        let path = Value(plugin.config.value("qmail-queue.path"))
        try self.init(path: path, outbound: outbound.isNull || outbound.isTrue)
    }

    init(path: Value, outbound: Bool) throws(PluginError) {
        switch path {
        case .null, .text(""): self.path = "/var/qmail/bin/qmail-queue"
        // A name alone would be looked for in a folder that nobody thought of.
        case .text(let path) where path.utf8.first == UInt8(ascii: "/"): self.path = path
        default: throw PluginError("qmail-queue.path: expected a path that begins with /")
        }
        takesOutbound = outbound
    }
}
