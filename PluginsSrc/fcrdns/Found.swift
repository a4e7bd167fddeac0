// What is kept with a connection, and the fields that show it.
import HarakaPluginKit

/// For the later hooks of the same client.
final class Found {
    static let nameField = "X-Haraka-FCrDNS", othersField = "X-Haraka-rDNS-OtherIPs"

    /// Of whom: XCLIENT makes a client another one.
    private let ip: String
    /// What the client is called: a name that is confirmed, or else the first one.
    let name: String?
    private let confirmed: [String]
    private let others: [String]

    init(_ ip: String, _ findings: Findings) {
        self.ip = ip
        name = findings.confirmed.first ?? findings.names.first
        (confirmed, others) = (findings.confirmed, findings.others)
    }

    /// Nil if this client was not looked at.
    static func of(_ connection: Connection) -> Found? {
        guard let found = connection.notes.kept("found", as: Found.self) else { return nil }
        return connection.remoteIP.string == found.ip ? found : nil
    }

    /// Adds the fields of which there is something to say.
    func show(_ headers: Headers) {
        for (name, value) in fields { headers.add(name, value) }
    }

    var fields: [(name: String, value: String)] {
        [(Found.nameField, fitting(confirmed)), (Found.othersField, fitting(others))].filter { !$0.1.isEmpty }
    }
}

/// As many texts as one line of a header holds (RFC 5322 section 2.1.1), with blanks between them.
private func fitting(_ texts: [String]) -> String {
    var line = ""
    for text in texts where line.utf8.count + text.utf8.count < 900 { line += line.isEmpty ? text : " " + text }
    return line
}

/// Leaves no field of these names but those that were added here.
func dropForged(_ headers: Headers, _ found: Found?) {
    let mine = found?.fields ?? []
    for name in [Found.nameField, Found.othersField] {
        let wanted = mine.first { $0.name == name }
        guard headers.get(name).count > (wanted == nil ? 0 : 1) else { continue }
        headers.remove(name)
        if let wanted { headers.add(name, wanted.value) }
    }
}
