// access.ini.
import HarakaPluginKit

/// Which lists are asked.
struct Checks: Equatable {
    var any = true, conn = true, helo = false, mail = true, rcpt = true, data = false
}

/// What a client is told, behind its own name.
struct Texts: Equatable {
    var conn = "You are not allowed to connect"
    var helo = "That HELO is not allowed to connect"
    var mail = "That sender cannot send mail here"
    var rcpt = "That recipient is not allowed"
}

/// The whole file.
struct Settings: Equatable {
    var checks = Checks()
    var texts = Texts()
    /// `rcpt.accept`: recipients that are welcome are accepted, and not just not refused.
    var acceptsWelcome = false
}

/// The settings in force. A change is taken whole or not at all.
final class LiveSettings {
    private let plugin: Plugin
    private(set) var now = Settings()

    init(_ plugin: Plugin) {
        self.plugin = plugin
        let (settings, mistakes) = read()
        now = settings
        for mistake in mistakes { plugin.log(.error, "access.ini: \(mistake); the default counts") }
    }

    /// From now on the settings follow the file.
    func watch() { plugin.config.watch("access.ini") { [self] in changed() } }

    private func changed() {
        let (new, mistakes) = read()
        if let mistake = mistakes.first { return plugin.log(.error, "access.ini: all stays as it was: \(mistake)") }
        now = new
        plugin.log(.info, "access.ini has changed")
    }

    /// What the file says now, and what is wrong with it.
    private func read() -> (Settings, [String]) {
        let ini = plugin.config.ini("access.ini")
        var reader = SwitchReader(ini)
        var new = Settings()
        reader.read("check", "any", &new.checks.any)
        reader.read("check", "conn", &new.checks.conn)
        reader.read("check", "helo", &new.checks.helo)
        reader.read("check", "mail", &new.checks.mail)
        reader.read("check", "rcpt", &new.checks.rcpt)
        reader.read("check", "data", &new.checks.data)
        reader.read("rcpt", "accept", &new.acceptsWelcome)
        var mistakes = reader.mistakes
        func read(_ key: String, _ text: inout String) {
            let value = ini["deny_msg"][key]
            guard !value.isNull else { return }
            // An empty text would leave a reply without its point.
            if let words = value.string, !words.isEmpty {
                text = words
            } else {
                mistakes.append("[deny_msg] \(key) is no text")
            }
        }
        read("conn", &new.texts.conn)
        read("helo", &new.texts.helo)
        read("mail", &new.texts.mail)
        read("rcpt", &new.texts.rcpt)
        return (new, mistakes)
    }
}
