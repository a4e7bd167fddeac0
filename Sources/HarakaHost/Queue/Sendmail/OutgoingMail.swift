// A mail of this host: its header made complete, its envelope found. RFC 5322, RFC 6409 section 8.

import Glibc
import MailMessage
import SMTPSyntax

/// What was handed in, with CR LF; header and body apart.
struct OutgoingMail {
    let uuid = OutgoingMail.makeUUID()
    /// Fields, each whole with its line ends.
    private(set) var fields: [[UInt8]] = []
    private(set) var body: [UInt8] = []
    private(set) var sender = Address.null
    private(set) var recipients: [Address] = []
    private let me: String

    /// - Parameter me: the host's name, for addresses that have none.
    init(_ bytes: [UInt8], me: String) throws {
        self.me = me
        var rest = bytes[...]
        while let line = Self.line(rest), line.count > 2 {
            let isContinuation = line.first == 0x20 || line.first == 0x09
            if isContinuation, !fields.isEmpty {
                fields[fields.count - 1] += line
            } else if Self.name(line) != nil {
                fields.append(Array(line))
            } else if fields.isEmpty, line.starts(with: "From ".utf8) {
                // The line between two mails in a file of them.
            } else {
                // A body that no blank line goes before.
                break
            }
            rest = rest[line.endIndex...]
        }
        if rest.starts(with: [0x0D, 0x0A]) { rest = rest.dropFirst(2) }
        body = Array(rest)
    }

    /// As it is sent.
    var bytes: [UInt8] { fields.flatMap { $0 } + [0x0D, 0x0A] + body }
    var is8Bit: Bool { body.contains { $0 > 127 } || isUTF8 }
    var isUTF8: Bool { fields.contains { $0.contains { $0 > 127 } } }

    // MARK: envelope

    mutating func address(_ arguments: SendmailArguments) throws {
        var texts = arguments.recipients.flatMap { AddressList($0).addresses }
        if arguments.readsRecipients {
            let isResent = ["resent-to", "resent-cc", "resent-bcc"].contains { has($0) }
            let prefix = isResent ? "resent-" : ""
            for name in ["to", "cc", "bcc"] { texts += values(prefix + name).flatMap { AddressList($0).addresses } }
            fields.removeAll { ["bcc", "resent-bcc"].contains(Self.name($0[...])) }
        }
        for text in texts {
            let address = try parsed(text)
            guard !address.isNull else { throw SendmailFailure(ExitStatus.wrongData, "a recipient is empty") }
            if !recipients.contains(where: { $0.address == address.address }) { recipients.append(address) }
        }
        guard !recipients.isEmpty else { throw SendmailFailure(ExitStatus.wrongData, "the mail names no recipient") }
        sender = try arguments.sender.map { try parsed($0) } ?? parsed(Self.userName())
    }

    private func parsed(_ text: String) throws -> Address {
        var text = text
        if text.hasPrefix("<"), text.hasSuffix(">") { text = String(text.dropFirst().dropLast()) }
        if text.isEmpty { return .null }
        // Only a quoted local part can hold an @ without a domain after it.
        if !text.contains("@") { text += "@\(me)" }
        do throws(SyntaxError) {
            return try Address.parse("<\(text)>", idna: InternationalDomain.ascii)
        } catch {
            throw SendmailFailure(ExitStatus.wrongData, "no address: \(text) (\(error.message))")
        }
    }

    private static func userName() -> String {
        guard let entry = getpwuid(getuid()) else { return "uid\(getuid())" }
        return String(cString: entry.pointee.pw_name)
    }

    // MARK: header

    /// From, Date and Message-Id, where they are missing.
    mutating func complete(fullName: String?) {
        if !has("from") {
            let address = sender.isNull ? "MAILER-DAEMON@\(me)" : sender.address
            let name = (fullName ?? "").unicodeScalars.filter { $0.value > 0x1F && $0 != "\"" && $0 != "\\" }
            let shown = String(String.UnicodeScalarView(name))
            add("From", shown.isEmpty ? "<\(address)>" : "\"\(shown)\" <\(address)>")
        }
        if !has("date") {
            add("Date", DateTime.rfc5322(secondsSince1970: QueueWords.now() / 1000, offsetMinutes: 0))
        }
        if !has("message-id") { add("Message-Id", "<\(uuid)@\(me)>") }
    }

    private mutating func add(_ name: String, _ value: String) { fields.append(Array("\(name): \(value)\r\n".utf8)) }

    /// Before all others, as who takes a mail does.
    mutating func addReceived() {
        let date = DateTime.rfc5322(secondsSince1970: QueueWords.now() / 1000, offsetMinutes: 0)
        let line = "Received: by \(me) (Haraka sendmail, from uid \(getuid()))\r\n\tid \(uuid); \(date)\r\n"
        fields.insert(Array(line.utf8), at: 0)
    }

    private func has(_ name: String) -> Bool { fields.contains { Self.name($0[...]) == name } }

    private func values(_ name: String) -> [String] {
        fields.filter { Self.name($0[...]) == name }.map { field in
            String(decoding: field.drop { $0 != 0x3A }.dropFirst(), as: UTF8.self)
        }
    }

    // MARK: bytes

    /// Up to and with the next CR LF.
    private static func line(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        bytes.firstIndex(of: 0x0A).map { bytes[...$0] }
    }

    /// A field's name, in lower case; nil: it begins none (RFC 5322 section 2.2).
    private static func name(_ line: ArraySlice<UInt8>) -> String? {
        guard let colon = line.firstIndex(of: 0x3A), colon > line.startIndex else { return nil }
        var name = line[..<colon]
        while name.last == 0x20 || name.last == 0x09 { name = name.dropLast() }
        guard !name.isEmpty, name.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { return nil }
        return String(decoding: name, as: UTF8.self).lowercased()
    }

    /// Version 4 (RFC 9562), upper case, as transactions have.
    private static func makeUUID() -> String {
        var bytes = [UInt8](repeating: 0, count: 16)
        arc4random_buf(&bytes, 16)
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        let digits = Array("0123456789ABCDEF")
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        // A transaction's uuid is that of its connection and a number.
        return text + ".1"
    }
}
