// What syslog.ini says.
import HarakaPluginKit

/// All of the file: a change takes effect as a whole, or not at all.
struct Settings: Equatable, Sendable {
    /// Haraka's booleans. `odelay` is the opposite of `ndelay`; `cons` and `nowait` mean nothing here.
    static let booleans = """
        +general.pid -general.ndelay +general.odelay -general.cons -general.nowait -general.always_ok
        """

    var name = "haraka"
    /// syslog's number.
    var facility: Int32 = 16
    var showsProcess = true
    /// Open the socket before there is a line.
    var opensAtOnce = false
    /// A line that syslog has is not written anywhere else.
    var keepsLines = false
    var socket = "/dev/log"

    /// As the file is now.
    init(of plugin: Plugin) throws(PluginError) {
        try self.init(Value(plugin.config.ini("syslog.ini", booleans: Settings.booleans)["general"]))
    }

    /// From the section `general`.
    init(_ general: Value) throws(PluginError) {
        for entry in general.entries {
            let isOn = entry.value == .boolean(true)
            switch entry.key {
            case "name": name = try word(entry)
            case "facility": facility = try number(entry)
            case "pid": showsProcess = isOn
            case "ndelay": opensAtOnce = isOn
            case "always_ok": keepsLines = isOn
            case "socket": socket = try path(entry)
            default: break
            }
        }
    }
}

/// A name with a blank, a colon or a bracket would be cut differently by every daemon.
private func word(_ entry: Value.Entry) throws(PluginError) -> String {
    guard case .text(let name) = entry.value, (1...64).contains(name.utf8.count),
        name.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != 0x3A && $0 != 0x5B && $0 != 0x5D })
    else { throw PluginError("name: expected a word") }
    return name
}

private func number(_ entry: Value.Entry) throws(PluginError) -> Int32 {
    guard case .text(let name) = entry.value, let facility = Syslog.facility(name) else {
        throw PluginError("facility: expected MAIL, DAEMON, LOCAL0 or another one of syslog's")
    }
    return facility
}

private func path(_ entry: Value.Entry) throws(PluginError) -> String {
    // What a socket's address has room for.
    guard case .text(let path) = entry.value, path.utf8.first == UInt8(ascii: "/"), path.utf8.count < 108 else {
        throw PluginError("socket: expected a path that begins with /")
    }
    return path
}
