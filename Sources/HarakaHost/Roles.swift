// What the listeners of smtp.ini are for, and the plugins of each. docs/configuration.md "Roles".

import HarakaConfig
import HarakaNet

/// One list of plugins: `config/plugins`, or what a section of smtp.ini names in its place.
struct PluginListing: Sendable {
    /// The sections that use it; the one without a name is `[main]`.
    let roles: [String]
    /// In config/.
    let file: String
    let entries: [PluginEntry]

    /// The lists that are in use. Two roles with one file share it.
    static func read(_ smtp: SMTPSettings, from directory: ConfigDirectory) -> ([PluginListing], [Diagnostic]) {
        var users: [(file: String, roles: [String])] = smtp.listen.isEmpty ? [] : [("plugins", [""])]
        for role in smtp.roles where !role.listen.isEmpty {
            if let index = users.firstIndex(where: { $0.file == role.pluginsFile }) {
                users[index].roles.append(role.name)
            } else {
                users.append((role.pluginsFile, [role.name]))
            }
        }
        if users.isEmpty { users = [("plugins", [""])] }
        var problems: [Diagnostic] = []
        let lists = users.map { user in
            let (entries, found) = readPluginList(from: directory, file: user.file)
            problems += found
            return PluginListing(roles: user.roles, file: user.file, entries: entries)
        }
        return (lists, problems)
    }
}

extension Configuration {
    /// The rules of listeners without a section of their own.
    var mainRole: ListenerRole {
        var role = ListenerRole()
        role.inactivityTimeout = smtp.inactivityTimeout
        role.session = sessionSettings
        return role
    }

    /// The rules of each section of smtp.ini, and of `[main]`.
    var listenerRoles: [ListenerRole] { [mainRole] + smtp.roles.map(role) }

    private func role(_ settings: RoleSettings) -> ListenerRole {
        var role = mainRole
        role.name = settings.name
        role.tls = ListenerRole.TLSRule(rawValue: settings.tls.rawValue) ?? .offered
        role.maxConnections = settings.maxConnections
        role.inactivityTimeout = settings.inactivityTimeout ?? role.inactivityTimeout
        role.session.maxBytes = settings.maxBytes ?? role.session.maxBytes
        role.session.maxRecipients = settings.maxRecipients ?? role.session.maxRecipients
        role.session.requiresAuth = settings.requiresAuth
        role.session.requiresTLS = settings.tls == .required
        role.session.isLMTP = settings.name == "lmtp"
        return role
    }
}
