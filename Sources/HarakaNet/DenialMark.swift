// The mark in front of refusals. docs/configuration.md "connection.ini".

import SMTPSyntax

extension SessionHandler {
    /// `uuid.deny_chars`: refusals begin with a mark that the log can be searched for.
    func denialMark(_ reply: Reply) -> String {
        let count = server.settings.session.uuidDenyCharacters
        guard count > 0, reply.code >= 400 else { return "" }
        let uuid = count == 1 ? Substring(connection.uuid) : connection.uuid.prefix(count)
        let host = connection.local.host.prefix { $0 != "." }
        return "[\(uuid)@\(host)] "
    }
}
