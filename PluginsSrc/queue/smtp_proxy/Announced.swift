// What the client said of its message in MAIL, for the backend.
import HarakaPluginKit

/// SIZE (RFC 1870), BODY (RFC 6152) and SMTPUTF8 (RFC 6531), as the client said them: the message is not there yet, and
/// cannot be looked at.
struct Announced: Equatable, Sendable {
    /// Digits; empty: it was not said.
    private(set) var size = ""
    /// `7BIT` or `8BITMIME`; empty: it was not said.
    private(set) var body = ""
    private(set) var isUTF8 = false

    /// - Parameter parameters: the second argument of the hook `mail`. What is none of these, or makes no sense, is not
    ///   passed on.
    init(_ parameters: Value) {
        for entry in parameters.entries {
            switch (entry.key, entry.value) {
            case ("SIZE", .text(let text)): size = isNumber(text) ? text : ""
            case ("SIZE", .integer(let number)): size = number < 0 ? "" : "\(number)"
            case ("BODY", .text(let text)): body = kind(text)
            case ("SMTPUTF8", _): isUTF8 = true
            default: break
            }
        }
    }

    /// MAIL with what the backend understands; nil: it cannot be told this sender.
    func command(from sender: Sender, _ offers: (String) -> Bool) -> String? {
        let usesUTF8 = (isUTF8 || sender.needsUTF8) && offers("SMTPUTF8")
        guard let path = usesUTF8 ? sender.written : sender.ascii else { return nil }
        var line = "MAIL FROM:<" + path + ">"
        if !size.isEmpty, offers("SIZE") { line += " SIZE=" + size }
        if !body.isEmpty, offers("8BITMIME") { line += " BODY=" + body }
        return usesUTF8 ? line + " SMTPUTF8" : line
    }
}

/// The reverse-path in both of its forms. Empty: the null sender.
struct Sender: Equatable, Sendable {
    /// As the client wrote it.
    var written = ""
    /// With A-labels; nil: the local part has none.
    var ascii: String? = ""
    var needsUTF8 = false

    init(written: String, ascii: String?, needsUTF8: Bool) {
        (self.written, self.ascii, self.needsUTF8) = (written, ascii, needsUTF8)
    }

    init(_ address: Address) {
        guard !address.isNull else { return }
        let user = address.user.string
        (written, needsUTF8) = (address.address.string, address.isInternationalised)
        ascii = user.utf8.allSatisfy { $0 < 0x80 } ? user + "@" + address.host.string : nil
    }
}

private func isNumber(_ text: String) -> Bool {
    (1...20).contains(text.utf8.count) && text.utf8.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
}

private func kind(_ text: String) -> String {
    switch text.asciiLowercased {
    case "7bit": "7BIT"
    case "8bitmime": "8BITMIME"
    default: ""
    }
}
